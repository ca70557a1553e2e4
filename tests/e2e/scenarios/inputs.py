"""Real and awkward input, compared with code that shares nothing with the program."""
import collections
import datetime
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import zoneinfo

import page as page_reader
import recount
from access_log_urls import page_views
from daemons import FAULTY, PROGRAM, ROOT
from feed import standings
from runs import FOLDER, check, check_none

ACCESS_LOG = pathlib.Path(os.environ.get("GUIDEPOST_ACCESS_LOG", ROOT.parent / "shared" / "data" / "web-access.log"))


class AccessLog:
    """The real log imported into an installation of its own, and what is asked of it."""

    QUERY = ["query", "--merchant", "semicomplete", "--from", "2015-05-17", "--to", "2015-05-21", "--traffic", "all", "--by", "url",
             "--metrics", "page_views,events", "--top", "100000", "--json"]

    def __init__(self, runs, name, prefix, ingest=PROGRAM):
        self.runs, self.run = runs, runs.installation(name, prefix, **{"topics.partitions": 2})
        self.run.run("init")
        self.run.start("ingest", 1, program=ingest)
        self.run.start("aggregate", 1)
        self.bring_in()

    def bring_in(self):
        self.run.run("import", "access-log", ACCESS_LOG, "--merchant", "semicomplete")

    def answer(self):
        rows = json.loads(self.run.run(*self.QUERY))["rows"]
        return {row["url"]: row["page_views"] for row in rows if row["page_views"]}

    def outcome(self):
        tables = self.runs.tables()
        counts = recount.Stored.read_ledger(tables, f"{self.run.prefix}ledger_v1")
        tables.close()
        return tuple(counts.get(("", kind), 0) for kind in ("counted", "bad", "duplicate"))

    def differences(self, views):
        got = self.answer()
        return [f"{url}: {got.get(url)} instead of {views.get(url)}" for url in views.keys() | got.keys() if views.get(url) != got.get(url)]


def access_log(runs):
    """A real access log: the known figures, every url, and importing it again changes no number. An ingest that drops
    every 500th event is found out."""
    if not ACCESS_LOG.exists():
        return {"NOT RUN": f"there is no {ACCESS_LOG} (GUIDEPOST_ACCESS_LOG)"}
    views, counted, bad = page_views(ACCESS_LOG)
    log = AccessLog(runs, "access-log", "l.")
    check_none(log.differences(views), "urls")
    got = log.answer()
    check(log.outcome() == (counted, bad, 0) == (9999, 1, 0), f"counted, bad, duplicates: {log.outcome()}")
    check((sum(got.values()), len(got), got["/projects/xdotool/"], got["/"]) == (2866, 704, 219, 218), "page views are not the known ones")
    shown = log.run.run("bad", "list", "--merchant", "semicomplete", "--json")
    check("line_malformed" in shown, f"bad list: {shown[:500]}")
    log.bring_in()
    check(log.answer() == got, "importing again changed an answer")
    check(log.outcome() == (9999, 2, 9999), f"after importing again: {log.outcome()}")
    verify = log.run.run("verify", "--merchant", "semicomplete", "--from", "2015-05-17", "--to", "2015-05-21")
    log.run.stop_all()

    faulty = AccessLog(runs, "access-log-faulty", "lf.", ingest=FAULTY)
    lost = faulty.differences(views)
    check(lost, "that every 500th event was dropped went unnoticed")
    counted_by_it = sum(faulty.outcome())
    check(counted_by_it == counted + bad - (counted + bad) // 500, f"the faulty ingest should have dropped 20 of 10,000: {counted_by_it} came")
    faulty.run.stop_all()
    return {"page_views": 2866, "urls": 704, "verify": verify.strip().splitlines()[-1], "urls_wrong_with_the_fault": len(lost)}


def session_totals(runs, run):
    """(sessions, page views with a time on page, seconds of it) of people and bots together."""
    tables, sums = runs.tables(), collections.Counter()
    for name in tables.names(f"{run.prefix}rollups_v1_"):
        for _, cells in tables.scan(name):
            for (_, qualifier), (_, value) in cells.items():
                if qualifier[1] == 0:  # chunk 0 holds the totals
                    for entry in page_reader.read_chunk(value)["entries"]:
                        if entry["dimension"] == "total":
                            sums.update({name: entry[name] for name in ("sessions", "dwells", "dwell_ms")})
    tables.close()
    return sums["sessions"], sums["dwells"], sums["dwell_ms"] // 1000


def shuffled(path, to):
    """The log with its lines up to 60 seconds from their place; lines of the same second keep their order."""
    rng, late = random.Random(5), {}
    lines = path.read_bytes().splitlines(keepends=True)

    def key(line):
        said = re.search(rb"\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d)", line)
        at = datetime.datetime.strptime(said[1].decode(), "%d/%b/%Y:%H:%M:%S").timestamp() if said else 0
        return at + late.setdefault(at, rng.uniform(0, 60))

    to.write_bytes(b"".join(sorted(lines, key=key)))
    return to


def access_log_sessions(runs):
    """Sessions and times on page of a real log, which is out of order as it is: the known numbers, with lines in another
    order, and with both stages killed while it comes in."""
    if not ACCESS_LOG.exists():
        return {"NOT RUN": f"there is no {ACCESS_LOG} (GUIDEPOST_ACCESS_LOG)"}
    known = (3223, 1756, 16707)
    run = runs.installation("sessions", "sl.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    run.run("import", "access-log", ACCESS_LOG, "--merchant", "semicomplete")
    check(session_totals(runs, run) == known, f"sessions, page views with a time, seconds: {session_totals(runs, run)}")
    asked = json.loads(run.run("query", "--merchant", "semicomplete", "--from", "2015-05-17", "--to", "2015-05-21", "--traffic", "all",
                               "--metrics", "sessions,bounces,bounce_rate,avg_time_ms", "--json"))["totals"]
    check((asked["sessions"], asked["avg_time_ms"]) == (3223, round(16707000 / 1756)), f"query says {asked}")
    run.stop_all()

    killed = runs.installation("sessions-killed", "sk.", **{"topics.partitions": 2, "ingest.block_events": 100, "rollup.max_age": "1s"})
    killed.run("init")
    for role in ("ingest", "aggregate"):
        killed.start(role, 1)
    killed.run("import", "access-log", shuffled(ACCESS_LOG, killed.folder / "shuffled.log"), "--merchant", "semicomplete", "--no-wait")
    kills = 0
    while kills < 6 and sum(source["lag"] for source in standings(killed)) > 0:
        role = ("ingest", "aggregate")[kills % 2]
        killed.kill(f"{role}-1")
        killed.start(role, 1)
        kills += 1
    killed.wait_counted()
    check(session_totals(runs, killed) == known, f"shuffled, and with {kills} kills: {session_totals(runs, killed)}")
    check("everything agrees" in killed.run("verify", "--merchant", "semicomplete"), "verify")
    killed.stop_all()
    return {"sessions": 3223, "bounces": asked["bounces"], "avg_time_ms": asked["avg_time_ms"], "kills": kills}


def event_row(runs):
    """The example of docs/events.md as a row, by a client made from HBase's own definition: as proto/event_row.md shows it."""
    example = re.search(r"```json\n(\{\n.*?)\n```", (ROOT / "docs" / "events.md").read_text(), re.S)[1]
    event = json.loads(example)
    received = int(datetime.datetime.fromisoformat(event["time"]).timestamp() * 1000) + 1500
    envelope = FOLDER / "event-row.ndjson"
    envelope.write_text(json.dumps({"received": received, "protocol": "json", "event": event}) + "\n")
    run = runs.installation("event-row", "e.", **{"topics.partitions": 1})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    run.run("import", "events", envelope)
    run.stop_all()
    tables = runs.tables()
    (name,) = tables.names(f"{run.prefix}events_v1_2015")
    tables.close()
    reader = [sys.executable, ROOT / "tests" / "readers" / "hbase_row.py", name, "--gateway", runs.cluster.gateway()]
    (row,) = map(json.loads, subprocess.run([*reader, "--json"], capture_output=True, text=True, check=True).stdout.splitlines())
    cells = row["cells"]
    check(set(cells) == {"click_data", "geo_data", "user_agent_data", "identity"}, f"families: {sorted(cells)}")
    words = {value for family in cells.values() for value in family.values()}
    said = {str(v) for v in event.values() if not isinstance(v, dict)} - {event["time"], event["merchant"]}
    check(said <= words, f"what the event says is not in its row as it says it: {said - words}")
    check(all(word.isprintable() and "\\x" not in word for word in words), f"not words that a person reads: {words}")
    check(row["key_parts"]["merchant"] == event["merchant"], f"key: {row['key_parts']}")
    shown = subprocess.run(reader, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "proto" / "event_row.md").read_text()
    written = re.search(r"## Example\n.*?```\n(.*?)```", page, re.S)
    check(written and written[1] == shown, f"proto/event_row.md should show:\n{shown}")
    return {"cells": sum(map(len, cells.values()))}


def time_zones(runs):
    """Local hours and days of three zones around both changes of 2015, compared with Python's zoneinfo over event rows."""
    run = runs.installation("zones", "z.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    for n, (start, merchant) in enumerate((("2015-03-07T00:00:00Z", "spring"), ("2015-10-31T00:00:00Z", "autumn"))):
        run.run("generate", "--events", 6000, "--seed", 11 + n, "--start", start, "--merchant", merchant, "--span", "72h")
    tables = runs.tables()
    times = collections.defaultdict(list)
    for name in tables.names("z.events_v1_"):
        for key, _ in tables.scan(name, [(b"click_data", b"type")]):
            merchant = key[1:key.index(b"\0", 1)].decode()
            times[merchant].append(int.from_bytes(key[-20:-12], "big"))
    tables.close()
    compared = 0
    for merchant, first, last in (("spring", "2015-03-07", "2015-03-09"), ("autumn", "2015-10-31", "2015-11-02")):
        for zone in ("Asia/Kolkata", "Australia/Eucla", "America/New_York"):
            tz = zoneinfo.ZoneInfo(zone)
            begin = datetime.datetime.fromisoformat(first).replace(tzinfo=tz).timestamp() * 1000
            end = datetime.datetime.fromisoformat(last).replace(tzinfo=tz).timestamp() * 1000
            for interval in ("hour", "day"):
                want = collections.Counter()
                for t in times[merchant]:
                    if begin <= t < end:
                        local = datetime.datetime.fromtimestamp(t / 1000, tz)
                        local = local.replace(minute=0, second=0, microsecond=0) if interval == "hour" else local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
                        want[int(local.timestamp())] += 1
                rows = json.loads(run.run("query", "--merchant", merchant, "--from", first, "--to", last, "--tz", zone, "--interval",
                                          interval, "--metrics", "events", "--traffic", "all", "--json"))["rows"]
                got = {int(datetime.datetime.fromisoformat(row["bucket"].replace("Z", "+00:00")).timestamp()): row["events"] for row in rows if row["events"]}
                check(got == dict(want), f"{merchant} {zone} {interval}: {got} instead of {dict(want)}")
                compared += len(want)
    run.stop_all()
    return {"intervals_compared": compared}
