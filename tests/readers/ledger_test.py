"""Reads the golden row of the ledger."""
import sys

sys.dont_write_bytecode = True
from golden import cells_of, golden  # noqa: E402
from ledger import read_ledger, read_row  # noqa: E402

parts = golden("ledger")
assert read_row(parts["day"]) == (258, 16550)
cells = {cell.qualifier: (cell.timestamp, read_ledger(cell.value)) for cell in cells_of(parts, "day")}
assert cells == {b"": (430, {"counted": 300, "bad": 2, "duplicate": 0, "skipped": 100, "lost": 28}),
                 b"shop": (430, {"counted": 300, "bad": 2, "duplicate": 0, "skipped": 0, "lost": 0})}, cells
value = cells_of(parts, "day")[0].value
for at in range(len(value)):
    try:
        read_ledger(value[:at] + bytes([value[at] ^ 1]) + value[at + 1:])
    except ValueError:
        continue
    raise AssertionError(f"byte {at} changed, and read all the same")
