"""Restoring, as it has to be done on the worst day: a stream, a backup beside it, more events, everything destroyed, restored,
what came after sent again; then every number is counted again from what was generated, by code that shares nothing with the
program. Says what each step took."""
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import cluster
import embedded
from daemons import Failed

DRILLS = {"embedded": embedded.drill, "hbase-lost": cluster.hbase_lost, "both-lost": cluster.both_lost}


def stopped(_signal, _frame):
    sys.exit(1)  # what was started ends on the way out


def main(names):
    unknown = set(names) - DRILLS.keys()
    if unknown:
        print(f"drill: no such drill: {', '.join(sorted(unknown))} (there are {', '.join(DRILLS)})", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, stopped)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="guidepost-drill-"))
    failed = 0
    try:
        for name in names or DRILLS:
            began = time.monotonic()
            try:
                steps = DRILLS[name](folder / name)
                print(f"{name}: everything is there, in {time.monotonic() - began:.0f} s")
                width = max(len(step) for step, _ in steps)
                for step, figure in steps:
                    print(f"  {step:{width}}  {figure}")
            except Exception as wrong:  # the others are still worth knowing
                failed += 1
                print(f"{name}: FAILED after {time.monotonic() - began:.0f} s: {wrong}")
                if not isinstance(wrong, Failed):
                    traceback.print_exc()
            sys.stdout.flush()
    finally:
        if os.environ.get("GUIDEPOST_DRILL_KEEP"):
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
