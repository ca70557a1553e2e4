"""What the drills share: the stream, its truth, and a table of what each step took."""
import contextlib
import datetime
import os
import subprocess
import threading
import time

import truth
from daemons import Failed

EVENTS = int(os.environ.get("GUIDEPOST_DRILL_EVENTS", "120000"))


class Steps:
    """A table: what was done, and what it took."""

    def __init__(self):
        self.rows = []

    def timed(self, what, work):
        began = time.monotonic()
        found = work()
        self.rows.append((what, f"{time.monotonic() - began:.1f} s"))
        return found

    def say(self, what, figure):
        self.rows.append((what, figure))


class Stream:
    """One stream in parts, a file each. Its mappings are known from the second part on. Every event has an id of its own: one
    without is another event each time that it is sent."""

    def __init__(self, folder, parts, run, merchants=3, merchant="shop"):
        self.folder, self.merchant, self.merchants = folder, merchant, merchants
        self.expected, self.mapping, self.logins = truth.Expected(), truth.Mapping(), folder / "logins.csv"
        self.rows = []
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=26)
        words = ["generate", "--events", EVENTS, "--seed", 11, "--start", start.strftime("%Y-%m-%dT%H:%M:%SZ"), "--span", "24h",
                 "--merchants", merchants, "--merchant", merchant]
        for number in range(1, parts + 1):
            mappings = ["--mappings", self.logins] if number == 1 else []
            run(*words, "--part", f"{number}/{parts}", "--out", folder / "generated", "--truth", folder / "truth", *mappings)
            self.keep(number)

    def keep(self, number):
        if number == 2:
            self.mapping.refresh(self.logins)
        events, rows = (lines_of(self.folder / name) for name in ("generated", "truth"))
        names, rows = rows[0].rstrip("\n").split("\t"), [row.rstrip("\n").split("\t") for row in rows[1:]]
        check(len(events) == len(rows), f"{len(events)} events, {len(rows)} lines of truth")
        with open(self.file(number), "w") as kept:
            for event, row in zip(events, rows):
                row = dict(zip(names, row))
                if row["event_id"] or row["kind"] not in ("ok", "duplicate"):
                    kept.write(event)
                    self.rows.append(row)
                    self.expected.add(row, self.mapping)

    def count_into(self, expected):
        """What another stream has counted, and this one as well."""
        for row in self.rows:
            expected.add(row, self.mapping)

    def names(self):
        return [self.merchant, *(f"{self.merchant}-{n}" for n in range(2, self.merchants + 1))]

    def file(self, number):
        return self.folder / f"{self.merchant}-{number}.ndjson"

    def size(self, number):
        return len(lines_of(self.file(number)))

    @contextlib.contextmanager
    def sending(self, number, words, seconds, **options):
        """A part, spread over some time, while other things happen; afterwards all of it is in the log."""
        sender = subprocess.Popen(words("import", "events", "-", "--no-wait"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, **options)

        def feed():
            lines = lines_of(self.file(number))
            pieces = 100
            began = time.monotonic()
            with contextlib.suppress(BrokenPipeError):
                for n in range(pieces):
                    sender.stdin.writelines(lines[n * len(lines) // pieces:(n + 1) * len(lines) // pieces])
                    sender.stdin.flush()
                    time.sleep(max(0, began + seconds * (n + 1) / pieces - time.monotonic()))  # the stream's pace
                sender.stdin.close()

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            yield sender
            feeder.join()
            problem = sender.stderr.read()
            check(sender.wait(120) == 0, f"import ended with {sender.returncode}: {problem[-1000:]}")
        finally:
            sender.kill()
            sender.wait()
            feeder.join()
            sender.stderr.close()


def lines_of(path):
    with open(path) as file:
        return file.readlines()


def check(condition, message):
    if not condition:
        raise Failed(message)


def megabytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
