"""Reads a ledger value (proto/ledger.md). Command: ledger.py HEX -> prints the counts."""
import struct
import sys
import zlib


def read_ledger(value):
    """Counts by outcome; raises ValueError where the bytes are none."""
    if len(value) < 5 or struct.unpack("<I", value[-4:])[0] != zlib.crc32(value[:-4]):
        raise ValueError("too short, or the checksum does not fit")
    if value[0] != 2:
        raise ValueError(f"version {value[0]} is not known")
    at, counts = 1, []
    for _ in range(5):
        number = shift = 0
        while True:
            byte = value[at]
            at += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        counts.append(number)
    if at != len(value) - 4:
        raise ValueError("bytes are left over")
    return dict(zip(("counted", "bad", "duplicate", "skipped", "lost"), counts))


def read_row(row):
    """(source, day since 1970) of a row key."""
    return struct.unpack(">Ii", row)


if __name__ == "__main__":
    for name, count in read_ledger(bytes.fromhex(sys.argv[1])).items():
        print(f"{name:10} {count}")
