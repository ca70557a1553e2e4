"""What `query` and `status` say of records that came and are in no number yet."""
import json
import pathlib
import sys
import time
import unittest
import urllib.request
from datetime import datetime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import ProgramTest

NOON = int(time.time()) // 86400 * 86400 - 43200
DAY = time.strftime("%Y-%m-%d", time.gmtime(NOON))


class CompletenessTest(ProgramTest):
    def answer(self, *words):
        done = self.run_it(*words, "--json")
        self.assertEqual(done.status, 0, done.err)
        return done.json()

    def test_is_as_old_as_the_oldest_that_waits(self):
        # The last one that is counted came at noon; nothing came since.
        event = {"merchant": "shop", "type": "page_view", "guid": "a", "event_id": "first", "time": NOON}
        self.file("first.ndjson", json.dumps({"received": NOON * 1000, "protocol": "json", "event": event}) + "\n")
        self.assertEqual(self.run_it("import", "events", "first.ndjson").status, 0)
        began = time.time()
        daemon = self.up("--set", "rollup.max_age=1h")  # nothing is counted meanwhile
        with urllib.request.urlopen(urllib.request.Request(f"http://{daemon.address}/v1/events", json.dumps(event | {"event_id": "second"}).encode()), timeout=10):
            came = time.time()
        question = ("query", "--merchant", "shop", "--from", DAY, "--to", f"{DAY}T23:45:00Z", "--metrics", "events", "--traffic", "all")
        self.eventually("that it is decided", lambda: sum(s["decided"] for s in self.answer(*question)["completeness"]) == 1)
        answer = self.answer(*question)
        self.assertEqual(answer["totals"], {"events": 1})
        waiting = [s for s in answer["completeness"] if s["lag"]]
        self.assertEqual([(s["lag"], s["decided"]) for s in waiting], [(1, 1)])
        for said in (waiting[0]["waiting_since"], waiting[0]["counted_until"], answer["as_of"], self.answer("status")["as_of"]):
            at = datetime.fromisoformat(said.replace("Z", "+00:00")).timestamp()
            self.assertTrue(began - 1 <= at <= came + 1, f"{said} is not between {began} and {came}")
        shown = self.run_it(*question).out
        self.assertIn("1 records are not counted yet, the oldest since " + waiting[0]["waiting_since"], shown)
        self.assertEqual([s["waiting_since"] for s in answer["completeness"] if not s["lag"]], [None] * (len(answer["completeness"]) - 1))


if __name__ == "__main__":
    unittest.main()
