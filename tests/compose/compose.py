"""docker-compose.yaml as a user runs it: brought up, fed, every container of it killed once while a stream goes on, and all
that it stored recounted by code that shares nothing with it; then taken down. Each step says what it saw."""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "support")]
import recount
import truth
from access_log_urls import page_views
from daemons import Failed, wait_until
from engine import BASE, Engine, NotRun, docker
from prometheus import queries
from runs import check, check_none
from tables import Tables

FOLDER = ROOT / "build" / "compose-test"
ACCESS_LOG = pathlib.Path(os.environ.get("GUIDEPOST_ACCESS_LOG", ROOT.parent / "shared" / "data" / "web-access.log"))
DAEMONS = ("kafka", "zookeeper", "hbase-master", "hbase-regionserver", "thrift1", "thrift2", "thrift-ddl", "collect", "ingest", "aggregate",
           "prometheus")
# Of a container that stays away: the alarm that Prometheus raises.
ALARMS = {"kafka": "GuidepostKafkaAway", "hbase-regionserver": "GuidepostHBaseAway", "ingest": "GuidepostRoleGone"}
NEVER = ("GuidepostNumbersWrong", "GuidepostGapInResolvedLog", "GuidepostLogTimeSteppedBack")
# Queries of the dashboard that have nothing to show here.
NOTHING_TO_SHOW = {"guidepost_process_hanging_loops > 0": "nothing hangs", "guidepost_data_free_bytes": "there are no embedded stores"}
KILLED = ("kafka", "hbase-regionserver", "thrift1", "ingest", "aggregate", "collect", "hbase-master", "zookeeper")
OURS = ("collect", "ingest", "aggregate")
BATCH = 50
EVENTS = 40_000  # of the stream, in two halves with a refresh between them


class Project:
    """One project of docker-compose.yaml, with ports of its own."""

    def __init__(self, compose, base, source):
        self.compose, self.name = compose, f"guidepost-test-{os.getpid()}"
        self.ports = dict(zip(("HTTP", "PROMETHEUS", "KAFKA", "THRIFT_1", "THRIFT_2"), free_ports(5)))
        # The values in this environment go before those of anyone's .env.
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GUIDEPOST_")},
                            "COMPOSE_PROJECT_NAME": self.name, "GUIDEPOST_TAG": "compose-test", "GUIDEPOST_BASE_IMAGE": base,
                            "GUIDEPOST_IMAGE_PROGRAM": "source" if source else "prebuilt", "GUIDEPOST_BUILD_NETWORK": "host",
                            "GUIDEPOST_HTTP_PORT": str(self.ports["HTTP"]), "GUIDEPOST_PROMETHEUS_PORT": str(self.ports["PROMETHEUS"]),
                            "GUIDEPOST_KAFKA_PORT": str(self.ports["KAFKA"]), "GUIDEPOST_THRIFT_PORT_1": str(self.ports["THRIFT_1"]),
                            "GUIDEPOST_THRIFT_PORT_2": str(self.ports["THRIFT_2"]), "GUIDEPOST_PROMETHEUS_DIR": str(impatient_rules())}

    def call(self, *words, timeout=600, check_status=True):
        done = subprocess.run([*self.compose, *map(str, words)], capture_output=True, text=True, timeout=timeout, cwd=ROOT,
                              env=self.environment, stdin=subprocess.DEVNULL)
        if check_status and done.returncode:
            raise Failed(f"compose {' '.join(map(str, words))} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-3000:]}")
        return done.stdout

    def guidepost(self, *words, **limits):
        """A command in a container of its own; the test's folder is /test in there."""
        return self.call("run", "--rm", "-T", "-v", f"{FOLDER}/shared:/test", "guidepost", *words, **limits)

    def container(self, service):
        found = docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={self.name}", "--filter", f"label=com.docker.compose.service={service}",
                       "--filter", "label=com.docker.compose.oneoff=False").stdout.split()
        check(len(found) == 1, f"{len(found)} containers of {service}")
        return found[0]

    def inspect(self, service):
        return json.loads(docker("inspect", self.container(service)).stdout)[0]

    def healthy(self, service):
        return self.inspect(service)["State"].get("Health", {}).get("Status") == "healthy"

    def logs(self, service):
        done = docker("logs", self.container(service))
        return done.stdout + done.stderr

    def left(self):
        """What is there of this project: containers, volumes, networks."""
        label = f"label=com.docker.compose.project={self.name}"
        return [line for words in (("ps", "-aq"), ("volume", "ls", "-q"), ("network", "ls", "-q"))
                for line in docker(*words, "--filter", label).stdout.split()]

    def sources(self):
        return json.loads(self.guidepost("status", "--json"))["sources"]

    def durable(self):
        """Raw offsets up to which everything is in the tables, of all sources together."""
        return sum(source["durable"]["offset"] if source["durable"] else 0 for source in self.sources())

    def wait_counted(self):
        """Until every raw record is in the tables: importing nothing waits for that."""
        (FOLDER / "shared" / "nothing.ndjson").write_text("")
        self.guidepost("import", "events", "/test/nothing.ndjson")

    def ask_prometheus(self, expression):
        """What an expression gives now: (labels, value) of each series."""
        address = f"http://127.0.0.1:{self.ports['PROMETHEUS']}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(address, timeout=20) as answer:
            result = json.load(answer)["data"]["result"]
        return [(row["metric"], float(row["value"][1])) for row in result]

    def alarms(self, state):
        return {labels["alertname"] for labels, _ in self.ask_prometheus(f'ALERTS{{alertstate="{state}"}}')}

    def tables(self):
        return Tables(f"127.0.0.1:{self.ports['THRIFT_1']}", FOLDER / "thrift")


def impatient_rules():
    """The folder of deploy/prometheus with its rules, but each `for:` a twelfth: 10 s for 2 minutes."""
    folder = FOLDER / "prometheus"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "deploy/prometheus/prometheus.yml", folder)
    minutes = re.compile(r"^( +for: )(\d+)m$", re.MULTILINE)
    rules = (ROOT / "deploy/prometheus/rules.yml").read_text()
    check(len(minutes.findall(rules)) == rules.count(" for: "), "a rule waits for something else than minutes")
    (folder / "rules.yml").write_text(minutes.sub(lambda found: f"{found[1]}{int(found[2]) * 60 // 12}s", rules))
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)  # Prometheus is not root
    return folder


def free_ports(count):
    """Below the range from which the system takes the near ends of connections."""
    held, ports = [], []
    for port in range(21000 + os.getpid() % 5000, 32000):
        s = socket.socket()
        with contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            ports.append(port)
        held.append(s)
        if len(ports) == count:
            break
    for s in held:
        s.close()
    return ports


class Sender(threading.Thread):
    """Posts events as a shop's server should: in their order, each batch again until it is acknowledged. Only events with an
    id are sent so, and nothing bad: of those a repeat would count. With a pause between two batches, which grows towards the end
    so that the stream outlasts what happens meanwhile, until it is told to finish."""

    def __init__(self, port, events, pause):
        super().__init__(daemon=True)
        self.url, self.events, self.pause = f"http://127.0.0.1:{port}/v1/events", events, pause
        self.acknowledged = self.refused_attempts = 0
        self.failure = None
        self.hurry = threading.Event()

    def run(self):
        try:
            for n in range(0, len(self.events), BATCH):
                body = "\n".join(self.events[n:n + BATCH]).encode()
                end = time.monotonic() + 300
                while not self.post(body):
                    self.refused_attempts += 1
                    check(time.monotonic() < end, "the collector took nothing for 300 s")
                    time.sleep(0.2)
                self.acknowledged += len(self.events[n:n + BATCH])
                self.hurry.wait(self.pause * len(self.events) / (len(self.events) - n))
        except Exception as wrong:
            self.failure = wrong

    def post(self, body):
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/x-ndjson"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as wrong:
            check(wrong.code == 503, f"the collector answered {wrong.code}: {wrong.read()[:500]}")
            return False
        except OSError:
            return False
        check(told["refused"] == 0, f"refused: {str(told)[:500]}")
        return True

    def finish(self):
        self.hurry.set()
        self.join(300)
        check(not self.is_alive(), "the sender does not come to an end")
        if self.failure:
            raise self.failure


class Test:
    def __init__(self, project):
        self.project = project
        self.expected, self.mapping = truth.Expected(), truth.Mapping()
        self.shared = FOLDER / "shared"
        self.began = None

    # --- steps, in their order ---

    def build(self):
        began = time.monotonic()
        self.project.call("build", timeout=3000)
        sizes = {}
        for image in ("guidepost", "guidepost-kafka", "guidepost-hbase", "guidepost-prometheus"):
            found = json.loads(docker("image", "inspect", f"{image}:compose-test").stdout)[0]
            sizes[image] = f"{found['Size'] / 1e6:.0f} MB"
        return {"seconds": round(time.monotonic() - began), **sizes}

    def up(self):
        """The first number that a user sees, from nothing."""
        began = time.monotonic()
        self.project.call("up", "-d", timeout=600)
        up = time.monotonic() - began
        day = wait_until("a word of welcome", lambda: re.search(r"--from (\S+) --to (\S+)", self.project.logs("welcome")))
        words = ("query", "--merchant", "sample", "--from", day[1], "--to", day[2], "--metrics", "events", "--json")
        first = wait_until("the first number", lambda: json.loads(self.project.guidepost(*words))["totals"]["events"])
        took = time.monotonic() - began
        # What welcome sent, for the recount: the same seed and start give the same events.
        self.day = day[1]
        self.generate("welcome", "--events", 2000, "--start", f"{self.day}T00:00:00Z", "--span", "24h", "--merchant", "sample")
        self.expected.add_file(self.shared / "welcome.tsv", self.mapping)
        for service in DAEMONS:
            check(self.project.healthy(service), f"{service} is not healthy")
        return {"seconds_to_up": round(up), "seconds_to_first_number": round(took), "events_in_it": first}

    def confined(self):
        """Not root, read-only, no capabilities, limits; the password nowhere but in its volume, and asked for."""
        password = docker("exec", self.project.container("kafka"), "cat", "/secrets/kafka-password").stdout.strip()
        check(len(password) >= 32, "there is no password")
        for service in (*DAEMONS, "secrets", "init", "welcome"):
            found = self.project.inspect(service)
            host = found["HostConfig"]
            check(found["Config"]["User"] == "guidepost", f"{service} runs as '{found['Config']['User']}'")
            check(host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["CapAdd"] and not host["Privileged"], f"{service} may do too much")
            check(any(option.startswith("no-new-privileges") for option in host["SecurityOpt"]), f"{service} may get privileges")
            check(host["Memory"] > 0 and host["NanoCpus"] > 0 and host["PidsLimit"] > 0, f"{service} has no limits")
            for published in (host["PortBindings"] or {}).values():
                check(all(one["HostIp"] == "127.0.0.1" for one in published), f"{service} is open to the world: {published}")
            check(password not in json.dumps(found) and password not in self.project.logs(service), f"the password of Kafka is in what {service} shows")
        for service in DAEMONS:
            tried = docker("exec", self.project.container(service), "bash", "-c", "id -u; grep CapEff /proc/1/status; : >/anything")
            check(tried.returncode != 0 and "Read-only file system" in tried.stderr, f"{service} can write to its root: {tried}")
            check(tried.stdout.split() == ["10001", "CapEff:", "0000000000000000"], f"{service} is {tried.stdout}")
        refused = self.brokers_without_password()
        check(refused, "Kafka answers without a password")
        return {"containers": len(DAEMONS) + 3}

    def access_log(self):
        """A real log: every url."""
        if not ACCESS_LOG.exists():
            return {"NOT RUN": f"there is no {ACCESS_LOG} (GUIDEPOST_ACCESS_LOG)"}
        shutil.copy(ACCESS_LOG, self.shared / "access.log")
        (self.shared / "access.log").chmod(0o644)
        self.project.guidepost("import", "access-log", "/test/access.log", "--merchant", "semicomplete")
        views, counted, bad = page_views(ACCESS_LOG)
        self.imported = (counted, bad)
        rows = json.loads(self.project.guidepost("query", "--merchant", "semicomplete", "--from", "2015-05-17", "--to", "2015-05-21", "--traffic", "all",
                                                 "--by", "url", "--metrics", "page_views", "--top", 100000, "--json"))["rows"]
        got = {row["url"]: row["page_views"] for row in rows if row["page_views"]}
        check_none([f"{url}: {got.get(url)} instead of {views.get(url)}" for url in views.keys() | got.keys() if views.get(url) != got.get(url)], "urls")
        return {"lines": counted + bad, "urls": len(got), "page_views": sum(got.values())}

    def stream(self):
        """The first half of a stream and a refresh, recounted."""
        self.halves = [self.half(1), self.half(2)]
        sender = self.sending(0, pause=0)
        sender.finish()
        self.project.guidepost("refresh", "/test/logins.csv")
        self.mapping.refresh(self.shared / "logins.csv")
        return {"sent": sender.acknowledged, **self.recounted()}

    def kills(self):
        """One container after another by SIGKILL while the second half is sent; recounted. Some stay away until Prometheus
        has raised the alarm that is theirs, which must end after they are back."""
        sender = self.sending(1, pause=0.3)
        seconds, alarmed = {}, {}
        check(not self.project.alarms("firing"), f"alarms before anything was killed: {self.project.alarms('firing')}")
        for service in KILLED:
            container, before = self.project.container(service), self.project.inspect(service)
            sent = sender.acknowledged
            check(sender.is_alive(), f"the stream ended before {service} was killed: {sender.failure}")
            began = time.monotonic()
            check(docker("kill", "-s", "KILL", container).returncode == 0, f"{service} could not be killed")
            wait_until(f"{service} to die", lambda: not self.project.inspect(service)["State"]["Running"] or self.restarted(service, before), 20)
            if alarm := ALARMS.get(service):
                wait_until(f"{alarm} to fire", lambda: alarm in self.project.alarms("firing"), 120)
                alarmed[alarm] = [round(time.monotonic() - began, 1)]
            docker("start", container)
            wait_until(f"{service} to be healthy again", lambda: self.restarted(service, before) and self.project.healthy(service), 240)
            wait_until("events to be taken", lambda: sender.acknowledged > sent or sender.failure, 120)
            counted = self.project.durable()
            wait_until("events to be counted", lambda: self.project.durable() > counted, 180)
            seconds[service] = round(time.monotonic() - began, 1)
            if alarm:
                wait_until(f"{alarm} to end", lambda: alarm not in self.project.alarms("firing") | self.project.alarms("pending"), 60)
                alarmed[alarm].append(round(time.monotonic() - began, 1))
        left = len(sender.events) - sender.acknowledged
        check(left > 0, "the stream ended before the last kill was over")
        sender.finish()
        wrong = self.project.ask_prometheus('count_over_time(ALERTS{alertname=~"%s"}[1h])' % "|".join(NEVER))
        check(not wrong, f"alarms of wrong numbers: {wrong}")
        return {"seconds_until_counting_again": seconds, "seconds_until_alarm_and_end": alarmed, "sent": sender.acknowledged, "refused_attempts": sender.refused_attempts, **self.recounted()}

    def verify(self):
        """The program's own recount, and what Prometheus sees: every role, and something for every query of the dashboard."""
        said = self.project.guidepost("verify").strip().splitlines()
        check(said[-1] == "everything agrees", f"verify: {said[-3:]}")
        wait_until("Prometheus to see every role", lambda: {labels["job"] for labels, up in self.project.ask_prometheus("up") if up == 1} >= set(OURS))
        drawn = queries("1h")
        empty = [f"{title}: {expression}" for title, expression in drawn
                 if not any(known in expression for known in NOTHING_TO_SHOW) and not self.project.ask_prometheus(expression)]
        check_none(empty, "queries of the dashboard that give nothing")
        return {"verify": said[0], "dashboard_queries": len(drawn)}

    def stop(self):
        """SIGTERM: what is Guidepost's drains and ends with 0."""
        began = time.monotonic()
        self.project.call("stop", *OURS)
        for service in OURS:
            state = self.project.inspect(service)["State"]
            check(not state["Running"] and state["ExitCode"] == 0, f"{service} ended with {state['ExitCode']}")
        return {"seconds": round(time.monotonic() - began, 1)}

    def down(self):
        self.project.call("down", "-v", "--remove-orphans")
        left = self.project.left()
        check(not left, f"after `down -v` there are still {left}")
        return {}

    STEPS = (build, up, confined, access_log, stream, kills, verify, stop, down)

    # --- what they need ---

    def generate(self, name, *words):
        self.project.guidepost("generate", *words, "--out", f"/test/{name}.ndjson", "--truth", f"/test/{name}.tsv")

    def half(self, part):
        """Events as texts, and the rows of the truth that go with them: those that may be sent twice."""
        self.generate(f"part-{part}", "--events", EVENTS, "--seed", 11, "--start", f"{self.day}T00:00:00Z", "--span", "24h", "--merchants", 3,
                      "--merchant", "shop", "--part", f"{part}/2", *(("--mappings", "/test/logins.csv") if part == 1 else ()))
        lines = (self.shared / f"part-{part}.ndjson").read_text().splitlines()
        header, *rows = (self.shared / f"part-{part}.tsv").read_text().splitlines()
        check(len(lines) == len(rows), "the truth has other lines than the stream")
        names = header.split("\t")
        events, kept = [], [header]
        for line, row in zip(lines, rows):
            event = dict(zip(names, row.split("\t")))
            if event["kind"] == "ok" and event["event_id"]:
                events.append(re.fullmatch(r'\{"received":\d+,"protocol":"json","event":(.*)\}', line)[1])
                kept.append(row)
        check(len(events) > 0.9 * EVENTS / 2, f"only {len(events)} events can be sent")
        path = self.shared / f"kept-{part}.tsv"
        path.write_text("\n".join(kept) + "\n")
        return events, path

    def sending(self, half, pause):
        events, path = self.halves[half]
        self.expected.add_file(path, self.mapping)
        sender = Sender(self.project.ports["HTTP"], events, pause)
        sender.start()
        return sender

    def restarted(self, service, before):
        state = self.project.inspect(service)["State"]
        return state["Running"] and state["StartedAt"] != before["State"]["StartedAt"]

    def brokers_without_password(self):
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{self.project.ports['KAFKA']}", "log_level": 0})
        try:
            client.list_topics(timeout=5)
            return False
        except KafkaException:
            return True

    def recounted(self):
        """Every cell, event row and bad row of the streams, and the ledger with the access log in it."""
        self.project.wait_counted()
        tables = self.project.tables()
        all_names = tables.names
        # The access log's month was compared by url.
        tables.names = lambda prefix: [name for name in all_names(prefix) if not name.endswith("_201505")]
        stored = recount.Stored(tables, "")
        expected = self.expected
        ours = dict(expected.ledger)
        # How often something was sent again is not known beforehand; that it counted once is what the rest shows.
        again = {key: n for key, n in stored.ledger.items() if key[1] == "duplicate" and key[0].startswith("shop")}
        expected.ledger.update(again)
        imported = getattr(self, "imported", (0, 0))
        if any(imported):
            expected.ledger.update({("semicomplete", "counted"): imported[0], ("semicomplete", "bad"): imported[1]})
        wrong, figures = recount.compare(expected, stored)
        check_none(wrong, "cells")
        expected.ledger.clear()
        expected.ledger.update(ours)
        wrong, rows = recount.compare_events(expected, tables, "")
        check_none(wrong, "event rows")
        reasons = dict(expected.reasons)
        expected.reasons["line_malformed"] += imported[1]
        check_none(recount.compare_bad(expected, tables, ""), "bad rows")
        expected.reasons.clear()
        expected.reasons.update(reasons)
        tables.close()
        check(rows == sum(n for (_, outcome), n in ours.items() if outcome == "counted"), f"{rows} event rows")
        return {**figures, "event_rows": rows, "sent_again": sum(again.values())}


def compose_program():
    if given := os.environ.get("GUIDEPOST_TEST_COMPOSE"):
        return shlex.split(given)
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]) and subprocess.run([*words, "version"], capture_output=True).returncode == 0:
            return words
    raise NotRun("there is neither a compose plugin nor docker-compose")


def prebuilt():
    """What the image of Guidepost is made of without compiling: for the same release of Debian only."""
    release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    if release.get("VERSION_CODENAME") != BASE.split(":")[1].split("-")[0]:
        raise NotRun("build/guidepost is not of the images' Debian: use --from-source")
    made = ROOT / "build" / "docker"
    made.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "-o", made / "guidepost", ROOT / "build" / "guidepost"], check=True)
    found = subprocess.run([ROOT / "deploy/docker/libraries", made / "guidepost"], check=True, capture_output=True, text=True).stdout
    (made / "libraries").write_text(found)


def run_steps(test):
    passed = failed = 0
    for step in Test.STEPS:
        began = time.monotonic()
        try:
            figures = step(test)
            left_out = "NOT RUN" in figures
            passed += not left_out
            print(f"{'NOT RUN' if left_out else 'ok     '} {step.__name__:12} {time.monotonic() - began:5.0f} s  {json.dumps(figures)}", flush=True)
        except Exception as wrong:  # what comes after it stands on it
            failed += 1
            print(f"FAILED  {step.__name__:12} {time.monotonic() - began:5.0f} s  {wrong}", flush=True)
            if not isinstance(wrong, Failed):
                traceback.print_exc()
            print(test.project.call("ps", "-a", check_status=False), test.project.call("logs", "--tail", "15", check_status=False), flush=True)
            break
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from-source", action="store_true")
    options = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    with contextlib.ExitStack() as cleaning:
        try:
            compose = compose_program()
            engine = Engine(FOLDER)
            cleaning.callback(engine.close)
            base = engine.base_image()
            if not options.from_source:
                prebuilt()
        except NotRun as why:
            print(f"NOT RUN compose-test: {why}")
            return 77
        print(f"{engine.describe()}; {' '.join(compose)}; base image {base}", flush=True)
        shutil.rmtree(FOLDER / "shared", ignore_errors=True)
        (FOLDER / "shared").mkdir(parents=True)
        (FOLDER / "shared").chmod(0o777)  # containers write there, and are not root
        project = Project(compose, base, options.from_source)
        cleaning.callback(lambda: project.call("down", "-v", "--remove-orphans", check_status=False))
        passed, failed = run_steps(Test(project))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
