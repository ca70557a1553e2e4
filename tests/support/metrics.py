"""The metrics that are declared, those that a process shows, and those that an expression of Prometheus names."""
import collections
import functools
import re
import subprocess

from program import PROGRAM

Declared = collections.namedtuple("Declared", "kind unit help labels shown_by")
Exposed = collections.namedtuple("Exposed", "kind samples")
PARTS = re.compile(r"_(bucket|sum|count)$")


@functools.cache
def declared():
    """By name, from the tables that docs/metrics.md is made of."""
    text = subprocess.run([PROGRAM, "--reference", "metrics"], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    return {name: Declared(kind, unit, help, re.findall(r"(?:^|<br>)`(\w+)`:", labels), shown_by)
            for name, kind, unit, help, labels, shown_by in rows}


def exposed(text):
    """Families of the text exposition format: samples by their sorted labels; of histograms the buckets alone."""
    families = {name: Exposed(kind, {}) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
        family = families.get(name) or families[PARTS.sub("", name)]
        if family.kind != "histogram" or name.endswith("_bucket"):
            family.samples[tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels or "")))] = float(value)
    return families


def named(expression):
    """Families of ours that an expression names."""
    families = declared()
    names = re.findall(r"\b(?:guidepost|process)_\w+", expression)
    return {name if name in families else PARTS.sub("", name) for name in names}
