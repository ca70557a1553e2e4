"""Reads tests/golden/NAME.hex: byte strings by their names (tests/golden/README.md)."""
import collections
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "golden"
Cell = collections.namedtuple("Cell", "family qualifier timestamp value")


def golden(name):
    """{name: bytes} of a file."""
    lines = (line.rsplit(" ", 1) for line in (FOLDER / f"{name}.hex").read_text().splitlines())
    return {name: bytes.fromhex(value) if value != "-" else b"" for name, value in lines}


def cells_of(parts, row):
    """The cells of a row that has this name."""
    found = (re.fullmatch(re.escape(row) + r" ([^: ]+):(\S*)@(\d+)", name) for name in parts)
    return [Cell(m[1], re.sub(rb"%(..)", lambda x: bytes.fromhex(x[1].decode()), m[2].encode()), int(m[3]), parts[m[0]]) for m in found if m]
