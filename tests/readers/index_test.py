"""Reads the rows that tests/unit/event/index_row_test.cpp writes."""
import sys

sys.dont_write_bytecode = True
from index import Device, Event, read_row  # noqa: E402

EVENT = b"\x7b\x0c\x01shop\0\0\x06d-7f31\0\0\0\x01\x4c\xf2\xa4\x5c\x7b\0\0\0\x07\0\0\0\0\0\0\x01\x02"
DEVICE = b"\xfa\xc9\x02shop\0\0\x044711d-7f31"

assert read_row(EVENT) == Event("shop", b"d-7f31", 1430000000123, 7, 258), read_row(EVENT)
assert read_row(DEVICE) == Device("shop", b"4711", b"d-7f31"), read_row(DEVICE)
for wrong in (EVENT[:-1], EVENT + b"x", b"\0\0\x03" + DEVICE[3:]):
    try:
        read_row(wrong)
    except ValueError:
        continue
    raise AssertionError(f"{wrong.hex()} was read")
