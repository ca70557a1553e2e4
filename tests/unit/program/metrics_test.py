"""What a running daemon shows at /metrics, against what is declared (docs/metrics.md is made of that)."""
import json
import pathlib
import re
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from metrics import declared, exposed
from program import ProgramTest

EVENT = {"merchant": "shop", "type": "page_view", "guid": "g1", "url": "/"}
# What `up` on embedded stores does not show, and why; all else that is declared must be there.
NOT_HERE = {"`up`, `ingest`, `aggregate` of a cluster": "there is no HBase",
            "`canary --every`; on embedded stores the `up` that it runs in": "there is no canary"}


class MetricsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.up()

    def shown(self):
        with urllib.request.urlopen(f"http://{self.daemon.address}/metrics", timeout=10) as answer:
            return exposed(answer.read().decode())

    def send(self, **more):
        body = json.dumps({**EVENT, "time": int(time.time()), **more}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"http://{self.daemon.address}/v1/events", body), timeout=10) as answer:
            return json.load(answer)

    def sample(self, name, **labels):
        return self.shown()[name].samples.get(tuple(sorted(labels.items())))

    def test_what_is_shown_is_declared_and_what_is_declared_is_shown(self):
        self.send()
        families = declared()
        expected = {name for name, family in families.items() if family.shown_by not in NOT_HERE}
        self.assertGreater(len(expected), 30)
        # The last of them comes with the first look for missing offsets.
        shown = self.eventually("every declared family", lambda: (s := self.shown()).keys() >= expected and s, 60)
        self.assertEqual(shown.keys() - families.keys(), set(), "shown, and not declared")
        for name, family in shown.items():
            self.assertEqual(family.kind, families[name].kind, name)
            for labels in family.samples:
                self.assertEqual({key for key, _ in labels} - {"le"}, set(families[name].labels), name)

    def test_the_stages_say_where_they_stand(self):
        self.eventually("a running partition", lambda: "guidepost_stage_running" in self.shown())
        self.send()
        self.eventually("the event to be in the tables", lambda: sum(self.shown()["guidepost_aggregate_events_total"].samples.values()) == 1)

        def caught_up():
            shown = self.shown()
            partitions = [shown[f"guidepost_stage_{what}"].samples for what in ("lag_offsets", "committed_offset", "end_offset")]
            return all(len(p) == 8 for p in partitions) and not any(partitions[0].values()) and sum(partitions[1].values()) == 2 and partitions

        lag, committed, end = self.eventually("no lag", caught_up)
        self.assertEqual(committed, end, "one record in the raw log, one block in the resolved one")
        began = time.time()
        self.eventually("completeness to go on though nothing comes in",
                        lambda: min(self.shown()["guidepost_stage_complete_timestamp_seconds"].samples.values()) > began)

    def test_bad_events_are_counted_by_their_reason(self):
        self.send()
        self.send(merchant="?")
        self.eventually("the refusal", lambda: self.sample("guidepost_ingest_bad_total", reason="merchant_invalid") == 1)
        self.assertEqual(self.sample("guidepost_http_events_total", outcome="bad"), 1)

    def test_the_process_shows_itself(self):
        shown = self.shown()

        def value(name):
            (only,) = shown[name].samples.values()
            return only

        status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        resident = 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
        self.assertLess(abs(value("process_resident_memory_bytes") - resident), 0.5 * resident)
        self.assertLess(abs(value("process_start_time_seconds") - time.time()), 60)
        self.assertLess(abs(value("process_threads") - int(re.search(r"Threads:\s+(\d+)", status)[1])), 4)
        self.assertGreater(value("process_cpu_seconds_total"), 0)
        self.assertTrue(5 < value("process_open_fds") < value("process_max_fds"))
        self.assertTrue(0 < value("guidepost_data_free_bytes") < value("guidepost_data_size_bytes"))
        ((labels, one),) = shown["guidepost_build_info"].samples.items()
        self.assertEqual((dict(labels)["role"], one), ("up", 1))
        self.assertEqual(f"guidepost {dict(labels)['version']}\n", self.run_it("--version").out)
        reached = self.eventually("both stores", lambda: sum(self.shown()["guidepost_dependency_reached"].samples.values()) == 2)
        self.assertTrue(reached)


if __name__ == "__main__":
    unittest.main()
