"""The canary beside daemons that work, hang and lose."""
import datetime
import json
import re
import signal

from daemons import FAULTY, wait_until
from runs import check

MERCHANT = "guidepost-canary"


def report_of(run, *words, outcome):
    done = run.ended("canary", "--json", *words)
    report = json.loads(done.stdout or "{}")
    check(report.get("outcome") == outcome and done.returncode == (outcome != "well"),
          f"instead of {outcome}: exit {done.returncode}, {report}, {done.stderr.decode()[-1000:]}")
    return report


def counted(run):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    days = [str(today + datetime.timedelta(days=days)) for days in (-1, 2)]
    answer = json.loads(run.run("query", "--merchant", MERCHANT, "--from", days[0], "--to", days[1], "--traffic", "all", "--json"))
    return sum(row["events"] for row in answer["rows"])


def canary(runs):
    """Its events come through the collector, Kafka and HBase; a stage that hangs is named, an event that is lost is lost, and all others count."""
    run = runs.installation("canary", "ca.", **{"topics.partitions": 2, "rollup.max_age": "1s"})
    run.run("init")
    run.start("collect", 1, http__listen="127.0.0.1:0")
    for role in ("ingest", "aggregate"):
        run.start(role, 1)
    collector = wait_until("the collector", lambda: re.search(r' listening address=(\S+) for="events', run.log_of("collect-1")))[1]
    url = ("--url", f"http://{collector}")
    well = report_of(run, *url, outcome="well")
    check(well["counted"] == 3 and 0 <= well["taken_ms"] <= well["row_ms"] <= well["number_ms"], f"{well}")
    sent, problems = 3, {}
    for role, outcome in (("aggregate", "unapplied"), ("ingest", "undecided")):
        run.daemons[f"{role}-1"].send_signal(signal.SIGSTOP)
        late = report_of(run, *url, "--timeout", "3s", outcome=outcome)
        run.daemons[f"{role}-1"].send_signal(signal.SIGCONT)
        problems[role] = late["problems"][0]["message"]
        report_of(run, *url, outcome="well")
        sent += 6
    run.stop("ingest-1")
    run.start("ingest", 1, program=FAULTY)  # does not get the 500th record of a partition
    lost = []
    for _ in range(10):
        done = run.ended("canary", "--json", *url, "--events", "100", "--timeout", "20s")
        report = json.loads(done.stdout)
        sent += report["sent"]
        if report["outcome"] != "well":
            lost.append(report)
        if lost and report["outcome"] == "well":
            break
    check(len(lost) == 1 and lost[0]["outcome"] == "lost" and lost[0]["with_row"] == lost[0]["sent"] - 1, f"one event lost, once: {lost}")
    check(counted(run) == sent - 1, f"{counted(run)} counted of {sent} sent, one of them lost")
    run.stop_all()
    return {"row_ms": well["row_ms"], "number_ms": well["number_ms"], "sent": sent, "lost": 1, "hung": problems}
