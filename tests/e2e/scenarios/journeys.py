"""Journeys of a thousand devices and of their customers, and the index that they come from."""
import collections
import csv
import datetime
import json
import random
import sys

from daemons import ROOT
from feed import Feed
from journey_truth import Journeys, said
from runs import EVENTS, SEED, check, check_none

sys.path.insert(0, str(ROOT / "tests" / "readers"))
import index as index_reader

DEVICES = 1000
CUSTOMERS = 200
A_CALL = 250  # journeys of one call of the command
RANGES = 30


def journeys(runs):
    """Two refreshes in a stream, then the command's journeys of a thousand devices and two hundred customers against what was
    generated: every event in its place, whose it is and how, every border of a session. And every row of the index."""
    run = runs.installation("journeys", "j.", **{"topics.partitions": 3, "hbase.regions": 4})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    expected = send(run)
    run.stop_all()
    rng = random.Random(SEED)
    devices = sorted(key for key, events in expected.of_guid.items() if events[0].device)
    devices = sorted(rng.sample(devices, min(DEVICES, len(devices))))
    customers = sorted(rng.sample(sorted(expected.guids), min(CUSTOMERS, len(expected.guids))))
    hows = collections.Counter()
    compared = compare(run, "--guid", devices, expected.device, hows)
    of_customers = compare(run, "--customer", customers, expected.customer, hows)
    check(set(hows) == {"map", "stitch", "claim", "none"}, f"the journeys should hold events resolved in every way: {hows}")
    changed = sum(len({e.customer for e in expected.of_guid[key] if e.customer}) > 1 for key in devices)
    several = sum(len(expected.guids[key]) > 1 for key in customers)
    in_part = sum(not s.complete for key in customers for s in expected.customer(*key)[1])
    check(changed and several and in_part, f"{changed} devices change hands, {several} customers have several, {in_part} sessions are theirs in part")
    cut = compare_ranges(run, rng.sample(devices, min(RANGES, len(devices))), expected)
    rows = compare_index(runs, run, expected)
    return {"seed": SEED, "devices": len(devices), "customers": len(customers), "events_of_devices": compared, "events_of_customers": of_customers,
            "changed_hands": changed, "several_devices": several, "sessions_in_part": in_part, "ranges_cut": cut, "index_rows": rows, **hows}


def send(run):
    feed, expected = Feed(run, max(6000, EVENTS // 15), 3, seed=41), Journeys()
    logins, second_devices = run.folder / "logins.csv", run.folder / "second-devices.csv"
    feed.send("--mappings", logins)
    expected.add_file(feed.files[-1], feed.mapping)
    feed.refresh(logins)
    feed.send()
    expected.add_file(feed.files[-1], feed.mapping)
    write_second_devices(logins, second_devices)
    feed.refresh(f"{logins}.2")
    feed.refresh(second_devices)
    feed.send(wait=True)
    expected.add_file(feed.files[-1], feed.mapping)
    return expected


def write_second_devices(logins, path):
    """Every other device that has a customer becomes that of the device before it."""
    with open(logins, newline="") as file:
        mapped = [line for line in csv.DictReader(file) if line["customer"]]
    with open(path, "w") as file:
        file.write("merchant,guid,customer,valid_from\n")
        for first, second in zip(mapped[::2], mapped[1::2]):
            if first["merchant"] == second["merchant"] and first["guid"] != second["guid"]:
                file.write(f"{second['merchant']},{second['guid']},{first['customer']},\n")


def ask(run, flag, merchant, names, *more):
    words = [word for name in names for word in (flag, name)]
    lines = run.run("journey", "--merchant", merchant, *words, "--tz", "Asia/Kolkata", "--limit", 100_000, *more, "--json").splitlines()
    check(len(lines) == len(names), f"{len(lines)} journeys instead of {len(names)}")
    return [json.loads(line) for line in lines]


def compare(run, flag, wanted, expected, hows):
    """Every journey, by the product's own command. -> events compared."""
    wrong, compared = [], 0
    for merchant in sorted({merchant for merchant, _ in wanted}):
        names = [name for of, name in wanted if of == merchant]
        for begin in range(0, len(names), A_CALL):
            some = names[begin:begin + A_CALL]
            for name, journey in zip(some, ask(run, flag, merchant, some)):
                want = expected(merchant, name)
                wrong += differences(f"{merchant} {flag} {name}", said(journey), want)
                if journey["missing"] or journey["more"] or not journey["as_of"]:
                    wrong.append(f"{merchant} {name}: missing {journey['missing']}, more {journey['more']}, as of {journey['as_of']}")
                compared += len(want[0])
                hows.update(event[-1] for event in want[0])
    check_none(wrong, "journeys")
    return compared


def differences(what, got, want):
    for kind, has, should in zip(("event", "session"), got, want):
        if has != should:
            at = next((i for i, pair in enumerate(zip(has, should)) if pair[0] != pair[1]), min(len(has), len(should)))
            yield f"{what}: {kind} {at + 1} of {len(has)}, should be {len(should)}: {has[at:at + 1]} instead of {should[at:at + 1]}"


def compare_ranges(run, devices, expected):
    """From the second event to the last but one: sessions are cut and say so. -> how many were."""
    wrong, cut = [], 0
    for merchant, guid in devices:
        times = sorted(e.time_ms for e in expected.of_guid[merchant, guid])
        if len(times) < 4 or times[1] == times[-1]:
            continue
        want = expected.device(merchant, guid, times[1], times[-1])
        journey, = ask(run, "--guid", merchant, [guid], "--from", rfc3339(times[1]), "--to", rfc3339(times[-1]))
        wrong += differences(f"{merchant} {guid} from its second to its last event", said(journey), want)
        cut += any(not session.complete for session in want[1])
    check_none(wrong, "parts of journeys")
    check(cut, "no session was cut")
    return cut


def rfc3339(time_ms):
    at = datetime.datetime.fromtimestamp(time_ms // 1000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"


def compare_index(runs, run, expected):
    """The index read by other code: a row for each event row and no other, a row for each customer's device. -> rows."""
    tables = runs.tables()
    events, devices, stored = collections.Counter(), set(), collections.Counter()
    for name in tables.names(f"{run.prefix}index_v1_"):
        for key, cells in tables.scan(name):
            check(list(cells) == [("i", b"")] and cells["i", b""][1] == b"", f"cells of an index row: {cells}")
            row = index_reader.read_row(key)
            if isinstance(row, index_reader.Event):
                events[row.merchant, row.guid.decode(), row.time, row.source, row.offset] += 1
            else:
                devices.add((row.merchant, row.customer.decode(), row.guid.decode()))
    for name in tables.names(f"{run.prefix}events_v1_"):
        for key, cells in tables.scan(name, [(b"identity", b"guid")]):
            end = key.index(b"\0", 1)
            time, source, offset = (int.from_bytes(key[end + a:end + b], "big") for a, b in ((1, 9), (9, 13), (13, 21)))
            stored[key[1:end].decode(), cells["identity", b"guid"][1].decode(), time, source, offset] += 1
    tables.close()
    check(events == stored, f"{len(events - stored)} index rows without an event row, {len(stored - events)} event rows without an index row")
    want = {(merchant, customer, guid) for (merchant, customer), guids in expected.guids.items() for guid in guids}
    check(devices == want, f"customers' devices: {len(devices - want)} too many, {len(want - devices)} missing")
    generated = sum(map(len, expected.of_guid.values()))
    check(len(events) == generated, f"{len(events)} events in the index, {generated} generated")
    return len(events) + len(devices)
