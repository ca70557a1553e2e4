"""`up` on embedded stores: the data folder is destroyed, and comes back from a backup that was made under load."""
import collections
import json
import shutil
import subprocess
import time

import truth
from daemons import PROGRAM, Failed, wait_until
from steps import Steps, Stream, check, megabytes

MONEY = ("revenue", "refunds", "orders")
SETTINGS = {"rollup.max_age": "1s", "enrich.no_agent_is_bot": "false"}


class Up:
    def __init__(self, folder):
        self.folder, self.data, self.process = folder, folder / "data", None

    def words(self, *words):
        sets = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
        return [str(PROGRAM), *map(str, words), "--data", str(self.data), *sets]

    def start(self):
        log = open(self.folder / "up.log", "ab")
        self.process = subprocess.Popen(self.words("up", "--listen", "127.0.0.1:0", "--json"), stdout=subprocess.PIPE, stderr=log, text=True)
        check(self.process.stdout.readline(), f"`up` does not start: {(self.folder / 'up.log').read_text()[-1500:]}")

    def run(self, *words):
        done = subprocess.run(self.words(*words), capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise Failed(f"guidepost {' '.join(map(str, words))} ended with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout

    def sources(self):
        return json.loads(self.run("status", "--json"))["sources"]

    def counted(self):
        """Waits until every record is in the tables."""
        wait_until("everything to be counted", lambda: all(source["lag"] == 0 for source in self.sources()), deadline=300)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
            self.process.stdout.close()
        self.process = None


def stored(up, merchants, expected):
    """Every cell of every page, as `page show` decodes them: sums, and how many devices, users and customers."""
    sums, distinct = collections.defaultdict(lambda: [0] * len(truth.COUNTERS)), {}
    money = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0, 0]))
    names = ["refund_events" if name == "refunds" else name for name in truth.COUNTERS]
    buckets = sorted({cell.bucket for cell in expected.sums})
    for merchant in merchants:
        for bucket in range(buckets[0] - 1, buckets[-1] + 2):
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(bucket * truth.BUCKET_MS // 1000))
            done = subprocess.run(up.words("page", "show", f"{merchant}/{at}", "--top", 1000000, "--json"), capture_output=True, text=True, timeout=60)
            page = json.loads(done.stdout) if done.returncode == 0 else {"chunks": []}
            valid = {chunk["source"]: chunk["valid_bits"] for chunk in page["chunks"] if chunk["chunk"] == 0}
            for chunk in page["chunks"]:
                if chunk["chunk"] > 0 and chunk["bits"] != valid[chunk["source"]]:
                    continue
                for entry in chunk["entries"]:
                    cell = truth.Cell(merchant, bucket, entry["dimension"], entry["value"].replace(" × ", "\0"))
                    check(entry["value"] != "(other)", f"{cell} is folded: the drill has too many values")
                    sums[cell] = [a + entry[name] for a, name in zip(sums[cell], names)]
                    for currency, amounts in entry["money"].items():
                        money[cell][currency] = [a + amounts[key] for a, key in zip(money[cell][currency], MONEY)]
                    distinct[cell] = [entry[name] for name in truth.DISTINCTS] if cell not in distinct else None
    return sums, distinct, money


def drill(folder):
    folder.mkdir()
    steps, up = Steps(), Up(folder)
    stream = Stream(folder, 4, up.run)
    place = folder / "backups"

    def send(*parts):
        for part in parts:
            up.run("import", "events", stream.file(part), "--no-wait")

    def ends():
        return sum(source["raw"]["end"] for source in up.sources())

    try:
        up.start()
        send(1)
        up.run("refresh", stream.logins)
        first = ends()
        with stream.sending(2, up.words, seconds=6) as sender:
            wait_until("a part of the stream", lambda: ends() > first + stream.size(2) // 4)
            backup = steps.timed("backup, while events come in", lambda: json.loads(up.run("backup", place, "--json")))
            check(sender.poll() is None, "the stream ended before the backup did")
        records = sum(backup["raw_ends"])
        check(first < records < first + stream.size(2), f"the backup has {records} records, and was to fall into the second part")
        send(3)
        up.counted()
        steps.say("size of the data folder", f"{megabytes(up.data):.0f} MB")
        steps.say("size of the backup", f"{megabytes(place):.0f} MB, {records} of {ends()} records")
        up.kill()
        shutil.rmtree(up.data)
        steps.timed("restore", lambda: up.run("restore", place))
        steps.timed("start", up.start)
        check(ends() == records, f"{ends()} records are there again, {records} were in the backup")

        def send_again():
            send(2, 3)  # the second part whole: what the backup has of it is dropped
            up.counted()

        steps.timed("what came after sent again, until counted", send_again)
        send(4)
        up.counted()
        figures = steps.timed("recount of every number", lambda: recounted(up, stream, again=records - first))
        verified = up.run("verify").strip().splitlines()[-1]
        check(verified == "everything agrees", f"verify says: {verified}")
        steps.say("recounted", figures)
    finally:
        up.kill()
    return steps.rows


def recounted(up, stream, again):
    expected = stream.expected
    expected.finish()
    sums, distinct, money = stored(up, stream.names(), expected)
    nothing = [0] * len(truth.COUNTERS)
    wrong = [f"{cell}: stored {sums.get(cell, nothing)}, counted {expected.sums.get(cell, nothing)}"
             for cell in expected.sums.keys() | sums.keys() if sums.get(cell, nothing) != expected.sums.get(cell, nothing)]
    compared = 0
    for cell, counts in distinct.items():
        want = [expected.distinct[i][cell] for i in range(len(truth.DISTINCTS))]
        if counts is not None and max(want) <= 192:  # exact up to there, and of one source
            compared += 1
            wrong += [f"{cell}: stored {counts} people, counted {want}"] if counts != want else []
    wrong += [f"{cell}: stored {dict(money[cell])}, counted {dict(expected.money.get(cell, {}))}"
              for cell in expected.money.keys() | money.keys() if dict(money[cell]) != dict(expected.money.get(cell, {}))]
    if wrong:
        raise Failed(f"{len(wrong)} differences, the first: " + "; ".join(wrong[:5]))
    ledger = collections.Counter()
    for source in up.sources():
        ledger.update(source["ledger"])
    want = collections.Counter()
    for (_, outcome), number in expected.ledger.items():
        want[outcome] += number
    check(ledger["counted"] == want["counted"], f"{ledger} are counted, {want} were generated")
    repeats = ledger["duplicate"] - want["duplicate"] + ledger["bad"] - want["bad"]
    check(ledger["bad"] >= want["bad"] and repeats == again, f"{repeats} records were repeats, {again} were in the backup and sent again")
    return f"{len(expected.sums)} cells, {compared} with their people, {want['counted']} events; {repeats} were in the backup and sent again: no number has them twice"
