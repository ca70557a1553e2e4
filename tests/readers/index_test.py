"""Reads the golden index rows."""
import sys

sys.dont_write_bytecode = True
from golden import cells_of, golden  # noqa: E402
from index import Device, Event, read_row  # noqa: E402

parts = golden("index")
EVENT, DEVICE = parts["event"], parts["device"]
for row in ("event", "device"):
    assert cells_of(parts, row) == [("i", b"", 1430000000999, b"")], cells_of(parts, row)

assert read_row(EVENT) == Event("shop", b"d-7f31", 1430000000123, 7, 258), read_row(EVENT)
assert read_row(DEVICE) == Device("shop", b"4711", b"d-7f31"), read_row(DEVICE)
for wrong in (EVENT[:-1], EVENT + b"x", b"\0\0\x03" + DEVICE[3:]):
    try:
        read_row(wrong)
    except ValueError:
        continue
    raise AssertionError(f"{wrong.hex()} was read")
