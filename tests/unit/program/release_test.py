"""The data of earlier releases are read, answer as they did, and are gone on with: tests/golden/README.md.

`python3 release_test.py --make [PROGRAM]` makes those of a release, with its program (build/guidepost): tests/golden/release/VERSION.*
"""
import json
import os
import pathlib
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import program
from program import ROOT, ProgramTest

FOLDER = ROOT / "tests" / "golden" / "release"
FIRST_DAY, SECOND_DAY, LAST_DAY, AFTER = "2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"
EVERY_METRIC = ("events,page_views,clicks,purchases,orders,items,revenue,refunds,refund_events,sessions,bounces,avg_time_ms,devices,users,"
                "customers,identified")
PAGES = "events,page_views,clicks,purchases,items,revenue,devices,users,identified"


def query(start, end, *words):
    return ("query", "--merchant", "shop", "--from", start, "--to", end, "--traffic", "all", *words)


# What is asked of the data as they were, and of the days that nothing is added to.
OF_ALL = [query(FIRST_DAY, AFTER, "--metrics", EVERY_METRIC, "--interval", "hour"),
          query(FIRST_DAY, AFTER, "--by", "url", "--metrics", PAGES),
          ("journey", "--merchant", "shop", "--customer", "known-customer", "--from", FIRST_DAY, "--to", AFTER),
          ("bad", "list", "--merchant", "shop"), ("verify",)]
OF_DAYS_THAT_REST = [query(start, end, *words) for start, end in ((FIRST_DAY, SECOND_DAY), (LAST_DAY, AFTER)) for words in (
    ("--metrics", EVERY_METRIC), ("--by", "url,country", "--metrics", PAGES), ("--by", "product", "--metrics", PAGES),
    ("--by", "entry_page", "--metrics", "sessions,bounces"), ("--by", "channel"))]
URLS_OF_THE_OTHER = query(SECOND_DAY, LAST_DAY, "--by", "url", "--metrics", PAGES)
TOTALS_OF_THE_OTHER = query(SECOND_DAY, LAST_DAY, "--metrics", EVERY_METRIC)


def event(received, time, event_id, **more):
    """A line for `import events`: what a collector would have taken at that time."""
    members = {"merchant": "shop", "type": "page_view", "guid": "known-device", "url": "/known", "user_agent": "Mozilla/5.0 Firefox/140.0"}
    return json.dumps({"received": received, "protocol": "json", "event": members | {"time": time, "event_id": event_id} | more}) + "\n"


def within(expected, found, path="$"):
    """What differs, as text; later versions may say more of an object, not less."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [line for key in expected for line in (within(expected[key], found[key], f"{path}.{key}") if key in found else [f"{path}.{key} is gone"])]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [line for i, (a, b) in enumerate(zip(expected, found)) for line in within(a, b, f"{path}[{i}]")]
    return [] if expected == found else [f"{path}: {expected!r} then, {found!r} now"]


class Data(ProgramTest):
    def ask(self, words):
        done = self.run_it(*words, "--json")
        self.assertEqual(done.status, 0, f"{words}: {done.out}{done.err}")
        answer = done.json()
        return {word: value for word, value in answer.items() if word not in ("as_of", "completeness")}  # now, where nothing waits

    def imported(self, name, lines):
        done = self.run_it("import", "events", self.file(name, "".join(lines)), "--json")
        self.assertEqual(done.status, 0, done.err)
        return {word: count for word, count in done.json().items() if word in ("counted", "bad", "duplicate") and count}


class Maker(Data):
    def make(self):
        """Some of everything: money, sessions, duplicates, bad events, mapping runs of every kind."""
        version = self.run_it("--version").out.split()[1]

        def run(*words):
            done = self.run_it(*words)
            self.assertEqual(done.status, 0, f"{words}: {done.err}")
        stream = ("generate", "--events", 240, "--seed", 1, "--start", FIRST_DAY + "T00:00:00Z", "--span", "40h", "--devices", 20, "--bots", 10)
        run("init", "--set", "topics.retention=3650d")  # of records that the test reads in years
        run(*stream, "--part", "1/2", "--mappings", "logins.csv")
        run("refresh", "logins.csv")
        self.file("known.csv", "guid,customer,valid_from,merchant\nknown-device,known-customer,,shop\nother-device,a-mistake,,shop\n")
        run("refresh", "known.csv")
        self.file("mistake.csv", "guid,customer,valid_from,merchant\nknown-device,a-mistake,,shop\n")
        run("refresh", "mistake.csv")
        run("refresh", "--undo", 3)
        run(*stream, "--part", "2/2")
        noon = LAST_DAY + "T12:00:00Z"
        self.imported("known.ndjson", [
            event(noon, noon, "known-1"), event(noon, noon, "known-1"), event(noon, LAST_DAY + "T11:58:00Z", "known-2", url="/late"),
            event(noon, noon, "known-3", type="purchase", revenue="19.90", currency="EUR", product={"id": "p1", "quantity": 2}),
            event(noon, noon, "known-4", type="refund", revenue="-5.00", currency="EUR"), event(noon, "yesterday", "known-5")])
        answers = [[words, self.ask(words)] for words in (*OF_ALL, *OF_DAYS_THAT_REST, URLS_OF_THE_OTHER, TOTALS_OF_THE_OTHER)]
        run("backup", "place")
        (FOLDER / f"{version}.json").write_text("[\n" + ",\n".join(json.dumps(answer, separators=(",", ":")) for answer in answers) + "\n]\n")
        with tarfile.open(FOLDER / f"{version}.tar.xz", "w:xz", preset=9) as archive:
            archive.add(next(path for path in (self.folder / "place").iterdir() if path.is_dir()), "backup")
        print(*(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes" for path in sorted(FOLDER.glob(version + ".*"))), sep="\n")


class ReleaseTest(Data):
    def test_there_are_data_of_a_release(self):
        self.assertTrue(list(FOLDER.glob("*.tar.xz")))

    def test_each_is_read_and_gone_on_with(self):
        for archive in sorted(FOLDER.glob("*.tar.xz")):
            version = archive.name.removesuffix(".tar.xz")
            with self.subTest(version):
                self.tearDown()
                self.setUp()
                with tarfile.open(archive) as tar:
                    tar.extractall(self.folder)
                self.read_and_go_on({tuple(words): answer for words, answer in json.loads((FOLDER / f"{version}.json").read_text())})

    def read_and_go_on(self, answers):
        def same(words):
            self.assertEqual(within(answers[words], self.ask(words)), [], " ".join(words))
        restored = self.run_it("restore", "backup")
        self.assertEqual(restored.status, 0, restored.err)
        for words in answers:
            same(words)

        # One that is there already, one that comes late, one of a device that an old run has mapped, one that a new run has.
        runs = len(self.ask(("status",))["runs"])
        self.file("more.csv", "guid,customer,valid_from,merchant\nother-device,other-customer,,shop\n")
        refreshed = self.run_it("refresh", "more.csv", "--json")
        self.assertEqual((refreshed.status, refreshed.json()["run"]), (0, runs + 1), refreshed.err)
        after = AFTER + "T09:00:00Z"
        counts = self.imported("more.ndjson", [
            event(LAST_DAY + "T12:30:00Z", LAST_DAY + "T12:00:00Z", "known-1"),
            event(LAST_DAY + "T12:30:00Z", SECOND_DAY + "T23:00:00Z", "more-1", url="/came-late", guid="new-device"),
            event(after, after, "more-2", type="purchase", revenue="7.00", currency="EUR"),
            event(after, after, "more-3", guid="other-device"), event(after, "tomorrow", "more-4")])
        self.assertEqual(counts, {"counted": 3, "bad": 1, "duplicate": 1})
        verified = self.ask(("verify",))
        self.assertTrue(verified["agrees"])
        self.assertEqual(verified["rows"], answers[("verify",)]["rows"] + 3)
        for words in OF_DAYS_THAT_REST:
            same(words)
        then, now = answers[URLS_OF_THE_OTHER], self.ask(URLS_OF_THE_OTHER)
        self.assertEqual([row["page_views"] for row in now["rows"] if row["url"] == "/came-late"], [1])
        key = lambda row: row["url"]
        rest = sorted((row for row in now["rows"] if row["url"] != "/came-late"), key=key)
        self.assertEqual(within(sorted(then["rows"], key=key), rest), [])
        then, now = (answer["totals"] for answer in (answers[TOTALS_OF_THE_OTHER], self.ask(TOTALS_OF_THE_OTHER)))
        more = {word: now[word] - then[word] for word in then if isinstance(then[word], int) and now[word] != then[word]}
        self.assertEqual(more, {"events": 1, "page_views": 1, "sessions": 1, "bounces": 1, "devices": 1, "users": 1})
        self.assertEqual(now["revenue"], then["revenue"])
        totals = self.ask(query(AFTER, "2026-03-05", "--metrics", "events,orders,revenue,identified,customers"))["totals"]
        self.assertEqual(totals, {"events": 2, "orders": 1, "revenue": {"EUR": "7.00"}, "identified": 2, "customers": 2})
        customer = self.ask(("journey", "--merchant", "shop", "--customer", "known-customer", "--from", LAST_DAY, "--to", "2026-03-05"))
        self.assertIn("more-2", json.dumps(customer))
        self.assertIn("known-3", json.dumps(customer))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        program.PROGRAM = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else program.PROGRAM
        maker = Maker("make")
        maker.setUp()
        try:
            maker.make()
        finally:
            maker.tearDown()
    else:
        unittest.main()
