"""`up` on embedded stores, by its HTTP interface and by commands beside it and after it."""
import http.client
import json
import pathlib
import re
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from program import ROOT, ProgramTest

GOOD = {"merchant": "shop", "type": "page_view", "guid": "g1", "url": "/a", "event_id": "e1", "time": int(time.time())}


class UpTest(ProgramTest):
    def ask(self, daemon, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(daemon.address, timeout=30)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), data

    def post(self, daemon, body, kind="application/json"):
        status, _, data = self.ask(daemon, "POST", "/v1/events", body if isinstance(body, (bytes, str)) else json.dumps(body), Content_Type=kind)
        return status, json.loads(data)

    def ready(self, daemon):
        return self.eventually("readiness", lambda: self.ask(daemon, "GET", "/health/ready")[0] == 200)

    def ledger(self, *words):
        sources = self.run_it("status", "--json", *words).json()["sources"]
        return {k: sum(s["ledger"][k] for s in sources) for k in ("counted", "bad", "duplicate")}

    def test_events_are_answered_one_by_one_and_end_in_the_ledger(self):
        daemon = self.up()
        self.ready(daemon)
        status, answer = self.post(daemon, GOOD)
        self.assertEqual((status, answer["events"]), (200, [{"status": "accepted"}]))
        status, answer = self.post(daemon, [GOOD | {"event_id": "e2"}, {"merchant": "shop"}, 7])
        self.assertEqual(status, 207)
        self.assertEqual([e["status"] for e in answer["events"]], ["accepted", "bad", "bad"])
        self.assertEqual((answer["received"], answer["refused"]), (3, 2))
        self.assertTrue(all(e["reason"] for e in answer["events"][1:]))
        status, answer = self.post(daemon, json.dumps(GOOD) + "\nnot json\n", "application/x-ndjson")
        self.assertEqual([e["status"] for e in answer["events"]], ["accepted", "bad"])
        self.assertEqual(answer["events"][1]["reason"], "not_json")
        self.eventually("the ledger", lambda: self.ledger() == {"counted": 2, "bad": 3, "duplicate": 1})
        shown = self.run_it("bad", "list", "--json").json()["rows"]
        self.assertIn({"text": "not json"}, [row["bytes"] for row in shown])
        position = next(row["position"] for row in shown if row["bytes"] == {"text": "not json"})
        self.assertEqual(self.run_it("bad", "show", position, "--raw").out, "not json")
        self.assertEqual(self.stop(daemon), 0)
        # The same without `up`: the command opens the stores itself.
        self.assertEqual(self.ledger(), {"counted": 2, "bad": 3, "duplicate": 1})
        self.assertEqual(self.run_it("bad", "show", position, "--raw").out, "not json")

    def test_requests_that_hold_no_events_are_problems(self):
        daemon = self.up()
        self.ready(daemon)
        for body, kind, status, word in (("", "application/json", 400, "not_json"), ("[1", "application/json", 400, "not_json"),
                                         ("[" + ",".join(["{}"] * 1001) + "]", "application/json", 413, "too_large")):
            code, _, data = self.ask(daemon, "POST", "/v1/events", body, Content_Type=kind)
            self.assertEqual((code, json.loads(data)["type"]), (status, f"urn:guidepost:{word}"))
        self.assertEqual(self.ask(daemon, "POST", "/v1/events", "x" * (1024 * 1024 + 1))[0], 413)
        self.assertEqual(self.ledger(), {"counted": 0, "bad": 0, "duplicate": 0})

    def test_what_the_interface_gives_is_what_its_document_says(self):
        """docs/openapi.yaml: paths, methods and statuses, and nothing else."""
        documented, path, method = {}, None, None
        for line in (ROOT / "docs" / "openapi.yaml").read_text().splitlines():
            if found := re.match(r"  (/\S*):$", line):
                path = found.group(1)
            elif path and (found := re.match(r"    (get|post):$", line)):
                method = found.group(1).upper()
                documented[method, path] = set()
            elif path and (found := re.match(r"        '(\d{3})':", line)):
                documented[method, path].add(int(found.group(1)))
        self.assertEqual(set(documented), {("GET", "/ping"), ("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/metrics"), ("POST", "/v1/events")})
        daemon = self.up()
        seen = {key: set() for key in documented}
        for method, path in documented:
            bodies = [None] if method == "GET" else [json.dumps(GOOD), "{}", "[", "[" + "{}," * 1000 + "{}]"]
            for body in bodies:
                seen[method, path].add(self.ask(daemon, method, path, body)[0])
        for key, statuses in seen.items():
            self.assertLessEqual(statuses, documented[key], key)
        self.assertEqual(self.ask(daemon, "GET", "/v1/events")[0], 405)
        self.assertEqual(self.ask(daemon, "GET", "/")[0], 404)

    def test_metrics_and_health(self):
        daemon = self.up()
        self.ready(daemon)
        self.post(daemon, GOOD)
        status, headers, data = self.ask(daemon, "GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertIn(b'guidepost_http_events_total{outcome="accepted"} 1', data)
        self.assertEqual(self.ask(daemon, "GET", "/ping")[2], b"pong\n")
        self.assertEqual(json.loads(self.ask(daemon, "GET", "/health/ready")[2])["checks"]["event_log"], {"status": "ok"})

    def test_a_smuggled_request_is_not_answered(self):
        daemon = self.up()
        host, port = daemon.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as s:
            s.sendall(b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
            heard = b""
            while piece := s.recv(4096):
                heard += piece
        self.assertTrue(heard.startswith(b"HTTP/1.1 400"))
        self.assertNotIn(b"pong", heard)

    def test_an_import_beside_it_reads_its_own_standard_input(self):
        daemon = self.up()
        self.ready(daemon)
        done = self.run_it("import", "events", "-", input=json.dumps(GOOD) + "\n")
        self.assertEqual(done.status, 0, done.err)
        self.assertEqual(self.ledger(), {"counted": 1, "bad": 0, "duplicate": 0})

    def test_a_setting_that_would_not_hold_is_refused(self):
        self.ready(self.up())
        done = self.run_it("replay", "--to-earliest", "--execute", "--set", "sessions.gap=5m")
        self.assertEqual(done.status, 2, done.out)
        self.assertIn("--set has no effect beside the process that has", done.err)

    def test_one_up_has_a_folder(self):
        daemon = self.up()
        second = self.run_it("up", "--listen", "127.0.0.1:0")
        self.assertEqual(second.status, 1)
        self.assertIn("runs in", second.err)
        self.assertIn(str(daemon.pid), second.err)

    def test_after_kill_9_everything_answered_is_there(self):
        daemon = self.up()
        self.ready(daemon)
        for i in range(20):
            self.assertEqual(self.post(daemon, GOOD | {"event_id": f"k{i}", "guid": f"g{i}"})[0], 200)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        self.ready(self.up())
        self.eventually("the ledger", lambda: self.ledger() == {"counted": 20, "bad": 0, "duplicate": 0})

    def test_a_deep_folder_and_paths_of_the_caller(self):
        deep = self.folder / "/".join(["deep-in-the-tree"] * 12)
        deep.mkdir(parents=True)
        daemon = self.up("--data", deep)
        self.ready(daemon)
        self.assertEqual(self.run_it("status", "--data", deep).status, 0)

    def test_looking_inside(self):
        daemon = self.up()
        self.ready(daemon)
        self.post(daemon, GOOD | {"time": "2015-05-17T10:05:03Z"})
        self.post(daemon, GOOD | {"event_id": "now"})
        self.eventually("the ledger", lambda: sum(self.ledger().values()) == 2)
        source = next(s for s in self.run_it("status", "--json").json()["sources"] if s["ledger"]["counted"])
        block = self.run_it("block", "show", f"{source['source']}:0", "--all", "--json").json()
        self.assertIn(("bad", "too_late"), [(o["outcome"], o.get("reason")) for o in block["outcomes"]])
        event = next(o for o in self.run_it("block", "show", f"{source['source']}:1", "--json").json()["outcomes"])
        page = self.run_it("page", "show", f"shop/{event['time']}", "--json")
        self.assertEqual(page.status, 0, page.err)
        total = next(e for c in page.json()["chunks"] for e in c["entries"] if e["dimension"] == "total")
        self.assertEqual(total["events"], 1)
        missing = self.run_it("page", "show", "shop/2001-01-01")
        self.assertEqual(missing.status, 1)


if __name__ == "__main__":
    unittest.main()
