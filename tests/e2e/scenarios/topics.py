"""Topics that others write to, or make again."""
import json
import random
import time

import truth
from brokers import Brokers
from daemons import wait_until
from feed import Feed, standings
from gateways import Gateways
from runs import check, recounted

KEPT_BYTES = 64 * 1024  # of a bad record
CONTROL_KEY = b"\0guidepost.control"


def foreign_event(number):
    """-> (the record's value, its line of the truth)."""
    at = int(time.time() * 1000) - 60_000
    event = {"merchant": "foreign", "type": "page_view", "time": at, "guid": f"d-{number}", "event_id": f"f-{number}", "url": "/of/others"}
    line = {"kind": "ok", "merchant": "foreign", "event_id": event["event_id"], "guid": event["guid"], "device": "1", "time_ms": str(at),
            "type": "page_view", "path": event["url"], "country": "--", "claim": "", **truth.PLAIN, **truth.NO_MONEY}
    return json.dumps(event).encode(), line


def foreign_records(runs):
    """Others write what they like into the raw topic: the good is counted, all that is bad can be looked at, byte for byte."""
    run = runs.installation("foreign", "f.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    topic = f"{run.prefix}clicks.raw"
    feed = Feed(run, 8000, 2, seed=31)
    feed.send()
    brokers = Brokers(runs.cluster)
    plain, transactions = brokers.foreign(), brokers.foreign(transactional_id=f"{run.prefix}foreign")
    good = [0]

    def send_good(client, key=None):
        good[0] += 1
        value, line = foreign_event(good[0])
        client.send(topic, 0, key, value)
        return line

    noise = random.Random(5).randbytes(1024 * 1024)
    long_title = json.dumps({"merchant": "foreign", "type": "click", "time": int(time.time()), "guid": "d", "title": "x" * (1024 * 1024)})
    bad = {  # name: (key, value, reason)
        "not UTF-8": (b"k", b'{"merchant":"foreign","type":"\xff\xfe"}', "not_json"),
        "noise": (None, noise, "not_json"),
        "too large": (b"foreign\x000", long_title.encode(), "too_large"),
        "no value": (b"foreign\x000", None, "not_json"),
        "empty": (b"", b"", "not_json"),
        "no merchant": (None, b'{"type":"click","time":1,"guid":"d"}', "field_missing"),
        "as if a run marker": (CONTROL_KEY, b"\x01\x05not a marker", "control_invalid"),
    }
    sent = {}
    for name, (key, value, _) in bad.items():
        sent[name] = plain.send(topic, 0, key, value)
        feed.expected.add(send_good(plain), feed.mapping)
    holes = 0
    for end in ("commit", "abort", "commit", "abort"):
        transactions.client.begin_transaction()
        lines = [send_good(transactions) for _ in range(3)]
        transactions.send(topic, 0, None, b"not JSON either") if end == "abort" else None
        getattr(transactions.client, f"{end}_transaction")(30)
        holes += 1 if end == "commit" else 5  # the transaction's end is a record, too
        for line in lines if end == "commit" else ():
            feed.expected.add(line, feed.mapping)
    feed.send(wait=True)
    for source in standings(run):
        received = source["raw"]["end"] - source["raw"]["begin"]
        check(sum(source["ledger"].values()) == received, f"the ledger of {source['source']} does not come to {received}: {source['ledger']}")
    numbers = {source["partition"]: source for source in standings(run)}
    check(numbers[0]["ledger"]["skipped"] == holes, f"{numbers[0]['ledger']} instead of {holes} skipped")
    listed = {row["position"]: row for row in json.loads(run.run("bad", "list", "--limit", 100000, "--json"))["rows"]}
    for name, (_, value, reason) in bad.items():
        place, value = f"{numbers[0]['source']}:{sent[name]}", value or b""
        check(place in listed, f"{name} at {place} is not among the bad")
        row = listed[place]
        check((row["reason"], row["size"]) == (reason, len(value)), f"{name}: {row['reason']} of {row['size']} bytes")
        shown = run.run_bytes("bad", "show", place, "--raw")
        check(shown == value[:KEPT_BYTES], f"{name}: `bad show` gives {shown[:60]!r} of {len(shown)} bytes")
        check(reason in run.run("bad", "show", place), f"{name}: `bad show` names no reason")
        feed.expected.ledger[row["merchant"], "bad"] += 1
        feed.expected.reasons[reason] += 1
    run.stop_all()
    _, figures = recounted(runs, run, expected=feed.expected)
    return {"bad": len(bad), "foreign_counted": good[0] - 6, "holes": holes, **figures}


def ended(run, name):
    """Waits until a daemon has ended by itself; its exit status and what it logged."""
    daemon = run.daemons[name]
    status = wait_until(f"{name} to end", lambda: daemon.poll() is not None and [daemon.returncode])[0]
    del run.daemons[name]
    return status, run.log_of(name)


def partitions_added(runs):
    """Both topics get more partitions while daemons run, as docs/operations.md says it: the new ones are found, and resolved by the mapping that holds."""
    run = runs.installation("partitions-added", "pa.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        for slot in (1, 2):
            run.start(role, slot)
    logins = run.folder / "logins.csv"
    first = Feed(run, 8000, 1, seed=36, merchants=32)
    # Merchants of its own: what is known of others' visits stays in their old partitions.
    second = Feed(run, 8000, 1, seed=36, merchants=32, merchant="again")
    first.send("--mappings", logins, wait=True)
    both = run.folder / "both.csv"
    lines = logins.read_text().splitlines(keepends=True)
    both.write_text("".join(lines + [line.replace("shop", "again", 1) for line in lines[1:]]))
    first.refresh(both)
    second.mapping.refresh(both)
    brokers = Brokers(runs.cluster)
    for topic in ("clicks.resolved.v1", "clicks.raw"):
        brokers.add_partitions(f"{run.prefix}{topic}", 6)
    run.settings["topics.partitions"] = 6
    run.run("init")
    began = time.monotonic()
    wait_until("the new partitions to be read", lambda: len({source["partition"] for source in standings(run) if source["marker"]}) == 6)
    found_s = time.monotonic() - began
    second.send(wait=True)
    used = sum(source["raw"]["end"] > 1 for source in standings(run))
    check(used == 6, f"{used} of 6 partitions have events")
    resolved = sum(how == "map" for _, how in second.expected.customers.values())
    check(resolved > 100, f"only {resolved} of the second stream's events are of a customer: the new markers were not driven")
    run.run("verify")
    run.stop_all()
    first.expected.add_file(second.files[0], second.mapping)
    _, figures = recounted(runs, run, expected=first.expected)
    return {"found_s": round(found_s, 1), "partitions_used": used, **figures}


def raw_made_again(runs):
    """A raw topic that was deleted and made again is another one: ingest stops, says so, and does not go on until it is told to."""
    run = runs.installation("raw-made-again", "m.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    topic = f"{run.prefix}clicks.raw"
    first, second = Feed(run, 4000, 1, seed=32), Feed(run, 4000, 1, seed=33, merchant="again")
    first.send(wait=True)
    before = standings(run)[0]["topic_id"]
    Brokers(runs.cluster).make_again(topic, 2)
    status, log = ended(run, "ingest-1")
    check(status == 1 and f"topic {topic} was deleted" in log, f"ingest ended with {status}: {log[-1500:]}")
    second.send()
    told = ""
    for attempt in (1, 2):
        (run.folder / "ingest-1.log").unlink()
        run.start("ingest", 1)
        status, log = ended(run, "ingest-1")
        check(status == 1, f"ingest ended with {status}: {log[-1500:]}")
        for words in (f"topic {topic} was deleted and made again: it was {before}", "start once with --set ingest.accept_topic_id="):
            check(words in log, f"start {attempt} does not say '{words}': {log[-1500:]}")
        told = log.rpartition("ingest.accept_topic_id=")[2].split()[0].rstrip('"')
    check(run.daemons["aggregate-1"].poll() is None, "the aggregate ended as well")
    recounted(runs, run, expected=first.expected)  # nothing of the second topic is counted yet
    run.start("ingest", 1, ingest__accept_topic_id=told)
    run.wait_counted()
    run.stop("ingest-1")
    (run.folder / "ingest-1.log").unlink()
    run.start("ingest", 1)  # once is enough
    wait_until("ingest to go on without being told", lambda: run.log_of("ingest-1").count(" ingest_starts ") == 2)
    run.stop_all()
    first.expected.add_file(second.files[0], second.mapping)
    _, figures = recounted(runs, run, expected=first.expected)
    return figures


def raw_retention_passed(runs):
    """Retention takes what nobody has decided about: its partitions stand still and say what is missing, until an operator gives exactly that up."""
    run = runs.installation("raw-retention-passed", "rr.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    first, gone, second = Feed(run, 4000, 1, seed=36), Feed(run, 4000, 1, seed=37, merchant="gone"), Feed(run, 4000, 1, seed=38, merchant="again")
    first.send(wait=True)
    run.stop("ingest-1")
    before = {source["partition"]: source for source in standings(run)}
    gone.send()
    ends = {source["partition"]: source["raw"]["end"] for source in standings(run)}
    lost = {partition: end - before[partition]["raw"]["end"] for partition, end in ends.items()}
    check(all(count > 0 for count in lost.values()), f"a partition lacks nothing: {lost}")
    Brokers(runs.cluster).take(f"{run.prefix}clicks.raw", ends)
    second.send()
    run.start("ingest", 1)

    def listed():
        found = json.loads(run.run("gap", "list", "--json"))
        return found if len(found) == len(ends) else None

    gaps = wait_until("both gaps", listed)
    for gap in gaps:
        partition = next(p for p, source in before.items() if source["source"] == gap["source"])
        wanted = f"{gap['source']}:{before[partition]['raw']['end']}-{ends[partition]}"
        check((gap["gap"], gap["count"], gap["accepted"]) == (wanted, lost[partition], None), f"{gap} instead of {wanted}")
    status = run.ended("status")
    check(status.returncode == 1 and b"its partition waits for" in status.stdout, f"`status` does not say what it waits for: {status}")
    check(run.daemons["ingest-1"].poll() is None, "ingest ended")
    metrics = run.metrics("ingest-1")
    check(sum(n for name, n in metrics.items() if name.startswith("guidepost_ingest_missing_records{")) == sum(lost.values()), "the metric is another one")
    recounted(runs, run, expected=first.expected)  # nothing went on by itself
    now = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 24 * 3600))
    asked = ("query", "--merchant", "shop", "--from", time.strftime("%Y-%m-01T00:00:00Z", time.gmtime()), "--to", now)
    shown = {(gap["source"], gap["count"], gap["accepted"]) for gap in json.loads(run.run(*asked, "--json"))["gaps"]}
    check(shown == {(gap["source"], gap["count"], False) for gap in gaps}, f"the answer shows {shown}")
    for gap in gaps:
        check("nothing was done" in run.run("gap", "accept", gap["gap"]), "it is accepted without --execute")
        run.run("gap", "accept", gap["gap"], "--execute", "--by", "on call")
    run.wait_counted()
    run.kill("ingest-1")
    run.start("ingest", 1)  # and once is enough
    wait_until("ingest to go on without being told", lambda: standings(run) and run.log_of("ingest-1").count(" ingest_starts ") >= 4)
    ledger = {source["partition"]: source["ledger"]["lost"] for source in standings(run)}
    check(ledger == lost, f"the ledger has lost {ledger} instead of {lost}")
    check(all(gap["accepted"]["by"] == "on call" for gap in listed()), "nobody knows who gave it up")
    check("missing: " in run.run(*asked), "the answer's table does not show what is missing")
    run.stop_all()
    first.expected.add_file(second.files[0], second.mapping)
    _, figures = recounted(runs, run, expected=first.expected)
    return {"lost": sum(lost.values()), **figures}


def resolved_made_again(runs):
    """Blocks that were decided, and not applied yet, are lost with the topic: an alarm, and no number has them until they are decided again."""
    run = runs.installation("resolved-made-again", "n.", **{"topics.partitions": 2})
    run.run("init")
    topic = f"{run.prefix}clicks.resolved.v1"
    first, second = Feed(run, 4000, 1, seed=34), Feed(run, 4000, 2, seed=35, merchant="again")
    brokers = Brokers(runs.cluster)
    with Gateways(runs.cluster) as gateways:
        run.start("ingest", 1, kafka__member="")  # without a name it leaves its group at once
        run.start("aggregate", 1, **gateways.settings)
        first.send(wait=True)
        gateways.order("refuse")
        second.send()
        wait_until("ingest to decide", lambda: all(source["decided"] == source["raw"]["end"] for source in standings(run)))
        brokers.make_again(topic, 2)
        status, log = ended(run, "aggregate-1")
        check(status == 1 and f"topic {topic} was deleted" in log, f"the aggregate ended with {status}: {log[-1500:]}")
    missing = sum(source["raw"]["end"] - source["durable"]["offset"] for source in standings(run))
    check(missing > 1000, f"only {missing} decided offsets were not applied when the topic went")
    (run.folder / "aggregate-1.log").unlink()
    run.start("aggregate", 1)
    second.send()
    for alarm in ("gap_in_resolved_log", "decided_offsets_missing"):
        wait_until(f"the alarm {alarm}", lambda alarm=alarm: f" error {alarm} " in run.log_of("aggregate-1"))
    for words in (topic, f"delete its consumer group {run.prefix}ingest.v1"):
        check(words in run.log_of("aggregate-1").partition("decided_offsets_missing")[2], f"the alarm does not say '{words}'")
    check(sum(source["lag"] for source in standings(run)) > missing, "`status` does not show what is missing")
    recounted(runs, run, expected=first.expected)
    run.stop("ingest-1")
    brokers.delete_group(f"{run.prefix}ingest.v1")
    run.start("ingest", 1)
    run.wait_counted()
    run.stop_all()
    for file in second.files:
        first.expected.add_file(file, second.mapping)
    _, figures = recounted(runs, run, expected=first.expected)
    return {"blocks_lost_of_offsets": missing, **figures}
