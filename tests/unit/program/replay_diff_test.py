"""What `replay diff` says of two versions on embedded stores, by which operands and flags."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import ProgramTest

NOON = int(time.time()) // 86400 * 86400 - 43200
DAY = time.strftime("%Y-%m-%d", time.gmtime(NOON))


class ReplayDiffTest(ProgramTest):
    def good(self, *words):
        done = self.run_it(*words)
        self.assertEqual(done.status, 0, done.err)
        return done

    def test_another_rule_for_bots(self):
        visit = {"merchant": "shop", "type": "page_view", "url": "/a", "user_agent": "Mozilla/5.0 (X11; Linux) Gecko Firefox/120.0"}
        events = [visit | {"event_id": f"e{i}", "guid": "g1", "time": NOON + i} for i in range(3)]
        events.append(visit | {"event_id": "other", "guid": "g2", "time": NOON})
        self.file("events.ndjson", "".join(json.dumps(event) + "\n" for event in events))
        self.good("import", "events", "events.ndjson")
        alone = self.run_it("replay", "diff")
        self.assertEqual(alone.status, 1)
        self.assertIn("there is no version beside 1 that has caught up", alone.err)

        # The third of three within a minute is a bot's.
        self.good("replay", "--to-earliest", "--execute", "--set", "sessions.bot_events=3")
        shown = self.good("replay", "diff").out
        self.assertIn("A is version 1 (published), B is version 2\n", shown)
        for line in (f"shop {DAY} human events 4 3 -1 -25.0 %", f"shop {DAY} bot events 0 1 +1 new"):
            self.assertIn(line.split(), [row.split() for row in shown.splitlines()])
        self.assertIn("in total: events 4 -> 4", shown)
        numbers = self.good("replay", "diff", "--json").json()
        self.assertEqual((numbers["a"], numbers["b"], numbers["published"], numbers["differing"]), (1, 2, 1, len(numbers["rows"])))
        self.assertIn({"merchant": "shop", "day": DAY, "traffic": "human", "measure": "events", "a": 4, "b": 3, "difference": -1,
                       "percent": -25.0, "estimated": False}, numbers["rows"])
        self.assertIn("... and ", self.good("replay", "diff", "--limit", "1").out)

        events = self.good("replay", "diff", "--events", "--json").json()
        self.assertEqual((events["differing"], events["changed"], events["compared"]), (1, 1, 4))
        self.assertEqual([(e["event_id"], e["columns"], e["session"]) for e in events["events"]],
                         [("e2", [{"column": "user_agent_data:traffic", "a": None, "b": "bot"}], {})])
        shown = self.good("replay", "diff", "--events").out
        self.assertIn("id=e2 guid=g1\n    user_agent_data:traffic (none) -> bot\n    why: settings: A and B were decided by others\n1 differ of 4 events", shown)
        self.assertEqual(events["events"][0]["why"], ["settings: A and B were decided by others"])

        # The same from the other side; elsewhere nothing; and what exit status says.
        back = self.good("replay", "diff", "2", "1", "--events", "--json").json()
        self.assertEqual(back["events"][0]["columns"][0]["b"], None)
        self.assertEqual(self.good("replay", "diff", "2", "--json").json()["b"], 2)
        for flags in (("--merchant", "zoo"), ("--to", DAY), ("--events", "--to", DAY)):
            self.assertIn("nothing differs", self.good("replay", "diff", "--exit-code", *flags).out)
        self.assertEqual(self.run_it("replay", "diff", "--exit-code").status, 1)
        self.assertEqual(self.run_it("replay", "diff", "--exit-code", "--events").status, 1)

        # What came since is only in the one that is read.
        self.file("more.ndjson", json.dumps(visit | {"event_id": "new", "guid": "g3", "time": NOON}) + "\n")
        self.good("import", "events", "more.ndjson")
        self.assertIn("version 1 has counted 1 records that version 2 has not yet", self.good("replay", "diff").out)
        shown = self.good("replay", "diff", "--events").out
        self.assertIn("1 events were passed over", shown)
        self.assertIn("1 differ of 4 events", shown)

        # Back and forth: the published one is A; one that was dropped is none.
        self.good("replay", "--publish")
        self.assertIn("A is version 2 (published), B is version 1\n", self.good("replay", "diff").out)
        self.good("replay", "drop", "1")
        self.assertIn("no version beside 2", self.run_it("replay", "diff").err)
        self.assertIn("version 1 has no events:", self.run_it("replay", "diff", "1").err)

    def test_refuses_what_it_cannot_compare(self):
        self.good("init")
        for words, why in ((("1", "1"), "the same version"), (("x",), "expected a number"), (("1", "2", "3"), "takes 2 words"),
                           (("--from", f"{DAY}T00:01:00Z"), "a quarter of an hour"), (("--from", DAY, "--to", DAY), "is not after"),
                           (("--merchant", "no/slug"), "expected a slug")):
            done = self.run_it("replay", "diff", *words)
            self.assertEqual(done.status, 2, words)
            self.assertIn(why, done.err)


if __name__ == "__main__":
    unittest.main()
