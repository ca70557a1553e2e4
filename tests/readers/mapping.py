"""Reads mapping rows, run markers and lists of changed devices (proto/mapping.md, proto/runs.md).

Command: mapping.py cell QUALIFIER_HEX VALUE_HEX | marker HEX | changed HEX
"""
import struct
import sys
import zlib

KINDS = ("customer", "unmapped", "removed")


def read_row(row):
    """(merchant, guid) of a row key."""
    merchant, guid = row[2:].split(b"\0", 1)
    return merchant.decode(), guid


def read_cell(qualifier, value):
    """(valid_from in ms or None for since ever, kind, customer)."""
    bits = struct.unpack(">Q", qualifier)[0]
    kind = KINDS[value[0]]
    return None if bits == 0 else bits - (1 << 63), kind, value[1:].decode()


def opened(value):
    if len(value) < 5 or struct.unpack("<I", value[-4:])[0] != zlib.crc32(value[:-4]):
        raise ValueError("too short, or the checksum does not fit")
    if value[0] != 1:
        raise ValueError(f"version {value[0]} is not known")
    return value[1:-4]


def varints(data):
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0


def read_marker(value):
    """(run, runs that do not count)."""
    run, count, *steps = varints(opened(value))
    if len(steps) != count:
        raise ValueError("not as many runs as it says")
    return run, [sum(steps[: i + 1]) for i in range(count)]


def read_changed(value):
    return [h for (h,) in struct.iter_unpack("<Q", opened(value))]


if __name__ == "__main__":
    what, *values = sys.argv[1:]
    print({"cell": read_cell, "marker": read_marker, "changed": read_changed}[what](*map(bytes.fromhex, values)))
