"""The program as a user runs it, for tests: commands, and daemons with a folder of their own."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("GUIDEPOST_PROGRAM", str(ROOT / "build" / "guidepost"))


def clean_environment(**more):
    """The environment without settings of whoever runs the tests."""
    return {**{k: v for k, v in os.environ.items() if not k.startswith("GUIDEPOST_")}, **more}


class Done:
    """What a command gave: status, out, err."""

    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="guidepost-test-"))
        self.daemons = []

    def tearDown(self):
        for daemon in self.daemons:
            if daemon.poll() is None:
                daemon.kill()
            daemon.wait()
            if daemon.stdout:
                daemon.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run_it(self, *words, input=None, timeout=60, text=True, **environment):
        return Done(subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=text, input=input, timeout=timeout,
                                   cwd=self.folder, env=clean_environment(**environment)))

    def file(self, name, contents):
        path = self.folder / name
        path.write_text(contents)
        return path

    def up(self, *words, program=PROGRAM, **environment):
        """Starts `up` and gives it with the address that it listens at."""
        line = [program, "up", "--listen", "127.0.0.1:0", "--json", "--set", "rollup.max_age=50ms", *map(str, words)]
        with open(self.folder / "up.log", "ab") as log:
            daemon = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder, env=clean_environment(**environment))
        self.daemons.append(daemon)
        line = daemon.stdout.readline()
        self.assertTrue(line, (self.folder / "up.log").read_text())
        daemon.address = json.loads(line)["listening"]
        return daemon

    def stop(self, daemon, deadline=35):
        daemon.send_signal(signal.SIGTERM)
        return daemon.wait(deadline)

    def eventually(self, what, condition, deadline=30):
        end = time.monotonic() + deadline
        while True:
            found = condition()
            if found:
                return found
            self.assertLess(time.monotonic(), end, f"waited {deadline} s for {what}")
            time.sleep(0.02)
