"""Commands alone and beside `up`, on embedded stores: what goes in is in the numbers when the command ends."""
import json
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import PROGRAM, ProgramTest, clean_environment

LINES = """\
198.51.100.7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1234 "-" "browser one"
198.51.100.8 - - [17/May/2015:10:05:04 +0000] "GET /a?x=1 HTTP/1.1" 200 1234 "-" "browser two"
198.51.100.7 - - [17/May/2015:10:20:00 +0000] "GET /b HTTP/1.1" 200 1234 "-" "browser one"
198.51.100.7 - - [17/May/2015:10:20:01 +0000] "GET /picture.png HTTP/1.1" 200 1234 "-" "browser one"
this is no line of a log
"""
RANGE = ("--merchant", "shop", "--from", "2015-05-17", "--to", "2015-05-18", "--traffic", "all", "--json")


class CommandsTest(ProgramTest):
    def page_views(self):
        done = self.run_it("query", *RANGE, "--by", "url", "--metrics", "page_views,devices")
        self.assertEqual(done.status, 0, done.err)
        return {row["url"]: (row["page_views"], row["devices"]) for row in done.json()["rows"] if row["page_views"]}

    def test_an_import_alone_ends_when_its_lines_are_counted(self):
        self.file("access.log", LINES)
        done = self.run_it("import", "access-log", "access.log", "--merchant", "shop")
        self.assertEqual(done.status, 0, done.err)
        self.assertIn("4 counted, 1 bad", done.out)
        self.assertEqual(self.page_views(), {"/a": (2, 2), "/b": (1, 1)})
        bad = self.run_it("bad", "list", "--merchant", "shop", "--json").json()["rows"]
        self.assertEqual([(row["reason"], row["bytes"]) for row in bad], [("line_malformed", {"text": "this is no line of a log"})])
        verified = self.run_it("verify", "--json")
        self.assertEqual((verified.status, verified.json()["agrees"], verified.json()["rows"]), (0, True, 4), verified.out)
        # Again: no answer changes, the ledger tells.
        before = self.run_it("query", *RANGE, "--by", "url").json()["rows"]
        again = self.run_it("import", "access-log", "access.log", "--merchant", "shop", "--json").json()
        self.assertEqual([again[k] for k in ("records", "counted", "bad", "duplicate")], [5, 0, 1, 4])
        self.assertEqual(self.run_it("query", *RANGE, "--by", "url").json()["rows"], before)
        sources = self.run_it("status", "--json").json()["sources"]
        self.assertEqual([sum(s["ledger"][k] for s in sources) for k in ("counted", "bad", "duplicate")], [4, 2, 4])

    def test_the_same_beside_up(self):
        daemon = self.up()
        self.file("access.log", LINES)
        done = self.run_it("import", "access-log", "access.log", "--merchant", "shop")
        self.assertEqual(done.status, 0, done.err)
        self.assertEqual(self.page_views(), {"/a": (2, 2), "/b": (1, 1)})
        self.assertEqual(self.stop(daemon), 0)
        self.assertEqual(self.page_views(), {"/a": (2, 2), "/b": (1, 1)})

    def test_a_refresh_holds_for_what_comes_after_it(self):
        event = {"merchant": "shop", "type": "click", "guid": "g1", "url": "/a", "time": int(time.time()), "user_agent": "browser one"}
        self.file("one.ndjson", json.dumps(event | {"event_id": "1"}) + "\n")
        self.file("two.ndjson", json.dumps(event | {"event_id": "2"}) + "\n")
        self.file("mappings.csv", "guid,customer,valid_from,merchant\ng1,c1,,shop\n")
        self.assertEqual(self.run_it("import", "events", "one.ndjson").status, 0)
        done = self.run_it("refresh", "mappings.csv", "--json")
        self.assertEqual(done.status, 0, done.err)
        self.assertEqual((done.json()["run"], done.json()["changed_guids"]), (1, 1))
        self.assertEqual(self.run_it("import", "events", "two.ndjson").status, 0)
        day = time.strftime("%Y-%m-%d", time.gmtime(event["time"]))
        after = time.strftime("%Y-%m-%d", time.gmtime(event["time"] + 86400))
        done = self.run_it("query", "--merchant", "shop", "--from", day, "--to", after, "--metrics", "clicks,identified,customers", "--json")
        totals = done.json()["totals"]
        self.assertEqual((totals["clicks"], totals["identified"], totals["customers"]), (2, 1, 1))
        status = self.run_it("status", "--json").json()
        self.assertEqual([run["status"] for run in status["runs"]], ["complete"])
        self.assertEqual(self.run_it("verify").status, 0)

    def test_money_is_exact_from_the_event_to_the_answer(self):
        noon = int(time.time()) // 86400 * 86400
        event = {"type": "purchase", "guid": "g1", "url": "/thanks", "time": noon - 3600, "user_agent": "Mozilla/5.0"}
        sales = [{"merchant": "shop", "revenue": 0.1}, {"merchant": "shop", "revenue": "0.20"}, {"merchant": "shop", "revenue": 12.345},
                 {"merchant": "shop", "type": "refund", "revenue": "-0.05", "currency": "eur"}, {"merchant": "shop", "revenue": "3.00", "currency": "JPY"},
                 {"merchant": "zoo", "revenue": "1"}, {"merchant": "zoo", "revenue": "1", "currency": "gold"}]
        self.file("sales.ndjson", "".join(json.dumps(event | sale) + "\n" for sale in sales))
        config = self.file("g.toml", "[ingest]\ndefault_currency = \"USD\"\n[merchant.shop]\ncurrency = \"EUR\"\n")
        self.assertEqual(self.run_it("import", "events", "sales.ndjson", "--config", config).status, 0)
        day, before = (time.strftime("%Y-%m-%d", time.gmtime(noon - days * 86400)) for days in (0, 1))
        sold = {}
        for merchant in ("shop", "zoo"):
            done = self.run_it("query", "--merchant", merchant, "--from", before, "--to", day, "--metrics", "revenue,refunds,orders", "--json")
            sold[merchant] = done.json()["totals"]
        self.assertEqual(sold["shop"], {"revenue": {"EUR": "0.25", "JPY": "3"}, "refunds": {"EUR": "0.05", "JPY": "0"}, "orders": 3})
        self.assertEqual(sold["zoo"], {"revenue": {"USD": "1.00"}, "refunds": {"USD": "0.00"}, "orders": 1})
        bad = [(row["reason"], row["field"]) for m in ("shop", "zoo") for row in self.run_it("bad", "list", "--merchant", m, "--json").json()["rows"]]
        self.assertEqual(bad, [("revenue_invalid", "revenue"), ("revenue_invalid", "currency")])
        words = ("--merchant", "shop", "--from", before, "--to", day, "--metrics", "revenue,events", "--compare", "previous")
        self.assertRegex(self.run_it("query", *words).out, r"(?m)^total  0\.25 EUR \+ 3 JPY +- +new EUR, new JPY +4 +0 +new$")

    def test_two_commands_at_once_share_the_folder(self):
        self.file("access.log", LINES)
        first = subprocess.Popen([PROGRAM, "import", "access-log", "access.log", "--merchant", "one"], cwd=self.folder, env=clean_environment(),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        second = self.run_it("import", "access-log", "access.log", "--merchant", "two")
        out, err = first.communicate(timeout=60)
        self.assertEqual((first.returncode, second.status), (0, 0), err.decode() + second.err)
        for merchant in ("one", "two"):
            total = self.run_it("query", "--merchant", merchant, *RANGE[2:], "--metrics", "events").json()["totals"]
            self.assertEqual(total["events"], 4)

    def test_questions_that_cannot_be_answered_say_what_can(self):
        self.run_it("init")
        for words, expected in ((["--by", "mood"], "--by"), (["--metrics", "joy"], "--metrics"), (["--from", "yesterday"], "--from"), (["--tz", "Mars"], "--tz")):
            given = {"--merchant": "shop", "--from": "2015-05-17", "--to": "2015-05-18", words[0]: words[1]}
            done = self.run_it("query", *[word for pair in given.items() for word in pair])
            self.assertEqual(done.status, 2, done.out)
            self.assertIn(expected, done.err)

    def test_a_full_pipe_that_closes_ends_a_command(self):
        self.file("access.log", LINES)
        self.run_it("import", "access-log", "access.log", "--merchant", "shop")
        shell = subprocess.run(f"'{PROGRAM}' query {' '.join(RANGE)} | head -c 1", shell=True, cwd=self.folder, env=clean_environment(), capture_output=True, timeout=60)
        self.assertEqual(shell.returncode, 0)


if __name__ == "__main__":
    unittest.main()
