"""Daemons that die, or stop and come back as zombies, at each step of the protocol."""
import os
import pathlib
import signal
import subprocess
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
# KILL; STOP, replaced, and woken when everything is counted again; SLEEP: the same, but woken only after its session.
POINTS = [(*call, when, how) for call in CALLS for when in ("before", "after") for how in ("KILL", "STOP", "SLEEP")]
# Some of each kind, for every run of the tests.
SOME = [point for point in POINTS if point[1:3] in (("append", "clicks.resolved"), ("put", "rollups"), ("put", "position/")) and
        point[4:] in (("before", "STOP"), ("after", "KILL"))] + [("aggregate", "put", "rollups", 2, "before", "SLEEP")]
SESSION_S = 15  # how long the brokers wait for a member that is silent
RATE = 400


def state_of(pid):
    """T: stopped, Z: dead."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def counted(run, ends):
    """Whether everything is in the tables that was in the log at `ends`."""
    durable = {source["partition"]: source["durable"]["offset"] if source["durable"] else 0 for source in standings(run)}
    return all(durable[partition] >= end for partition, end in ends.items())


def one_stays(one, other):
    """-> the one of the two that goes on: a place in the group is one daemon's, and the other must end.

    The one that slept ends, but when it slept for longer than its session it takes the place back.
    """
    wait_until("one of two with the same place to end", lambda: one.poll() is not None or other.poll() is not None)
    ended, stays = (one, other) if one.poll() is not None else (other, one)
    check(ended.returncode != 0, "the one that lost its place ended as if nothing had happened")
    check(stays.poll() is None, "both ended, though there is a place for one")
    return stays


def hit(run, feed, point):
    """-> seconds from the stop until everything that had been sent by then is counted."""
    role, call, where, count, when, how = point
    name = f"{role}-1"
    run.stop(name)
    run.environment_more = {"GUIDEPOST_STOP_AT": f"{call} {where} {when} {count} {'KILL' if how == 'KILL' else 'STOP'}"}
    victim = run.start(role, 1, program=STOPPING)
    run.environment_more = {}
    with feed.sending(rate=RATE):
        refresher = None
        if where == "marker/":  # says the same as before; it waits for who passes its marker, and that one is about to die
            refresher = subprocess.Popen(run.words("refresh", feed.logins), env=run.environment(), stdout=subprocess.DEVNULL)
        try:
            wait_until("the point", lambda: state_of(victim.pid) in "TZ", deadline=40)
            stopped = time.monotonic()
            ends = {source["partition"]: source["raw"]["end"] for source in standings(run)}
            # In the same slot of the group: who had it is not waited for.
            successor = run.start(role, 1)
            wait_until("what had been sent to be counted", lambda: counted(run, ends))
            took = time.monotonic() - stopped
            check(refresher is None or refresher.wait(60) == 0, "the refresh failed")
            if how == "SLEEP":
                wait_until("its session to be over", lambda: time.monotonic() - stopped > SESSION_S + 2)
        except BaseException:
            victim.kill()
            raise
        if how != "KILL":
            victim.send_signal(signal.SIGCONT)
            run.daemons[name] = one_stays(victim, successor)
    return took


def write_table(name, heads, rows):
    """A table for docs/reliability.md."""
    folder = ROOT / "build" / "fault"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [heads, ["---"] * len(heads), *rows]
    (folder / name).write_text("".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines))


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
        rows.append({"role": point[0], "call": point[1], "where": point[2], "when": point[4], "how": point[5],
                     "seconds": round(took, 1)})
    feed.send(wait=True)
    hits = run.logs().count("stops_here")
    check(hits == len(points), f"{hits} of {len(points)} points were reached")
    slept, woken = sum(point[5] == "SLEEP" for point in points), run.logs().count("facility=SESSTMOUT")
    check(woken >= slept, f"{woken} of {slept} found their session over")
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
    table = []
    for killed, stopped, slept in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        table.append((killed["role"], f"{killed['call']} `{killed['where']}`", killed["when"],
                      *(f"{row['seconds']} s" for row in (killed, stopped, slept))))
    write_table("points.md", ["stage", "step", "moment", "killed: counted again after", "stopped, replaced, woken", "woken after its session"], table)
    return figures
