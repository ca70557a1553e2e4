"""Servers that go away, answer half, or change behind the daemons' backs."""
import collections
import contextlib
import csv
import re
import subprocess

import recount
import truth
from daemons import wait_until
from feed import Feed, durable, standings, wait_further
from gateways import Gateways
from runs import FOLDER, START, check, check_none, recounted


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


def gateway_dead(runs):
    """One of two gateways dies for good in the middle of a stream: the other one carries on, and nothing is restarted."""
    run = runs.installation("gateway-dead", "d.", **{"topics.partitions": 2})
    run.run("init")
    started = [run.start(role, 1) for role in ("ingest", "aggregate")]
    feed = Feed(run, 24000, 3, seed=21)
    feed.send(wait=True)
    before = durable(run)
    with feed.sending(rate=800) as sender:
        wait_further(run, before, "the tables to grow while events come in")
        check(sender.poll() is None, "the stream ended before the gateway died")
        runs.cluster.call("kill", "gateway1")
    try:
        without = durable(run)
        feed.send(wait=True)
        check(durable(run) > without, "nothing was stored through the other gateway")
        ejected = re.findall(rf" hbase_gateway_ejected .*{re.escape(runs.cluster.gateway())}", run.log_of("aggregate-1"))
        check(ejected, "the aggregate did not miss the gateway")
        check(all(daemon.poll() is None for daemon in started), "a daemon ended")
        run.stop_all()
    finally:
        runs.cluster.call("start", "gateway1")
    _, figures = recounted(runs, run, expected=feed.expected)
    return {"ejected": len(ejected), "stored_without": durable(run) - without, **figures}


def reply_lost(runs):
    """Answers of HBase get lost after it did what it was asked for, again and again: everything is written again, nothing twice."""
    run = runs.installation("reply-lost", "r.", **{"topics.partitions": 2, "rollup.max_age": "500ms"})
    run.run("init")
    with Gateways(runs.cluster) as for_ingest, Gateways(runs.cluster) as for_aggregate:
        for gateways in (for_ingest, for_aggregate):
            gateways.order("lose_reply 2")  # what is asked at the start: sources, floors, positions
        run.start("ingest", 1, **for_ingest.settings)
        run.start("aggregate", 1, **for_aggregate.settings)
        feed = Feed(run, 20000, 4, seed=22)
        logins = run.folder / "logins.csv"
        feed.send("--mappings", logins)
        feed.refresh(logins)
        for _ in range(3):
            lost = for_ingest.stats()["lost"], for_aggregate.stats()["lost"]
            for_ingest.order("lose_reply 1 getMultiple")  # devices are looked up
            for_aggregate.order("lose_reply 2 putMultiple")
            feed.send(wait=True)
            check(for_ingest.stats()["lost"] > lost[0], "ingest lost no answer")
            check(for_aggregate.stats()["lost"] > lost[1], "the aggregate lost no answer to a put")
        lost = {"ingest": for_ingest.stats()["lost"], "aggregate": for_aggregate.stats()["lost"]}
        run.stop_all()
    _, figures = recounted(runs, run, expected=feed.expected)
    return {"lost": lost, **figures}


def rebalance_in_flush(runs):
    """Members of both groups come and go while answers to the puts of a flush are on their way."""
    run = runs.installation("rebalance", "b.", **{"topics.partitions": 4, "rollup.max_age": "1s"})
    run.run("init")
    feed = Feed(run, 20000, 5, seed=23, merchants=8)
    taken = {}

    @contextlib.contextmanager
    def in_flush(gateways, what):
        """While events come in and HBase's answers to puts are held: they are held still when it is left."""
        with feed.sending(rate=2000):
            gateways.order("stall down putMultiple")
            wait_until("puts whose answers are held", lambda: gateways.stats()["held"] > 0)
            yield
            taken[what] = gateways.stats()["held"]
            check(taken[what] > 0, f"no put was under way: {what}")
            gateways.order("pass")

    def told(name, event):
        return len(re.findall(rf" {event} ", run.log_of(name)))

    def more_told(name, event):
        before = told(name, event)
        return lambda: told(name, event) > before

    with Gateways(runs.cluster) as first, Gateways(runs.cluster) as second, Gateways(runs.cluster) as third:
        run.start("ingest", 1)
        run.start("aggregate", 1, **first.settings)
        with in_flush(first, "second joins"):
            revoked = more_told("aggregate-1", "partition_revoked")
            run.start("aggregate", 2, **second.settings)
            run.start("ingest", 2)
            wait_until("partitions taken from the first", revoked)
        wait_until("partitions of the second", lambda: told("aggregate-2", "partition_assigned"))
        with in_flush(second, "third joins"):
            revoked = more_told("aggregate-2", "partition_revoked")
            run.start("aggregate", 3, kafka__member="", **third.settings)  # without a name it leaves the group at once
            wait_until("partitions taken from the second", revoked)
        wait_until("partitions of the third", lambda: told("aggregate-3", "partition_assigned"))
        with in_flush(third, "third leaves"):
            revoked, draining = more_told("aggregate-1", "partition_revoked"), more_told("aggregate-3", "draining")
            run.daemons["aggregate-3"].terminate()
            wait_until("the third to drain", draining)
        run.stop("aggregate-3")
        wait_until("the group to share among two", revoked)
        with in_flush(first, "first restarts"):
            draining = more_told("aggregate-1", "draining")
            run.daemons["aggregate-1"].terminate()
            wait_until("the first to drain", draining)
            run.stop("ingest-2")
            run.start("ingest", 2)
        run.stop("aggregate-1")
        run.start("aggregate", 1, **first.settings)
        feed.send(wait=True)
        run.stop_all()
    late = len(re.findall(" kafka_revoke_late ", run.logs()))
    _, figures = recounted(runs, run, expected=feed.expected)
    return {"puts_held_when": taken, "revoked_late": late, **figures}


def refresh_killed(runs):
    """A refresh dies half-way, here and on another machine: nobody ever sees a mapping of it, and the next one is not kept waiting."""
    run = runs.installation("refresh-killed", "k.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    feed = Feed(run, 20000, 4, seed=24)
    logins = run.folder / "logins.csv"
    feed.send("--mappings", logins)
    wrong = run.folder / "wrong.csv"  # every device is somebody else's, and it is too long to get through
    with open(logins, newline="") as known, open(wrong, "w", newline="") as file:
        devices = list(csv.DictReader(known))
        writer = csv.DictWriter(file, devices[0].keys())
        writer.writeheader()
        for device in [*devices, *({**devices[0], "guid": f"nobody-{n}"} for n in range(30000))]:
            writer.writerow({**device, "customer": "ghost", "valid_from": ""})
    tables = runs.tables()

    def state(row, column):
        cells = dict(tables.scan(f"{run.prefix}state")).get(row, {})
        return cells.get(("s", column), (0, b""))[1].decode()

    def die_half_way(number, *before):
        """Kills a refresh that HBase has taken some lines of. -> (how many, whose lock is left)."""
        with Gateways(runs.cluster) as gateways:
            gateways.order("stall up 200000")
            words = [*before, *run.words("refresh", wrong, "--set", f"hbase.gateways={gateways.settings['hbase__gateways']}")]
            with open(run.folder / "refresh.log", "ab") as log:
                refresh = subprocess.Popen(words, stdout=log, stderr=log, env=run.environment())
            try:
                wait_until("the refresh to be held", lambda: refresh.poll() is not None or gateways.held_everywhere())
                check(refresh.poll() is None, f"the refresh ended: {run.log_of('refresh')[-1000:]}")
            finally:
                refresh.kill()
                refresh.wait()
        there = sum(b"ghost" in value for _, cells in tables.scan(f"{run.prefix}mapping") for at, value in cells.values() if at == number)
        check(0 < there < 30000, f"{there} lines of run {number} are there")
        check(state(b"run/%020d" % number, b"status").startswith("started "), f"run {number} is {state(b'run/%020d' % number, b'status')}")
        return there, state(b"lock/refresh", b"holder")

    def markers():
        return {source["marker"]["run"] if source["marker"] else 0 for source in standings(run)}

    there, holder = die_half_way(1)
    check("free" not in holder and holder, f"no lock was left: '{holder}'")
    check(markers() == {0}, f"markers were passed: {markers()}")
    feed.send()
    again = run.run("refresh", logins)  # its process is gone from this machine: nothing is waited for
    check("run 1 of a refresh that died was aborted" in again and "run 2:" in again, again)
    feed.mapping.refresh(logins)
    feed.send()

    there_too, holder = die_half_way(3, "unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")
    check(" elsewhere:" in holder, f"the lock is not of another machine: '{holder}'")
    def refresh(lease):
        return "refresh", f"{logins}.2", "--set", f"identity.refresh_lease={lease}"

    refused = run.refused(*refresh("10m"))  # longer than anything takes between its death and this
    check("another refresh is at work: elsewhere:" in refused and "it is taken to be dead after 10" in refused, refused)
    taken = wait_until("the lease to be over", lambda: run.attempt(*refresh("4s")), deadline=20)
    check("run 3 of a refresh that died was aborted" in taken and "run 4:" in taken, taken)
    feed.mapping.refresh(f"{logins}.2")
    check(markers() == {4}, f"markers: {markers()}")
    feed.send(wait=True)
    tables.close()
    run.stop_all()
    _, figures = recounted(runs, run, expected=feed.expected)
    hows = collections.Counter(how for _, how in feed.expected.customers.values())
    check(hows["map"] > 100, f"hardly anything was mapped: {hows}")
    return {"lines_of_killed_runs": [there, there_too], **figures, **hows}
