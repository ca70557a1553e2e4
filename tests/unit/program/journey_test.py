"""What devices and customers did, asked alone and beside `up`, on embedded stores."""
import json
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import ProgramTest

NOW = int(time.time()) // 3600 * 3600 - 7200


def event(minute, path, guid=None, customer=None, **more):
    known = {"guid": guid, "customer": customer}
    return {"merchant": "shop", "type": "page_view", "time": NOW + 60 * minute, "url": f"https://shop.example{path}", "event_id": f"{guid}{minute}",
            "user_agent": "Mozilla/5.0", **{k: v for k, v in known.items() if v}, **more}


def shown(journey):
    return [(e["position"], e["guid"], e["path"], e["customer"], e["resolved_by"], e["session"]) for e in journey["events"]]


class JourneyTest(ProgramTest):
    def bring_in(self, name, *events):
        self.file(name, "".join(json.dumps(e) + "\n" for e in events))
        done = self.run_it("import", "events", name)
        self.assertEqual(done.status, 0, done.err)

    def journey(self, *words):
        done = self.run_it("journey", "--merchant", "shop", *words, "--json")
        self.assertEqual((done.status, done.err), (0, ""), done.out)
        journeys = [json.loads(line) for line in done.out.splitlines()]
        return journeys[0] if len(journeys) == 1 else journeys

    def stream(self):
        """Two devices of anna: one that was bert's, one by a claim."""
        self.bring_in("one.ndjson", event(2, "/b", "phone"), event(0, "/a", "phone"), event(50, "/x", "desk", "anna"))
        self.file("mappings.csv", f"guid,customer,valid_from,merchant\nphone,anna,{NOW + 600},shop\nphone,bert,,shop\n")
        self.assertEqual(self.run_it("refresh", "mappings.csv").status, 0)
        self.bring_in("two.ndjson", event(5, "/c", "phone"), event(20, "/d", "phone", type="purchase", revenue="7.00", currency="EUR", product={"id": "77"}),
                      event(51, "/e", "phone"), event(55, "/call", customer="anna"))

    def check(self):
        phone = self.journey("--guid", "phone")
        numbers = {e["path"]: e["position"] for e in phone["events"]}
        self.assertEqual([row[1:] for row in shown(phone)],
                         [("phone", "/a", None, "none", 1), ("phone", "/b", None, "none", 1), ("phone", "/c", "bert", "map", 1),
                          ("phone", "/d", "anna", "map", 1), ("phone", "/e", "anna", "map", 2)])
        self.assertEqual([(s["events"], s["page_views"], s["duration_ms"], s["entry"], s["exit"], s["complete"]) for s in phone["sessions"]],
                         [(4, 3, 1_200_000, "/a", "/d", True), (1, 1, 0, "/e", "/e", True)])
        sold = phone["events"][3]
        self.assertEqual([sold[k] for k in ("type", "revenue", "currency", "product", "url")], ["purchase", "7.00", "EUR", "77", "https://shop.example/d"])
        self.assertEqual((phone["more"], phone["missing"], phone["from"], phone["guid"]), (False, [], None, "phone"))
        anna = self.journey("--customer", "anna")
        self.assertEqual([row[1:] for row in shown(anna)],
                         [("phone", "/d", "anna", "map", 1), ("desk", "/x", "anna", "claim", 2), ("phone", "/e", "anna", "map", 3), ("c:anna", "/call", "anna", "claim", None)])
        self.assertEqual(anna["events"][0]["position"], numbers["/d"])
        self.assertEqual([s["complete"] for s in anna["sessions"]], [False, True, True])
        return anna

    def test_what_comes_in_is_shown_with_its_sessions_and_whose_it_was(self):
        self.stream()
        self.check()
        text = self.run_it("journey", "--merchant", "shop", "--customer", "anna").out
        self.assertIn("shop, customer anna: 4 events in 3 sessions", text)
        self.assertRegex(text, r"session 1: [-0-9]+ [:0-9]+, 0 ms, 1 event, 0 page views, /d -> /d, device phone, in part\n")
        self.assertRegex(text, r"purchase +/d +77 +7\.00 EUR .* anna +map +\d+:\d+\n")
        self.assertIn("without a device: 1 event\n", text)

    def test_the_same_beside_up(self):
        daemon = self.up()
        self.stream()
        before = self.check()
        self.assertEqual(self.stop(daemon), 0)
        after = self.check()
        self.assertEqual(before["events"], after["events"])

    def test_a_time_and_a_limit_cut_and_several_are_lines(self):
        self.stream()
        at = lambda minute: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + 60 * minute))
        cut = self.journey("--guid", "phone", "--from", at(2), "--to", at(20))
        self.assertEqual([e["path"] for e in cut["events"]], ["/b", "/c"])
        self.assertEqual([s["complete"] for s in cut["sessions"]], [False])
        last = self.journey("--guid", "phone", "--limit", "2")
        self.assertEqual(([e["path"] for e in last["events"]], last["more"]), (["/d", "/e"], True))
        several = self.journey("--guid", "phone", "--guid", "nobody", "--customer", "bert", "--tz", "Asia/Kolkata")
        self.assertEqual([(j.get("guid"), j.get("customer"), len(j["events"])) for j in several], [("phone", None, 5), ("nobody", None, 0), (None, "bert", 1)])
        self.assertTrue(several[0]["events"][0]["time"].endswith("+05:30"))

    def test_what_cannot_be_asked_is_said(self):
        self.run_it("init")
        for words, expected in ((["--guid", "g", "--tz", "Mars"], "--tz"), ([], "--guid, --customer"), (["--guid", "g", "--from", "soon"], "--from"),
                                (["--guid", "g", "--limit", "0"], "--limit"), (["--guid", "g", "--from", "2015-05-18", "--to", "2015-05-17"], "--to")):
            done = self.run_it("journey", "--merchant", "shop", *words)
            self.assertEqual((done.status, done.out), (2, ""), done.out)
            self.assertIn(expected, done.err)
        self.assertEqual(self.run_it("journey", "--guid", "g").status, 2)
        nothing = self.run_it("journey", "--merchant", "shop", "--guid", "g")
        self.assertEqual((nothing.status, nothing.err), (0, ""))
        self.assertIn("no events", nothing.out)


if __name__ == "__main__":
    unittest.main()
