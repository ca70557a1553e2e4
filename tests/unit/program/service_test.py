"""A daemon and the service manager that started it: what is told over the notify socket, SIGHUP, the journal."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import pathlib
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import PROGRAM, ProgramTest, clean_environment


class Manager:
    """The service manager's end of a notify socket."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.heard = []

    def hear(self, seconds):
        """The next message, as a dictionary; nothing where none comes."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            message = self.socket.recv(4096).decode()
        except TimeoutError:
            return None
        self.heard.append(dict(line.split("=", 1) for line in message.split("\n")))
        return self.heard[-1]

    def wait_for(self, key, deadline=30):
        """Hears until a message has that key; that message."""
        end = time.monotonic() + deadline
        while (left := end - time.monotonic()) > 0:
            if (message := self.hear(left)) and key in message:
                return message
        raise AssertionError(f"no {key} within {deadline} s, only {self.heard}")


class ServiceTest(ProgramTest):
    def managed(self, *words, address=None, **environment):
        """`up` with a notify socket."""
        address = address or str(self.folder / "notify")
        manager = Manager(address)
        self.addCleanup(manager.socket.close)
        variable = "@" + address[1:] if address[0] == "\0" else address
        daemon = self.up(*words, NOTIFY_SOCKET=variable, **environment)
        self.wait_until_it_works(daemon)
        return manager, daemon

    def wait_until_it_works(self, daemon):
        def ready():
            connection = http.client.HTTPConnection(daemon.address, timeout=30)
            connection.request("GET", "/health/ready")
            status = connection.getresponse().status
            connection.close()
            return status == 200

        self.eventually("readiness", ready)

    def log(self):
        return (self.folder / "up.log").read_text()

    def test_start_and_stop_are_told(self):
        for address in (None, f"\0guidepost-test-{os.getpid()}-{id(self)}"):
            manager, daemon = self.managed(address=address)
            manager.wait_for("READY")
            self.eventually("a status that names the address",
                            lambda: daemon.address in manager.wait_for("STATUS")["STATUS"])
            self.assertNotIn("WATCHDOG", {key for message in manager.heard for key in message})
            self.assertEqual(self.stop(daemon), 0)
            manager.wait_for("STOPPING")

    def test_it_shows_that_it_lives_and_no_more_when_it_hangs(self):
        manager, daemon = self.managed(WATCHDOG_USEC="400000")
        manager.wait_for("READY")
        for _ in range(5):
            manager.wait_for("WATCHDOG", deadline=10)
        daemon.send_signal(signal.SIGSTOP)
        while manager.hear(0):  # what was on its way
            pass
        self.assertIsNone(manager.hear(1.5))
        daemon.send_signal(signal.SIGCONT)
        manager.wait_for("WATCHDOG")
        self.assertEqual(self.stop(daemon), 0)

    def test_a_watchdog_of_another_process_is_not_ours(self):
        manager, daemon = self.managed(WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        manager.wait_for("READY")
        self.assertEqual(self.stop(daemon), 0)
        manager.wait_for("STOPPING")
        self.assertNotIn("WATCHDOG", {key for message in manager.heard for key in message})

    def test_a_reload_takes_the_log_level_and_names_what_needs_a_restart(self):
        config = self.file("g.toml", '[log]\nlevel = "warn"\n')
        manager, daemon = self.managed("--config", config)
        manager.wait_for("READY")
        self.assertNotIn("listening", self.log())
        config.write_text('[log]\nlevel = "info"\n[http]\nconnections = 7\n[merchant.shop]\ncurrency = "EUR"\n')
        before = time.clock_gettime(time.CLOCK_MONOTONIC)
        daemon.send_signal(signal.SIGHUP)
        reloading = manager.wait_for("RELOADING")
        self.assertGreaterEqual(int(reloading["MONOTONIC_USEC"]), int(before * 1e6) - 1)
        manager.wait_for("READY")
        line = re.search(r"config_reloaded .*", self.log())[0]
        self.assertIn("changed=log.level", line)
        self.assertRegex(line, r"needs_restart=http\.connections,\S*merchant\.shop\.currency")
        self.assertEqual(self.stop(daemon), 0)
        self.assertIn(" info draining", self.log())

    def test_a_wrong_configuration_is_refused_and_the_old_one_kept(self):
        config = self.file("g.toml", '[log]\nlevel = "info"\n')
        manager, daemon = self.managed("--config", config)
        manager.wait_for("READY")
        for wrong in ('[log]\nlevel = "loud"\n', '[log]\nlevel = "error"\n[merchant.shop]\ntime_zone = "Mars/Olympus"\n', "["):
            config.write_text(wrong)
            daemon.send_signal(signal.SIGHUP)
            manager.wait_for("RELOADING")
            manager.wait_for("READY")
        self.assertEqual(len(re.findall("config_refused", self.log())), 3)
        self.assertIn(f"{config}:2: log.level: expected", self.log())
        self.assertIn("Mars/Olympus", self.log())
        self.assertNotIn("config_reloaded", self.log())
        self.assertEqual(self.stop(daemon), 0)
        self.assertIn(" info draining", self.log())

    def test_without_a_manager_a_reload_is_the_same(self):
        config = self.file("g.toml", '[log]\nlevel = "info"\n')
        daemon = self.up("--config", config)
        self.wait_until_it_works(daemon)
        config.write_text('[log]\nlevel = "warn"\n')
        daemon.send_signal(signal.SIGHUP)
        self.eventually("the reload", lambda: "config_reloaded changed=log.level needs_restart=none" in self.log() or
                        daemon.poll() is not None)
        self.assertEqual(self.stop(daemon), 0)
        self.assertNotIn("draining", self.log())

    def test_on_the_journal_lines_have_their_severity_and_no_time(self):
        read, write = os.pipe()
        is_pipe = os.fstat(write)
        environment = clean_environment(JOURNAL_STREAM=f"{is_pipe.st_dev}:{is_pipe.st_ino}")
        config = self.file("g.toml", "")
        daemon = subprocess.Popen([PROGRAM, "up", "--listen", "127.0.0.1:0", "--json", "--config", config], stderr=write, stdout=subprocess.PIPE,
                                  text=True, cwd=self.folder, env=environment)
        self.daemons.append(daemon)
        os.close(write)
        daemon.address = json.loads(daemon.stdout.readline())["listening"]
        self.wait_until_it_works(daemon)
        config.write_text("wrong")
        daemon.send_signal(signal.SIGHUP)
        with os.fdopen(read) as journal:
            lines = []
            while not any("config_kept" in line for line in lines):
                lines.append(journal.readline())
                self.assertTrue(lines[-1], lines)
            self.assertEqual(self.stop(daemon), 0)
            lines += journal.readlines()
        severities = {re.match(r"<(\d)>(\w+)", line)[2]: re.match(r"<(\d)>", line)[1] for line in lines}
        self.assertEqual({k: severities[k] for k in ("listening", "config_refused", "config_kept", "draining")},
                         {"listening": "6", "config_refused": "3", "config_kept": "4", "draining": "6"})
        # Another stream than the journal's stays as it is.
        self.assertTrue(self.run_it("up", "--set", "http.listen=nowhere", JOURNAL_STREAM="1:1").err.startswith("guidepost: "))

    def test_a_complaint_is_an_error_on_the_journal(self):
        read, write = os.pipe()
        stream = os.fstat(write)
        done = subprocess.run([PROGRAM, "up", "--set", "log.level=loud"], stderr=write, cwd=self.folder,
                              env=clean_environment(JOURNAL_STREAM=f"{stream.st_dev}:{stream.st_ino}"))
        os.close(write)
        with os.fdopen(read) as journal:
            self.assertRegex(journal.read(), r"^<3>guidepost: --set: log.level: expected")
        self.assertEqual(done.returncode, 2)

    def test_a_command_does_not_speak_to_the_manager(self):
        manager = Manager(str(self.folder / "notify"))
        self.addCleanup(manager.socket.close)
        self.assertEqual(self.run_it("status", NOTIFY_SOCKET=str(self.folder / "notify")).status, 1)
        self.assertEqual(self.run_it("init", NOTIFY_SOCKET=str(self.folder / "notify")).status, 0)
        self.assertIsNone(manager.hear(0))


if __name__ == "__main__":
    unittest.main()
