"""Daemons that die, or stop and come back as zombies, at each step of the protocol."""
import os
import pathlib
import signal
import time

from daemons import ROOT, Failed, wait_until
from feed import Feed, standings
from runs import check, recounted

STOPPING = pathlib.Path(os.environ.get("GUIDEPOST_STOPPING", ROOT / "build" / "release" / "tests" / "guidepost-stopping"))

# Role, call, where, at which count: the first ones are those of the start.
CALLS = [
    ("ingest", "fetch", "clicks.raw", 3), ("ingest", "get", "mapping", 2), ("ingest", "append", "clicks.resolved", 3),
    ("ingest", "put", "marker/", 1), ("ingest", "commit", "clicks.raw", 2),
    ("aggregate", "fetch", "clicks.resolved", 3), ("aggregate", "get", "rollups", 2), ("aggregate", "put", "events", 3),
    ("aggregate", "put", "index", 3), ("aggregate", "put", "rollups", 2), ("aggregate", "put", "ledger", 2),
    ("aggregate", "put", "position/", 2), ("aggregate", "commit", "clicks.resolved", 2)]
POINTS = [(*call, when, signal_name) for call in CALLS for when in ("before", "after") for signal_name in ("KILL", "STOP")]
# One of each kind, for every run of the tests.
SOME = [point for point in POINTS if point[1:3] in (("append", "clicks.resolved"), ("put", "rollups"), ("put", "position/")) and
        (point[4] == "after") == (point[5] == "KILL")]
RATE = 400


def state_of(pid):
    """T: stopped, Z: dead."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def counted(run, ends):
    """Whether everything is in the tables that was in the log at `ends`."""
    durable = {source["partition"]: source["durable"]["offset"] if source["durable"] else 0 for source in standings(run)}
    return all(durable[partition] >= end for partition, end in ends.items())


def hit(run, feed, point):
    """-> seconds from the stop until everything that had been sent by then is counted."""
    role, call, where, count, when, signal_name = point
    name = f"{role}-1"
    run.stop(name)
    run.environment_more = {"GUIDEPOST_STOP_AT": f"{call} {where} {when} {count} {signal_name}"}
    victim = run.start(role, 1, program=STOPPING)
    run.environment_more = {}
    with feed.sending(rate=RATE):
        if where == "marker/":
            feed.refresh(feed.logins)  # says the same as before
        try:
            wait_until("the point", lambda: state_of(victim.pid) in "TZ", deadline=40)
            stopped = time.monotonic()
            ends = {source["partition"]: source["raw"]["end"] for source in standings(run)}
            # In the same slot of the group: who had it is not waited for, and hears of it when it comes back.
            run.start(role, 1)
            wait_until("what had been sent to be counted", lambda: counted(run, ends))
            took = time.monotonic() - stopped
        finally:
            if state_of(victim.pid) == "T":
                victim.send_signal(signal.SIGCONT)
            try:
                victim.wait(60)
            except Exception:
                victim.kill()
                victim.wait()
                raise Failed("the one that came back went on, though another one has its place") from None
    return took


def points_of(runs, points):
    run = runs.installation("points", "p.", **{"topics.partitions": 2, "rollup.max_age": "500ms"})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    feed = Feed(run, 1200 * (len(points) + 2), len(points) + 2, seed=51, merchants=4)
    feed.logins = run.folder / "logins.csv"
    feed.send("--mappings", feed.logins, wait=True)
    feed.refresh(feed.logins)
    rows = []
    for point in points:
        try:
            took = hit(run, feed, point)
        except Failed as wrong:
            raise Failed(f"{' '.join(map(str, point))}: {wrong}") from None
        rows.append({"role": point[0], "call": point[1], "where": point[2], "when": point[4], "signal": point[5],
                     "seconds": round(took, 1)})
    feed.send(wait=True)
    hits = run.logs().count("stops_here")
    check(hits == len(points), f"{hits} of {len(points)} points were reached")
    verified = run.run("verify").strip().splitlines()[-1]
    run.stop_all()
    _, figures = recounted(runs, run, expected=feed.expected)
    return rows, {"points": hits, "slowest_s": max(row["seconds"] for row in rows), "verify": verified, **figures}


def points(runs):
    """Some of the points: `./dev fault` goes through all."""
    return points_of(runs, SOME)[1]


def every_point(runs):
    """All of them, and the table of docs/reliability.md."""
    rows, figures = points_of(runs, POINTS)
    table = ["| stage | step | moment | SIGKILL: counted again after | SIGSTOP, replaced, SIGCONT: counted again after |", "|---|---|---|---|---|"]
    for row in rows[::2]:
        other = next(r for r in rows if r["signal"] == "STOP" and all(r[k] == row[k] for k in ("role", "call", "where", "when")))
        table.append(f"| {row['role']} | {row['call']} `{row['where']}` | {row['when']} | {row['seconds']} s | {other['seconds']} s |")
    folder = ROOT / "build" / "fault"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "points.md").write_text("\n".join(table) + "\n")
    return figures
