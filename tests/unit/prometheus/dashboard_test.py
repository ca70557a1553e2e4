"""deploy/grafana/guidepost.json: made by the script beside it, of queries that Prometheus reads and metrics that are declared."""
import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from metrics import declared, named
from program import ROOT, ProgramTest
from prometheus import DASHBOARD, promtool, queries

# Declared, and on no panel.
NOT_SHOWN = {
    "guidepost_stage_end_offset": "the lag says it", "guidepost_stage_read_offset": "the lag says it",
    "guidepost_ingest_blocks_total": "aggregate's are shown", "guidepost_ingest_log_time_steps_back_total": "an alarm",
    "guidepost_ingest_missing_records": "an alarm",
    "guidepost_identity_cache_entries": "its bytes are shown", "guidepost_identity_cache_evictions_total": "the hits say it",
    "guidepost_identity_cache_forgotten_total": "for looking closer", "guidepost_hbase_batch_bytes": "its rows are shown",
    "guidepost_hbase_idle_reconnects_total": "for looking closer", "guidepost_hbase_unknown_outcomes_total": "for looking closer",
    "guidepost_hbase_queued_requests": "its bytes are shown", "guidepost_http_answers_total": "requests with events are shown by outcome",
    "process_virtual_memory_bytes": "says little",
}


class DashboardTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.panels = [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]

    def test_it_is_what_the_script_makes(self):
        made = subprocess.run([sys.executable, "-B", "-c", "import runpy; print(runpy.run_path('deploy/grafana/make')['text'](), end='')"],
                              cwd=ROOT, capture_output=True, text=True, check=True).stdout
        self.assertEqual(made, DASHBOARD.read_text(), "deploy/grafana/make makes another one: run it")

    def test_prometheus_reads_every_query(self):
        found = queries("5m")
        self.assertGreater(len(found), 30)
        rules = [{"record": f"panel:{n}", "expr": expression} for n, (_, expression) in enumerate(found)]
        path = self.file("queries.yml", json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        done = promtool("check", "rules", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"SUCCESS: {len(found)} rules found", done.stdout)

    def test_every_metric_on_it_is_declared_and_the_other_way_round(self):
        shown = set()
        for title, expression in queries("5m"):
            names = named(expression)
            self.assertLessEqual(names, declared().keys(), title)
            shown |= names
        self.assertEqual(declared().keys() - shown, NOT_SHOWN.keys())

    def test_every_label_that_a_legend_names_is_kept_by_its_query(self):
        for panel in self.panels:
            for target in panel["targets"]:
                for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                    by = re.findall(r" by \(([^)]*)\)", target["expr"])
                    self.assertTrue(not by or all(label in kept.split(", ") for kept in by), f"{panel['title']}: {label}")

    def test_every_panel_says_what_it_shows_in_which_unit(self):
        self.assertEqual(len({panel["id"] for panel in self.panels}), len(self.panels))
        taken = set()
        for panel in self.panels:
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])
            self.assertRegex(panel["description"], r"^[A-Z0-9].*\.$", panel["title"])
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, f"{panel['title']} lies over another panel")
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells


if __name__ == "__main__":
    unittest.main()
