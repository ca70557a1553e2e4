"""`backup` and `restore` as an operator uses them: beside a running `up`, killed, damaged, in the wrong place."""
import http.client
import json
import pathlib
import random
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import PROGRAM, ProgramTest, clean_environment


class Sender:
    """Posts events, one a request, until it is told to stop; knows which were acknowledged, and when."""

    def __init__(self, address):
        self.address, self.acknowledged, self.stopping = address, [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        for number in range(1_000_000):
            if self.stopping.is_set():
                break
            event = {"merchant": "shop", "type": "page_view", "guid": f"g{number % 50}", "url": f"/{number % 20}", "event_id": f"e{number}",
                     "time": int(time.time())}
            try:
                connection.request("POST", "/v1/events", json.dumps(event))
                answer = connection.getresponse()
                answer.read()
            except OSError:
                break
            if answer.status == 200:
                self.acknowledged.append(time.time())
        connection.close()

    def stop(self):
        self.stopping.set()
        self.thread.join()


class BackupTest(ProgramTest):
    def sending(self, daemon):
        sender = Sender(daemon.address)
        self.addCleanup(sender.stop)
        self.eventually("events", lambda: len(sender.acknowledged) > 20)
        return sender

    def whole_ones(self, place):
        return sorted(path for path in place.iterdir() if path.is_dir() and path.name[0] != ".") if place.exists() else []

    def counted(self, data):
        """How many records a data folder holds, once `up` has counted all of them and `verify` has found them all."""
        daemon = self.up("--data", data)
        sources = self.eventually("all to be counted", lambda: (s := self.sources(data)) and all(one["lag"] == 0 for one in s) and s)
        self.assertEqual(self.stop(daemon), 0)
        verified = self.run_it("verify", "--data", data)
        self.assertEqual(verified.status, 0, verified.out)
        return sum(one["ledger"]["counted"] for one in sources)

    def sources(self, data):
        return self.run_it("status", "--json", "--data", data).json()["sources"]

    def test_a_backup_beside_up_has_all_that_was_acknowledged_before(self):
        daemon = self.up()
        sender = self.sending(daemon)
        for n in range(3):
            done = self.run_it("backup", "place", "--json")
            self.assertEqual(done.status, 0, done.err)
            backup = done.json()
            self.eventually("more events", lambda: sender.acknowledged[-1] > time.time() - 0.2)
            restored = self.run_it("restore", backup["folder"], "--data", f"restored-{n}")
            self.assertEqual(restored.status, 0, restored.err)
            self.assertIn(backup["taken"], restored.out)
            records = sum(backup["raw_ends"])
            taken = self.time_of(backup["taken"])
            before = sum(at < taken for at in sender.acknowledged)
            self.assertGreaterEqual(records, before)
            self.assertEqual(self.counted(f"restored-{n}"), records)
        sender.stop()
        self.assertEqual(self.stop(daemon), 0)
        self.assertEqual(len(self.whole_ones(self.folder / "place")), 3)
        for folder in self.whole_ones(self.folder / "place"):
            subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=folder, check=True)
            self.assertEqual(self.run_it("backup", "--check", folder).status, 0)

    @staticmethod
    def time_of(text):
        whole, _, fraction = text.rstrip("Z").partition(".")
        return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0." + (fraction or "0"))

    def test_up_killed_at_any_moment_leaves_only_whole_backups(self):
        seed = random.SystemRandom().randrange(1 << 31)
        rng, place, whole, broken = random.Random(seed), self.folder / "place", 0, 0
        self.run_it("generate", "--events", 20000, "--no-wait")
        began = time.monotonic()
        self.assertEqual(self.run_it("backup", place).status, 0)
        took = time.monotonic() - began
        for _ in range(12):
            daemon = self.up()
            backup = subprocess.Popen([PROGRAM, "backup", place], cwd=self.folder, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, took))  # the moment is the random input
            daemon.kill()
            daemon.wait()
            broken += backup.wait(30) != 0
            found = self.whole_ones(place)
            self.assertGreaterEqual(len(found), whole)
            whole = len(found)
        for folder in found:
            checked = self.run_it("backup", "--check", folder)
            self.assertEqual(checked.status, 0, f"seed {seed}: {checked.err}")
        self.assertEqual(self.run_it("backup", place).status, 0)
        self.assertEqual(sorted(path.name for path in place.iterdir() if path.name[0] == "."), [])
        self.assertFalse(list((self.folder / "guidepost-data").glob("checkpoint-*")))
        self.assertEqual(self.run_it("restore", place, "--data", "restored").status, 0)
        self.assertEqual(self.sources("restored")[0]["raw"], self.sources("guidepost-data")[0]["raw"])
        self.assertGreater(broken, 0, f"seed {seed}: no kill hit a backup")

    def test_what_is_damaged_is_neither_whole_nor_restored(self):
        self.run_it("generate", "--events", 100)
        self.assertEqual(self.run_it("backup", "place").status, 0)
        file = max((path for path in self.whole_ones(self.folder / "place")[0].rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
        content = bytearray(file.read_bytes())
        content[len(content) // 3] ^= 1
        file.write_bytes(content)
        for words in (("backup", "--check", "place"), ("restore", "place", "--data", "restored")):
            done = self.run_it(*words)
            self.assertEqual(done.status, 1)
            self.assertIn(f"{file.name} has changed", done.err)
        self.assertFalse((self.folder / "restored").exists())

    def test_nothing_is_written_over(self):
        self.run_it("generate", "--events", 100)
        self.file("somebodys", "x")
        done = self.run_it("backup", self.folder)
        self.assertEqual(done.status, 1)
        self.assertIn("no place of earlier backups", done.err)
        self.assertEqual(self.run_it("backup", "place").status, 0)
        done = self.run_it("restore", "place")
        self.assertEqual(done.status, 1)
        self.assertIn("is not empty", done.err)
        self.assertEqual(self.run_it("restore", "nowhere", "--data", "restored").status, 1)
        self.assertEqual(self.run_it("backup", "place", "--data", "nothing").status, 1)
        (self.folder / "restored").mkdir()  # an empty one will do
        self.assertEqual(self.run_it("restore", "place", "--data", "restored").status, 0)

    def test_what_else_lies_about_is_left_alone(self):
        self.run_it("generate", "--events", 100)
        (self.folder / "disk" / "lost+found").mkdir(parents=True)
        self.assertEqual(self.run_it("backup", "disk").status, 0)
        (self.folder / "disk" / "zzz").mkdir()  # no backup, though its name is the last
        (self.folder / "elsewhere").mkdir()
        (self.folder / "link").symlink_to("elsewhere")
        done = self.run_it("restore", "disk", "--data", "link")
        self.assertEqual(done.status, 1)
        self.assertIn("is a symbolic link", done.err)
        self.assertEqual(self.run_it("restore", "disk", "--data", "restored").status, 0)


if __name__ == "__main__":
    unittest.main()
