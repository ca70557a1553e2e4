"""Each alarm of deploy/prometheus/rules.yml fires when it should, is silent when it should not be, and is explained."""
import json
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from metrics import declared, named
from program import ROOT, ProgramTest
from prometheus import RULES, SCRAPING, alerts, promtool

# What is scraped, a value a minute: `AxN` stays, `A+BxN` rises by B. Times are in minutes; time() is 0 at the first value.
INGEST = {"job": "ingest", "instance": "i:1"}
PARTITION = 'job="aggregate",instance="a:1",stage="aggregate",partition="2"'
STAGE = {"stage": "aggregate", "partition": "2"}
COMPLETE = f"guidepost_stage_complete_timestamp_seconds{{{PARTITION}}}"
LAG, COMMITTED, RUNNING = (f"guidepost_stage_{what}{{{PARTITION}}}" for what in ("lag_offsets", "committed_offset", "running"))
GAPS = 'guidepost_aggregate_gaps_total{job="aggregate",instance="a:1"}'
STEPS = 'guidepost_ingest_log_time_steps_back_total{job="ingest",instance="i:1"}'
RECORDS = 'guidepost_ingest_records_total{job="ingest",instance="i:1",outcome="%s"}'
BAD = 'guidepost_ingest_bad_total{job="ingest",instance="i:1",reason="not_json"}'
REQUESTS = 'guidepost_http_event_requests_total{job="collect",instance="c:1",outcome="%s"}'
REACHED = 'guidepost_dependency_reached{job="%s",instance="%s:1",dependency="%s"}'
UP = 'up{job="ingest",instance="i:%d"}'
FREE, SIZE = (f'guidepost_data_{what}_bytes{{job="up",instance="u:1"}}' for what in ("free", "size"))
OPEN, MOST = 'process_open_fds{job="collect",instance="c:1"}', 'process_max_fds{job="collect",instance="c:1"}'
COLLECT = {"job": "collect"}
CANARY = 'guidepost_canary_%s{job="canary",instance="%s:1"}'
RUNS = 'guidepost_canary_runs_total{job="canary",instance="k:1",outcome="%s"}'


def other(series):
    """The same, shown by another process."""
    return series.replace("a:1", "a:2")


def fires(alert, series, at, labels, description):
    return alert, series, at, labels, description


def silent(alert, series, at):
    return alert, series, at, None, None


CASES = [
    fires("GuidepostNumbersWrong", {'guidepost_aggregate_missing_offsets{job="aggregate",instance="a:1",partition="3"}': "0x5 40x5"}, 6,
          {"partition": "3"}, "40 offsets of raw partition 3 were decided, and their blocks are missing."),
    # A restart in between is no all-clear.
    fires("GuidepostNumbersWrong", {'guidepost_aggregate_missing_offsets{job="aggregate",instance="a:1",partition="3"}': "40x5 _ 40x5"}, 6,
          {"partition": "3"}, "40 offsets of raw partition 3 were decided, and their blocks are missing."),
    silent("GuidepostNumbersWrong", {'guidepost_aggregate_missing_offsets{job="aggregate",instance="a:1",partition="3"}': "40x5 0x9"}, 10),
    fires("GuidepostRawRecordsMissing", {'guidepost_ingest_missing_records{job="ingest",instance="i:1",partition="3"}': "0x5 40x5 _ 40x5"}, 12,
          {"partition": "3"}, "40 records of raw partition 3 are gone, and the partition stands still."),
    silent("GuidepostRawRecordsMissing", {'guidepost_ingest_missing_records{job="ingest",instance="i:1",partition="3"}': "40x5 0x9"}, 10),
    fires("GuidepostGapInResolvedLog", {GAPS: "0x60 2x30"}, 70,
          {"job": "aggregate"}, "2 blocks were not applied within an hour because the ones before them are missing."),
    fires("GuidepostGapInResolvedLog", {GAPS: "_x10 2x90"}, 30, {"job": "aggregate"},  # found before it was first scraped
          "2 blocks were not applied within an hour because the ones before them are missing."),
    silent("GuidepostGapInResolvedLog", {GAPS: "_x10 0x90"}, 30),
    silent("GuidepostGapInResolvedLog", {GAPS: "_x10 2x90"}, 80),
    silent("GuidepostGapInResolvedLog", {GAPS: "2x15 _x20 2x90"}, 85),  # nobody looked an hour ago, but before
    silent("GuidepostGapInResolvedLog", {GAPS: "2x90"}, 80),
    fires("GuidepostLogTimeSteppedBack", {STEPS: "0x360 1x60"}, 400,
          {"job": "ingest"}, "The log's time went back 1 times within six hours, by more than the dedupe window reaches."),
    fires("GuidepostLogTimeSteppedBack", {STEPS: "_x10 1x420"}, 300, {"job": "ingest"},
          "The log's time went back 1 times within six hours, by more than the dedupe window reaches."),
    silent("GuidepostLogTimeSteppedBack", {STEPS: "1x420"}, 400),
    fires("GuidepostCanaryWrong", {RUNS % "lost": "0x5 1x30", RUNS % "well": "0+2x35"}, 10, {"outcome": "lost"},
          "1 runs of the canary within an hour found events lost."),
    fires("GuidepostCanaryWrong", {RUNS % "lost": "_x5 1x30", RUNS % "well": "_x5 0+2x30"}, 10, {"outcome": "lost"},
          "1 runs of the canary within an hour found events lost."),
    silent("GuidepostCanaryWrong", {RUNS % "lost": "1x90", RUNS % "well": "0+2x90"}, 80),
    silent("GuidepostCanaryWrong", {RUNS % "undecided": "0+2x30", RUNS % "doubled": "0x30", RUNS % "well": "0x30"}, 10),  # late

    fires("GuidepostLate", {COMPLETE: "0x30"}, 11, STAGE, "What aggregate has done of partition 2 is 11m 0s old."),
    silent("GuidepostLate", {COMPLETE: "0x9 600+60x20"}, 20),  # it has caught up
    silent("GuidepostLate", {COMPLETE: "0x30"}, 8),
    # Who had the partition before shows it still; who has it now is up to date.
    silent("GuidepostLate", {COMPLETE: "0x30", other(COMPLETE): "0+60x30"}, 20),
    fires("GuidepostVeryLate", {COMPLETE: "0x60"}, 40, STAGE, "What aggregate has done of partition 2 is 40m 0s old."),
    silent("GuidepostVeryLate", {COMPLETE: "0x60"}, 30),
    silent("GuidepostLate", {COMPLETE: "0x4 0+60x30"}, 30),  # always four minutes: docs/alerts.md says the bounds
    fires("GuidepostStuck", {LAG: "5x30", COMMITTED: "7x30"}, 20, {**STAGE, "job": "aggregate", "instance": "a:1"},
          "5 offsets of partition 2 wait for aggregate at a:1, which commits nothing."),
    # Who had it before waits for what another one has done: the other's numbers hide that only from GuidepostLate.
    fires("GuidepostStuck", {LAG: "5x30", COMMITTED: "7x30", other(LAG): "0x30", other(COMMITTED): "7+60x30"}, 20,
          {**STAGE, "job": "aggregate", "instance": "a:1"}, "5 offsets of partition 2 wait for aggregate at a:1, which commits nothing."),
    fires("GuidepostStuck", {LAG: "_x10 5x30", COMMITTED: "_x10 7x30"}, 30, {**STAGE, "job": "aggregate", "instance": "a:1"},
          "5 offsets of partition 2 wait for aggregate at a:1, which commits nothing."),
    silent("GuidepostStuck", {LAG: "_x10 5x30", COMMITTED: "_x10 7x30"}, 19),  # it has just got the partition, and recovers
    silent("GuidepostStuck", {LAG: "0x20 1x3 0x20", COMMITTED: "7x24 8x20"}, 25),  # after an idle time a change waits four minutes for its page
    silent("GuidepostStuck", {LAG: "5x30", COMMITTED: "7+1x30"}, 20),  # slow, but it moves
    silent("GuidepostStuck", {LAG: "0x30", COMMITTED: "7x30"}, 20),  # nothing to do
    fires("GuidepostNotRunning", {RUNNING: "0x30"}, 16, {**STAGE, "job": "aggregate", "instance": "a:1"},
          "Partition 2 of aggregate at a:1 recovers or drains without an end (running: 0)."),
    silent("GuidepostNotRunning", {RUNNING: "0x5 1x30"}, 16),
    fires("GuidepostNoOwner", {RUNNING: "1x9 stale", RUNNING.replace('"2"', '"3"'): "1x30"}, 16, STAGE,
          "Partition 2 of aggregate is shown by none of the 1 processes that had it within a day."),
    fires("GuidepostNoOwner", {RUNNING: "1x9 stale", other(RUNNING): "_x10 1x9 stale"}, 300, STAGE,  # hours later it is no better
          "Partition 2 of aggregate is shown by none of the 2 processes that had it within a day."),
    silent("GuidepostNoOwner", {RUNNING: "1x9 stale", other(RUNNING): "_x12 1x30"}, 20),  # it has moved
    silent("GuidepostNoOwner", {RUNNING: "1x9 stale", other(RUNNING): "_x12 0x30"}, 20),  # and recovers there
    silent("GuidepostNoOwner", {RUNNING: "1x9 stale _x3 0x5 1x9"}, 25),  # a restart
    silent("GuidepostNoOwner", {RUNNING: "1x9 stale"}, 14),
    silent("GuidepostNoOwner", {RUNNING: "1x9 stale"}, 1600),  # a day later it is history
    fires("GuidepostCanaryFails", {CANARY % ("success_timestamp_seconds", "k"): "0x30"}, 12, {}, "For 12m 0s no run of the canary was well."),
    silent("GuidepostCanaryFails", {CANARY % ("success_timestamp_seconds", "k"): "0x8 540+60x30"}, 20),
    silent("GuidepostCanaryFails", {CANARY % ("success_timestamp_seconds", "k"): "0x30", CANARY % ("success_timestamp_seconds", "l"): "0+60x30"}, 20),
    silent("GuidepostCanaryFails", {CANARY % ("success_timestamp_seconds", "k"): "0x8 540x8 1080x8 1620x8"}, 35),  # every nine minutes
    silent("GuidepostCanaryFails", {RUNS % "undecided": "0+2x30"}, 20),  # its watch has ended

    fires("GuidepostNoData", {RECORDS % "accepted": "0+10x60 600x60", RECORDS % "skipped": "0+1x120", BAD: "0x120"}, 97, {},
          "0 events were decided within half an hour, the canary's among them; within a day there were others."),
    # A canary alone is nobody, and does not hide that nobody else comes.
    fires("GuidepostNoData", {RECORDS % "accepted": "0+16x60 966+6x60", BAD: "0x120", CANARY % ("events_total", "k"): "0+6x120"}, 97, {},
          "180 events were decided within half an hour, the canary's among them; within a day there were others."),
    silent("GuidepostNoData", {RECORDS % "accepted": "0+6x120", BAD: "0x120", CANARY % ("events_total", "k"): "0+6x120"}, 97),
    silent("GuidepostNoData", {RECORDS % "accepted": "0+16x120", BAD: "0x120", CANARY % ("events_total", "k"): "0+6x120"}, 97),
    silent("GuidepostNoData", {RECORDS % "accepted": "0x120", RECORDS % "skipped": "0+1x120", BAD: "0x120"}, 97),  # not in use yet
    silent("GuidepostNoData", {RECORDS % "accepted": "0+10x60 600x60", RECORDS % "skipped": "0x120", BAD: "0+1x120"}, 97),
    fires("GuidepostBadRows", {RECORDS % "accepted": "0+90x60", BAD: "0+10x60"}, 30, {}, "10% of the events of a quarter of an hour were bad."),
    silent("GuidepostBadRows", {RECORDS % "accepted": "0+980x60", BAD: "0+20x60"}, 30),
    silent("GuidepostBadRows", {RECORDS % "accepted": "0+9x60", BAD: "0+1x60"}, 30),  # few
    fires("GuidepostEventsNotTaken", {REQUESTS % "taken": "0+90x30", REQUESTS % "log_unavailable": "0+6x30", REQUESTS % "overloaded": "0+4x30"}, 10,
          COLLECT, "10% of the requests with events at collect were answered 503: what is not sent again is lost."),
    silent("GuidepostEventsNotTaken", {REQUESTS % "taken": "0+90x30", REQUESTS % "log_unavailable": "0+1x30", REQUESTS % "not_json": "0+50x30"}, 10),
    fires("GuidepostRequestsRefused", {REQUESTS % "taken": "0+50x40", REQUESTS % "not_json": "0+40x40", REQUESTS % "too_large": "0+10x40"}, 30,
          COLLECT, "50% of the requests with events at collect cannot be read or are too large."),
    silent("GuidepostRequestsRefused", {REQUESTS % "taken": "0+90x40", REQUESTS % "not_json": "0+10x40", REQUESTS % "overloaded": "0+50x40"}, 30),
    fires("GuidepostConnectionsRefused", {'guidepost_http_connections_refused_total{job="collect",instance="c:1"}': "0+120x30"}, 20,
          COLLECT, "2 connections a second at collect are over a limit and closed."),
    silent("GuidepostConnectionsRefused", {'guidepost_http_connections_refused_total{job="collect",instance="c:1"}': "0+30x30"}, 20),

    fires("GuidepostKafkaAway", {REACHED % ("collect", "c", "event_log"): "1x5 0x9", REACHED % ("ingest", "i", "event_log"): "1x20"}, 9,
          COLLECT, "A process of collect does not reach the event log (reached: 0)."),
    silent("GuidepostKafkaAway", {REACHED % ("collect", "c", "event_log"): "1x5 0 1x9", REACHED % ("ingest", "i", "table_store"): "0x20"}, 9),
    fires("GuidepostHBaseAway", {REACHED % ("ingest", "i", "table_store"): "1x5 0x9"}, 9, {"job": "ingest"},
          "A process of ingest does not reach the table store (reached: 0)."),
    silent("GuidepostHBaseAway", {REACHED % ("ingest", "i", "event_log"): "0x20", REACHED % ("ingest", "i", "table_store"): "1x20"}, 9),
    fires("GuidepostGatewayAway", {'guidepost_hbase_ejected_gateways{job="ingest",instance="i:1"}': "1x30"}, 11, {"job": "ingest"},
          "1 gateways have not answered a process of ingest for ten minutes; the others do the work."),
    silent("GuidepostGatewayAway", {'guidepost_hbase_ejected_gateways{job="ingest",instance="i:1"}': "1x5 0 1x9"}, 11),

    fires("GuidepostRoleGone", {UP % 1: "1x5 0x20", UP % 2: "1x5 0x20"}, 9, {"job": "ingest"},
          "Of 2 processes of ingest that were seen within a day none answers."),
    fires("GuidepostRoleGone", {UP % 1: "1x5"}, 15, {"job": "ingest"},  # and discovery knows it no more
          "Of 1 processes of ingest that were seen within a day none answers."),
    silent("GuidepostRoleGone", {UP % 1: "1x5 0x20", UP % 2: "1x20"}, 9),
    silent("GuidepostRoleGone", {'up{job="node",instance="n:1"}': "0x20"}, 9),
    fires("GuidepostCanaryGone", {'up{job="canary",instance="k:1"}': "1x5 stale"}, 15, {"job": "canary"},
          "Of 1 processes of canary that were seen within a day Prometheus knows none."),
    silent("GuidepostCanaryGone", {'up{job="canary",instance="k:1"}': "1x5 stale", 'up{job="canary",instance="k:2"}': "1x20"}, 15),
    silent("GuidepostCanaryGone", {UP % 1: "1x20"}, 15),  # there never was one
    silent("GuidepostCanaryGone", {'up{job="canary",instance="k:1"}': "1x5 0x20"}, 15),
    fires("GuidepostInstanceDown", {'up{job="canary",instance="k:1"}': "1x5 0x20"}, 15, {"job": "canary", "instance": "k:1"},
          "k:1 of canary could not be scraped (up: 0)."),
    fires("GuidepostInstanceDown", {UP % 1: "1x5 0x20", UP % 2: "1x20"}, 12, INGEST, "i:1 of ingest could not be scraped (up: 0)."),
    silent("GuidepostInstanceDown", {UP % 1: "1x5 0x3 1x20", UP % 2: "1x20"}, 12),
    fires("GuidepostRestarts", {'process_start_time_seconds{job="ingest",instance="i:1"}': "1x5 2x5 3x5 4x5"}, 20, INGEST,
          "i:1 of ingest was started 3 times within half an hour."),
    silent("GuidepostRestarts", {'process_start_time_seconds{job="ingest",instance="i:1"}': "1x5 2x5 3x5"}, 15),
    fires("GuidepostLoopHangs", {'guidepost_process_hanging_loops{job="ingest",instance="i:1"}': "0x5 1x9"}, 8, INGEST,
          "1 loops of i:1 of ingest do not come round."),
    silent("GuidepostLoopHangs", {'guidepost_process_hanging_loops{job="ingest",instance="i:1"}': "0x5 1 0x9"}, 8),
    fires("GuidepostFilesRunOut", {OPEN: "90x20", MOST: "100x20"}, 15, {**COLLECT, "instance": "c:1"}, "90% of the files that c:1 may open are open."),
    silent("GuidepostFilesRunOut", {OPEN: "70x20", MOST: "100x20"}, 15),
    fires("GuidepostDiskFilling", {FREE: "10x40", SIZE: "100x40"}, 20, {"job": "up", "instance": "u:1"},
          "10% of the file system of storage.data at u:1 is free, and it becomes less."),
    fires("GuidepostDiskFilling", {FREE: "490-1x400", SIZE: "1000x400"}, 300, {"job": "up", "instance": "u:1"},  # full within a day
          "19% of the file system of storage.data at u:1 is free, and it becomes less."),
    silent("GuidepostDiskFilling", {FREE: "400x400", SIZE: "1000x400"}, 300),
    silent("GuidepostDiskFilling", {FREE: "900-1x400", SIZE: "1000x400"}, 300),  # by far not yet
    fires("GuidepostDiskFull", {FREE: "2x9", SIZE: "100x9"}, 5, {"job": "up", "instance": "u:1"}, "2% of the file system of storage.data at u:1 is free."),
    silent("GuidepostDiskFull", {FREE: "10x9", SIZE: "100x9"}, 5),
]


class RulesTest(ProgramTest):
    def test_prometheus_understands_them_and_so_does_this(self):
        done = promtool("check", "rules", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"SUCCESS: {len(alerts())} rules found", done.stdout)
        self.assertEqual(len({alert.name for alert in alerts()}), len(alerts()))

    def test_each_fires_when_it_should_and_is_silent_when_it_should_not(self):
        by_name = {alert.name: alert for alert in alerts()}
        tests = []
        for name, series, at, labels, description in CASES:
            alert, expected = by_name[name], []
            if labels is not None:
                summary = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda m: labels[m[1]], alert.annotations["summary"])
                expected = [{"exp_labels": {**labels, "severity": alert.severity},
                             "exp_annotations": {"summary": summary, "description": description, "runbook": alert.annotations["runbook"]}}]
            tests.append({"name": f"{name} at {at} min of {series}", "interval": "1m",
                          "input_series": [{"series": key, "values": values} for key, values in series.items()],
                          "alert_rule_test": [{"eval_time": f"{at}m", "alertname": name, "exp_alerts": expected}]})
        # JSON is YAML.
        path = self.file("cases.yml", json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
        done = promtool("test", "rules", path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_has_both_kinds_of_case(self):
        for kind, expected in (("fires", lambda case: case[3] is not None), ("silent", lambda case: case[3] is None)):
            self.assertEqual({alert.name for alert in alerts()} - {case[0] for case in CASES if expected(case)}, set(), kind)

    def test_each_says_how_bad_it_is_what_it_saw_and_what_to_do(self):
        for alert in alerts():
            self.assertIn(alert.severity, ("page", "ticket"), alert.name)
            self.assertEqual(alert.annotations.keys(), {"summary", "description", "runbook"}, alert.name)
            self.assertIn("$value", alert.annotations["description"], alert.name)
            self.assertEqual(alert.annotations["runbook"], f"docs/alerts.md#{alert.name.lower()}")

    def test_each_is_explained_under_a_heading_of_its_own(self):
        text = (ROOT / "docs" / "alerts.md").read_text()
        sections = dict(re.findall(r"^### (Guidepost\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
        self.assertEqual(list(sections), [alert.name for alert in alerts()], "in the order of the rules")
        for alert in alerts():
            for part in (f"({alert.severity}", "**Means**", "**Look**", "**Do**"):
                self.assertIn(part, sections[alert.name], alert.name)
        self.assertLessEqual(named(text), declared().keys())

    def test_the_bounds_that_configuration_must_stay_below_are_told(self):
        text = (ROOT / "docs" / "alerts.md").read_text()
        told = re.findall(r"^\| \[(Guidepost\w+)\]\(#(\w+)\) \| `(.*?)` \|", text, re.MULTILINE)
        self.assertEqual([name for name, _, _ in told], ["GuidepostLate", "GuidepostVeryLate", "GuidepostStuck", "GuidepostCanaryFails"])
        by_name = {alert.name: alert for alert in alerts()}
        for name, link, bound in told:
            self.assertEqual(link, name.lower())
            self.assertTrue(by_name[name].expression.endswith(f" {bound}") or bound == f"for: {by_name[name].lasting}", name)

    def test_jobs_are_roles_in_the_rules_the_scraping_and_the_text(self):
        listed = re.search(r"`role`: (.*?) \|", (ROOT / "docs" / "metrics.md").read_text())[1]
        roles = set(re.findall(r"`(\w+)`", listed))
        self.assertIn("canary", roles)
        for alert in alerts():
            for jobs in re.findall(r'job=~?"([^"]*)"', alert.expression):
                self.assertLessEqual(set(jobs.split("|")), roles, alert.name)
        scraped = re.findall(r"^ *(#)? *- job_name: (\w+)$", SCRAPING.read_text(), re.MULTILINE)
        self.assertEqual({job for _, job in scraped}, roles)
        text = " ".join((ROOT / "docs" / "alerts.md").read_text().split())
        expected, has = re.search(r"jobs named by role: (.*?)\. \[prometheus.yml\]\(.*?\) has (.*?), which", text).groups()
        self.assertEqual(set(re.findall(r"`(\w+)`", expected)), roles)
        self.assertEqual(set(re.findall(r"`(\w+)`", has)), {job for comment, job in scraped if not comment})

    def test_each_metric_in_them_is_declared(self):
        for alert in alerts():
            names = named(alert.expression)
            self.assertLessEqual(names, declared().keys(), alert.name)
            self.assertTrue(names or "up{" in alert.expression, f"{alert.name} was not understood")


if __name__ == "__main__":
    unittest.main()
