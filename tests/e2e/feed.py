"""A stream that a scenario sends in parts, and what must be counted of it."""
import contextlib
import datetime
import json
import subprocess

import truth
from daemons import wait_until
from runs import check


class Feed:
    """All of it lies in the current month, whose tables `init` makes."""

    def __init__(self, run, events, parts, seed, *, merchants=3, merchant="shop"):
        self.run, self.parts = run, parts
        start = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-02T00:00:00Z")
        self.words = ["generate", "--events", events, "--seed", seed, "--start", start, "--span", "6h", "--merchants", merchants,
                      "--merchant", merchant]
        self.expected, self.mapping = truth.Expected(), truth.Mapping()
        self.files = []

    def next_part(self):
        part = len(self.files) + 1
        self.files.append(self.run.folder / f"truth-{self.words[-1]}-{part}.tsv")
        return [*self.words, "--part", f"{part}/{self.parts}", "--truth", self.files[-1]], self.files[-1]

    def send(self, *more, wait=False):
        """The next part; with `wait`, until it is counted."""
        words, file = self.next_part()
        self.run.run(*words, *more, *(() if wait else ("--no-wait",)), timeout=180)
        self.expected.add_file(file, self.mapping)

    @contextlib.contextmanager
    def sending(self, rate):
        """The next part while other things happen; afterwards it is all in the log. Gives the process that sends it."""
        words, file = self.next_part()
        sender = subprocess.Popen(self.run.words(*words, "--rate", rate, "--no-wait"), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, env=self.run.environment())
        try:
            yield sender
            problem = sender.communicate(timeout=120)[1]
            check(sender.returncode == 0, f"generate ended with {sender.returncode}: {problem[-1000:]}")
        finally:
            sender.kill()
            sender.communicate()
        self.expected.add_file(file, self.mapping)

    def refresh(self, file):
        """What is sent from here on is resolved with it."""
        self.run.run("refresh", file)
        self.mapping.refresh(file)


def standings(run):
    return json.loads(run.run("status", "--json"))["sources"]


def durable(run):
    """Raw offsets up to which everything is in the tables, of all sources together."""
    return sum(source["durable"]["offset"] if source["durable"] else 0 for source in standings(run))


def wait_further(run, than, what):
    return wait_until(what, lambda: durable(run) > than)
