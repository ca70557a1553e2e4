"""Reads the golden chunks, and a sketch with PyPI's datasketches; compares with what tests/unit/rollup/golden_test.cpp says."""
import sys

sys.dont_write_bytecode = True
from golden import FOLDER, cells_of, golden  # noqa: E402
from page import estimate, read_chunk, read_row  # noqa: E402

page = golden("page")
assert read_row(page["page"]) == ("shop", 0, 1589000)
[cell] = cells_of(page, "page")
assert (cell.family, cell.qualifier, cell.timestamp) == ("p", bytes((0, 0, 0, 0, 0, 3)), 300), cell
data = cell.value
chunk = read_chunk(data)
entries = chunk.pop("entries")
assert chunk == {"span": 0, "bits": 0, "chunk": 0, "valid_bits": 1, "rules": "1122334455667788", "position": 300,
                 "first_offset": 7, "events": 3}, chunk
assert entries == [
    {"dimension": "total", "traffic": "human", "bucket": 1589000, "value": b"", "events": 3, "page_views": 2, "clicks": 1,
     "purchases": 0, "identified": -1, "sessions": 2, "bounces": -1, "dwells": 1, "dwell_ms": 4200, "items": 3, "refunds": 1,
     "money": {"EUR": [1250, -300, 1], "JPY": [-7, -7, 0]}, "devices": [1, 0xaabbccddeeff], "users": [1, 0xaabbccddeeff], "customers": [5]},
    {"dimension": "country", "traffic": "human", "bucket": 1589000, "value": b"DE", "events": 3, "page_views": 2, "clicks": 1,
     "purchases": 0, "identified": 0, "sessions": 0, "bounces": 0, "dwells": 0, "dwell_ms": 0, "items": 0, "refunds": 0,
     "money": {}, "devices": [1], "users": [2], "customers": []}], entries

# A page as it is stored: 5,000 visits of 3,000 devices to 40 urls, folded, compressed, with sketches as sets and as arrays.
lines = (FOLDER / "page_dense.hex").read_text().split()
row, expected, cells = bytes.fromhex(lines[0]), dict(item.split("=") for item in lines[1:5]), [bytes.fromhex(x) for x in lines[5:]]
assert read_row(row) == ("shop", 0, 1589000)
entries = [entry for cell in cells for entry in read_chunk(cell)["entries"]]
total = next(e for e in entries if e["dimension"] == "total")
urls = [e for e in entries if e["dimension"] == "url"]
assert total["events"] == sum(e["events"] for e in urls) == 5000
assert len(urls) == 40
images = [e for e in entries if not isinstance(e["devices"], list)]
assert images and any(isinstance(e["devices"], list) and len(e["devices"]) > 1 for e in entries)
assert min(len(e["devices"]) for e in images) < 2000, "no image of a set is among them"
assert max(len(e["devices"]) for e in images) >= 2088, "no image of an array is among them"
for name in ("devices", "users", "customers"):
    assert estimate(total[name]) == int(expected[name]), (name, estimate(total[name]), expected)
assert sum(estimate(e["devices"]) for e in urls) == int(expected["sum_of_urls"])

for at in range(len(data)):
    try:
        read_chunk(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
    except ValueError:
        continue
    raise AssertionError(f"byte {at} changed, and read all the same")
print(f"{len(entries)} entries read, {len(images)} images among them agree")
