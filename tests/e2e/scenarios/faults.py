"""Servers that go away, answer half, or change behind the daemons' backs."""
import recount
import truth
from daemons import wait_until
from runs import FOLDER, START, check, check_none


def sigterm_without_hbase(runs):
    """SIGTERM while HBase is away: ends within 30 s, and nothing is lost."""
    run = runs.installation("sigterm", "t.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    run.run("generate", "--events", 20000, "--seed", 3, "--start", START, "--merchants", 3, "--truth", FOLDER / "truth-t.tsv")
    for name in ("gateway1", "gateway2"):
        runs.cluster.call("kill", name)
    run.run("generate", "--events", 20000, "--seed", 4, "--start", START, "--merchants", 3, "--truth", FOLDER / "truth-t2.tsv", "--no-wait",
            "--merchant", "other")
    wait_until("an aggregate that misses HBase", lambda: "hbase_gateway_ejected" in run.log_of("aggregate-1"))
    ended = run.stop_all()
    check(max(ended.values()) < 30, f"SIGTERM took {ended}")
    for name in ("gateway1", "gateway2"):
        runs.cluster.call("start", name)
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    run.wait_counted()
    run.stop_all()
    expected = truth.Expected()
    for name in ("truth-t.tsv", "truth-t2.tsv"):
        expected.add_file(FOLDER / name, truth.Mapping())
    tables = runs.tables()
    wrong, figures = recount.compare(expected, recount.Stored(tables, run.prefix))
    check_none(wrong, "cells")
    tables.close()
    return {"sigterm_s": {k: round(v, 1) for k, v in ended.items()}, **figures}
