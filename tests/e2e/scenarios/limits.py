"""Far more of something than fits: a small cache, a million urls, a million GUIDs, thousands of visitors in a cell."""
import json
import math
import random
import time

import page as page_reader
import recount
import truth
from daemons import wait_until
from feed import Feed, standings
from many import BUCKETS, Many, StoredMany
from memory import Peaks
from runs import FOLDER, START, check, check_none, recounted

GUIDS = 50_000


class Visits:
    """Three parts of a stream of one merchant in which every GUID comes once and a few come all the time, and the logins
    before each: customers that are learnt, that change, and that are lost."""

    def __init__(self):
        self.random = random.Random(21)
        self.guids = [f"{self.random.getrandbits(64):016x}" for _ in range(GUIDS)]
        once = self.random.sample(self.guids, GUIDS)
        self.turns = [guid for pair in zip(once[::2], once[1::2]) for guid in (*pair, self.random.choice(self.guids[:400]))]
        self.mapping, self.expected = truth.Mapping(), truth.Expected()

    def write_part(self, part, path):
        each = len(self.turns) // 3 + 1
        with open(path, "w") as file:
            for n, guid in list(enumerate(self.turns))[(part - 1) * each:part * each]:
                url, kind = f"/shelf/{self.random.randrange(4000)}", self.random.choice(("page_view", "click", "purchase"))
                event = {"kind": "ok", "merchant": "small", "guid": guid, "device": "1", "claim": "", "event_id": f"v{n}", "type": kind,
                         "time_ms": truth.parse_time(START) + n * 96, "path": url, "country": self.random.choice(("DE", "FR", "GB")), **truth.PLAIN, **truth.NO_MONEY}
                self.expected.add(event, self.mapping)
                file.write(json.dumps({"received": event["time_ms"], "protocol": "json", "event": {
                    "time": event["time_ms"], "url": url, **{key: event[key] for key in ("event_id", "type", "merchant", "guid", "country")}}}) + "\n")

    def write_logins(self, run, path):
        """The first two runs know a third each, the last takes some back and changes others."""
        lines = ["merchant,guid,customer,valid_from"]
        for n, guid in enumerate(self.guids):
            if run == n % 3 + 1 < 3:
                lines.append(f"small,{guid},customer-{n},")
            elif run == 3 and n % 4 < 2:
                lines.append(f"small,{guid},{f'other-{n}' if n % 4 else ''},")
        path.write_text("\n".join(lines) + "\n")
        self.mapping.refresh(path)


def small_cache(runs):
    """50,000 GUIDs by a cache for a thousand, with refreshes between: every cell and every event's customer is right. The
    pages are split, and nothing is folded into (other)."""
    run = runs.installation("small-cache", "c.", **{"topics.partitions": 2, "merchant.small.shards": 2, "identity.cache": "128KiB"})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    visits = Visits()
    for part in (1, 2, 3):
        events, logins = FOLDER / f"visits-{part}.ndjson", FOLDER / f"visits-{part}.csv"
        visits.write_logins(part, logins)
        run.run("refresh", logins)
        visits.write_part(part, events)
        run.run("import", "events", events, *(["--no-wait"] if part < 3 else []))
    shown = {name.removeprefix("guidepost_identity_"): int(n) for name, n in run.metrics("ingest-1").items() if name.startswith("guidepost_identity_")}
    run.stop_all()
    _, figures = recounted(runs, run, 1, visits.expected)
    check(figures["split_pages"] > 0, "no page is split")
    check(shown["cache_bytes"] <= 128 * 1024 and shown["cache_entries"] < 1500, f"the cache is not as small as it should be: {shown}")
    check(shown["cache_evictions_total"] > GUIDS / 2 and shown["cache_forgotten_total"] > 0, f"the cache was not driven: {shown}")
    check(shown['lookups_total{in="cache"}'] > GUIDS / 4, f"nothing is found in the cache: {shown}")
    return {**figures, **shown}


MANY = 1_000_000
# Low enough that a million would not fit anywhere unbounded.
MANY_SETTINGS = {"sessions.memory": "16MiB", "topics.partitions": 1, "rollup.max_age": "10s", "identity.cache": "16MiB", "ingest.dedupe_window": 100_000,
                 "ingest.in_flight": "4MiB", "aggregate.page_memory": "64MiB", "aggregate.in_flight": "8MiB"}
MEBIBYTES = {key: int(value.removesuffix("MiB")) for key, value in MANY_SETTINGS.items() if str(value).endswith("MiB")}
WINDOW_MIB = MANY_SETTINGS["ingest.dedupe_window"] * 128 / 2**20  # docs/configuration.md: 128 bytes an offset at most
BASE = 80  # MiB of a daemon besides: code's own data, clients and their buffers (kafka.prefetch), the batch at hand
# A page splits its last time when one of 32 chunks passes 64 KiB, of entries of 26 bytes at least; after that nothing comes
# to a chunk that has 1,000 values.
MOST_VALUES = max(64 * 1000, 32 * 65536 // 26)


class ManyRun:
    """The stream of many.py through ingest and aggregate once, for the scenarios that look at it."""

    def __init__(self, runs):
        self.many = Many(MANY, START)
        self.run = runs.installation("many", "u.", **MANY_SETTINGS)
        self.run.run("init")
        logins = FOLDER / "many-logins.csv"  # without a mapping no GUID is looked up
        logins.write_text(f"merchant,guid,customer,valid_from\n{self.many.merchant},somebody-else,4711,\n")
        lines = FOLDER / "many.ndjson"
        self.many.write(lines)
        peaks = {role: Peaks(self.run.start(role, 1)) for role in ("ingest", "aggregate")}
        self.run.run("refresh", logins)
        began = time.monotonic()
        self.run.run("import", "events", lines, timeout=400)
        self.seconds = time.monotonic() - began
        self.peaks = {role: peak.end() for role, peak in peaks.items()}
        self.metrics = {role: self.run.metrics(f"{role}-1") for role in peaks}
        self.run.stop_all()
        lines.unlink()
        tables = runs.tables()
        self.ledger = recount.Stored.read_ledger(tables, f"{self.run.prefix}ledger_v1")
        self.stored = StoredMany(self.many, tables, self.run.prefix)
        tables.close()

    @staticmethod
    def of(runs):
        runs.many = runs.many or ManyRun(runs)
        return runs.many

    def query(self, *words):
        return json.loads(self.run.run("query", "--merchant", self.many.merchant, *words, "--json"))


def many_urls(runs):
    """A million urls of one merchant: each is counted by itself or in (other), and aggregate keeps to its memory."""
    it = ManyRun.of(runs)
    stored = it.stored
    check_none(stored.wrong, "pages")
    check(stored.kept + stored.folded == MANY and stored.folded > 0, f"{stored.kept} urls and {stored.folded} events of others")
    check(stored.split_pages == stored.pages == BUCKETS, f"{stored.split_pages} of {stored.pages} pages are split")
    check(stored.most_values <= MOST_VALUES, f"a page keeps {stored.most_values} values")
    quarter = it.query("--from", START, "--to", START.replace("T00:00", "T00:15"), "--by", "url", "--metrics", "events")
    events = {row["url"]: row["events"] for row in quarter["rows"]}
    check(sum(events.values()) == quarter["totals"]["events"] == it.many.each and events["(other)"] > 0, "the urls of an answer are not its total")
    limit = sum(MEBIBYTES[key] for key in ("aggregate.page_memory", "aggregate.in_flight")) + BASE
    check(it.peaks["aggregate"]["anonymous"] < limit, f"aggregate took {it.peaks['aggregate']} MiB, over {limit}")
    written = it.metrics["aggregate"]["guidepost_aggregate_pages_written_total"]
    return {"events_a_second": round(MANY / it.seconds), "urls_kept": stored.kept, "in_other": stored.folded, "most_values_a_page": stored.most_values,
            "pages_written": written, "aggregate_mib": it.peaks["aggregate"], "limit_mib": limit}


def many_guids(runs):
    """A million GUIDs, none of them twice: all are counted, and ingest keeps to its memory."""
    it = ManyRun.of(runs)
    counted = {key: n for key, n in it.ledger.items() if n and key[1] != "skipped"}
    check(counted == {("", "counted"): MANY, (it.many.merchant, "counted"): MANY}, f"counted {counted}")
    read = it.metrics["ingest"]['guidepost_identity_lookups_total{in="table"}']
    evicted = it.metrics["ingest"]["guidepost_identity_cache_evictions_total"]
    check(read == MANY and evicted > MANY / 2, f"{read} GUIDs looked up, {evicted} evicted: the cache was not driven")
    day = it.query("--from", START, "--to", START.replace("T00", "T02"), "--metrics", "events,users,devices")["totals"]
    check(day["events"] == MANY, f"{day}")
    check(all(abs(day[name] / MANY - 1) < 5 * recount.ERROR for name in ("users", "devices")), f"{day}")
    limit = sum(MEBIBYTES[key] for key in ("identity.cache", "ingest.in_flight")) + 1.25 * MEBIBYTES["sessions.memory"] + WINDOW_MIB + BASE
    check(it.peaks["ingest"]["anonymous"] < limit, f"ingest took {it.peaks['ingest']} MiB, over {limit}")
    return {"users": day["users"], "devices": day["devices"], "evicted": evicted, "ingest_mib": it.peaks["ingest"], "limit_mib": limit}


def first_commit(runs):
    """Each daemon is killed with a million GUIDs behind it, while events come in: how long until what came after its death is decided, and stored."""
    run = ManyRun.of(runs).run
    feed = Feed(run, 60_000, 3, seed=81)
    window = {"ingest__dedupe_window": MANY}  # reads all of them again, as a daemon with the settings of config/cluster.toml does
    run.start("ingest", 1, **window)
    run.start("aggregate", 1, rollup__max_age="1s")
    feed.send(wait=True)

    def position(of):
        (source,) = [source for source in standings(run) if source["raw"]["end"]]
        return source["raw"]["end"] if of == "end" else source["decided"] if of == "ingest" else source["durable"]["offset"]

    seconds = {}
    for role, settings in (("ingest", window), ("aggregate", {"rollup__max_age": "1s"})):
        with feed.sending(rate=1000):
            before = position(role)
            wait_until(f"{role} to be at work", lambda: position(role) > before)
            run.kill(f"{role}-1")
            killed, end = time.monotonic(), position("end")
            run.start(role, 1, **settings)
            wait_until(f"the first commit of {role}", lambda: position(role) > end)
            seconds[role] = round(time.monotonic() - killed, 1)
    run.wait_counted()
    run.run("verify", "--merchant", "shop")
    run.stop_all()
    return {"first_commit_s": seconds}


def sketches(runs):
    """Distinct counts of cells of every size: exact up to 192, then within the promised error; DataSketches reads them."""
    import datasketches
    it = ManyRun.of(runs)
    squares, dense, exact = 0.0, 0, 0
    for events, cell in it.stored.cells:
        for name in ("devices", "users"):
            sketch = cell[name]
            if events <= 192:
                check(isinstance(sketch, list) and len(sketch) == events, f"{name} of a cell of {events}: {sketch!r}")
                exact += 1
                continue
            check(not isinstance(sketch, list), f"{name} of a cell of {events} are still a list")
            error = datasketches.hll_sketch.deserialize(sketch).get_estimate() / events - 1
            check(abs(error) < 5 * recount.ERROR, f"{name}: {events} GUIDs are estimated {100 * error:+.1f} % off")
            if 500 <= events <= 20_000 and name == "devices":  # users are the same people: not independent
                squares, dense = squares + error * error, dense + 1
    rms = math.sqrt(squares / dense)
    check(dense >= 200, f"only {dense} cells of 500 to 20,000")
    check(rms <= recount.ERROR, f"root mean square error of {dense} cells: {rms:.4f}")
    compared = 0
    for dimension in ("country", "type"):
        rows = it.query("--from", START, "--to", START.replace("T00:00", "T00:15"), "--by", dimension, "--metrics", "devices")["rows"]
        for row in rows:
            own = page_reader.estimate(it.stored.images[0, dimension, row[dimension]])
            check(row["devices"] == own, f"{dimension} {row[dimension]}: query says {row['devices']}, DataSketches {own}")
            compared += 1
    return {"exact": exact, "sketches": dense, "rms_error": round(rms, 4), "compared_with_query": compared}
