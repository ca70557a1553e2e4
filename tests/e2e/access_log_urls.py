"""Page views by url of an access log, by the rules in docs/events.md, sharing no code with anything: FILE -> {url: views}."""
import re
import sys

LINE = re.compile(r'^(\S+) \S+ \S+ \[[^\]]+\] "(.*?)(?<!\\)" (\d{3}) (?:\d+|-)(?: "(.*?)(?<!\\)" "(.*?)(?<!\\)")?$')
PAGES = {"", "html", "htm", "xhtml", "php", "asp", "aspx", "jsp"}
FEEDS = {"feed", "feeds", "rss", "atom"}


def page_views(path):
    views, counted, bad = {}, 0, 0
    for line in open(path, encoding="utf-8"):
        found = LINE.match(line.rstrip("\n"))
        if not found:
            bad += 1
            continue
        counted += 1
        words = found[2].split(" ")
        if len(words) < 2 or words[0] != "GET" or found[3] not in ("200", "304"):
            continue
        url, _, query = words[1].partition("#")[0].partition("?")
        name = url.rsplit("/", 1)[-1]
        values = [pair.partition("=")[2] for pair in query.split("&")]
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        if extension in PAGES and not FEEDS & set(url.split("/")) and not any(v.startswith(("rss", "atom")) for v in values):
            views[url] = views.get(url, 0) + 1
    return views, counted, bad

