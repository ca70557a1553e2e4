"""What the scenarios share: the cluster, how its installations are made, and comparisons that stop a scenario."""
import os
import pathlib
import random
import shutil

import recount
from daemons import ROOT, Cluster, Failed, Installation
from tables import Tables

EVENTS = int(os.environ.get("GUIDEPOST_E2E_EVENTS", "500000"))
SEED = int(os.environ.get("GUIDEPOST_E2E_SEED", str(random.SystemRandom().randrange(1 << 31))))
FOLDER = ROOT / "build" / "e2e"
START = "2026-10-23T00:00:00Z"  # three days, one of them with 25 hours in Europe


def check(condition, message):
    if not condition:
        raise Failed(message)


def check_none(wrong, what):
    if wrong:
        raise Failed(f"{len(wrong)} differences in {what}, the first: " + "; ".join(wrong[:5]))


class Runs:
    """What the scenarios share: the cluster, and the streams that the first one of them writes."""

    def __init__(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        self.cluster = Cluster(FOLDER / "cluster")
        self.expected = None
        self.stored_lines = None
        self.many = None
        self.installations = []

    def tables(self):
        return Tables(self.cluster.gateway(), FOLDER / "thrift")

    def installation(self, name, prefix, **settings):
        same = [i for i in self.installations if i.prefix == prefix and "names.version" not in settings]
        check(not same, f"two installations with the prefix {prefix}: each other's tables")
        self.installations.append(Installation(self.cluster, FOLDER / name, prefix, **settings))
        return self.installations[-1]

    def stream(self, version=1, **settings):
        return self.installation(f"stream-v{version}", "s.", **{"names.version": version, "topics.partitions": 4, "rollup.max_age": "10s", **settings})

    def kill_all(self):
        for installation in self.installations:
            installation.kill_all()


def recounted(runs, run, version=1, expected=None, ledger=True):
    """Everything that is stored, compared with the truth (by default of the shared stream). -> (lines of what readers see, figures)."""
    expected = expected or runs.expected
    tables = runs.tables()
    stored = recount.Stored(tables, run.prefix, version)
    wrong, figures = recount.compare(expected, stored, ledger)
    check_none(wrong, "cells")
    check(stored.folded == 0, "nothing should have been folded into (other)")
    wrong, rows = recount.compare_events(expected, tables, run.prefix, version)
    check_none(wrong, "event rows")
    check_none(recount.compare_bad(expected, tables, run.prefix, version), "bad rows")
    tables.close()
    figures["event_rows"] = rows
    return sorted(stored.lines), figures
