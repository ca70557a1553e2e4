"""The program on a real Kafka and HBase, as a user runs it; what it stored is recounted by code that shares nothing with
it. `./dev e2e` runs all; `tests/e2e/run NAME...` some. Every scenario says what it saw."""
import json
import os
import pathlib
import random
import re
import shutil
import sys
import time
import traceback

import recount
import truth
from access_log_urls import page_views
from daemons import ROOT, Cluster, Failed, Installation, wait_until
from tables import Tables

EVENTS = int(os.environ.get("GUIDEPOST_E2E_EVENTS", "500000"))
SEED = int(os.environ.get("GUIDEPOST_E2E_SEED", str(random.SystemRandom().randrange(1 << 31))))
ACCESS_LOG = pathlib.Path(os.environ.get("GUIDEPOST_ACCESS_LOG", ROOT.parent / "shared" / "data" / "web-access.log"))
FOLDER = ROOT / "build" / "e2e"
START = "2026-10-23T00:00:00Z"  # three days, one of them with 25 hours in Europe


def check(condition, message):
    if not condition:
        raise Failed(message)


def check_none(wrong, what):
    if wrong:
        raise Failed(f"{len(wrong)} differences in {what}, the first: " + "; ".join(wrong[:5]))


class Runs:
    """What the scenarios share: the cluster, and the stream that the first one writes."""

    def __init__(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        self.cluster = Cluster(FOLDER / "cluster")
        self.expected = None
        self.stored_lines = None
        self.installations = []

    def tables(self):
        return Tables(self.cluster.gateway(), FOLDER / "thrift")

    def installation(self, name, prefix, **settings):
        self.installations.append(Installation(self.cluster, FOLDER / name, prefix, **settings))
        return self.installations[-1]

    def stream(self, version=1, **settings):
        return self.installation(f"stream-v{version}", "s.", **{"names.version": version, "topics.partitions": 4, "rollup.max_age": "10s", **settings})

    def kill_all(self):
        for installation in self.installations:
            installation.kill_all()


def generate(run, part, *more):
    return run.run("generate", "--events", EVENTS, "--seed", 7, "--start", START, "--merchants", 12, "--part", f"{part}/3",
                   "--truth", FOLDER / f"truth-{part}.tsv", *more)


def recounted(runs, run, version):
    """Everything that is stored, compared with the truth. -> (lines of what readers see, figures)."""
    tables = runs.tables()
    stored = recount.Stored(tables, run.prefix, version)
    wrong, figures = recount.compare(runs.expected, stored)
    check_none(wrong, "cells")
    check(stored.folded == 0, "nothing should have been folded into (other)")
    wrong, rows = recount.compare_events(runs.expected, tables, run.prefix, version)
    check_none(wrong, "event rows")
    check_none(recount.compare_bad(runs.expected, tables, run.prefix, version), "bad rows")
    tables.close()
    figures["event_rows"] = rows
    return sorted(stored.lines), figures


def stream(runs):
    """Daemons that start before there is anything, a stream with two refreshes in it, every cell recounted."""
    ports = [find_port() for _ in range(5)]
    runs.cluster.env = {"GUIDEPOST_KAFKA__BROKERS": f"127.0.0.1:{ports[0]}",
                        "GUIDEPOST_HBASE__GATEWAYS": f"127.0.0.1:{ports[2]},127.0.0.1:{ports[3]}",
                        "GUIDEPOST_HBASE__DDL_GATEWAYS": f"127.0.0.1:{ports[4]}"}
    run = runs.stream()
    for role in ("ingest", "aggregate"):
        for slot in (1, 2):
            run.start(role, slot)
    runs.cluster.up("--kafka-port", str(ports[0]), "--zk-port", str(ports[1]), "--thrift-ports", f"{ports[2]},{ports[3]}",
                    "--ddl-port", str(ports[4]))
    run.run("init")
    began = time.monotonic()
    mapping, runs.expected = truth.Mapping(), truth.Expected()
    logins = FOLDER / "logins.csv"
    generate(run, 1, "--no-wait", "--mappings", logins)
    run.run("refresh", logins)
    generate(run, 2, "--no-wait")
    run.run("refresh", f"{logins}.2")
    generate(run, 3)
    took = time.monotonic() - began
    for part in (1, 2, 3):
        if part == 2:
            mapping.refresh(logins)
        if part == 3:
            mapping.refresh(f"{logins}.2")
        runs.expected.add_file(FOLDER / f"truth-{part}.tsv", mapping)
    ended = run.stop_all()
    check(max(ended.values()) < 30, f"SIGTERM took {ended}")
    runs.stored_lines, figures = recounted(runs, run, 1)
    hows = {}
    for _, how in runs.expected.customers.values():
        hows[how] = hows.get(how, 0) + 1
    check(set(hows) == {"map", "stitch", "claim", "none"}, f"the stream should resolve in every way: {hows}")
    return {"events": EVENTS, "seconds": round(took), "events_a_second": round(EVENTS / took), **figures, **hows}


def find_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def kills(runs):
    """20 kills -9 of ingest, aggregate and gateways over the same raw topic; equal to the undisturbed run."""
    rng = random.Random(SEED)
    # Little in flight, so that there is something durable between two kills; blocks of another size after
    # every kill of ingest, so that what is decided again does not fall on the same borders.
    run = runs.stream(version=2, **{"rollup.max_age": "1s", "aggregate.in_flight": "1MiB"})
    run.run("init")

    def start(role, slot):
        settings = {"ingest__block_events": rng.randrange(200, 1000)} if role == "ingest" else {}
        run.start(role, slot, **settings)

    slots = [(role, slot) for role in ("ingest", "aggregate") for slot in (1, 2)]
    for role, slot in slots:
        start(role, slot)
    killed = {"ingest": 0, "aggregate": 0, "gateway": 0}
    for n in range(20):
        # Not a wait for anything: the moment of the kill is the random input. Ingest works the backlog off within
        # seconds, so the first kills are its.
        time.sleep(rng.uniform(0.3, 1.0) if n < 7 else rng.uniform(1.0, 4.0))
        if n in (10, 15):
            name = rng.choice(["gateway1", "gateway2"])
            runs.cluster.call("kill", name)
            time.sleep(rng.uniform(0.1, 1.0))
            runs.cluster.call("start", name)
            killed["gateway"] += 1
        else:
            role, slot = rng.choice(slots[:2]) if n < 7 else rng.choice(slots)
            run.kill(f"{role}-{slot}")
            start(role, slot)
            killed[role] += 1
    run.wait_counted()
    run.stop_all()
    lines, figures = recounted(runs, run, 2)
    check(lines == runs.stored_lines, "what readers see differs from the undisturbed run")
    logs = run.logs()
    trimmed = len(re.findall(r" block_trimmed ", logs))
    continued = sum(int(n) for n in re.findall(r" pages_continued .*pages=(\d+)", logs))
    check(trimmed >= 1, "no block was trimmed: the kills hit nothing")
    check(continued >= 5, f"only {continued} pages were written again by a successor")
    return {"seed": SEED, "killed": killed, "blocks_trimmed": trimmed, "pages_continued": continued, **figures}


def sigterm_without_hbase(runs):
    """SIGTERM while HBase is away: ends within 30 s, and nothing is lost."""
    run = runs.installation("sigterm", "t.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    run.run("generate", "--events", 20000, "--seed", 3, "--start", START, "--merchants", 3, "--truth", FOLDER / "truth-t.tsv")
    for name in ("gateway1", "gateway2"):
        runs.cluster.call("kill", name)
    run.run("generate", "--events", 20000, "--seed", 4, "--start", START, "--merchants", 3, "--truth", FOLDER / "truth-t2.tsv", "--no-wait",
            "--merchant", "other")
    wait_until("an aggregate that misses HBase", lambda: "hbase_gateway_ejected" in run.log_of("aggregate-1"))
    ended = run.stop_all()
    check(max(ended.values()) < 30, f"SIGTERM took {ended}")
    for name in ("gateway1", "gateway2"):
        runs.cluster.call("start", name)
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    run.wait_counted()
    run.stop_all()
    expected = truth.Expected()
    for name in ("truth-t.tsv", "truth-t2.tsv"):
        expected.add_file(FOLDER / name, truth.Mapping())
    tables = runs.tables()
    wrong, figures = recount.compare(expected, recount.Stored(tables, run.prefix))
    check_none(wrong, "cells")
    tables.close()
    return {"sigterm_s": {k: round(v, 1) for k, v in ended.items()}, **figures}


def access_log(runs):
    """A real access log: the known figures, every url, and importing it again changes no number."""
    if not ACCESS_LOG.exists():
        return {"NOT RUN": f"there is no {ACCESS_LOG} (GUIDEPOST_ACCESS_LOG)"}
    run = runs.installation("access-log", "l.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    query = ["query", "--merchant", "semicomplete", "--from", "2015-05-17", "--to", "2015-05-21", "--traffic", "all", "--by", "url",
             "--metrics", "page_views,events", "--top", "100000", "--json"]

    def answer():
        rows = json.loads(run.run(*query))["rows"]
        return {row["url"]: row["page_views"] for row in rows if row["page_views"]}

    def outcome():
        tables = runs.tables()
        counts = recount.Stored(tables, run.prefix).ledger
        tables.close()
        return tuple(counts.get(("", kind), 0) for kind in ("counted", "bad", "duplicate"))

    def differences(log):
        views, counted, bad = page_views(log)
        got = answer()
        return [f"{url}: {got.get(url)} instead of {views.get(url)}" for url in views.keys() | got.keys() if views.get(url) != got.get(url)], counted, bad

    run.run("import", "access-log", ACCESS_LOG, "--merchant", "semicomplete")
    wrong, counted, bad = differences(ACCESS_LOG)
    check_none(wrong, "urls")
    got = answer()
    check(outcome() == (counted, bad, 0) == (9999, 1, 0), f"counted, bad, duplicates: {outcome()}")
    check((sum(got.values()), len(got), got["/projects/xdotool/"], got["/"]) == (2866, 704, 219, 218), "page views are not the known ones")
    shown = run.run("bad", "list", "--merchant", "semicomplete", "--json")
    check("line_malformed" in shown, f"bad list: {shown[:500]}")
    first = answer()
    run.run("import", "access-log", ACCESS_LOG, "--merchant", "semicomplete")
    check(answer() == first, "importing again changed an answer")
    check(outcome() == (9999, 2, 9999), f"after importing again: {outcome()}")
    # The comparison must be able to fail: the same against a log that lacks every 500th line.
    faulty = FOLDER / "every-500th-dropped.log"
    faulty.write_text("".join(line for n, line in enumerate(ACCESS_LOG.open(), 1) if n % 500))
    check(differences(faulty)[0], "dropping every 500th line went unnoticed")
    verify = run.run("verify", "--merchant", "semicomplete", "--from", "2015-05-17", "--to", "2015-05-21")
    run.stop_all()
    return {"page_views": 2866, "urls": 704, "verify": verify.strip().splitlines()[-1]}


def time_zones(runs):
    """Local hours and days of three zones around both changes of 2015, compared with Python's zoneinfo over event rows."""
    import collections
    import datetime
    import zoneinfo
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


SCENARIOS = [stream, kills, sigterm_without_hbase, access_log, time_zones]


def main(names):
    chosen = [s for s in SCENARIOS if not names or s.__name__ in names or (s is stream and "kills" in names)]
    runs, passed, failed = Runs(), 0, 0
    try:
        if chosen and chosen[0] is not stream:
            runs.cluster.up()
        for scenario in chosen:
            began = time.monotonic()
            try:
                figures = scenario(runs)
                passed += 1
                print(f"ok      {scenario.__name__:24} {time.monotonic() - began:5.0f} s  {json.dumps(figures)}", flush=True)
            except Exception as wrong:  # a scenario that fails must not keep the others from running
                failed += 1
                print(f"FAILED  {scenario.__name__:24} {time.monotonic() - began:5.0f} s  {wrong}", flush=True)
                if not isinstance(wrong, Failed):
                    traceback.print_exc()
            finally:
                runs.kill_all()
    finally:
        if not os.environ.get("GUIDEPOST_E2E_KEEP"):
            runs.cluster.call("down")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
