"""A network that fails between the daemons and their servers, and servers that die or hang."""
import contextlib
import time

from daemons import wait_until
from feed import Feed, standings, wait_further
from gateways import Gateways, KafkaProxy
from runs import check, recounted
from scenarios.points import SESSION_S, counted, write_table

RATE = 500  # records a second
ENOUGH = 2000  # records that wait: a fault that nobody would notice has not been one


def ends_of(run):
    return {source["partition"]: source["raw"]["end"] for source in standings(run)}


def waiting(run):
    return sum(source["raw"]["end"] - (source["durable"]["offset"] if source["durable"] else 0) for source in standings(run))


class Once:
    """A fault that ends by itself: hit when the proxy has counted one more of them."""

    def __init__(self, order, counter):
        self.order, self.counter = order, counter

    def __call__(self, run, proxies):
        before = proxies.stats()[self.counter]
        proxies.order(self.order)
        wait_until(f"a hit of {self.order}", lambda: proxies.stats()[self.counter] > before)
        return proxies.stats()[self.counter] - before


class Slow:
    """A fault under which everything goes on, slowly: hits are the pieces that it held up."""

    def __init__(self, order):
        self.order = order

    def __call__(self, run, proxies):
        before = proxies.stats()["slowed"]
        proxies.order(self.order)
        moved = sum(source["durable"]["offset"] if source["durable"] else 0 for source in standings(run))
        wait_further(run, moved, f"counting to go on under {self.order}")
        return proxies.stats()["slowed"] - before


class Standstill:
    """A fault under which nothing is counted: hit when enough waits, and where asked when the session of members is over."""

    def __init__(self, order, longer_than_session=False):
        self.order, self.longer = order, longer_than_session

    def __call__(self, run, proxies):
        began, before = time.monotonic(), proxies.stats()["refused"]
        proxies.order(self.order)
        wait_until(f"{ENOUGH} records to wait under {self.order}", lambda: waiting(run) >= ENOUGH)
        if self.longer:
            wait_until("the session to be over", lambda: time.monotonic() - began > SESSION_S + 3)
        return proxies.stats()["held"] + proxies.stats()["refused"] - before


FAULTS = {
    "delay of 100 ms each way": Slow("delay 100"),
    "throttled to 32 KiB/s a connection": Slow("throttle 32768"),
    "cut after 5,000 bytes sent": Once("cut up 5000", "cuts"),
    "cut after 3,000 bytes answered": Once("cut down 3000", "cuts"),
    "answer lost after it was done": Once("lose_reply 2", "lost"),
    "refused": Standstill("refuse"),
    "half-open: nothing passes": Standstill("stall"),
    "answers do not pass": Standstill("stall down"),
    "half-open for longer than the session": Standstill("stall", longer_than_session=True),
}
SOME = ("throttled to 32 KiB/s a connection", "cut after 3,000 bytes answered", "half-open: nothing passes")
SERVERS = [("broker", "kill"), ("broker", "stop"), ("hbase", "kill"), ("hbase", "stop"), ("gateway1", "kill"), ("gateway1", "stop")]
AGAIN = {"kill": "start", "stop": "cont"}


@contextlib.contextmanager
def measured(run, feed, what, rows):
    """Events come in while something is broken in the body, which gives how often it was hit to the list that it gets; then, how long until all that
    was in the log at its end is counted."""
    hits = []
    with feed.sending(rate=RATE):
        yield hits
        check(hits[0] > 0, f"nothing was hit by: {what}")
        healed, ends = time.monotonic(), ends_of(run)
        wait_until(f"everything to be counted after: {what}", lambda: counted(run, ends), deadline=90)
        rows.append((what, *hits, round(time.monotonic() - healed, 1)))


def disturbed(runs, name, prefix, faults, servers):
    run = runs.installation(name, prefix, **{"topics.partitions": 2, "rollup.max_age": "500ms"})
    run.run("init")
    parts = 2 * len(faults) + len(servers) + 1
    feed = Feed(run, 5000 * parts, parts, seed=61, merchants=4)
    rows = []
    with Gateways(runs.cluster) as hbase, KafkaProxy(runs.cluster) as kafka:
        started = [run.start(role, 1, **hbase.settings, **kafka.settings) for role in ("ingest", "aggregate")]
        feed.send(wait=True)
        for between, proxies in (("HBase", hbase), ("Kafka", kafka)):
            for fault in faults:
                with measured(run, feed, f"{fault}, {between}", rows) as hits:
                    hits.append(FAULTS[fault](run, proxies))
                    proxies.order("pass")
        for server, how in servers:
            with measured(run, feed, f"{server}: {how}", rows) as hits:
                runs.cluster.call(how, server)
                try:
                    if server.startswith("gateway"):  # the other one does the work
                        wait_further(run, sum(s["durable"]["offset"] for s in standings(run)), "counting to go on through the other gateway")
                    else:
                        sleeps = time.monotonic()
                        wait_until("a while without it", lambda: time.monotonic() - sleeps > 5)
                finally:
                    runs.cluster.call(AGAIN[how], server)
                hits.append(1)
        check(all(daemon.poll() is None for daemon in started), "a daemon ended")
        run.run("verify")
        run.stop_all()
    _, figures = recounted(runs, run, expected=feed.expected)
    return rows, {"faults": len(rows), "hits": sum(row[1] for row in rows), "slowest_s": max(row[2] for row in rows), **figures}


def network(runs):
    """Some faults of the network, each between the daemons and HBase, then Kafka: `./dev fault` goes through all."""
    return disturbed(runs, "network", "nw.", SOME, [])[1]


def every_fault(runs):
    """All of them, servers killed and paused, and the table of docs/reliability.md."""
    rows, figures = disturbed(runs, "every-fault", "nf.", FAULTS, SERVERS)
    write_table("faults.md", ["fault", "times", "counted again after"],
                [(what, hits, f"{seconds} s") for what, hits, seconds in rows])
    return figures
