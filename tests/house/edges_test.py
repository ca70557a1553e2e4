"""Compares every include of src/ and include/ with the rooms that src/CMakeLists.txt allows."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
rooms = {}
for name, body in re.findall(r"guidepost_room\((\S+)([^)]*)\)", (root / "src/CMakeLists.txt").read_text()):
    uses = re.search(r"USES([^A-Z]*)", body)
    rooms[name] = set(uses.group(1).split()) if uses else set()
assert "base" in rooms and "app" in rooms, "src/CMakeLists.txt was not understood"


def room_of(path):
    """Room of a path below src/ or include/guidepost/, the longest that fits; None: not of a room."""
    return max((r for r in rooms if str(path).startswith(r + "/")), key=len, default=None)


problems, edges = [], 0
for base in (root / "src", root / "include" / "guidepost"):
    for file in sorted(p for p in base.rglob("*") if p.suffix in (".hpp", ".cpp")):
        room = room_of(file.relative_to(base))
        if room is None:
            continue
        for line, text in enumerate(file.read_text().splitlines(), 1):
            include = re.match(r'\s*#include "(?:guidepost/)?([^"]+)"', text)
            other = room_of(include.group(1)) if include else None
            if other is None:
                continue
            edges += 1
            if other != room and other not in rooms[room]:
                problems.append(f"{file.relative_to(root)}:{line}: {room} may not use {other}")

# A room may only use rooms above it in the file: that makes cycles impossible.
order = list(rooms)
problems += [f"src/CMakeLists.txt: {r} is listed before {u}, which it uses" for r in order for u in rooms[r]
             if u not in rooms or order.index(u) >= order.index(r)]
print("\n".join(problems) or f"{edges} includes between {len(rooms)} rooms follow the allowed edges")
assert edges > 100 or "--allow-few" in sys.argv, "too few includes were found to trust this"
sys.exit(1 if problems else 0)
