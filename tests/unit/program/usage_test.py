"""Wrong usage and wrong configuration: exit 2, and a message that says what to do."""
import http.client
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import PROGRAM, ROOT, ProgramTest, clean_environment


class UsageTest(ProgramTest):
    def test_alone_and_with_help_it_lists_every_command(self):
        alone, helped = self.run_it(), self.run_it("--help")
        self.assertEqual((alone.status, helped.status), (0, 0))
        self.assertEqual(alone.out, helped.out)
        for word in ("up", "collect", "ingest", "aggregate", "init", "status", "bad list", "page show", "check-config"):
            self.assertRegex(alone.out, rf"(?m)^  {word} +\S")

    def test_every_command_has_synopsis_flags_and_examples(self):
        commands = [line[2:] for line in self.run_it("--reference").out.splitlines() if line.startswith("## ")]
        commands = [c.strip() for c in (line.lstrip("# ") for line in commands)]
        self.assertGreater(len(commands), 9)
        for command in commands:
            done = self.run_it(*command.split(), "--help")
            self.assertEqual(done.status, 0, done.err)
            self.assertIn(f"Usage: guidepost {command}", done.out)
            self.assertGreaterEqual(done.out.split("Examples:\n")[1].count("  # "), 2, command)

    def test_an_unknown_command_or_flag_names_the_nearest_one(self):
        for words, hint in ((["stauts"], "did you mean status?"), (["up", "--listn", "x:1"], "did you mean --listen?"),
                            (["bad", "lst"], "did you mean bad list?")):
            done = self.run_it(*words)
            self.assertEqual(done.status, 2)
            self.assertEqual(done.out, "")
            self.assertIn(hint, done.err)

    def test_what_only_looks_makes_no_stores(self):
        for words in (["status"], ["query", "--merchant", "shop", "--from", "2015-05-17", "--to", "2015-05-18"], ["verify"], ["bad", "list"], ["canary"],
                      ["journey", "--merchant", "shop", "--guid", "g"]):
            done = self.run_it(*words, "--data", "typo")
            self.assertEqual(done.status, 1, words)
            self.assertIn("there is no data in", done.err)
        self.assertFalse((self.folder / "typo").exists())

    def test_a_port_that_is_taken_ends_it_with_one_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done = self.run_it("up", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", "--set", "log.level=warn")
        self.assertEqual(done.status, 1, done.err)
        self.assertRegex(done.err, r"\Aguidepost: cannot listen at [^\n]*\n\Z")

    def test_words_that_are_missing_or_too_many_are_named(self):
        self.run_it("init")
        for words, expected in ((["page", "show"], "MERCHANT/TIME is missing"), (["status", "x"], "takes no words"),
                                (["bad", "list", "--limit"], "--limit needs a value"), (["bad", "list", "--limit", "0"], "expected a whole number"),
                                (["bad", "list", "--reason", "mood"], "expected one of not_json"), (["block", "show", "12"], "expected SOURCE:OFFSET"),
                                (["up", "--listen", "nowhere"], "no address HOST:PORT"), (["ingest"], "storage.kind = cluster"), (["collect"], "storage.kind = cluster"),
                                (["collect", "--listen", "nowhere"], "no address HOST:PORT")):
            done = self.run_it(*words)
            self.assertEqual(done.status, 2, (words, done.err))
            self.assertIn(expected, done.err, words)

    def test_no_colour_without_a_terminal(self):
        self.assertNotIn("\x1b", self.run_it("check-config", TERM="xterm").out)

    def test_version(self):
        self.assertRegex(self.run_it("--version").out, r"^guidepost \d+\.\d+\.\d+\n$")


class ConfigurationTest(ProgramTest):
    def mistake(self, contents, *words, **environment):
        path = self.file("g.toml", contents)
        done = self.run_it("check-config", "--config", path, *words, **environment)
        self.assertEqual(done.status, 2, done.out + done.err)
        self.assertEqual(done.out, "")
        return done.err.replace(str(path), "g.toml").splitlines()

    def test_a_mistake_names_file_line_key_and_expectation(self):
        self.assertEqual(self.mistake("[log]\nlevel = \"info\"\n\n[ingest]\nblock_time = \"soon\"\n"),
                         ["guidepost: g.toml:5: ingest.block_time: expected a duration from 1ms to 1m, got \"soon\""])
        self.assertEqual(self.mistake("[ingest]\nblock_tme = \"1s\"\n"),
                         ["guidepost: g.toml:2: ingest.block_tme: no such key, did you mean ingest.block_time?"])
        self.assertRegex(self.mistake("[log\n")[0], r"^guidepost: g\.toml:1: not TOML")

    def test_every_mistake_is_told_at_once(self):
        lines = self.mistake("[log]\nlevel = 3\n", "--set", "topics.partitions=none", GUIDEPOST_KAFKA__BROKERS="nowhere")
        self.assertEqual(len(lines), 3, lines)
        self.assertIn("g.toml:2: log.level", lines[0])
        self.assertIn("GUIDEPOST_KAFKA__BROKERS: kafka.brokers: expected a list of addresses", lines[1])
        self.assertIn("--set: topics.partitions: expected a whole number", lines[2])

    def test_a_currency_that_there_is_not(self):
        self.assertEqual(self.mistake("[merchant.shop]\ncurrency = \"EUX\"\n"),
                         ["guidepost: g.toml:2: merchant.shop.currency: expected a currency of ISO 4217, for instance EUR, got EUX"])
        self.assertEqual(self.mistake("", "--set", "ingest.default_currency=euro"),
                         ["guidepost: --set: ingest.default_currency: expected a code of ISO 4217 like EUR, or empty, got \"euro\""])

    def test_a_file_that_is_not_there(self):
        done = self.run_it("status", "--config", "none.toml")
        self.assertEqual(done.status, 2)
        self.assertIn("none.toml: cannot be read", done.err)

    def test_daemons_refuse_a_wrong_configuration_before_they_touch_anything(self):
        for command in ("up", "ingest", "init"):
            done = self.run_it(command, "--set", "log.levle=info", "--data", "made")
            self.assertEqual(done.status, 2)
            self.assertFalse((self.folder / "made").exists())

    def test_the_files_that_come_along_are_right(self):
        for name in ("cluster.toml", "laptop.toml"):
            done = self.run_it("check-config", "--config", ROOT / "config" / name, "--set", "storage.kind=embedded")
            self.assertEqual(done.status, 0, done.err)

    def test_check_config_names_what_cannot_be_reached(self):
        done = self.run_it("check-config", "--config", ROOT / "config" / "cluster.toml", "--set", "kafka.brokers=127.0.0.1:1", "--set",
                           "hbase.gateways=127.0.0.1:2", "--set", "hbase.ddl_gateways=no.such.host.invalid:3")
        self.assertEqual(done.status, 1, done.err)
        self.assertRegex(done.out, r"(?m)^failed  kafka\.brokers 127\.0\.0\.1:1 +cannot be reached: Connection refused")
        self.assertRegex(done.out, r"(?m)^failed  hbase\.gateways 127\.0\.0\.1:2 ")
        self.assertRegex(done.out, r"(?m)^failed  hbase\.ddl_gateways no\.such\.host\.invalid:3 ")
        self.assertIn('brokers = ["127.0.0.1:1"]  # --set', done.out)

    def test_a_secret_is_never_printed(self):
        self.file("password", "hunter2\n")
        done = self.run_it("check-config", "--set", f"kafka.sasl_password=file:{self.folder}/password")
        self.assertEqual(done.status, 0, done.err)
        self.assertNotIn("hunter2", done.out + done.err)


class DaemonTest(ProgramTest):
    def start(self, role, *words):
        """A daemon of a cluster that is not there, and where it listens."""
        line = [PROGRAM, role, "--config", ROOT / "config" / "cluster.toml", "--set", "kafka.brokers=127.0.0.1:1", "--set",
                "hbase.gateways=127.0.0.1:2", "--set", "kafka.request_timeout=1s", *words]
        log = self.folder / f"{role}.log"
        with open(log, "wb") as to:
            daemon = subprocess.Popen([*map(str, line)], stdout=to, stderr=to, cwd=self.folder, env=clean_environment())
        self.daemons.append(daemon)
        daemon.address = self.eventually("an address", lambda: re.search(r"listening address=(\S+)", log.read_text())).group(1)
        return daemon, log

    def ask(self, daemon, path, method="GET", body=None):
        connection = http.client.HTTPConnection(daemon.address, timeout=10)
        connection.request(method, path, body)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def ends(self, daemon, log):
        self.assertIsNone(daemon.poll())
        began = time.monotonic()
        self.assertEqual(self.stop(daemon, 30), 0, log.read_text())
        self.assertLess(time.monotonic() - began, 30)

    def test_a_daemon_before_its_servers_lives_waits_and_ends_when_told(self):
        for role in ("ingest", "aggregate"):
            daemon, log = self.start(role)
            self.eventually("a word about waiting", lambda: "waiting_for_state table=state" in log.read_text())
            self.assertEqual([self.ask(daemon, path)[0] for path in ("/health/live", "/health/ready", "/metrics")], [200, 503, 200])
            self.ends(daemon, log)

    def test_a_collector_before_its_log_takes_nothing_and_needs_no_tables(self):
        daemon, log = self.start("collect", "--listen", "127.0.0.1:0")
        self.assertEqual([self.ask(daemon, path)[0] for path in ("/health/live", "/metrics")], [200, 200])
        status, ready = self.ask(daemon, "/health/ready")
        self.assertEqual((status, list(json.loads(ready)["checks"])), (503, ["event_log"]))
        status, problem = self.ask(daemon, "/v1/events", "POST", '{"merchant":"shop"}')
        self.assertEqual((status, json.loads(problem)["type"]), (503, "urn:guidepost:log_unavailable"))
        self.ends(daemon, log)


class DocumentsTest(ProgramTest):
    def compare(self, name, made):
        self.assertEqual((ROOT / "docs" / name).read_text(), made, f"docs/{name} is not what the program says: make it anew")

    def test_the_commands_are_documented_as_they_are(self):
        self.compare("commands.md", self.run_it("--reference").out)

    def test_the_metrics_are_documented_as_they_are(self):
        self.compare("metrics.md", self.run_it("--reference", "metrics").out)

    def test_the_configuration_is_documented_as_it_is(self):
        self.compare("configuration.md", self.run_it("check-config", "--reference").out)


if __name__ == "__main__":
    unittest.main()
