"""Other versions of all numbers beside the published one, while events go on coming in."""
import json

import recount
import truth
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
    with feed.sending(rate=400) as sender:
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

    # The same rules once more: the same dump. Another rule: other numbers.
    run.run("replay", "--to-earliest", "--mapping", "as-logged", "--execute")
    check(seen(runs, run, 3) == seen(runs, run, 2), "the same rules gave another dump")
    run.run("replay", "drop", "3")
    check(run.refused("replay", "drop", "2").count("is the one that is read") == 1, "the published version could be dropped")

    late = truth.Expected()
    for file in feed.files:
        late.add_file(file, feed.mapping)
    run.run("replay", "--to-earliest", "--execute", "--publish")
    check(published(run) == 4, "version 4 should be published")
    feed.send(wait=True)
    late.add_file(feed.files[-1], feed.mapping)
    feed.expected.finish()
    recounted(runs, run, 4, late)

    # Back to what it was; the version before catches up with what came meanwhile.
    run.run("replay", "undo")
    check(published(run) == 2, "undo should read version 2 again")
    run.wait_counted()
    wait_until("the daemons to go back", lambda: run.log_of("aggregate-1").count(" version_published version=2 ") == 2)
    run.stop_all()
    recounted(runs, run, 2, feed.expected)
    return figures
