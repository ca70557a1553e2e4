"""The embedded stores on a disk that is really full."""
import json
import subprocess
import time
import urllib.error
import urllib.request

from daemons import PROGRAM, Failed, wait_until
from runs import FOLDER, check, check_none

BATCH = 100


class SmallDisk:
    """A tmpfs in a mount namespace of its own: however the test ends, nothing stays mounted."""

    def __init__(self, folder, size):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", f"mount -t tmpfs -o size={size} none '{folder}' && echo mounted && read _"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "mounted\n":
            raise Failed(f"no small disk can be mounted here (it needs root): {self.holder.stderr.read()}")

    def inside(self, *words):
        of_holder = f"/proc/{self.holder.pid}"  # its root as well: a namespace's own is another one where this runs in a chroot
        return ["nsenter", f"--mount={of_holder}/ns/mnt", f"--root={of_holder}/root", f"--wd={self.folder.parent}", *map(str, words)]

    def grow(self, size):
        subprocess.run(self.inside("mount", "-o", f"remount,size={size}", self.folder), check=True)

    def free(self):
        done = subprocess.run(self.inside("df", "--output=avail", "-B1", self.folder), check=True, capture_output=True, text=True)
        return int(done.stdout.split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.communicate()


class Up:
    """`guidepost up` on that disk."""

    def __init__(self, disk, log):
        self.disk, self.log, self.process = disk, log, None

    def words(self, *words):
        return self.disk.inside(PROGRAM, *words, "--data", self.disk.folder / "data")

    def start(self):
        log = open(self.log, "ab")
        self.process = subprocess.Popen(self.words("up", "--listen", "127.0.0.1:0", "--json", "--set", "rollup.max_age=500ms", "--set",
                                                   "http.log_timeout=2s"), stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        self.address = json.loads(line)["listening"] if line else None
        return self.address

    def said(self):
        return self.log.read_text(errors="replace")

    def run(self, *words):
        done = subprocess.run(self.words(*words), capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise Failed(f"guidepost {' '.join(map(str, words))} ended with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout

    def post(self, number):
        """One batch, whose url is its own. -> (status, body)."""
        at = int(time.time() * 1000)
        events = [{"merchant": "shop", "type": "page_view", "time": at, "guid": f"d-{number % 50}", "event_id": f"{number}-{n}",
                   "url": f"/batch/{number}", "title": "x" * 1000} for n in range(BATCH)]
        request = urllib.request.Request(f"http://{self.address}/v1/events", json.dumps(events).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def views(self):
        """How many events of each batch are counted."""
        today = time.time()
        days = [time.strftime("%Y-%m-%d", time.gmtime(today + days * 86400)) for days in (-1, 2)]
        rows = json.loads(self.run("query", "--merchant", "shop", "--from", days[0], "--to", days[1], "--by", "url", "--metrics", "events", "--traffic", "all",
                                   "--top", "100000", "--json"))["rows"]
        return {int(row["url"].rpartition("/")[2]): row["events"] for row in rows if row["events"]}

    def counted(self):
        sources = json.loads(self.run("status", "--json"))["sources"]
        return sources and all(source["lag"] == 0 for source in sources)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        self.process and self.process.wait()


def small_disk(_runs):
    """`up` fills its disk: each answer is honest, the log says so, and with more space everything acknowledged counts once."""
    folder = FOLDER / "small-disk"
    with SmallDisk(folder / "disk", "24m") as disk, Up(disk, folder / "up.log") as up:
        check(up.start(), f"`up` does not start: {up.said()}")
        taken, refused, since_full = set(), set(), 0
        while len(refused) < 5:
            number = len(taken) + len(refused)
            since_full = since_full + 1 if disk.free() < 256 * 1024 else 0
            check(number < 1000 and since_full < 20, f"{number} batches, {len(refused)} of them refused; {disk.free()} bytes are free")
            status, answer = up.post(number)
            if status == 200:
                check([event["status"] for event in answer["events"]] == ["accepted"] * BATCH, f"{answer}")
                taken.add(number)
            else:
                check(status == 503 and "log_unavailable" in answer["type"], f"a full disk is answered with {status}: {answer}")
                refused.add(number)
        check(len(taken) > 20, f"only {len(taken)} batches fitted")
        check(" log_disk_full " in up.said(), f"the log does not say that the disk is full: {up.said()[-1500:]}")
        check(up.process.poll() is None, f"`up` ended: {up.said()[-1500:]}")
        full = disk.free()

        # Space comes: it goes on by itself.
        disk.grow("32m")
        wait_until("the log to be written again", lambda: " log_disk_writable" in up.said())
        wait_until("everything to be counted", up.counted)
        compare(up, taken, refused)

        # Full again, killed, and started while it is: it says so, or waits, and loses nothing.
        before = len(refused)
        while len(refused) == before:
            number = len(taken) + len(refused)
            (taken if up.post(number)[0] == 200 else refused).add(number)
        up.end()
        started = up.start()
        if started is None:
            check(up.process.wait(30) != 0 and "disk is full" in up.said(), f"a start on a full disk says: {up.said()[-1500:]}")
        up.end()
        disk.grow("128m")
        check(up.start(), f"`up` does not start with space again: {up.said()[-1500:]}")
        wait_until("everything to be counted", up.counted)
        compare(up, taken, refused)

        # What was refused is sent again, as the answer asks for: what was in the log already is a duplicate.
        for number in sorted(refused):
            check(up.post(number)[0] == 200, "refused although there is space")
        wait_until("everything to be counted", up.counted)
        compare(up, taken | refused, set())
        verify = up.run("verify")
        up.process.terminate()
        check(up.process.wait(35) == 0, f"`up` ended with {up.process.returncode}")
    return {"batches_taken": len(taken), "refused": len(refused), "bytes_free_when_full": full, "started_when_full": started is not None,
            "verify": verify.strip().splitlines()[-1]}


def compare(up, taken, refused):
    """Every batch that was taken is counted whole, of the others a part perhaps, and nothing else."""
    views = up.views()
    wrong = [f"batch {n}: {views.get(n, 0)} of {BATCH}" for n in sorted(taken) if views.get(n, 0) != BATCH]
    wrong += [f"batch {n}: {views[n]}, and it was not sent" for n in views.keys() - taken - refused]
    wrong += [f"batch {n}: {views[n]}" for n in refused if views.get(n, 0) > BATCH]
    check_none(wrong, "batches")
