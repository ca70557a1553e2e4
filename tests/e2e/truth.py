"""What must have been counted, from what was generated (`generate --truth`, `--mappings`) alone. Shares no code with the
program: the rules of resolution are written here again, from docs/identity.md."""
import calendar
import collections
import csv
import sys
import time

BUCKET_MS = 15 * 60 * 1000
GAP_MS = 30 * 60 * 1000
STITCH_MS = 30 * 24 * 3600 * 1000
SINCE_EVER = -(1 << 62)

# What an event is by, that says nothing of it and has no user agent.
PLAIN = {"referrer_domain": "", "time_on_page_ms": "", "product": "", "browser": "(unknown)", "os": "(unknown)",
         "device_class": "(unknown)", "channel": "direct", "campaign": "(none)"}
NO_MONEY = {"revenue_minor": "", "currency": "", "items": "0"}
SESSION_COLUMNS = ("type", "path", "country", *PLAIN)
COUNTERS = ("events", "page_views", "clicks", "purchases", "identified", "sessions", "bounces", "dwells", "dwell_ms", "items",
            "refunds")
DISTINCTS = ("devices", "users", "customers")
Cell = collections.namedtuple("Cell", "merchant bucket dimension value")


def parse_time(text):
    if not text:
        return SINCE_EVER
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int((fraction + "000")[:3])


class Mapping:
    """GUID -> customer as of the refreshes so far: {(merchant, guid): {valid_from: customer}}, '' is unmapped."""

    def __init__(self):
        self.table = {}

    def refresh(self, path):
        with open(path, newline="") as file:
            for line in csv.DictReader(file):
                history = self.table.setdefault((line["merchant"], line["guid"]), {})
                history[parse_time(line["valid_from"])] = line["customer"]

    def resolve(self, event):
        """-> (customer or '', how)."""
        history = self.table.get((event["merchant"], event["guid"])) if event["device"] == "1" else None
        if history:
            at = int(event["time_ms"])
            before = [since for since in history if since <= at]
            if before:
                customer = history[max(before)]
                if customer:
                    return customer, "map"
            else:
                first = min(history)
                if history[first] and first - at <= STITCH_MS:
                    return history[first], "stitch"
        if event["claim"]:
            return event["claim"], "claim"
        return "", "none"


class Expected:
    """Sums and distinct counts by cell, the ledger, bad rows, and the customer of every event."""

    def __init__(self):
        self.sums = collections.defaultdict(lambda: [0] * len(COUNTERS))
        self.distinct = [collections.Counter() for _ in DISTINCTS]
        self.seen = [set() for _ in DISTINCTS]
        self.ledger = collections.Counter()  # (merchant, outcome)
        self.reasons = collections.Counter()
        self.customers = {}  # (merchant, event id) -> (customer, how)
        self.records = 0
        self.visits = collections.defaultdict(list)  # (merchant, guid) -> what its events say for sessions
        self.session_sums = {}
        self.money = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0, 0]))  # revenue, refunds, orders

    def add_file(self, path, mapping):
        with open(path, newline="") as file:
            header = file.readline().rstrip("\n").split("\t")
            for line in file:
                self.add(dict(zip(header, line.rstrip("\n").split("\t"))), mapping)

    def add(self, event, mapping):
        self.records += 1
        if event["kind"] not in ("ok", "duplicate"):
            self.ledger[event["merchant"], "bad"] += 1
            self.reasons[event["kind"]] += 1
            return
        if event["kind"] == "duplicate":
            self.ledger[event["merchant"], "duplicate"] += 1
            return
        self.ledger[event["merchant"], "counted"] += 1
        customer, how = mapping.resolve(event)
        if event["device"] == "1":
            said = {name: sys.intern(event[name]) for name in SESSION_COLUMNS}
            self.visits[event["merchant"], event["guid"]].append((int(event["time_ms"]), self.records, said))
        if event["event_id"]:
            self.customers[event["merchant"], event["event_id"]] = (customer, how)
        self.count(event, customer)

    def count(self, event, customer):
        merchant, bucket = event["merchant"], int(event["time_ms"]) // BUCKET_MS
        values = values_of(event)
        ones = (1, event["type"] == "page_view", event["type"] == "click", event["type"] == "purchase", bool(customer), 0, 0, 0, 0,
                int(event["items"]), event["revenue_minor"].startswith("-"))
        who = (event["guid"] if event["device"] == "1" else None, customer or event["guid"], customer or None)
        for dimension, value in values:
            cell = Cell(merchant, bucket, dimension, value)
            sums = self.sums[cell]
            for i, one in enumerate(ones):
                sums[i] += one
            if event["currency"]:
                minor, money = int(event["revenue_minor"]), self.money[cell][event["currency"]]
                money[0] += minor
                money[1] += min(minor, 0)
                money[2] += minor >= 0 and event["type"] == "purchase"
            for i, person in enumerate(who):
                if person is None or (i == 2 and dimension != "total"):
                    continue
                if (cell, person) not in self.seen[i]:
                    self.seen[i].add((cell, person))
                    self.distinct[i][cell] += 1

    def finish(self):
        """Counts the sessions of all that was added so far, by docs/sessions.md."""
        for cell, counts in self.session_sums.items():
            self.sums[cell] = [a - b for a, b in zip(self.sums[cell], counts)]
        self.session_sums = collections.defaultdict(lambda: [0] * len(COUNTERS))
        for (merchant, _), events in self.visits.items():
            events.sort(key=lambda e: e[:2])
            for i, (time_ms, _, event) in enumerate(events):
                begins = i == 0 or time_ms - events[i - 1][0] > GAP_MS
                ends = i + 1 == len(events) or events[i + 1][0] - time_ms > GAP_MS
                dwell = None
                if event["type"] == "page_view":
                    dwell = int(event["time_on_page_ms"]) if event["time_on_page_ms"] else None if ends else events[i + 1][0] - time_ms
                self.count_visit(merchant, time_ms // BUCKET_MS, event, begins, ends, dwell)
        for cell, counts in self.session_sums.items():
            self.sums[cell] = [a + b for a, b in zip(self.sums[cell], counts)]

    def count_visit(self, merchant, bucket, event, begins, ends, dwell):
        def add(dimension, value, counter, n):
            self.session_sums[Cell(merchant, bucket, dimension, value)][COUNTERS.index(counter)] += n

        for dimension, value in values_of(event):
            if dimension not in ("type", "url", "url,country", "product") and begins:
                add(dimension, value, "sessions", 1)
                add(dimension, value, "bounces", ends)
            if dimension not in ("type", "referrer_domain", "campaign", "channel", "product") and dwell is not None:
                add(dimension, value, "dwells", 1)
                add(dimension, value, "dwell_ms", dwell)
        if begins:
            add("entry_page", event["path"], "sessions", 1)
            add("entry_page", event["path"], "bounces", ends)
        if ends:
            add("exit_page", event["path"], "sessions", 1)


def values_of(event):
    """The dimensions that count events, each with its value."""
    values = [("total", ""), ("type", event["type"]), ("url", event["path"]), ("country", event["country"]),
              ("url,country", event["path"] + "\0" + event["country"]), ("referrer_domain", event["referrer_domain"]),
              ("product", event["product"]), *((name, event[name]) for name in ("browser", "os", "device_class", "channel", "campaign"))]
    return [(dimension, value) for dimension, value in values if value or dimension == "total"]
