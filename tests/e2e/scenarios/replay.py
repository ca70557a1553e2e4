"""Other versions of all numbers beside the published one, while events go on coming in."""
import json

import recount
import truth
import version_truth
from daemons import wait_until
from feed import Feed
from runs import check, recounted


def published(run):
    return next(v["version"] for v in json.loads(run.run("replay", "list", "--json")) if v["state"] == "published")


def seen(runs, run, version):
    """What readers see of a version, as lines."""
    tables = runs.tables()
    lines = sorted(recount.Stored(tables, run.prefix, version).lines)
    tables.close()
    return lines


def diff(run, *words):
    return json.loads(run.run("replay", "diff", *words, "--limit", "1000000", "--json"))


def diff_agrees(runs, run, a, b):
    """Every number and every event that `replay diff` names, and none but those that dumps of both versions say. -> (the
    events that differ, all that are compared)"""
    tables = runs.tables()
    sums = [version_truth.sums_of_days(tables, run.prefix, version) for version in (a, b)]
    expected = version_truth.differences(*(version_truth.Dump(tables, run.prefix, version) for version in (a, b)))
    tables.close()
    numbers, events = diff(run, str(a), str(b)), diff(run, str(a), str(b), "--events")
    differing = {key: (sums[0][key], sums[1][key]) for key in sums[0].keys() | sums[1].keys() if sums[0][key] != sums[1][key]}
    told = version_truth.told_sums(numbers, truth.parse_time)
    check(told == differing, f"replay diff {a} {b}: {len(told)} counters, {len(differing)} differ in the pages: "
                             f"{sorted(set(told.items()) ^ set(differing.items()))[:5]}")
    told = version_truth.told(events, truth.parse_time)
    wrong = [key for key in told.keys() | expected.keys() if told.get(key) != expected.get(key)]
    check(not wrong, f"replay diff {a} {b} --events: {len(told)} events, {len(expected)} differ; "
                     f"{[(key, told.get(key), expected.get(key)) for key in wrong[:3]]}")
    check(events["differing"] == len(told) and numbers["differing"] == len(numbers["rows"]), "the counts of replay diff")
    return events["events"], events["compared"]


def replay(runs):
    """A replay while a generator runs, published under the daemons: nothing is missing and nothing doubled. The same
    rules give the same dump; the newest mapping gives what a refresh that came late should have; undo gives back."""
    run = runs.installation("replay", "rp.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    feed, logins = Feed(run, 12000, 3, seed=61), run.folder / "logins.csv"
    feed.send("--mappings", logins, wait=True)
    feed.refresh(logins)
    with feed.sending(rate=60) as sender:
        run.run("replay", "--to-earliest", "--mapping", "as-logged", "--execute")
        check(published(run) == 1, "a replay published itself")
        shown = run.run("replay", "--publish")
        check("version 2 is published" in shown, f"replay --publish: {shown}")
        check(sender.poll() is None, "the generator had ended before the version was published")
        for role in ("ingest", "aggregate"):
            wait_until(f"{role} to follow", lambda role=role: " version_published version=2 " in run.log_of(f"{role}-1"))
    run.wait_counted()
    _, figures = recounted(runs, run, 2, feed.expected)
    check("everything agrees" in run.run("verify"), "verify of version 2")

    # The same rules once more: the same dump, and nothing differs. Another rule: other numbers, and every event that it
    # changed is named.
    run.run("replay", "--to-earliest", "--mapping", "as-logged", "--execute")
    check(seen(runs, run, 3) == seen(runs, run, 2), "the same rules gave another dump")
    for words in ((), ("--events",)):
        shown = run.run("replay", "diff", *words)
        check("A is version 2 (published), B is version 3" in shown and "nothing differs" in shown, f"replay diff: {shown}")
    changed, compared = diff_agrees(runs, run, 2, 3)
    check(not changed and compared == sum(n for (_, outcome), n in feed.expected.ledger.items() if outcome == "counted"),
          f"{compared} events were compared")
    run.run("replay", "drop", "3")
    check(run.refused("replay", "drop", "2").count("is the one that is read") == 1, "the published version could be dropped")

    run.run("replay", "--to-earliest", "--mapping", "as-logged", "--execute", "--set", "sessions.gap=5m")
    changed, _ = diff_agrees(runs, run, 2, 4)
    sessions = [version_truth.sessions_of(feed.files, minutes * 60_000) for minutes in (30, 5)]
    expected = {key for key in sessions[0] if sessions[0][key] != sessions[1][key]}
    named = {(e["merchant"], e["event_id"]) for e in changed if not e["event_id"].startswith("@")}
    check(expected and named == expected, f"another gap changes {len(expected)} events, {len(named)} are named")
    figures["sessions_changed"] = len(changed)

    late = truth.Expected()
    for file in feed.files:
        late.add_file(file, feed.mapping)
    run.run("replay", "--to-earliest", "--execute", "--publish")
    check(published(run) == 5, "version 5 should be published")
    changed, _ = diff_agrees(runs, run, 2, 5)
    expected = {key for key, customer in late.customers.items() if customer != feed.expected.customers[key]}
    named = {(e["merchant"], e["event_id"]) for e in changed if not e["event_id"].startswith("@")}
    check(expected and named == expected, f"the newest mapping changes {len(expected)} events, {len(named)} are named")
    figures["customers_changed"] = len(changed)
    feed.send(wait=True)
    late.add_file(feed.files[-1], feed.mapping)
    feed.expected.finish()
    recounted(runs, run, 5, late)

    # Back to what it was; the version before catches up with what came meanwhile.
    run.run("replay", "undo")
    check(published(run) == 2, "undo should read version 2 again")
    run.wait_counted()
    wait_until("the daemons to go back", lambda: run.log_of("aggregate-1").count(" version_published version=2 ") == 2)
    run.stop_all()
    recounted(runs, run, 2, feed.expected)
    return figures
