"""Compares everything that is stored with what must have been counted: every cell of every page, the ledger, the bad
rows, the customer of every event."""
import collections
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "readers"))
import ledger as ledger_reader
import page as page_reader

import truth

ERROR = 0.016  # standard error of the sketches


class Stored:
    """What readers see of one version's tables: valid chunks only, sources summed."""

    def __init__(self, tables, prefix, version=1):
        self.sums = collections.defaultdict(lambda: [0] * len(truth.COUNTERS))
        self.money = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0, 0]))
        self.sketches = [collections.defaultdict(list) for _ in truth.DISTINCTS]
        self.pages = self.split_pages = 0
        self.folded = 0
        self.most_bits = 0
        self.lines = []  # a line a cell, for comparing two runs
        for name in tables.names(f"{prefix}rollups_v{version}_"):
            for key, cells in tables.scan(name):
                self.add_row(key, cells)
        self.ledger = self.read_ledger(tables, f"{prefix}ledger_v{version}")

    def add_row(self, key, cells):
        merchant, _, bucket = page_reader.read_row(key)
        by_source = collections.defaultdict(dict)
        for (_, qualifier), (position, value) in cells.items():
            bits, chunk, source = qualifier[0], qualifier[1], int.from_bytes(qualifier[2:], "big")
            by_source[source][bits, chunk] = (position, value)
        for source, chunks in by_source.items():
            position, first = chunks[0, 0]
            first = page_reader.read_chunk(first)
            assert first["position"] == position, "a page's position and its cell's timestamp differ"
            bits = first["valid_bits"]
            self.pages += 1
            self.split_pages += bits > 0
            self.most_bits = max(self.most_bits, bits)
            self.add_chunk(merchant, bucket, source, first)
            for (b, chunk), (_, value) in chunks.items():
                if chunk > 0 and b == bits:
                    self.add_chunk(merchant, bucket, source, page_reader.read_chunk(value))

    def add_chunk(self, merchant, bucket, source, chunk):
        for entry in chunk["entries"]:
            assert entry["bucket"] == bucket and entry["traffic"] == "human"
            value = entry["value"].decode()
            self.folded += value == "(other)"
            cell = truth.Cell(merchant, bucket, entry["dimension"], value)
            for i, name in enumerate(truth.COUNTERS):
                self.sums[cell][i] += entry[name]
            for currency, sums in entry["money"].items():
                self.money[cell][currency] = [a + b for a, b in zip(self.money[cell][currency], sums)]
            estimates = []
            for i, name in enumerate(truth.DISTINCTS):
                sketch = entry[name]
                estimates.append(page_reader.estimate(sketch) if sketch else 0)
                if sketch:
                    self.sketches[i][cell].append(sketch)
            self.lines.append(f"{merchant} {bucket} {source} {entry['dimension']} {value!r} "
                              f"{[entry[name] for name in truth.COUNTERS]} {entry['money']} {estimates}")

    def distinct(self, i, cell):
        """-> (count, exact?)"""
        sketches = self.sketches[i].get(cell, [])
        if all(isinstance(s, list) for s in sketches):
            return len(set().union(*sketches)) if sketches else 0, True
        import datasketches
        union = datasketches.hll_union(12)
        for sketch in sketches:
            if isinstance(sketch, list):
                made = datasketches.hll_sketch(12, datasketches.tgt_hll_type.HLL_4)
                for value in sketch:
                    made.update(value)
                sketch = made
            else:
                sketch = datasketches.hll_sketch.deserialize(sketch)
            union.update(sketch)
        return union.get_estimate(), False

    @staticmethod
    def read_ledger(tables, name):
        found = collections.Counter()
        for _, cells in tables.scan(name):
            for (_, merchant), (_, value) in cells.items():
                counts = ledger_reader.read_ledger(value)
                for outcome in ("counted", "bad", "duplicate", "skipped", "lost"):
                    if counts[outcome]:
                        found[merchant.decode(), outcome] += counts[outcome]
        return found


def compare(expected, stored, ledger=True):
    """-> (differences as lines, figures as a dict). Every cell, in both directions; the ledger only where it begins with the log."""
    expected.finish()
    wrong = []
    squares, sketched = 0.0, 0
    nothing = [0] * len(truth.COUNTERS)  # what a cell becomes where all that came to it was taken back
    for cell in expected.sums.keys() | stored.sums.keys():
        want, got = expected.sums.get(cell, nothing), stored.sums.get(cell, nothing)
        if want != got:
            wrong.append(f"{cell}: stored {got}, counted {want}")
            continue
        for i, name in enumerate(truth.DISTINCTS):
            exact = expected.distinct[i][cell]
            count, is_exact = stored.distinct(i, cell)
            if is_exact:
                if count != exact:
                    wrong.append(f"{cell} {name}: stored {count}, counted {exact}")
                continue
            error = (count - exact) / exact
            squares, sketched = squares + error * error, sketched + 1
            if abs(error) > 5 * ERROR:
                wrong.append(f"{cell} {name}: estimated {count:.0f}, counted {exact}")
    for cell in expected.money.keys() | stored.money.keys():
        want, got = expected.money.get(cell, {}), stored.money.get(cell, {})
        if dict(want) != dict(got):
            wrong.append(f"{cell}: stored {dict(got)}, counted {dict(want)}")
    wrong += compare_ledger(expected, stored) if ledger else []
    rms = math.sqrt(squares / sketched) if sketched else 0.0
    if sketched >= 100 and rms > ERROR:
        wrong.append(f"sketches: root mean square error {rms:.4f} over {sketched} cells")
    return wrong, {"cells": len(stored.sums), "pages": stored.pages, "split_pages": stored.split_pages,
                   "sketched": sketched, "rms_error": round(rms, 4)}


def compare_ledger(expected, stored):
    wrong = []
    merchants = {key: n for key, n in stored.ledger.items() if key[0] != ""}
    for key in expected.ledger.keys() | merchants.keys():
        if expected.ledger.get(key, 0) != merchants.get(key, 0):
            wrong.append(f"ledger {key}: stored {merchants.get(key, 0)}, counted {expected.ledger.get(key, 0)}")
    for outcome in ("counted", "bad", "duplicate"):
        total = sum(n for (_, o), n in expected.ledger.items() if o == outcome)
        if stored.ledger.get(("", outcome), 0) != total:
            wrong.append(f"ledger total {outcome}: stored {stored.ledger.get(('', outcome), 0)}, counted {total}")
    return wrong


def compare_events(expected, tables, prefix, version=1):
    """The customer of every event that has an id, and that every event has exactly one row."""
    wrong, rows, seen = [], 0, set()
    columns = [(b"identity", q) for q in (b"event_id", b"customer", b"resolved_by")]
    for name in tables.names(f"{prefix}events_v{version}_"):
        for key, cells in tables.scan(name, columns):
            rows += 1
            event_id = cells["identity", b"event_id"][1].decode()
            merchant = key[1:key.index(b"\0", 1)].decode()
            if event_id.startswith("@"):
                continue
            customer = cells.get(("identity", b"customer"), (0, b""))[1].decode()
            how = cells["identity", b"resolved_by"][1].decode()
            if (merchant, event_id) in seen:
                wrong.append(f"event {merchant} {event_id} has two rows")
            seen.add((merchant, event_id))
            if expected.customers.get((merchant, event_id)) != (customer, how):
                wrong.append(f"event {merchant} {event_id}: stored {customer!r} by {how}, "
                             f"expected {expected.customers.get((merchant, event_id))}")
    missing = len(expected.customers) - len(seen)
    if missing:
        wrong.append(f"{missing} events have no row")
    counted = sum(n for (_, outcome), n in expected.ledger.items() if outcome == "counted")
    if rows != counted:
        wrong.append(f"{rows} event rows, {counted} events counted")
    return wrong, rows


def compare_bad(expected, tables, prefix, version=1):
    found = collections.Counter(cells["b", b"reason"][1].decode()
                                for _, cells in tables.scan(f"{prefix}bad_v{version}", [(b"b", b"reason")]))
    return [f"bad {reason}: stored {found[reason]}, generated {expected.reasons[reason]}"
            for reason in found.keys() | expected.reasons.keys() if found[reason] != expected.reasons[reason]]
