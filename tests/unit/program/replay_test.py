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

    def settings(self, *words):
        return {v["version"]: v["settings"] for v in self.done("replay", "list", "--json", *words).json()}

    def test_another_rule_is_seen_when_it_is_published_and_gone_when_it_is_taken_back(self):
        self.visit("one.ndjson", 0, 25, 50)
        self.assertEqual(self.sold("sessions", "page_views"), (1, 3))
        shown = self.done("replay", "--to-earliest").out
        self.assertIn("3 records to read", shown)
        self.assertIn("nothing was done", shown)
        self.assertEqual(self.states(), {1: "published"})
        self.assertEqual(self.done(*AGAIN, "--set", "sessions.gap=20m").json(), {"version": 2, "published": False, "settings": "those of now", "gone": []})
        self.assertEqual(self.settings(), {1: "those of now", 2: "others"})
        self.assertEqual(self.settings("--set", "sessions.gap=20m"), {1: "others", 2: "those of now"})
        self.assertEqual((self.sold("sessions", "page_views"), self.states()), ((1, 3), {1: "published", 2: "beside it"}))
        self.assertIn("version 2 was decided by other settings than those of now", self.done("replay", "--publish").out)
        self.assertEqual((self.sold("sessions", "page_views"), self.states()), ((3, 3), {1: "previous", 2: "published"}))
        self.done("verify", "--set", "sessions.gap=20m")
        self.done("replay", "undo")
        self.assertEqual((self.sold("sessions", "page_views"), self.states()), ((1, 3), {1: "published", 2: "previous"}))
        self.done("verify")

    def differing(self, a, b):
        """Of two versions: (events that differ, how often each column does, what they come to)"""
        shown = self.done("replay", "diff", str(a), str(b), "--events", "--limit", "100000", "--json").json()
        columns = {}
        for event in shown["events"]:
            for column in event["columns"]:
                columns[column["column"]] = columns.get(column["column"], 0) + 1
        return shown["differing"], columns, {tuple(sorted((k, str(v)) for k, v in e.items() if k != "why")) for e in shown["events"]}

    def devices(self, name, number):
        """Devices with three views, half an hour and more between the last two; every seventh is a bot by its agent."""
        lines = []
        for n in range(number):
            for minute in (0, 10, 10 + 15 + n % 4 * 10):
                event = {"merchant": "shop", "type": "page_view", "guid": f"d{n}", "time": NOON + 60 * minute, "url": f"/{n % 9}", "event_id": f"{n} {minute}",
                         "user_agent": "nightly 1" if n % 7 == 0 else "Mozilla/5.0"}
                lines.append(json.dumps(event) + "\n")
            if n % 5 == 0:
                lines.append(lines[-1])
            if n % 11 == 0:
                lines.append(json.dumps({"merchant": "shop", "guid": f"d{n}", "type": "page_view", "time": "never"}) + "\n")
        self.file(name, "".join(lines))
        self.done("import", "events", name)

    def test_a_sample_of_all_devices_says_what_the_replay_then_does(self):
        self.done("init", "--set", "topics.partitions=2")
        self.devices("devices.ndjson", 60)
        self.file("mappings.csv", "guid,customer,valid_from,merchant\n" + "".join(f"d{n},c{n},,shop\n" for n in range(0, 60, 3)))
        self.done("refresh", "mappings.csv")
        self.visit("more.ndjson", 0, 25, 50, guid="d1")
        whole = ("replay", "--sample", "100%", "--json", "--limit", "1000")
        same = self.done(*whole, "--mapping", "as-logged").json()
        self.assertEqual((same["differing"]["in_sample"], same["parts"], same["examples"]), (0, [], []))
        self.assertIn("nothing differs", self.done("replay", "--sample", "100%", "--mapping", "as-logged").out)
        rules = ("--set", "sessions.gap=20m", "--set", "enrich.bot_agents=nightly")
        seen = self.done(*whole, *rules).json()
        self.assertEqual(self.states(), {1: "published"}, "nothing was made")
        self.done("replay", "--to-earliest", "--execute", *rules)
        differing, columns, events = self.differing(1, 2)
        self.assertEqual((seen["differing"]["in_sample"], seen["differing"]["in_all"], seen["differing"]["margin"]), (differing, differing, 0))
        self.assertEqual({p["what"]: p["in_sample"] for p in seen["parts"] if ":" in p["what"]}, columns)
        self.assertGreater(columns["identity:customer"], 30)
        self.assertGreater(columns["user_agent_data:traffic"], 20)
        # Each example is an event that then differs, in just that; and there is one of each device that does.
        examples = {tuple(sorted((k, str(v)) for k, v in e.items())) for e in seen["examples"]}
        self.assertEqual(examples - events, set())
        self.assertEqual(len(examples), seen["differing"]["devices"])
        totals = [self.sold("events", "sessions", "bounces")]
        net = {n["what"]: n["in_sample"] for n in seen["net"]}
        before = self.done("query", "--merchant", "shop", "--from", day(0), "--to", day(1), "--traffic", "all", "--metrics", "sessions,bounces", "--json").json()["totals"]
        self.done("replay", "--publish", *rules)
        after = self.done("query", "--merchant", "shop", "--from", day(0), "--to", day(1), "--traffic", "all", "--metrics", "sessions,bounces", "--json").json()["totals"]
        self.assertEqual((net["sessions"], net["bounces"]), (after["sessions"] - before["sessions"], after["bounces"] - before["bounces"]), totals)
        # Compared with what is published now nothing of it is left.
        self.assertEqual(self.done(*whole, *rules).json()["differing"]["in_sample"], 0)

    def test_a_sample_of_some_devices_is_of_all_that_they_did(self):
        self.devices("devices.ndjson", 700)
        rules = ("--set", "enrich.bot_agents=nightly")
        seen = self.done("replay", "--sample", "20%", "--json", *rules).json()
        self.assertTrue(90 < seen["devices"] < 190, seen)
        traffic = next(p for p in seen["parts"] if p["what"] == "user_agent_data:traffic")
        self.assertEqual(traffic["in_sample"], 3 * traffic["devices"], "a device is in the sample with all that it did")
        self.assertEqual(traffic["in_all"], 5 * traffic["in_sample"])
        self.assertTrue(abs(traffic["in_all"] - 300) <= 1.5 * traffic["margin"] and 60 < traffic["margin"] < 200, traffic)
        self.assertEqual(self.done("replay", "--sample", "20%", "--json", *rules).json(), seen, "another time the same devices")
        shown = self.done("replay", "--sample", "20%", *rules).out
        self.assertIn("user_agent_data:traffic", shown)
        self.assertIn("19 would be within +-", shown)
        few = self.done("replay", "--sample", "1%", *rules).out
        self.assertTrue("it is a guess" in few or "hardly more than 300" in few, few)

    def test_a_sample_names_other_verdicts(self):
        late = {"merchant": "shop", "type": "page_view", "guid": "g1", "time": NOON - 86400 * 20, "url": "/late", "event_id": "late"}
        self.file("late.ndjson", json.dumps(late) + "\n")
        self.visit("one.ndjson", 0, 1)
        self.visit("other.ndjson", 3, guid="other", merchant="blog")
        self.visit("again.ndjson", 0, guid="g1")
        self.done("import", "events", "late.ndjson")
        parts = lambda *rules: {p["what"]: p["in_sample"] for p in self.done("replay", "--sample", "100 %", "--json", *rules).json()["parts"] if p["what"].startswith("verdict")}
        self.assertEqual(parts(), {})
        self.assertEqual(parts("--set", "limits.max_age=30d"), {"verdict: refused (too_late) -> counted": 1})
        self.assertEqual(parts("--set", "ingest.dedupe_window=1"), {"verdict: repeat, or of another merchant or time -> counted": 1})
        self.assertEqual(parts("--set", "merchants.accept=listed", "--set", "merchant.shop.currency=EUR"), {"verdict: not refused -> refused (merchant_unknown)": 1})

    def both(self, *metrics, merchant="shop"):
        words = ("query", "--merchant", merchant, "--from", day(0), "--to", day(1), "--traffic", "all", "--json", "--metrics", ",".join(metrics))
        return tuple(self.done(*words).json()["totals"].values())

    def named(self, a, b):
        events = self.done("replay", "diff", str(a), str(b), "--events", "--limit", "100000", "--json").json()["events"]
        return {(e["merchant"], e["offset"]): e for e in events}

    def test_of_one_merchant_alone_nothing_of_another_one_changes(self):
        self.done("init", "--set", "topics.partitions=1")
        for name, merchant in (("one.ndjson", "shop"), ("two.ndjson", "blog")):
            self.visit(name, 0, 25, 50, merchant=merchant)
            self.visit("again.ndjson", 0, 25, merchant=merchant)
            self.visit("bad.ndjson", 7, merchant=merchant, revenue="much")
        self.file("mappings.csv", "guid,customer,valid_from,merchant\ng1,c1,,shop\ng1,c2,,blog\n")
        self.done("refresh", "mappings.csv")
        rules = ("--set", "sessions.gap=20m")
        plan = self.done("replay", "--merchant", "blog", "--json").json()
        self.assertEqual(plan["merchant"], "blog")
        sampled = self.done("replay", "--merchant", "blog", "--sample", "100%", "--json", *rules).json()
        self.done("replay", "--merchant", "blog", "--execute", *rules)
        named = self.named(1, 2)
        self.assertEqual({merchant for merchant, _ in named}, {"blog"})
        self.assertEqual(len(named), 3)
        self.assertTrue(any(why.startswith("settings: by which") for event in named.values() for why in event["why"]), named)
        self.assertEqual(sampled["differing"]["in_sample"], 3)
        self.done("replay", "--publish", *rules)
        self.assertEqual((self.both("sessions", "identified"), self.both("sessions", "identified", merchant="blog")), ((1, 0), (3, 3)))
        self.done("verify", *rules)
        self.assertEqual([v["from"] for v in self.done("replay", "list", "--json").json()][1], "the beginning of the log, only blog")
        # What comes next goes on from it: by the rules of now sessions begin anew.
        self.visit("three.ndjson", 51)
        self.visit("three.ndjson", 52, merchant="blog")
        self.assertEqual((self.both("page_views"), self.both("page_views", merchant="blog")), ((4,), (4,)))
        self.done("verify")

    def test_an_event_that_would_be_of_another_merchant_is_no_matter_of_one(self):
        event = {"type": "page_view", "guid": "g1", "time": NOON, "url": "/"}
        self.file("one.ndjson", json.dumps(event) + "\n")
        self.done("import", "events", "one.ndjson", "--set", "ingest.default_merchant=shop")
        refused = self.run_it("replay", "--merchant", "shop", "--execute", "--set", "ingest.default_merchant=blog")
        self.assertEqual(refused.status, 1)
        self.assertIn("what was shop's would be blog's by the settings of now", refused.err)

    def test_until_a_moment_by_the_same_rules_nothing_changes(self):
        moment = self.two_halves()
        before = self.numbers()
        self.done("replay", "--until", moment, "--mapping", "as-logged", "--execute", "--publish")
        self.assertEqual(self.numbers(), before)
        self.done("verify")
        self.visit("four.ndjson", 52)
        self.assertEqual(self.sold("page_views", "sessions"), (4, 3))
        self.done("verify")
        # Of a middle, whose ends are in the midst of sessions and blocks; the newest mapping reaches what lies in it alone.
        self.done("replay", "--to-offset", "4", "--until", "5", "--execute", "--publish")
        self.assertEqual(self.sold("page_views", "sessions", "identified"), (4, 3, 2))
        self.done("verify")
        # What it was copied, and has no blocks of, cannot be gone on from.
        before_it = self.run_it("replay", "--until", "1")
        self.assertEqual(before_it.status, 1)
        self.assertIn("--until: nothing lies between", before_it.err)
        self.visit("five.ndjson", 54)
        self.assertEqual(self.sold("page_views", "sessions"), (5, 3))
        self.done("verify")

    def test_until_a_moment_by_other_rules_what_lies_behind_stays_to_the_event(self):
        moment = self.two_halves()
        before = self.numbers()
        self.done("replay", "--until", moment, "--execute", "--publish", "--set", "sessions.gap=20m")
        named = self.named(1, 2)
        self.assertEqual(sorted(offset for _, offset in named), [0, 1], "of g1 before the moment; g2's, and g1's third, stay")
        # g1's two views were one visit, which the third one went on with: each is one now, and the third begins none.
        # The third one had ended the dwell of the second one, which now ends its visit: the change goes no longer over the moment.
        self.assertEqual(named[("shop", 0)]["session"], {"bounces": 1, "exits": 1, "dwells": -1, "dwell_ms": -1500000})
        self.assertEqual(named[("shop", 1)]["session"], {"sessions": 1, "bounces": 1, "exits": 1, "dwells": -1, "dwell_ms": -1500000})
        self.assertEqual(self.sold("sessions", "bounces", "revenue"), (4, 3, {"EUR": "6.00"}))
        self.assertEqual(min(r[m] for rows in (self.numbers(),) for part in rows for r in part for m in r if isinstance(r[m], int)), 0)
        self.assertNotEqual(self.numbers(), before)
        self.done("verify")
        nothing = self.run_it("replay", "--to-offset", "3", "--until", "3")
        self.assertEqual((nothing.status, nothing.err[:18]), (1, "guidepost: --until"))

    def test_what_is_no_share_and_what_a_sample_does_not_go_with(self):
        for words in (("0%",), ("101%",), ("half",), ("-1%",), ("nan",), ("1%%",), ("1e-9%",), ("10%", "--execute"), ("10%", "--publish")):
            refused = self.run_it("replay", "--sample", *words)
            self.assertEqual(refused.status, 2, f"{words}: {refused.err}")

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

    def numbers(self):
        words = ("query", "--merchant", "shop", "--from", day(0), "--to", day(1), "--json", "--metrics")
        return [self.done(*words, metrics, "--by", by).json()["rows"] for by, metrics in
                (("url", "page_views,devices,users,avg_time_ms"), ("url,country", "events"), ("browser", "sessions,bounces,devices"), ("entry_page", "sessions,bounces"),
                 ("exit_page", "sessions"), ("total", "events,sessions,bounces,users,identified,customers,revenue,orders"))]

    def two_halves(self):
        """Events in the same quarters of an hour, before a moment and after it, which is given; a mapping comes between."""
        self.done("init", "--set", "topics.partitions=1")
        self.visit("one.ndjson", 0, 25)
        self.visit("bad.ndjson", 3, guid="g3", revenue="much")
        self.file("mappings.csv", "guid,customer,valid_from,merchant\ng1,c1,,shop\n")
        self.done("refresh", "mappings.csv")
        self.visit("sold.ndjson", 1, guid="g4", type="purchase", revenue="3.50", currency="EUR")
        moment = time.time()
        self.visit("two.ndjson", 0, 25, guid="g2", type="purchase", revenue="1.25", currency="EUR")
        self.visit("three.ndjson", 50)
        return self.stamp(moment)

    def stamp(self, moment):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03}Z"

    def test_from_the_middle_by_the_same_rules_nothing_changes(self):
        moment = self.two_halves()
        journey = lambda: [self.done("journey", "--merchant", "shop", "--guid", "g1", "--json").json()[part] for part in ("events", "sessions")]
        before, shown = self.numbers(), journey()
        plan = self.done("replay", "--to-datetime", moment, "--json").json()
        self.assertEqual((plan["records"], plan["before"], plan["pages"]), (3, 5, {"whole": 0, "divided": 2}))
        self.done("replay", "--to-datetime", moment, "--mapping", "as-logged", "--execute", "--publish")
        self.assertEqual(self.states(), {1: "previous", 2: "published"})
        self.assertEqual(self.numbers(), before)
        self.assertEqual(journey(), shown)
        self.assertEqual(len(self.done("bad", "list", "--merchant", "shop", "--json").json()["rows"]), 1)
        self.done("verify")
        # What comes next goes on from it.
        self.visit("four.ndjson", 52)
        self.assertEqual(self.sold("page_views", "sessions"), (4, 3))
        self.done("verify")
        self.done("replay", "undo")
        self.assertEqual(self.sold("page_views", "sessions"), (3, 3))
        self.assertEqual(self.visit("four.ndjson", 52)["counted"], 1, "what came meanwhile; this one is its duplicate")
        self.assertEqual(self.sold("page_views", "sessions"), (4, 3))
        # From the middle of what began in the middle, and the whole once more.
        self.done("replay", "--to-offset", "4", "--execute", "--publish")
        self.done("replay", "drop", "1")
        self.assertEqual(self.sold("page_views", "sessions", "identified"), (4, 3, 2))
        self.done("verify")
        self.done("replay", "--to-offset", "0:6", "--mapping", "as-logged", "--execute", "--publish")
        self.assertEqual(self.sold("page_views", "sessions", "identified"), (4, 3, 2))
        self.done("verify")
        nowhere = self.run_it("replay", "--to-offset", "7:6")
        self.assertEqual((nowhere.status, nowhere.err), (1, "guidepost: --to-offset: there is no partition 7\n"))
        self.done(*AGAIN, "--publish")
        self.assertEqual(self.sold("page_views", "sessions", "identified"), (4, 3, 4))
        self.done("verify")

    def test_from_the_middle_of_what_was_received_in_other_months(self):
        line = '198.51.100.{} - - [{}/2015:10:{}:03 +0000] "GET /{} HTTP/1.1" 200 1234 "-" "browser one"\n'
        import_log = lambda: self.done("import", "access-log", "access.log", "--merchant", "shop")
        shown = lambda: self.done("query", "--merchant", "shop", "--from", "2015-04-01", "--to", "2015-06-01", "--interval", "day", "--by", "url",
                                  "--traffic", "all", "--metrics", "events,devices,avg_time_ms", "--json").json()["rows"]
        self.done("init", "--set", "topics.partitions=1")
        self.file("access.log", "".join(line.format(n, day, 10 + n, "a") for day in ("28/Apr", "17/May") for n in range(5)))
        import_log()
        moment = time.time()
        self.file("access.log", "".join(line.format(n, day, 30 + n, "b") for day in ("28/Apr", "17/May") for n in range(5)))
        import_log()
        before = shown()
        for version in (2, 3):
            self.done("replay", "--to-datetime", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)) if version == 3 else self.stamp(moment),
                      "--mapping", "as-logged", "--execute", "--publish")
            self.assertEqual(shown(), before)
            self.done("verify")
        self.assertEqual(len(self.done("journey", "--merchant", "shop", "--customer", "nobody", "--json").json()["events"]), 0)
        self.file("access.log", line.format(1, "28/Apr", 59, "c"))
        import_log()
        self.assertEqual(sum(row["events"] for row in shown()), 21)
        self.done("verify")

    def test_from_the_middle_of_partitions_that_have_nothing_behind_it(self):
        self.done("init", "--set", "topics.partitions=3")
        self.visit("one.ndjson", 0, 25)
        self.done("replay", "--by-duration", "1s", "--execute", "--publish")
        self.assertEqual(self.sold("sessions", "page_views"), (1, 2))
        self.visit("two.ndjson", 50)
        self.assertEqual(self.sold("sessions", "page_views"), (1, 3))
        self.done("verify")

    def test_from_the_middle_by_other_rules_what_lies_before_stays(self):
        moment = self.two_halves()
        self.assertEqual(self.sold("sessions", "bounces", "revenue"), (3, 1, {"EUR": "6.00"}))
        self.done("replay", "--to-datetime", moment, "--execute", "--publish", "--set", "sessions.gap=20m")
        # g1 had one session of two page views before, and begins another one; g2's two purchases are two sessions now.
        self.assertEqual(self.sold("sessions", "bounces", "revenue"), (5, 4, {"EUR": "6.00"}))
        self.done("verify")

    def test_the_same_beside_up(self):
        daemon = self.up("--set", "sessions.gap=20m")
        self.visit("one.ndjson", 0, 25)
        self.assertNotIn("decided_by_other_settings", (self.folder / "up.log").read_text())
        self.assertEqual(self.sold("sessions", "page_views"), (2, 2))
        self.assertEqual(self.stop(daemon), 0)
        daemon = self.up()
        self.assertIn("decided_by_other_settings", (self.folder / "up.log").read_text())
        self.done(*AGAIN, "--publish")
        self.assertEqual(self.sold("sessions", "page_views"), (1, 2))
        self.visit("two.ndjson", 50)
        self.assertEqual(self.sold("sessions", "page_views"), (1, 3))
        self.done("replay", "drop", "1")
        self.assertEqual(self.stop(daemon), 0)
        self.assertEqual(self.sold("sessions", "page_views"), (1, 3))


if __name__ == "__main__":
    unittest.main()
