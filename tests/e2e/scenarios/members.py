"""Members of both groups that come and go, and come and go."""
import collections
import random
import re

from daemons import wait_until
from feed import Feed
from runs import SEED, recounted

RATE = 250  # records a second
SLOTS = 3


def comings_and_goings(runs, changes=200):
    """Daemons of both groups start, end and are killed while events come in; whoever is there has all partitions, and everything is counted once."""
    run = runs.installation("members", "mm.", **{"topics.partitions": 4, "rollup.max_age": "1s"})
    run.run("init")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    rounds = changes // 20
    feed = Feed(run, 12000 * rounds, rounds, seed=71, merchants=6)
    dice = random.Random(SEED)
    seen = collections.Counter()

    def told(name):
        return len(re.findall(r" partition_assigned ", run.log_of(name)))

    def change(role):
        there = [name for name in run.daemons if name.startswith(role)]
        free = [slot for slot in range(1, SLOTS + 1) if f"{role}-{slot}" not in run.daemons]
        if free and (len(there) == 1 or dice.random() < 0.5):
            name, named = f"{role}-{dice.choice(free)}", dice.random() < 0.5
            before = told(name) if (run.folder / f"{name}.log").exists() else 0
            run.start(role, name[-1], **({} if named else {"kafka__member": ""}))
            wait_until(f"{name} to be given a partition", lambda: told(name) > before)
            seen["joined as a slot" if named else "joined without a name"] += 1
        elif dice.random() < 0.5:
            run.stop(dice.choice(there))
            seen["stopped"] += 1
        else:
            run.kill(dice.choice(there))
            seen["killed"] += 1

    for _ in range(rounds):
        with feed.sending(rate=RATE):
            for _ in range(20):
                change(dice.choice(("ingest", "aggregate")))
    run.wait_counted()
    assigned = len(re.findall(r" partition_assigned ", run.logs()))
    run.run("verify")
    run.stop_all()
    _, figures = recounted(runs, run, expected=feed.expected)
    return {"seed": SEED, "changes": seen, "partitions_assigned": assigned, **figures}
