"""Reads the rows of index tables (proto/index.md).

Command: index.py ROW_HEX
"""
import collections
import sys

Event = collections.namedtuple("Event", "merchant guid time source offset")
Device = collections.namedtuple("Device", "merchant customer guid")


def read_row(row):
    """An Event or a Device."""
    kind = row[2]
    merchant, rest = row[3:].split(b"\0", 1)
    size = int.from_bytes(rest[:2], "big")
    name, rest = rest[2:2 + size], rest[2 + size:]
    if kind == 1:
        if len(rest) != 21 or rest[0] != 0:
            raise ValueError("the row does not end with 0x00, time, source, offset")
        return Event(merchant.decode(), name, *(int.from_bytes(rest[a:b], "big") for a, b in ((1, 9), (9, 13), (13, 21))))
    if kind == 2:
        return Device(merchant.decode(), name, rest)
    raise ValueError(f"kind {kind} is not known")


if __name__ == "__main__":
    print(read_row(bytes.fromhex(sys.argv[1])))
