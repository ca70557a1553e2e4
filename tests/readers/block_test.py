"""Reads the golden block and compares it with what tests/support/sample_decisions.cpp says."""
import pathlib
import sys

sys.dont_write_bytecode = True
from block import FIELDS, REASONS, read_block  # noqa: E402
from golden import golden  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
data = golden("block")["block"]
block = read_block(data)
rows = {row["offset"]: row for row in block["rows"]}

assert (block["source"], block["from"], block["to"], block["run"]) == (7, 1000, 1012, 3), block
assert block["rules"] == "0123456789abcdef"
outcomes = [row["outcome"][0] for row in block["rows"]]
assert "".join(outcomes) == "aaabdaaalbsa", outcomes
assert rows[1001] == {
    "offset": 1001, "outcome": "accepted", "record_time": 1431864010010, "time": 1431864009760, "resolved_by": "stitch",
    "traffic": "human", "flags": 0, "merchant": b"shop", "type": b"page_view", "guid": b"g-2", "customer": b"customer-9",
    "url": b"/a", "path": b"/a", "country": b"DE"}, rows[1001]
assert rows[1002]["traffic"] == "bot"
assert rows[1005]["time"] - rows[1005]["record_time"] == 300000
assert (rows[1011]["flags"], rows[1011]["resolved_by"], rows[1011]["path"]) == (3, "claim", "/käse".encode())
assert rows[1003] == {
    "offset": 1003, "outcome": "bad", "record_time": 1431864010030, "reason": "not_json", "full_size": 3,
    "full_hash": "000000000000004d", "merchant": b"-", "field": b"", "bytes": b"{\xff\0"}, rows[1003]
assert (rows[1009]["reason"], rows[1009]["field"], rows[1009]["full_hash"]) == ("time_invalid", b"time", "fedcba9876543210")
assert rows[1004]["merchant"] == b"shop"
assert rows[1010] == {"offset": 1010, "outcome": "skipped", "record_time": 1431864009000}

assert [(e["offset"], e["traffic"], e["path"]) for e in block["earlier"]] == [
    (310, "bot", "/käse".encode()), (999, "human", b"/")], block["earlier"]
assert block["earlier"][0]["time"] == 1431864000000 + 3100 - 250
assert [tuple(c.values()) for c in block["changes"]] == [
    (1000, 310, -1, 0, 0, 0, 0), (1000, 999, 0, -1, -1, 1, 4200), (1000, 1000, 0, 0, 1, 0, 0),
    (1002, 1000, 0, 0, -1, 0, -300), (1011, 1011, 1, 1, 1, 1, 1 << 40)], block["changes"]

# The names that this reader knows are those of the program.
fields = (ROOT / "src/event/fields.cpp").read_text()
reasons = (ROOT / "src/event/reasons.cpp").read_text()
assert [line.split('"')[1] for line in fields.splitlines() if line.startswith('    {"')] == FIELDS
assert [line.split('"')[1] for line in reasons.splitlines() if line.startswith('    {"')] == REASONS

for at in range(len(data)):
    try:
        read_block(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
    except ValueError:
        continue
    raise AssertionError(f"byte {at} changed, and read all the same")
print(f"{len(rows)} offsets read")
