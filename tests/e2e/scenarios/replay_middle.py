"""Another version from the middle of the log, while it is killed and events go on coming in."""
import datetime
import json
import random
import subprocess

from daemons import wait_until
from feed import Feed
from runs import check, recounted
from scenarios.replay import published, seen


def execute_killed(run, words, kills, rng):
    """Runs a command that goes on where it was killed, to its end. How often it was killed."""
    done = 0
    while True:
        process = subprocess.Popen(run.words(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=run.environment())
        try:
            problem = process.communicate(timeout=rng.uniform(0.3, 3) if done < kills else 300)[1]
            check(process.returncode == 0, f"{words} ended with {process.returncode}: {problem[-2000:]}")
            return done
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            done += 1


def replay_middle(runs):
    """A replay from a moment, by the same rules, killed again and again and published under the daemons: what readers see is what the
    version before shows, which it goes on from; nothing is missing and nothing doubled on either side of the moment."""
    run = runs.installation("replay-middle", "rm.", **{"topics.partitions": 2})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    feed, logins = Feed(run, 12000, 3, seed=62), run.folder / "logins.csv"
    feed.send("--mappings", logins, wait=True)
    feed.refresh(logins)
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    feed.send(wait=True)
    words = ("replay", "--to-datetime", moment, "--mapping", "as-logged", "--execute")
    plan = json.loads(run.run(*words[:3], "--json"))
    check(plan["records"] > 3000 and plan["before"] > 3000 and plan["pages"]["divided"] > 10, f"the moment is not in the middle: {plan}")
    with feed.sending(rate=60) as sender:
        killed = execute_killed(run, words, 6, random.Random(62))
        check(killed >= 2, f"the replay was killed only {killed} times")
        check(published(run) == 1, "a replay published itself")
        run.run("replay", "--publish")
        check(sender.poll() is None, "the generator had ended before the version was published")
        for role in ("ingest", "aggregate"):
            wait_until(f"{role} to follow", lambda role=role: " version_published version=2 " in run.log_of(f"{role}-1"))
    run.wait_counted()
    lines, figures = recounted(runs, run, 2, feed.expected, ledger=False)
    check("everything agrees" in run.run("verify"), "verify of version 2")

    run.run("replay", "undo")
    run.wait_counted()
    wait_until("the daemons to go back", lambda: " version_published version=1 " in run.log_of("aggregate-1"))
    run.stop_all()
    check(seen(runs, run, 1) == lines, "the same rules gave another dump")
    return {**figures, "killed": killed}
