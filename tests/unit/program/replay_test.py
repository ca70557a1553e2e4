"""Another version of all numbers beside the published one, alone and beside `up`, on embedded stores."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import ProgramTest

NOON = int(time.time()) // 86400 * 86400 - 43200
AGAIN = ("replay", "--to-earliest", "--execute", "--json")


def day(days):
    return time.strftime("%Y-%m-%d", time.gmtime(NOON + 86400 * days))


class ReplayTest(ProgramTest):
    def done(self, *words):
        done = self.run_it(*words)
        self.assertEqual(done.status, 0, f"{words}: {done.out}{done.err}")
        return done

    def visit(self, name, *minutes, guid="g1", **more):
        events = [{"merchant": "shop", "type": "page_view", "guid": guid, "time": NOON + 60 * m, "url": f"/{m}", "event_id": f"{guid} {m}",
                   "user_agent": "Mozilla/5.0", **more} for m in minutes]
        self.file(name, "".join(json.dumps(e) + "\n" for e in events))
        return self.done("import", "events", name, "--json").json()

    def sold(self, *metrics):
        return tuple(self.done("query", "--merchant", "shop", "--from", day(0), "--to", day(1), "--metrics", ",".join(metrics), "--json").json()["totals"].values())

    def states(self):
        return {v["version"]: v["state"] for v in self.done("replay", "list", "--json").json()}

    def test_another_rule_is_seen_when_it_is_published_and_gone_when_it_is_taken_back(self):
        self.visit("one.ndjson", 0, 25, 50)
        self.assertEqual(self.sold("sessions", "page_views"), (1, 3))
        shown = self.done("replay", "--to-earliest").out
        self.assertIn("3 records to read", shown)
        self.assertIn("nothing was done", shown)
        self.assertEqual(self.states(), {1: "published"})
        self.assertEqual(self.done(*AGAIN, "--set", "sessions.gap=20m").json(), {"version": 2, "published": False})
        self.assertEqual((self.sold("sessions", "page_views"), self.states()), ((1, 3), {1: "published", 2: "beside it"}))
        self.done("replay", "--publish")
        self.assertEqual((self.sold("sessions", "page_views"), self.states()), ((3, 3), {1: "previous", 2: "published"}))
        self.done("verify", "--set", "sessions.gap=20m")
        self.done("replay", "undo")
        self.assertEqual((self.sold("sessions", "page_views"), self.states()), ((1, 3), {1: "published", 2: "previous"}))
        self.done("verify")

    def test_what_comes_after_a_version_was_published_is_counted_in_it_and_the_one_before_can_go(self):
        self.visit("one.ndjson", 0)
        self.done(*AGAIN, "--publish")
        added = self.visit("two.ndjson", 1)
        self.assertEqual((added["counted"], self.sold("page_views")), (1, (2,)))
        dropped = self.done("replay", "drop", "1").out
        for kind in ("table rollups_v1_", "table events_v1_", "table index_v1_", "table bad_v1\n", "table ledger_v1\n", "topic clicks.resolved.v1\n"):
            self.assertIn(f"dropped  {kind}", dropped)
        self.assertEqual(self.states(), {1: "dropped", 2: "published"})
        # It does not come back: neither by whoever opens the stores next, nor by `undo`.
        self.assertNotIn("table", self.done("replay", "drop", "1").out)
        self.assertNotIn("_v1", self.done("init").out)
        undone = self.run_it("replay", "undo")
        self.assertEqual((undone.status, undone.err), (1, "guidepost: version 1 was dropped: there is nothing to go back to\n"))
        # A refresh waits for the stages of the version that is read.
        self.file("mappings.csv", "guid,customer,valid_from,merchant\ng1,c1,,shop\n")
        self.done("refresh", "mappings.csv")
        self.visit("three.ndjson", 2)
        self.assertEqual(self.sold("page_views", "identified"), (3, 1))
        self.done("verify")
        refused = self.run_it("replay", "drop", "2")
        self.assertEqual((refused.status, refused.err), (1, "guidepost: version 2 is the one that is read: publish another one first\n"))
        unknown = self.run_it("replay", "drop", "7")
        self.assertEqual((unknown.status, unknown.err), (1, "guidepost: there is no version 7: look at `replay list`\n"))

    def test_the_newest_mapping_reaches_what_came_before_it(self):
        self.visit("one.ndjson", 0, 1)
        self.file("mappings.csv", "guid,customer,valid_from,merchant\ng1,c1,,shop\n")
        self.done("refresh", "mappings.csv")
        self.assertEqual(self.sold("page_views", "identified"), (2, 0))
        self.done(*AGAIN, "--mapping", "as-logged", "--publish")
        self.assertEqual(self.sold("page_views", "identified"), (2, 0))
        self.done(*AGAIN, "--publish")
        self.assertEqual(self.sold("page_views", "identified"), (2, 2))
        self.assertEqual(self.states(), {1: "beside it", 2: "previous", 3: "published"})

    def test_other_rules_from_now_on_change_nothing_that_was_counted(self):
        self.visit("one.ndjson", 0, 25)
        self.assertEqual(self.sold("sessions", "bounces", "page_views"), (1, 0, 2))
        config = self.file("g.toml", "[sessions]\ngap = \"20m\"\n")
        added = self.run_it("import", "events", "one.ndjson", "--config", config, "--json").json()
        self.assertEqual((added["counted"], added["duplicate"]), (0, 2))
        self.assertEqual(self.sold("sessions", "bounces", "page_views"), (1, 0, 2))
        # With other rules sessions begin anew: what comes now does not correct what was counted by the old ones.
        event = {"merchant": "shop", "type": "page_view", "guid": "g1", "time": NOON + 60 * 30, "url": "/30", "user_agent": "Mozilla/5.0"}
        self.file("two.ndjson", json.dumps(event) + "\n")
        self.done("import", "events", "two.ndjson", "--config", config)
        self.assertEqual(self.sold("sessions", "bounces", "page_views"), (2, 1, 3))
        self.done("verify", "--config", config)

    def test_the_same_beside_up(self):
        daemon = self.up("--set", "sessions.gap=20m")
        self.visit("one.ndjson", 0, 25)
        self.assertEqual(self.sold("sessions", "page_views"), (2, 2))
        self.assertEqual(self.stop(daemon), 0)
        daemon = self.up()
        self.done(*AGAIN, "--publish")
        self.assertEqual(self.sold("sessions", "page_views"), (1, 2))
        self.visit("two.ndjson", 50)
        self.assertEqual(self.sold("sessions", "page_views"), (1, 3))
        self.done("replay", "drop", "1")
        self.assertEqual(self.stop(daemon), 0)
        self.assertEqual(self.sold("sessions", "page_views"), (1, 3))


if __name__ == "__main__":
    unittest.main()
