"""`status --watch`: on a terminal in place, else a line at a time, until Ctrl-C."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest
import unittest.mock
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import PROGRAM, ProgramTest, clean_environment

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A command on a terminal of its own, and what is on its screen: of the sequences that it may use, no others."""

    def __init__(self, folder, words, columns=80, rows=30):
        self.near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen([PROGRAM, *words], stdin=far, stdout=far, stderr=far, cwd=folder, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env=clean_environment(TERM="xterm"))
        os.close(far)
        self.columns, self.heard = columns, ""

    def read(self, seconds=0.05):
        while select.select([self.near], [], [], seconds)[0]:
            try:
                more = os.read(self.near, 65536)
            except OSError:  # the far end is closed
                return self.heard
            if not more:
                return self.heard
            self.heard += more.decode()
        return self.heard

    def screens(self):
        """Texts as they were painted, one over the other; colours and erasures taken out. The last may be incomplete."""
        painted = self.read().split(ENTER)[-1].split(LEAVE)[0].split("\x1b[H")[1:]
        return [re.sub(r"\x1b\[(?:\d*m|K|J)", "", text).replace("\r", "") for text in painted if text.endswith("\x1b[J") or text.endswith("\x1b[?25h")]

    def press(self, key):
        os.write(self.near, key)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.near)


class WatchTest(ProgramTest):
    def send(self, daemon, count):
        body = "\n".join(json.dumps({"merchant": "shop", "type": "page_view", "guid": f"g{i}", "url": "/", "time": int(time.time())}) for i in range(count))
        request = urllib.request.Request(f"http://{daemon.address}/v1/events", body.encode(), {"Content-Type": "application/x-ndjson"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.assertEqual(json.load(answer)["refused"], 0)

    def terminal(self, *words, **size):
        terminal = Terminal(self.folder, ["status", "--watch", "--interval", "200ms", *words], **size)
        self.addCleanup(terminal.close)
        return terminal

    def test_a_terminal_is_repainted_and_given_back_at_ctrl_c(self):
        daemon = self.up()
        terminal = self.terminal()
        self.eventually("the first screen", terminal.screens)
        self.send(daemon, 300)
        self.eventually("the events as a rate", lambda: any(re.search(r"a second [1-9][\d,]* in", s) for s in terminal.screens()))
        last = self.eventually("all of them", lambda: next((s for s in terminal.screens() if "ledger   300 received = 300 counted" in s and "lag      none, up to date" in s), None))
        self.assertRegex(last, r"\Aguidepost status  \S+Z, every 200 ms, Ctrl-C ends\n\nsource  partition +end +in/s +decided/s +in tables/s +lag\n")
        self.assertIn("ingest     4 running of 4 partitions here", last)
        for screen in terminal.screens():
            self.assertLessEqual(max(map(len, screen.splitlines())), 80)
            self.assertLessEqual(screen.count("\n"), 24)
        terminal.press(b"\x03")
        self.assertEqual(terminal.process.wait(15), 0)
        heard = terminal.read()
        self.assertEqual((heard.count(ENTER), heard.count(LEAVE), heard.count("\x1b[?25l"), heard.count("\x1b[?25h")), (1, 1, 1, 1))
        self.assertIn("ledger   300 received", heard.split(LEAVE)[1], "the last screen stays")
        self.assertIsNone(daemon.poll(), "the daemon goes on")

    def test_without_colours_where_none_are_wanted(self):
        self.up()
        terminal = self.terminal()
        self.eventually("the first screen", terminal.screens)
        self.assertIn("\x1b[1m", terminal.heard)
        with unittest.mock.patch.dict(os.environ, NO_COLOR="1"):
            plain = self.terminal()
        self.eventually("the first screen", plain.screens)
        self.assertNotRegex(plain.heard, r"\x1b\[\d*m")

    def watch(self, *words):
        watching = subprocess.Popen([PROGRAM, "status", "--watch", "--interval", "200ms", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True, cwd=self.folder, env=clean_environment())
        self.daemons.append(watching)
        self.addCleanup(lambda: watching.stderr.close())
        return watching

    def test_elsewhere_it_is_a_line_at_a_time(self):
        daemon = self.up()
        watching = self.watch()
        first = watching.stdout.readline()
        self.assertRegex(first, r"\A\S+Z  in -/s  decided -/s  in tables -/s  bad -/s  lag 0  \S")
        self.send(daemon, 100)
        rates = []
        while not re.search(r"lag 0  up to date", line := watching.stdout.readline()) or not any(rates):
            rates.append(int(re.search(r"  in ([\d,]+)/s", line)[1].replace(",", "")))
            self.assertNotIn("\x1b", line)
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(15), 0)
        self.assertEqual(watching.stderr.read(), "")

    def test_objects_add_up_to_what_came(self):
        daemon = self.up()
        watching = self.watch("--json")
        looks = [json.loads(watching.stdout.readline())]
        self.assertNotIn("rates", looks[0])
        self.send(daemon, 100)
        while looks[-1]["lag"] or sum(s["raw"]["end"] for s in looks[-1]["sources"]) < 100:
            looks.append(json.loads(watching.stdout.readline()))
        looks.append(json.loads(watching.stdout.readline()))
        at = [time.mktime(time.strptime(look["time"][:19], "%Y-%m-%dT%H:%M:%S")) + float("0" + look["time"][19:-1]) for look in looks]
        for what in ("in", "decided", "in_tables"):
            together = sum(look["rates"][what] * (now - before) for look, now, before in zip(looks[1:], at[1:], at))
            self.assertAlmostEqual(together, 100, delta=1, msg=what)
        self.assertEqual(self.stop(watching), 0)

    def test_it_ends_with_the_process_that_it_watches_and_with_its_reader(self):
        daemon = self.up()
        watching, unread = self.watch(), self.watch()
        self.assertTrue(watching.stdout.readline() and unread.stdout.readline())
        unread.stdout.close()
        self.assertEqual(unread.wait(15), 0)
        unread.stdout = None
        self.assertEqual(self.stop(daemon), 0)
        self.assertEqual(watching.wait(15), 0)

    def test_alone_it_watches_as_well(self):
        self.run_it("init")
        terminal = self.terminal()
        self.eventually("a screen", terminal.screens)
        terminal.press(b"\x03")
        self.assertEqual(terminal.process.wait(15), 0)
        self.assertIn("nothing has come in yet", terminal.read().split(LEAVE)[1])

    def test_wrong_intervals_are_refused(self):
        self.run_it("init")
        for words, expected in ((["--watch", "--interval", "1ms"], "from 200ms to 1h, got '1ms'"), (["--watch", "--interval", "often"], "got 'often'"),
                                (["--interval", "2s"], "with --watch")):
            done = self.run_it("status", *words)
            self.assertEqual(done.status, 2, done.out)
            self.assertIn(expected, done.err)


if __name__ == "__main__":
    unittest.main()
