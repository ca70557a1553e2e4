"""What differs between two versions, found out by code that shares nothing with `replay diff`: from dumps of both, and what
sessions became of another gap from what was generated."""
import collections

import recount

SESSION_CHANGES = ("click_data", b"session_changes")
COUNTS = {"session": "sessions", "bounce": "bounces", "exit": "exits", "dwell": "dwells"}
DAY_MS = 24 * 3600 * 1000
MEASURES = {"refunds": "refund_events"}  # counters that have another name for people


def read_key(key):
    """-> (merchant, time, source, offset)"""
    merchant, tail = key[1:-21].decode(), key[-20:]
    return merchant, int.from_bytes(tail[:8], "big"), int.from_bytes(tail[8:12], "big"), int.from_bytes(tail[12:], "big")


class Dump:
    """All event rows of a version: their cells but session_changes, and what these add up to for every event."""

    def __init__(self, tables, prefix, version):
        self.cells, self.sessions = {}, collections.defaultdict(collections.Counter)
        for name in tables.names(f"{prefix}events_v{version}_"):
            for row, cells in tables.scan(name):
                key = read_key(row)
                assert key not in self.cells, f"{key} has two rows"
                changes = cells.pop(SESSION_CHANGES, (0, b""))[1].decode()
                self.cells[key] = {f"{family}:{qualifier.decode()}": value.decode() for (family, qualifier), (_, value) in cells.items()}
                self.add_changes(key, changes)

    def add_changes(self, key, changes):
        merchant, own_time, source, own_offset = key
        for item in filter(None, changes.split("; ")):
            subject, *words = item.split(" ")
            offset, time = (own_offset, own_time) if subject == "self" else map(int, subject.split("@"))
            sums = self.sessions[merchant, time, source, offset]
            for word in words:
                if word.startswith("ms="):
                    sums["dwell_ms"] += int(word[3:])
                else:
                    sums[COUNTS[word[1:]]] += {"+": 1, "-": -1}[word[0]]


def differences(a, b):
    """-> {key: (how, {column: (a, b)}, {what of a session: difference})}"""
    found = {}
    for key in a.cells.keys() | b.cells.keys():
        if key not in a.cells or key not in b.cells:
            found[key] = ("only_a" if key in a.cells else "only_b", {}, {})
            continue
        x, y = a.cells[key], b.cells[key]
        columns = {c: (x.get(c), y.get(c)) for c in x.keys() | y.keys() if x.get(c) != y.get(c)}
        session = {n: b.sessions[key][n] - a.sessions[key][n] for n in (*COUNTS.values(), "dwell_ms")}
        session = {n: by for n, by in session.items() if by}
        if columns or session:
            found[key] = ("changed", columns, session)
    return found


def told(diff, parse_time):
    """The same from `replay diff --events --json`."""
    found = {}
    for e in diff["events"]:
        key = e["merchant"], parse_time(e["time"]), e["source"], e["offset"]
        assert key not in found, f"{key} is named twice"
        found[key] = (e["differs"], {c["column"]: (c["a"], c["b"]) for c in e["columns"]}, e["session"])
    return found


def sums_of_days(tables, prefix, version):
    """{(merchant, day, measure): sum} of the pages' totals."""
    sums = collections.Counter()
    for cell, counters in recount.Stored(tables, prefix, version).sums.items():
        if cell.dimension == "total":
            for name, n in zip(recount.truth.COUNTERS, counters):
                sums[cell.merchant, cell.bucket * recount.truth.BUCKET_MS // DAY_MS, MEASURES.get(name, name)] += n
    return sums


def told_sums(diff, parse_time):
    """{(merchant, day, measure): (a, b)} of `replay diff --json`, of what sums_of_days() has."""
    counters = {MEASURES.get(name, name) for name in recount.truth.COUNTERS}
    return {(row["merchant"], parse_time(row["day"] + "T00:00:00Z") // DAY_MS, row["measure"]): (row["a"], row["b"])
            for row in diff["rows"] if row["measure"] in counters}


def sessions_of(files, gap_ms):
    """What every generated event with an id has of a session: {(merchant, id): (begins, bounces, ends, time on page)}."""
    devices, order = collections.defaultdict(list), 0
    for path in files:
        with open(path, newline="") as file:
            header = file.readline().rstrip("\n").split("\t")
            for line in file:
                event, order = dict(zip(header, line.rstrip("\n").split("\t"))), order + 1
                if event["kind"] == "ok" and event["device"] == "1":
                    devices[event["merchant"], event["guid"]].append((int(event["time_ms"]), order, event))
    facts = {}
    for (merchant, _), events in devices.items():
        events.sort(key=lambda e: e[:2])
        for i, (time_ms, _, event) in enumerate(events):
            begins = i == 0 or time_ms - events[i - 1][0] > gap_ms
            ends = i + 1 == len(events) or events[i + 1][0] - time_ms > gap_ms
            dwell = None
            if event["type"] == "page_view":
                dwell = event["time_on_page_ms"] or (None if ends else events[i + 1][0] - time_ms)
            if event["event_id"]:
                facts[merchant, event["event_id"]] = (begins, begins and ends, ends, dwell)
    return facts
