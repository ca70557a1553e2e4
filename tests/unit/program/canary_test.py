"""`canary`: its events go through everything and are found again, or it says where they got stuck."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from metrics import declared, exposed
from program import PROGRAM, ROOT, ProgramTest, clean_environment

FAULTY = os.environ.get("GUIDEPOST_FAULTY", str(ROOT / "build" / "release" / "tests" / "guidepost-faulty"))
MERCHANT = "guidepost-canary"


class CanaryTest(ProgramTest):
    def canary(self, *words, status=0):
        """What a run reports."""
        done = self.run_it("canary", "--json", *words)
        self.assertEqual((done.status, done.err), (status, ""), done.out)
        return done.json()

    def begin(self, *words, program=PROGRAM):
        """A canary that goes on, or that others run beside."""
        running = subprocess.Popen([program, "canary", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd=self.folder, env=clean_environment())
        self.daemons.append(running)
        self.addCleanup(lambda: running.stderr.close())
        return running

    def counted(self):
        day = 86400
        at = lambda days: time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * day))
        answer = self.run_it("query", "--merchant", MERCHANT, "--from", at(-1), "--to", at(2), "--traffic", "all", "--json").json()
        return sum(row["events"] for row in answer["rows"])

    def metrics(self, address):
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            return {name: family for name, family in exposed(answer.read().decode()).items() if name.startswith("guidepost_canary_")}

    def test_beside_up_its_events_are_stored_and_counted(self):
        self.up()
        for run in (1, 2):
            report = self.canary()
            self.assertEqual([report[k] for k in ("outcome", "sent", "with_row", "counted", "doubled", "wrong_numbers", "problems")],
                             ["well", 3, 3, 3, 0, 0, []])
            self.assertTrue(0 <= report["taken_ms"] <= report["row_ms"] <= report["number_ms"])
            self.assertEqual(self.counted(), 3 * run)
        text = self.run_it("canary", "--events", 1)
        self.assertEqual((text.status, text.err), (0, ""))
        self.assertRegex(text.out, r"\Asent 1 event to 1 partition: in the log after .*\nevery event has its row after .*\nall are in the number after .*\n\Z")
        self.assertEqual(self.run_it("verify").status, 0)

    def test_through_the_way_in_of_users(self):
        daemon = self.up()
        self.assertEqual(self.canary("--url", f"http://{daemon.address}")["outcome"], "well")
        with urllib.request.urlopen(f"http://{daemon.address}/metrics", timeout=10) as answer:
            self.assertIn('guidepost_http_events_total{outcome="accepted"} 3', answer.read().decode())
        away = self.canary("--url", "http://127.0.0.1:1", status=1)
        self.assertEqual((away["outcome"], away["sent"]), ("not_taken", 0))
        self.assertIn("127.0.0.1:1", away["problems"][0]["message"])

    def test_shards_send_it_through_every_partition(self):
        self.up("--set", f"merchant.{MERCHANT}.shards=64")
        report = self.canary("--events", 1)
        self.assertEqual((report["outcome"], report["partitions"], report["sent"]), ("well", 4, 4))

    def test_without_up_nobody_decides_and_it_says_so(self):
        self.run_it("init")
        done = self.run_it("canary", "--timeout", "1s")
        self.assertEqual(done.status, 1)
        self.assertRegex(done.err, r"\Aguidepost: 3 of 3 events: in the log and not decided: ingest has decided partition \d up to offset 0 of \d\n\Z")
        self.up()
        self.assertEqual(self.canary()["outcome"], "well")
        self.eventually("those of before to be counted, too", lambda: self.counted() == 6)

    def test_an_event_that_ingest_never_gets_is_lost(self):
        daemon = self.up(program=FAULTY)  # whose ingest does not get the 500th record of a partition
        self.assertEqual(self.canary("--events", 1)["outcome"], "well")
        end = lambda: max(s["raw"]["end"] for s in self.run_it("status", "--json").json()["sources"])
        event = {"merchant": MERCHANT, "type": "page_view", "guid": "g", "url": "/", "time": int(time.time())}
        body = "\n".join(json.dumps(event) for _ in range(498 - end()))
        with urllib.request.urlopen(urllib.request.Request(f"http://{daemon.address}/v1/events", body.encode(), {"Content-Type": "application/x-ndjson"}),
                                    timeout=30) as answer:
            self.assertEqual(json.load(answer)["refused"], 0)
        self.assertEqual(end(), 498)
        report = self.canary("--timeout", "20s", status=1)
        self.assertEqual([report[k] for k in ("outcome", "sent", "with_row", "counted", "wrong_numbers")], ["lost", 3, 2, 2, 0])
        self.assertIn("1 of 3 events: lost: partition", report["problems"][0]["message"])
        self.assertEqual(self.canary()["outcome"], "well", "the next ones come through")

    def test_two_at_once_and_a_busy_merchant_are_no_false_alarm(self):
        self.up()
        both = [self.begin("--json", "--events", 50) for _ in range(6)]
        for canary in both:
            out, err = canary.communicate(timeout=60)
            self.assertEqual((canary.returncode, err), (0, ""), out)
            self.assertEqual(json.loads(out)["counted"], 50)
        self.assertEqual(self.counted(), 300)

    def test_what_ingest_would_refuse_is_said_at_once(self):
        self.up("--set", "merchants.accept=listed", "--set", "merchants.listed=shop")
        report = self.canary(status=1)
        self.assertEqual(report["outcome"], "refused")
        self.assertIn("merchant_unknown", report["problems"][0]["message"])

    def test_it_goes_on_with_metrics_until_it_is_stopped(self):
        daemon = self.up()
        self.assertEqual(self.canary()["outcome"], "well")
        self.assertEqual(self.metrics(daemon.address), {}, "a single run shows nothing")
        watching = self.begin("--every", "1s", "--json")
        runs = [json.loads(watching.stdout.readline()) for _ in range(2)]
        self.assertEqual([run["outcome"] for run in runs], ["well", "well"])
        self.assertNotEqual(runs[0]["run"], runs[1]["run"])
        shown = self.metrics(daemon.address)
        families = {name: family for name, family in declared().items() if name.startswith("guidepost_canary_")}
        self.assertEqual(shown.keys(), families.keys())
        for name, family in shown.items():
            self.assertEqual(family.kind, families[name].kind)
            for labels in family.samples:
                self.assertEqual({key for key, _ in labels} - {"le"}, set(families[name].labels), name)
        outcomes = {dict(labels)["outcome"]: value for labels, value in shown["guidepost_canary_runs_total"].samples.items()}
        self.assertGreaterEqual(outcomes.pop("well"), 2)
        self.assertEqual((len(outcomes), set(outcomes.values())), (9, {0}))
        self.assertGreaterEqual(shown["guidepost_canary_events_total"].samples[()], 6)
        (success,) = shown["guidepost_canary_success_timestamp_seconds"].samples.values()
        self.assertLess(abs(success - time.time()), 60)
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(15), 0)
        self.assertEqual(watching.stderr.read(), "")
        self.eventually("the time of success to go", lambda: "guidepost_canary_success_timestamp_seconds" not in self.metrics(daemon.address))
        lines = self.begin("--every", "1s")
        self.assertRegex(lines.stdout.readline(), r"\A\S+Z  well  3 sent  rows after .*  counted after .*\n\Z")
        self.assertEqual(self.stop(daemon), 0)
        self.assertEqual(lines.wait(15), 0)

    def test_on_a_cluster_that_is_away_it_goes_on_as_a_daemon(self):
        watching = self.begin("--config", ROOT / "config" / "cluster.toml", "--set", "kafka.brokers=127.0.0.1:1", "--set", "hbase.gateways=127.0.0.1:2",
                              "--set", "kafka.request_timeout=1s", "--set", "hbase.deadline=1s", "--every", "1s", "--json", "--listen", "127.0.0.1:0")
        address = next(line for line in watching.stderr if line.startswith("health and metrics at ")).split()[-1]
        for _ in range(2):
            self.assertEqual(json.loads(watching.stdout.readline())["outcome"], "not_taken")
        samples = self.metrics(address)["guidepost_canary_runs_total"].samples
        self.assertGreaterEqual(samples[(("outcome", "not_taken"),)], 2)
        self.assertEqual(self.stop(watching), 0)

    def test_wrong_usage_is_named(self):
        self.run_it("init")
        for words, expected in ((["--timeout", "soon"], "--timeout: expected a duration from 1s to 1h"), (["--every", "10ms"], "--every: expected"),
                                (["--url", "https://shop.example"], "--url: "), (["--events", "0"], "--events: expected a whole number"),
                                (["--listen", "127.0.0.1:0"], "--listen goes with --every"), (["--every", "1s"], "beside a running `up`"),
                                (["--set", "canary.merchant=Not a slug"], "canary.merchant: expected a merchant")):
            done = self.run_it("canary", *words)
            self.assertEqual((done.status, done.out), (2, ""), words)
            self.assertIn(expected, done.err, words)


if __name__ == "__main__":
    unittest.main()
