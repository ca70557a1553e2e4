"""Prometheus' own programs, and its rules as they are written in deploy/prometheus/rules.yml."""
import collections
import json
import os
import pathlib
import re
import subprocess

from program import ROOT

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
SCRAPING = ROOT / "deploy" / "prometheus" / "prometheus.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "guidepost.json"
CACHE = pathlib.Path(os.environ.get("GUIDEPOST_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "guidepost")
Alert = collections.namedtuple("Alert", "name expression lasting severity annotations")


def promtool(*words, **options):
    return subprocess.run([CACHE / "prometheus" / "bin" / "promtool", *map(str, words)], capture_output=True, text=True, **options)


def alerts():
    """In their order. Reads the plain YAML that the file keeps to; that it is understood whole is tested."""
    found = []
    for text in re.split(r"\n      - alert: ", RULES.read_text())[1:]:
        expression = re.search(r"\n        expr: (?:>-\n((?:          .*\n)+)|(.*)\n)", text)
        lasting = re.search(r"\n        for: (\S+)", text)
        annotations = dict(re.findall(r'\n          (summary|description|runbook): "?(.*?)"?(?=\n|$)', text))
        found.append(Alert(text.split("\n")[0], " ".join((expression[1] or expression[2]).split()), lasting[1] if lasting else "0s",
                           re.search(r"labels: \{severity: (\w+)\}", text)[1], annotations))
    return found


def queries(rate_interval):
    """Of the dashboard: (panel's title, expression), with Grafana's variable for the range of a rate filled in."""
    return [(panel["title"], target["expr"].replace("$__rate_interval", rate_interval))
            for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel.get("targets", [])]
