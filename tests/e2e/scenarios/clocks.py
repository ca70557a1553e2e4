"""Clocks that are wrong, and clocks that are set."""
import os
import pathlib
import re
import time

from brokers import Brokers
from daemons import ROOT, wait_until
from feed import Feed, durable, wait_further
from runs import check, recounted

WRONG = pathlib.Path(os.environ.get("GUIDEPOST_WRONG_CLOCK", ROOT / "build" / "release" / "tests" / "libwrong_clock.so"))
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PARTITIONS = 4
RATE = 500  # records a second


class Clock:
    """One that several processes may share; `off_by` sets it, while they run."""

    def __init__(self, path, off_by_ms):
        self.path = path
        self.off_by(off_by_ms)

    def off_by(self, ms):
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:  # in place: it is mapped
            file.write(ms.to_bytes(8, "little", signed=True))

    @property
    def environment(self):
        return {"LD_PRELOAD": str(WRONG), "WRONG_CLOCK": str(self.path)}


def told(run, name):
    """The years in which a daemon has told anything."""
    return set(re.findall(r"^(\d{4})-\d\d-\d\dT", run.log_of(name), re.MULTILINE))


def wrong_clocks(runs):
    """Daemons ahead and behind, by hours and by decades, whose clocks are set while they work; then the broker's: no number depends on them."""
    run = runs.installation("clocks", "wc.", **{"topics.partitions": PARTITIONS, "rollup.max_age": "1s"})
    run.run("init")
    feed = Feed(run, 24000, 6, seed=83, merchants=4)
    off = {"ingest-1": 3 * DAY_MS, "ingest-2": -2 * HOUR_MS, "aggregate-1": -40 * 365 * DAY_MS, "aggregate-2": 20 * 365 * DAY_MS}
    clocks = {name: Clock(run.folder / f"{name}.clock", ms) for name, ms in off.items()}

    def start(name):
        run.environment_more = clocks[name].environment
        run.start(*name.split("-"))
        run.environment_more = {}

    for name in clocks:
        start(name)
    with feed.sending(rate=RATE):
        wait_further(run, 0, "the first records to be counted")
    years = {name: told(run, name) for name in clocks}
    check(len(years["aggregate-1"] | years["aggregate-2"] | years["ingest-1"]) >= 3, f"the clocks were right: {years}")
    set_clocks = 0
    with feed.sending(rate=RATE):
        for turn in range(1, len(off) + 1):
            for name, clock in clocks.items():
                clock.off_by(list(off.values())[(list(off).index(name) + turn) % len(off)])
                set_clocks += 1
            wait_further(run, durable(run), "counting to go on after clocks were set")
    kept = run.daemons["ingest-1"], run.daemons["aggregate-2"]
    with feed.sending(rate=RATE):  # members that come back with another idea of the time
        for name in ("ingest-2", "aggregate-1"):
            run.kill(name)
            clocks[name].off_by(0)
            start(name)
        wait_further(run, durable(run), "counting to go on after kills")
    broker = Clock(run.folder / "broker.clock", 20 * HOUR_MS)  # ahead by less than a duplicate may be late
    with feed.sending(rate=RATE):
        runs.cluster.call("kill", "broker")
        runs.cluster.call("start", "broker", environment=broker.environment)
        wait_further(run, durable(run), "counting to go on with the broker ahead")
        ahead_s = Brokers(runs.cluster).newest_s(f"{run.prefix}clicks.raw", PARTITIONS) - time.time()
        check(ahead_s > 19 * 3600, f"the broker's clock was {ahead_s} s ahead")
    with feed.sending(rate=RATE):
        broker.off_by(-HOUR_MS)
        wait_further(run, durable(run), "counting to go on with the broker behind")
    with feed.sending(rate=RATE):
        broker.off_by(0)
        for name in clocks:
            clocks[name].off_by(0)
    run.wait_counted()
    check(all(daemon.poll() is None for daemon in kept), "a daemon ended")
    run.run("verify")
    run.stop_all()
    # The next scenario gets a server without it.
    runs.cluster.call("kill", "broker")
    runs.cluster.call("start", "broker")
    _, figures = recounted(runs, run, expected=feed.expected)
    return {"clocks": len(off) + 1, "set": set_clocks + 3, **figures}
