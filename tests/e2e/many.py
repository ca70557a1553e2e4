"""A stream in which nothing comes twice: every event is of a GUID and a url of its own, all of one merchant, over eight
quarters of an hour; and what must have been counted of it. Types and countries have values of every size from some
hundred events to twenty thousand, so that the number of distinct GUIDs of each is known exactly: that of its events."""
import collections
import pathlib
import random
import string
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "readers"))
import page as page_reader
import truth

from truth import BUCKET_MS, parse_time

BUCKETS = 8
SMALL = range(150, 201)  # types with so many events each, around the border of exact counts at 192
LARGE = [round(500 * 40 ** (i / 19)) for i in range(20)]  # 500 .. 20,000
PAIRS = [a + b for a in string.ascii_uppercase for b in string.ascii_uppercase]


class Many:
    def __init__(self, events, start, merchant="many"):
        self.events, self.each, self.merchant = events, events // BUCKETS, merchant
        self.first_bucket = parse_time(start) // BUCKET_MS
        self.random = random.Random(20)
        self.counts = [self.draw() for _ in range(BUCKETS)]
        self.countries = []  # of every event, as they are written

    def draw(self):
        """dimension -> {value: events} of a quarter of an hour."""
        counts = {"type": {f"t{n}": n for n in SMALL}, "country": {}}
        for i, n in enumerate(LARGE):
            counts["type"][f"type-{i}"] = counts["country"][PAIRS[i]] = n
        for dimension, value in (("type", "page_view"), ("country", "ZZ")):
            rest = self.each - sum(counts[dimension].values())
            assert rest > 0, "too few events for the sizes"
            counts[dimension][value] = rest
        return counts

    def shuffled(self, counts):
        values = [value for value, n in counts.items() for _ in range(n)]
        self.random.shuffle(values)
        return values

    def write(self, path):
        """Envelopes, a line an event, in the order of time."""
        with open(path, "w") as file:
            for b in range(BUCKETS):
                counts = self.counts[b]
                columns = [self.shuffled(counts[d]) for d in ("type", "country")]
                self.countries += columns[1]
                at, first = (self.first_bucket + b) * BUCKET_MS, b * self.each
                file.writelines(
                    f'{{"received":{at + i * BUCKET_MS // self.each},"protocol":"json","event":{{"event_id":"{first + i:x}","type":"{kind}",'
                    f'"time":{at + i * BUCKET_MS // self.each},"merchant":"{self.merchant}","guid":"guid-{first + i:07x}",'
                    f'"url":"/page/{first + i:x}","country":"{country}"}}}}\n'
                    for i, (kind, country) in enumerate(zip(*columns)))

    def number_of(self, url):
        """Which event a url is of."""
        return int(url.removeprefix("/page/"), 16)

    def small_dimensions(self, b):
        """(dimension, value) -> events, of a quarter of an hour, all but urls."""
        expected = collections.Counter({("total", ""): self.each})
        for dimension in ("browser", "os", "device_class", "channel", "campaign"):
            expected[dimension, truth.PLAIN[dimension]] = self.each
        for dimension, counts in self.counts[b].items():
            for value, n in counts.items():
                expected[dimension, value] = n
        return expected


class StoredMany:
    """What is stored of it, page by page and chunk by chunk. Differences go to `wrong`."""

    def __init__(self, many, tables, prefix):
        self.many, self.wrong = many, []
        self.pages = self.split_pages = self.most_values = 0
        self.kept = self.folded = 0
        self.cells = []  # (events, {"devices": sketch, "users": sketch}) of all cells but those of single urls
        self.images = {}  # (bucket, dimension, value) -> the sketch of its devices
        for name in tables.names(f"{prefix}rollups_v1_"):
            for key, cells in tables.scan(name, page=1):
                self.add_page(page_reader.read_row(key)[2] - many.first_bucket, cells)

    def check(self, holds, what):
        if not holds:
            self.wrong.append(what)

    def add_page(self, b, cells):
        chunks = [page_reader.read_chunk(value) for (_, qualifier), (_, value) in cells.items()]
        first = next(c for c in chunks if c["chunk"] == 0)
        valid = [c for c in chunks if c["chunk"] > 0 and c["bits"] == first["valid_bits"]]
        self.pages += 1
        self.split_pages += len(valid) > 1
        self.check(first["events"] == self.many.each, f"page {b}: {first['events']} events, {self.many.each} are its")
        self.add_small(b, first["entries"])
        self.add_urls(b, [c["entries"] for c in valid])

    def add_small(self, b, entries):
        stored = {(e["dimension"], e["value"].decode()): e["events"] for e in entries}
        for cell in stored.items() ^ self.many.small_dimensions(b).items():
            self.wrong.append(f"page {b}: {cell}")
        for e in entries:
            self.cells.append((e["events"], e))
            self.images[b, e["dimension"], e["value"].decode()] = e["devices"]

    def add_urls(self, b, chunks):
        many, first = self.many, b * self.many.each
        urls, other, values = set(), 0, 0
        countries, visits = collections.Counter(), collections.Counter()
        for entries in chunks:
            values += sum(not e["value"].startswith(b"(other)") for e in entries)
            for e in entries:
                visits[e["dimension"]] += e["sessions"]
                if e["dimension"] in ("entry_page", "exit_page"):
                    continue
                url, _, country = e["value"].decode().partition("\0")
                if url == "(other)":
                    self.cells.append((e["events"], e))
                    other += e["events"] if e["dimension"] == "url" else 0
                    countries[country] += e["events"]
                    continue
                n = many.number_of(url)
                one = e["events"] == 1 and len(e["devices"]) == 1 and e["users"] == e["devices"]
                self.check(one and first <= n < first + many.each, f"page {b}: {url}: {e['events']} events")
                if e["dimension"] == "url":
                    urls.add(n)
                else:
                    self.check(many.countries[n] == country, f"page {b}: {url} is of {many.countries[n]}, not {country}")
                    countries[country] += 1
        self.check(len(urls) + other == many.each, f"page {b}: {len(urls)} urls and {other} others of {many.each}")
        # Nobody comes twice: each event is a session, which begins and ends on its url.
        self.check(visits["entry_page"] == visits["exit_page"] == many.each, f"page {b}: sessions {dict(visits)} of {many.each}")
        countries.pop("")  # (other) of urls without their country
        self.check(countries == many.counts[b]["country"], f"page {b}: countries of urls: {countries}")
        self.most_values = max(self.most_values, values)
        self.kept += len(urls)
        self.folded += other
