"""Kafka and HBase: the tables are saved under load by deploy/cluster/backup, all of them are dropped, and
deploy/cluster/restore brings them back; what they lack comes from Kafka, or, where that is gone as well, is sent again."""
import json
import os
import shutil
import subprocess

import recount
from daemons import ROOT, Cluster, Failed, Installation, wait_until
from feed import durable, standings
from steps import Steps, Stream, check, megabytes
from tables import Tables

SLOTS = [(role, slot) for role in ("ingest", "aggregate") for slot in (1, 2)]
CONFIG = ROOT / "config" / "cluster.toml"


class Drilled:
    """An installation on servers of its own, all below one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.cluster = Cluster(folder / "servers")
        self.run = None

    def up(self):
        self.cluster.up()
        self.run = Installation(self.cluster, self.folder / "daemons", "drill.", **{"topics.partitions": 4, "rollup.max_age": "1s"})
        self.run.run("init")

    def start(self, **ingest):
        for role, slot in SLOTS:
            self.run.start(role, slot, **(ingest if role == "ingest" else {}))

    def script(self, name, *words):
        """deploy/cluster/NAME as an operator runs it."""
        sets = [word for key, value in self.run.settings.items() for word in ("--set", f"{key}={value}")]
        environment = {**self.run.environment(), "GUIDEPOST": self.run.words()[0], "HBASE": str(ROOT / "tests" / "drill" / "hbase"),
                       "HBASE_CONF_DIR": str(self.folder / "servers" / "conf" / "hbase")}
        done = subprocess.run([ROOT / "deploy" / "cluster" / name, *map(str, words), "--config", CONFIG, *sets], capture_output=True, text=True,
                              env=environment, timeout=600)
        if done.returncode:
            log = self.folder / "backup.unfinished" / "log"
            raise Failed(f"deploy/cluster/{name} ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
                         f"{log.read_text()[-2000:] if log.exists() else ''}")
        return done.stdout

    def hbase(self, lines):
        done = subprocess.run([ROOT / "tests" / "drill" / "hbase", "shell", "-n"], input=lines, capture_output=True, text=True,
                              env={**os.environ, "HBASE_CONF_DIR": str(self.folder / "servers" / "conf" / "hbase")}, timeout=300)
        check(done.returncode == 0, f"hbase says: {done.stderr[-1500:]}")

    def drop_tables(self):
        self.hbase("".join(f"disable '{table}'\ndrop '{table}'\n" for table in self.run.run("tables").split()))
        check(not self.run.run("tables"), "there are tables still")

    def lose_kafka(self):
        """With all that it held; then a new one at the same address."""
        self.cluster.call("kill", "broker")
        shutil.rmtree(self.folder / "servers" / "data" / "kafka")
        self.cluster.call("start", "broker")

    def ends(self):
        return sum(source["raw"]["end"] for source in standings(self.run) if source["current"])

    def recounted(self, expected, ledger):
        tables = Tables(self.cluster.gateway(), self.folder / "thrift")
        try:
            stored = recount.Stored(tables, self.run.prefix, 1)
            wrong, figures = recount.compare(expected, stored, ledger)
            rows_wrong, rows = recount.compare_events(expected, tables, self.run.prefix, 1)
            wrong += rows_wrong + (recount.compare_bad(expected, tables, self.run.prefix, 1) if ledger else [])
        finally:
            tables.close()
        if wrong:
            raise Failed(f"{len(wrong)} differences, the first: " + "; ".join(wrong[:5]))
        verified = self.run.run("verify").strip().splitlines()[-1]
        check(verified == "everything agrees", f"verify says: {verified}")
        return f"{figures['cells']} cells and {rows} event rows"

    def down(self):
        if self.run:
            self.run.kill_all()
        self.cluster.call("down")


def send(drilled, stream, *parts):
    for part in parts:
        drilled.run.run("import", "events", stream.file(part), "--no-wait")


def hbase_lost(folder):
    """HBase is lost, Kafka is not: everything goes on from Kafka, nothing has to be sent again."""
    folder.mkdir()
    steps, drilled = Steps(), Drilled(folder)
    try:
        drilled.up()
        run = drilled.run
        stream = Stream(folder, 4, run.run)
        drilled.start()
        send(drilled, stream, 1)
        run.run("refresh", stream.logins)
        run.wait_counted()
        before = durable(run)
        with stream.sending(2, run.words, seconds=60, env=run.environment()) as sender:
            wait_until("the tables to grow", lambda: durable(run) > before)
            steps.timed("backup, while events come in", lambda: drilled.script("backup", folder / "backup"))
            check(sender.poll() is None, "the stream ended before the backup did")
        send(drilled, stream, 3)
        run.wait_counted()
        saved = sum(source["durable"]["offset"] for source in json.loads((folder / "backup" / "status.json").read_text())["sources"])
        steps.say("size of the tables", f"{megabytes(folder / 'servers' / 'data' / 'hbase'):.0f} MB, {saved} of {drilled.ends()} records in the backup")
        check(before < saved < drilled.ends() - stream.size(3), "the backup was to fall into the second part")
        run.kill_all()
        drilled.drop_tables()
        steps.timed("restore", lambda: drilled.script("restore", folder / "backup", "--stopped"))
        drilled.start()
        steps.timed("until caught up, from Kafka", run.wait_counted)
        log = run.logs()
        check(" tables_behind_commit " in log, "nothing was read again: the restored tables were not behind")
        send(drilled, stream, 4)
        run.wait_counted()
        run.stop_all()
        stream.expected.finish()
        steps.say("recounted", drilled.recounted(stream.expected, ledger=True))
    finally:
        if not os.environ.get("GUIDEPOST_DRILL_KEEP"):
            drilled.down()
    return steps.rows


def both_lost(folder):
    """Kafka is lost as well: what came after the backup is sent again, into topics that are made again."""
    folder.mkdir()
    steps, drilled = Steps(), Drilled(folder)
    try:
        drilled.up()
        run = drilled.run
        # Two streams: what is decided of a topic that was made again knows nothing of the devices of the first.
        first, second = Stream(folder, 1, run.run), Stream(folder, 1, run.run, merchant="again")
        drilled.start()
        send(drilled, first, 1)
        run.wait_counted()
        steps.timed("backup", lambda: drilled.script("backup", folder / "backup"))
        send(drilled, second, 1)
        run.wait_counted()
        run.kill_all()
        drilled.drop_tables()
        drilled.lose_kafka()
        steps.timed("restore", lambda: drilled.script("restore", folder / "backup", "--stopped"))
        run.run("init")
        for name in ("ingest-1", "ingest-2"):
            (run.folder / f"{name}.log").unlink()
        run.start("ingest", 1)
        wait_until("ingest to refuse the topic", lambda: run.daemons["ingest-1"].poll() is not None)
        told = run.log_of("ingest-1").rpartition("ingest.accept_topic_id=")[2].split()[0].rstrip('"')
        check(run.daemons.pop("ingest-1").returncode == 1 and len(told) == 22, f"ingest says: {run.log_of('ingest-1')[-1500:]}")
        drilled.start(ingest__accept_topic_id=told)

        def send_again():
            send(drilled, second, 1)
            run.wait_counted()

        steps.timed("what came after sent again, until counted", send_again)
        run.stop_all()
        second.count_into(first.expected)
        first.expected.finish()
        steps.say("recounted", drilled.recounted(first.expected, ledger=False))
    finally:
        if not os.environ.get("GUIDEPOST_DRILL_KEEP"):
            drilled.down()
    return steps.rows
