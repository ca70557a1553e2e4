"""The main job: a generated stream with refreshes in it, and the same under kill -9."""
import random
import re
import socket
import time

import truth
from runs import EVENTS, FOLDER, SEED, START, check, recounted


def generate(run, part, *more):
    return run.run("generate", "--events", EVENTS, "--seed", 7, "--start", START, "--merchants", 12, "--part", f"{part}/3",
                   "--truth", FOLDER / f"truth-{part}.tsv", *more)


def stream(runs):
    """Daemons that start before there is anything, a stream with two refreshes in it, every cell recounted."""
    ports = [find_port() for _ in range(5)]
    runs.cluster.env = {"GUIDEPOST_KAFKA__BROKERS": f"127.0.0.1:{ports[0]}",
                        "GUIDEPOST_HBASE__GATEWAYS": f"127.0.0.1:{ports[2]},127.0.0.1:{ports[3]}",
                        "GUIDEPOST_HBASE__DDL_GATEWAYS": f"127.0.0.1:{ports[4]}"}
    run = runs.stream()
    for role in ("ingest", "aggregate"):
        for slot in (1, 2):
            run.start(role, slot)
    runs.cluster.up("--kafka-port", str(ports[0]), "--zk-port", str(ports[1]), "--thrift-ports", f"{ports[2]},{ports[3]}",
                    "--ddl-port", str(ports[4]))
    run.run("init")
    began = time.monotonic()
    mapping, runs.expected = truth.Mapping(), truth.Expected()
    logins = FOLDER / "logins.csv"
    generate(run, 1, "--no-wait", "--mappings", logins)
    run.run("refresh", logins)
    generate(run, 2, "--no-wait")
    run.run("refresh", f"{logins}.2")
    generate(run, 3)
    took = time.monotonic() - began
    for part in (1, 2, 3):
        if part == 2:
            mapping.refresh(logins)
        if part == 3:
            mapping.refresh(f"{logins}.2")
        runs.expected.add_file(FOLDER / f"truth-{part}.tsv", mapping)
    ended = run.stop_all()
    check(max(ended.values()) < 30, f"SIGTERM took {ended}")
    runs.stored_lines, figures = recounted(runs, run, 1)
    hows = {}
    for _, how in runs.expected.customers.values():
        hows[how] = hows.get(how, 0) + 1
    check(set(hows) == {"map", "stitch", "claim", "none"}, f"the stream should resolve in every way: {hows}")
    return {"events": EVENTS, "seconds": round(took), "events_a_second": round(EVENTS / took), **figures, **hows}


def find_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def kills(runs):
    """20 kills -9 of ingest, aggregate and gateways over the same raw topic; equal to the undisturbed run."""
    rng = random.Random(SEED)
    # Little in flight, so that there is something durable between two kills; blocks of another size after
    # every kill of ingest, so that what is decided again does not fall on the same borders.
    run = runs.stream(version=2, **{"rollup.max_age": "1s", "aggregate.in_flight": "1MiB"})
    run.run("init")

    def start(role, slot):
        settings = {"ingest__block_events": rng.randrange(200, 1000)} if role == "ingest" else {}
        run.start(role, slot, **settings)

    slots = [(role, slot) for role in ("ingest", "aggregate") for slot in (1, 2)]
    for role, slot in slots:
        start(role, slot)
    killed = {"ingest": 0, "aggregate": 0, "gateway": 0}
    for n in range(20):
        # Not a wait for anything: the moment of the kill is the random input. Ingest works the backlog off within
        # seconds, so the first kills are its.
        time.sleep(rng.uniform(0.3, 1.0) if n < 7 else rng.uniform(1.0, 4.0))
        if n in (10, 15):
            name = rng.choice(["gateway1", "gateway2"])
            runs.cluster.call("kill", name)
            time.sleep(rng.uniform(0.1, 1.0))
            runs.cluster.call("start", name)
            killed["gateway"] += 1
        else:
            role, slot = rng.choice(slots[:2]) if n < 7 else rng.choice(slots)
            run.kill(f"{role}-{slot}")
            start(role, slot)
            killed[role] += 1
    run.wait_counted()
    run.stop_all()
    lines, figures = recounted(runs, run, 2)
    check(lines == runs.stored_lines, "what readers see differs from the undisturbed run")
    logs = run.logs()
    # Blocks that were stored behind the commit of one that was killed: who comes next goes on behind them.
    behind = sum(int(to) > int(committed) for committed, to in re.findall(r" ingest_starts .*committed=(\d+) offset=(\d+)", logs))
    continued = sum(int(n) for n in re.findall(r" pages_continued .*pages=(\d+)", logs))
    check(behind >= 1, "no block was stored behind a commit: the kills hit nothing")
    check(continued >= 5, f"only {continued} pages were written again by a successor")
    return {"seed": SEED, "killed": killed, "starts_behind_the_commit": behind, "pages_continued": continued, **figures}
