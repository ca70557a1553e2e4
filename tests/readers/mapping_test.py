"""Reads the golden row of the mapping, and what its runs leave."""
import sys

sys.dont_write_bytecode = True
from golden import cells_of, golden  # noqa: E402
from mapping import read_cell, read_changed, read_marker, read_row  # noqa: E402

parts = golden("mapping")
assert read_row(parts["device"]) == ("shop", b"d-7f31")
cells = [(cell.timestamp, *read_cell(cell.qualifier, cell.value)) for cell in cells_of(parts, "device")]
assert cells == [(3, None, "customer", "ann"), (9, 1430000000123, "unmapped", ""), (2, 1430000000123, "customer", "b\u00f6b"),
                 (4, 1430000000456, "removed", "")], cells

runs = golden("runs")
assert read_marker(runs["marker"]) == (300, [3, 131]), read_marker(runs["marker"])
assert read_changed(runs["changed"]) == [1, 0x0123456789abcdef, (1 << 64) - 1]
completed = {cell.qualifier.decode(): cell.value for cell in cells_of(runs, "completed")}
assert runs["completed"] == b"run/00000000000000000300" and completed["status"] == b"complete", completed
assert completed["marker"] == runs["marker"], "byte for byte as it is in the log"
