"""Another version of the program takes over while events come in."""
import re
import threading
import time

from daemons import NEXT, wait_until
from feed import Feed, standings
from runs import check, recounted

SLOTS = [(role, slot) for role in ("ingest", "aggregate") for slot in (1, 2)]


class Watch:
    """How long each partition's positions stand still, as seen from outside: the longest time between two steps forward."""

    def __init__(self, run):
        self.run, self.longest, self.last, self.stopping = run, {}, {}, threading.Event()
        self.problem = None
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        try:
            while not self.stopping.is_set():
                now, sources = time.monotonic(), standings(self.run)
                for source in sources:
                    for role, position in (("ingest", source["decided"]), ("aggregate", source["durable"] and source["durable"]["offset"])):
                        self.seen(now, (role, source["partition"]), position)
                self.stopping.wait(0.1)
        except Exception as wrong:  # told by whoever asks for the figures
            self.problem = wrong

    def seen(self, now, key, position):
        before, since = self.last.get(key, (position, now))
        if position == before:
            self.last[key] = (before, since)
        else:
            self.longest[key] = max(self.longest.get(key, 0), now - since)
            self.last[key] = (position, now)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def seconds(self, role):
        """Of each partition."""
        if self.problem:
            raise self.problem
        return [round(self.longest[key], 1) for key in sorted(self.longest) if key[0] == role]


def rolling_upgrade(runs):
    """Two of each stage, replaced one by one by another version under load, one of them by a kill -9: nothing lost, nothing twice."""
    run = runs.installation("rolling-upgrade", "ug.", **{"topics.partitions": 4, "rollup.max_age": "1s"})
    run.run("init")
    for role, slot in SLOTS:
        run.start(role, slot)
    feed = Feed(run, 100000, 4, seed=41, merchants=24)
    feed.send(wait=True)
    with feed.sending(rate=1500) as sender, Watch(run) as undisturbed:
        wait_until("this part of the stream to end", lambda: sender.poll() is not None)
    before = run.version()
    drained = {}

    def replace(role, slot, kill=False):
        name = f"{role}-{slot}"
        log = run.folder / f"{name}.log"
        log.rename(log.with_suffix(".before.log"))
        if kill:
            run.kill(name)
        else:
            drained[name] = round(run.stop(name), 1)
        run.start(role, slot, program=NEXT)
        wait_until(f"partitions of the new {name}", lambda: log.exists() and run.log_of(name).count(" partition_assigned ") == 2)

    with feed.sending(rate=1500) as sender, Watch(run) as upgraded:
        for role, slot in SLOTS:
            replace(role, slot, kill=(role, slot) == ("ingest", 2))
        check(sender.poll() is None, "the stream ended before the upgrade did")
        replaced = [standings(run)[n]["raw"]["end"] for n in range(4)]
        wait_until("the new version to go on", lambda: all(
            source["durable"]["offset"] > end for source, end in zip(standings(run), replaced)))
        check(sender.poll() is None, "the stream ended before the new version was seen to work")
    versions = {name: re.findall(r" guidepost_starts .*version=(\S+)", run.log_of(name)) for name in run.daemons}
    check(all(seen == ["99.0.0"] for seen in versions.values()) and "99.0.0" not in before, f"{before} was to become 99.0.0: {versions}")
    feed.send(wait=True)
    run.stop_all()
    _, figures = recounted(runs, run, expected=feed.expected)
    return {"drained_s": drained, "killed": "ingest-2", **{
        f"{role}_stood_still_s": {"undisturbed": undisturbed.seconds(role), "upgraded": upgraded.seconds(role)} for role in ("ingest", "aggregate")}, **figures}
