"""Runs the program as a user does: commands, and daemons that can be killed."""
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get("GUIDEPOST_PROGRAM", ROOT / "build" / "guidepost"))
FAULTY = pathlib.Path(os.environ.get("GUIDEPOST_FAULTY", ROOT / "build" / "release" / "tests" / "guidepost-faulty"))
NEXT = pathlib.Path(os.environ.get("GUIDEPOST_NEXT", ROOT / "build" / "release" / "tests" / "guidepost-next"))
CLUSTER = ROOT / "deploy" / "local" / "cluster"


class Failed(Exception):
    pass


class Cluster:
    """A Kafka and an HBase of this run's own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.env = {}

    def call(self, *words, environment=None):
        done = subprocess.run([CLUSTER, *words, "--dir", self.folder], capture_output=True, text=True, env={**os.environ, **(environment or {})})
        if done.returncode:
            raise Failed(f"cluster {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def up(self, *words):
        self.call("up", *words)
        for line in (self.folder / "env").read_text().splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            if name.startswith("GUIDEPOST_"):
                self.env[name] = value.strip("'\"")

    def gateway(self):
        return self.env["GUIDEPOST_HBASE__GATEWAYS"].split(",")[0]


class Installation:
    """One configuration: a prefix and a version on a cluster."""

    def __init__(self, cluster, folder, prefix, **settings):
        self.cluster, self.folder, self.prefix = cluster, pathlib.Path(folder), prefix
        # Streams that the scenarios write themselves have no user agents, and are people's all the same.
        self.settings = {"names.prefix": prefix, "rollup.max_age": "3s", "enrich.no_agent_is_bot": "false", **settings}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.daemons = {}
        self.environment_more = {}

    def words(self, *words, program=PROGRAM):
        sets = [word for key, value in self.settings.items() for word in ("--set", f"{key}={value}")]
        return [str(program), *map(str, words), "--config", str(ROOT / "config" / "cluster.toml"), *sets]

    def environment(self):
        return {**os.environ, **self.cluster.env, **self.environment_more}

    def run(self, *words, **limits):
        """Runs a command to its end; its standard output."""
        return self.run_bytes(*words, **limits).decode()

    def run_bytes(self, *words, timeout=600):
        done = self.ended(*words, timeout=timeout)
        if done.returncode:
            said = done.stdout[-1500:].decode(errors="replace") + done.stderr[-3000:].decode(errors="replace")
            raise Failed(f"guidepost {' '.join(map(str, words))} ended with {done.returncode}: {said}")
        return done.stdout

    def attempt(self, *words):
        """Its standard output, or nothing where it is refused (status 1)."""
        done = self.ended(*words)
        return None if done.returncode == 1 else done.stdout.decode()

    def refused(self, *words):
        """What it says when it ends with status 1."""
        done = self.ended(*words)
        if done.returncode != 1:
            raise Failed(f"guidepost {' '.join(map(str, words))} ended with {done.returncode} instead of 1: {done.stdout.decode()}")
        return done.stderr.decode()

    def ended(self, *words, timeout=600):
        return subprocess.run(self.words(*words), capture_output=True, env=self.environment(), timeout=timeout)

    @staticmethod
    def version():
        return subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def start(self, role, slot, program=PROGRAM, **settings):
        """Starts a daemon in a slot of its group, which it takes over from whoever had it."""
        name = f"{role}-{slot}"
        log = open(self.folder / f"{name}.log", "ab")
        words = self.words(role, program=program) + ["--set", f"kafka.member={name}"]
        for key, value in settings.items():
            words += ["--set", f"{key.replace('__', '.')}={value}"]
        self.daemons[name] = subprocess.Popen(words, stdout=log, stderr=log, env=self.environment())
        return self.daemons[name]

    def kill(self, name):
        daemon = self.daemons.pop(name)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()

    def stop(self, name, deadline=35):
        """SIGTERM; how long it took. A daemon that does not end in time, or not with 0, fails."""
        daemon = self.daemons.pop(name)
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        try:
            status = daemon.wait(deadline)
        except subprocess.TimeoutExpired:
            daemon.kill()
            raise Failed(f"{name} did not end within {deadline} s of SIGTERM") from None
        if status != 0:
            raise Failed(f"{name} ended with {status}: {self.log_of(name)[-2000:]}")
        return time.monotonic() - began

    def stop_all(self):
        return {name: self.stop(name) for name in list(self.daemons)}

    def kill_all(self):
        for name in list(self.daemons):
            self.kill(name)

    def log_of(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def metrics(self, name):
        """What a running daemon shows at /metrics: {"name{labels}": number}."""
        address = re.findall(r" listening address=(\S+)", self.log_of(name))[-1]
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def logs(self):
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def wait_counted(self, timeout=600):
        """Until every raw record is in the tables: importing nothing waits for that."""
        empty = self.folder / "nothing.ndjson"
        empty.write_text("")
        self.run("import", "events", empty, timeout=timeout)


def wait_until(what, condition, deadline=60):
    """Polls until the condition holds; fails when it does not in time."""
    end = time.monotonic() + deadline
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"waited {deadline} s for {what}")
        time.sleep(0.05)
