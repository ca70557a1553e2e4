"""`query --explain` on embedded stores, held against a recount of its own: what was then, what moved it, what is now."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest
from datetime import datetime, timezone

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import ROOT, ProgramTest

NOON = int(time.time()) // 86400 * 86400 - 43200  # yesterday's
DAY, AFTER = (time.strftime("%Y-%m-%d", time.gmtime(t)) for t in (NOON, NOON + 86400))
GAP = 1800
DAMAGE = os.environ.get("GUIDEPOST_DAMAGE", str(ROOT / "build" / "release" / "tests" / "guidepost-damage"))
METRICS = ("events", "page_views", "purchases", "revenue", "refunds", "sessions", "bounces", "devices")


def rfc3339(t):
    return datetime.fromtimestamp(t, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def recounted(events):
    """The metrics of some events, the plain way."""
    of_guid = {}
    for event in events:
        of_guid.setdefault(event["guid"], []).append(event["time"])
    sessions = []
    for times in of_guid.values():
        last = None
        for t in sorted(times):
            if last is None or t - last > GAP:
                sessions.append(0)
            sessions[-1] += 1
            last = t
    money = [float(event.get("revenue", 0)) for event in events]
    return {"events": len(events), "page_views": sum(event["type"] == "page_view" for event in events),
            "purchases": sum(event["type"] == "purchase" for event in events), "revenue": sum(money),
            "refunds": -sum(m for m in money if m < 0), "sessions": len(sessions), "bounces": sessions.count(1), "devices": len(of_guid)}


def amount(value):
    return float(value.get("EUR", 0)) if isinstance(value, dict) else value


class ExplainTest(ProgramTest):
    def good(self, *words):
        done = self.run_it(*words)
        self.assertEqual(done.status, 0, done.err + done.out)
        return done

    def bring(self, name, events):
        self.file(name, "".join(json.dumps({"merchant": "shop", "url": "/a", "user_agent": "Mozilla/5.0 Firefox/120.0"} | event) + "\n" for event in events))
        self.good("import", "events", name)

    def a_moment(self):
        """A moment between two seconds: positions are recorded with the second that they were counted in."""
        second = int(time.time())
        self.eventually("another second", lambda: int(time.time()) > second)
        moment = time.time()
        self.eventually("another second", lambda: int(time.time()) > second + 1)
        return rfc3339(moment)

    def explain(self, since, *words, status=0):
        done = self.run_it("query", "--merchant", "shop", "--from", DAY, "--to", AFTER, "--metrics", ",".join(METRICS), "--explain", since, "--json", *words)
        self.assertEqual(done.status, status, done.err + done.out)
        return done.json()

    def check(self, answer, then, now):
        """Then, now, and that the moves are all that is between them."""
        for metric in METRICS:
            of = answer["metrics"][metric]
            self.assertEqual((amount(of["then"]), amount(of["now"])), (then[metric], now[metric]), metric)
            if metric != "devices":
                self.assertAlmostEqual(sum(amount(move) for move in of["moves"].values()), now[metric] - then[metric], msg=metric)
        self.assertTrue(answer["explained"])

    def moves(self, answer, metric):
        return {cause: amount(move) for cause, move in answer["metrics"][metric]["moves"].items() if amount(move) != 0}

    def test_adds_up(self):
        first = [{"event_id": "a1", "guid": "a", "type": "page_view", "time": NOON}, {"event_id": "a2", "guid": "a", "type": "page_view", "time": NOON + 3000},
                 {"event_id": "b1", "guid": "b", "type": "purchase", "time": NOON + 10, "revenue": "20.00", "currency": "EUR"}]
        before = self.a_moment()
        self.bring("first.ndjson", first)
        since = self.a_moment()
        at_once = self.explain(since)
        self.check(at_once, recounted(first), recounted(first))
        self.assertEqual(at_once["moves"], [])

        more = [{"event_id": "a-between", "guid": "a", "type": "page_view", "time": NOON + 1500},  # one session where there were two
                {"event_id": "b-refund", "guid": "b", "type": "refund", "time": NOON + 60, "revenue": "-5.00", "currency": "EUR"},
                {"event_id": "c1", "guid": "c", "type": "page_view", "time": NOON + 7200}]
        self.bring("more.ndjson", more)
        middle = self.a_moment()
        self.bring("last.ndjson", [{"event_id": "d1", "guid": "d", "type": "page_view", "time": NOON + 8000}])
        every = first + more + [{"guid": "d", "type": "page_view", "time": NOON + 8000}]

        answer = self.explain(since)
        self.check(answer, recounted(first), recounted(every))
        self.assertEqual(self.moves(answer, "events").keys() - {"late_hours", "late_days"}, {"refunds"})
        self.assertEqual(self.moves(answer, "revenue"), {"refunds": -5})
        self.assertEqual(self.moves(answer, "bounces")["sessions"], -3)
        sessions = next(move for move in answer["moves"] if move["cause"] == "sessions")
        self.assertEqual([example["event_id"] for example in sessions["examples"]], ["b-refund", "a-between", "a-between"])
        refund = next(move for move in answer["moves"] if move["cause"] == "refunds")
        self.assertEqual((refund["events"], refund["examples"][0]["position"].partition(":")[2]), (1, "4"))
        self.check(self.explain(middle), recounted(first + more), recounted(every))
        self.check(self.explain(before), recounted([]), recounted(every))
        self.assertEqual([source["counted_below"] for source in answer["sources"] if source["counted_below"]], [3])

        shown = self.good("query", "--merchant", "shop", "--from", DAY, "--to", AFTER, "--metrics", "events,devices", "--explain", since).out
        rows = {line.rsplit(maxsplit=2)[0].strip(): line.split()[-2:] for line in shown.splitlines() if line.strip()}
        self.assertEqual(rows["then"], ["3", "2"])
        self.assertEqual(rows["now"], ["7", "4"])
        self.assertIn("a-between", shown)

    def test_another_version(self):
        visit = {"type": "page_view", "guid": "g1"}
        first = [visit | {"event_id": f"e{i}", "time": NOON + i} for i in range(3)]
        self.bring("first.ndjson", first)
        since = self.a_moment()
        # The third of three within a minute is a bot's.
        self.good("replay", "--to-earliest", "--execute", "--publish", "--set", "sessions.bot_events=3")
        self.bring("more.ndjson", [{"type": "page_view", "guid": "g2", "event_id": "new", "time": NOON}])
        answer = self.explain(since, "--set", "sessions.bot_events=3")
        self.assertEqual((answer["versions"]["then"], answer["versions"]["now"], answer["versions"]["then_is_stored"]), (1, 2, True))
        events = answer["metrics"]["events"]
        self.assertEqual((events["then"], events["now"], events["moves"]["replay"]), (3, 3, -1))
        self.assertEqual(sum(events["moves"].values()), 0)

        self.good("replay", "drop", "1")
        answer = self.explain(since)
        self.assertFalse(answer["versions"]["then_is_stored"])
        events = answer["metrics"]["events"]
        self.assertEqual((events["then"], events["came_before"], events["now"]), (None, 2, 3))
        shown = self.good("query", "--merchant", "shop", "--from", DAY, "--to", AFTER, "--explain", since).out
        self.assertIn("version 1 was dropped: what it had counted cannot be known any more", shown)

    def test_says_what_it_cannot_explain(self):
        self.good("generate", "--events", 600, "--seed", 3, "--start", "2026-03-30T20:00:00Z", "--span", "8h")
        asked = ("query", "--merchant", "shop", "--from", "2026-03-30", "--to", "2026-04-01", "--traffic", "all", "--metrics", ",".join(METRICS), "--explain")
        self.assertTrue(self.good(*asked, "1h", "--json").json()["explained"])
        for damage, metric in (("counter", "events"), ("revenue", "revenue"), ("row-lost", "events"), ("row-doubled", "events"),
                               ("row-session", "sessions")):
            with self.subTest(damage):
                shutil.rmtree(self.folder / "copy", ignore_errors=True)
                shutil.copytree(self.folder / "guidepost-data", self.folder / "copy")
                subprocess.run([DAMAGE, self.folder / "copy", damage], check=True)
                done = self.run_it(*asked, "1h", "--json", "--data", "copy")
                self.assertEqual(done.status, 1, done.out)
                self.assertFalse(done.json()["explained"])
                self.assertNotEqual(amount(done.json()["metrics"][metric]["unexplained"]), 0)
                self.assertIn("that cannot be explained", self.run_it(*asked, "1h", "--data", "copy").out)

    def test_refuses(self):
        self.bring("first.ndjson", [{"event_id": "a1", "guid": "a", "type": "page_view", "time": NOON}])
        asked = ("query", "--merchant", "shop", "--from", DAY, "--to", AFTER)
        for words, why in ((("--explain", "tomorrow"), "--explain"), (("--explain", "2099-01-01"), "is not in the past"),
                           (("--explain", "1h", "--by", "url"), "not --by"), (("--explain", "1h", "--interval", "day"), "not --interval"),
                           (("--explain", "1h", "--where", "url=(other)"), "(other)")):
            done = self.run_it(*asked, *words)
            self.assertEqual(done.status, 2, words)
            self.assertIn(why, done.err)


if __name__ == "__main__":
    unittest.main()
