"""What devices and customers did, from what was generated alone: whose each event is by truth.Mapping, sessions by
docs/sessions.md. And the same as `guidepost journey --json` says it, so that the two can be compared as they are."""
import collections
import csv
import datetime

import truth

Event = collections.namedtuple("Event", "time_ms order guid device event_id type path country product customer how")
Session = collections.namedtuple("Session", "guid start end events page_views entry exit complete")


class Journeys:
    """Every accepted event. Of one merchant all go into one partition: the order of records is that of offsets."""

    def __init__(self):
        self.of_guid = collections.defaultdict(list)  # (merchant, guid) -> events
        self.guids = collections.defaultdict(set)  # (merchant, customer) -> guids that are devices
        self.records = 0

    def add_file(self, path, mapping):
        with open(path, newline="") as file:
            for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                self.records += 1
                if line["kind"] == "ok":
                    self.add(line, *mapping.resolve(line))

    def add(self, line, customer, how):
        event = Event(int(line["time_ms"]), self.records, line["guid"], line["device"] == "1", line["event_id"], line["type"], line["path"],
                      line["country"], line["product"], customer, how)
        self.of_guid[line["merchant"], line["guid"]].append(event)
        if customer and event.device:
            self.guids[line["merchant"], customer].add(line["guid"])

    def sessions_of(self, merchant, guid):
        """Its events in their order, cut at every pause of over the gap."""
        sessions = []
        for event in sorted(self.of_guid[merchant, guid]):
            if not sessions or event.time_ms - sessions[-1][-1].time_ms > truth.GAP_MS:
                sessions.append([])
            sessions[-1].append(event)
        return sessions

    def device(self, merchant, guid, start=None, end=None):
        return self.shown([guid], merchant, lambda e: (start is None or e.time_ms >= start) and (end is None or e.time_ms < end))

    def customer(self, merchant, customer):
        guids = self.guids[merchant, customer] | {f"c:{customer}"}
        return self.shown(guids, merchant, lambda e: e.customer == customer)

    def shown(self, guids, merchant, wanted):
        """-> (events with the number of their session, sessions): what the command should print."""
        found = []  # (event, all of its session)
        for guid in guids:
            for session in self.sessions_of(merchant, guid):
                found += [(event, session) for event in session if wanted(event)]
        found.sort(key=lambda pair: pair[0][:2])
        numbers, groups, events = {}, [], []
        for event, session in found:
            number = None
            if event.device:
                number = numbers.setdefault(id(session), len(numbers) + 1)
                if number > len(groups):
                    groups.append(([], session))
                groups[number - 1][0].append(event)
            events.append((event, number))
        return [described(*pair) for pair in events], [summed(*group) for group in groups]


def described(event, session):
    event_id = event.event_id or "@"  # without one, its place is its id
    return (event.time_ms, event.guid, event.device, session, event_id, event.type, event.path, event.country, event.product, event.customer, event.how)


def summed(events, session):
    return Session(events[0].guid, events[0].time_ms, events[-1].time_ms, len(events), sum(e.type == "page_view" for e in events),
                   events[0].path, events[-1].path, len(events) == len(session))


def ms(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def said(journey):
    """What the command printed, in the same form."""
    events = [(ms(e["time"]), e["guid"], e["device"], e["session"], "@" if e["event_id"].startswith("@") else e["event_id"], e["type"], e["path"] or "",
               e["country"] or "", e["product"] or "", e["customer"] or "", e["resolved_by"]) for e in journey["events"]]
    sessions = [Session(s["guid"], ms(s["start"]), ms(s["end"]), s["events"], s["page_views"], s["entry"] or "", s["exit"] or "", s["complete"])
                for s in journey["sessions"]]
    return events, sessions
