// A journey for people: each session with a line of its own, and its events under it.
#include <fmt/format.h>
#include <algorithm>

#include "query/journey.hpp"

namespace guidepost::query {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kMissingShown = 10;

/// Events that stand together: of a session, or without a device.
struct Group {
  std::optional<std::size_t> session;
  std::vector<std::size_t> events;
};

/// By their first event; what comes without a device breaks no session.
std::vector<Group> groups_of(const Journey& journey) {
  std::vector<Group> groups;
  std::vector<std::size_t> of_session(journey.sessions.size(), SIZE_MAX);
  for (std::size_t i = 0; i < journey.events.size(); ++i) {
    const auto session = journey.events[i].session;
    const bool goes_on = session ? of_session[*session] != SIZE_MAX : !groups.empty() && !groups.back().session;
    if (!goes_on) {
      if (session) of_session[*session] = groups.size();
      groups.push_back({session, {}});
    }
    (session ? groups[of_session[*session]] : groups.back()).events.push_back(i);
  }
  return groups;
}

std::string number(std::size_t n, std::string_view one) {
  return fmt::format("{} {}{}", text::thousands(static_cast<std::int64_t>(n)), one, n == 1 ? "" : "s");
}

/// `2015-05-17 10:05:03.250 +05:30`.
std::string local_time(const TimeZone& zone, TimeMs t) {
  auto out = precise_time(zone, t);
  out[10] = ' ';
  if (out.back() == 'Z') {
    out.pop_back();
  } else {
    out.insert(out.size() - 6, 1, ' ');
  }
  return out;
}

std::string page(const std::string& path) { return path.empty() ? "(no page)" : text::escape(path); }

std::string heading(const Journey& journey) {
  const auto& request = journey.request;
  auto line =
      fmt::format("{}, {} {}", request.merchant,
                  request.whose == JourneyRequest::Whose::kDevice ? "device" : "customer", text::escape(request.id));
  if (request.from != TimeMs::min()) line += ", from " + precise_time(request.zone, request.from);
  if (request.to != TimeMs::max()) line += ", to " + precise_time(request.zone, request.to);
  if (request.zone.name() != "UTC") line += " (" + request.zone.name() + ")";
  line += journey.events.empty() ? ": no events"
                                 : fmt::format(": {} in {}", number(journey.events.size(), "event"),
                                               number(journey.sessions.size(), "session"));
  return line + '\n';
}

std::string session_line(const Journey& journey, const Group& group, std::size_t n) {
  if (!group.session) return "without a device: " + number(group.events.size(), "event");
  const auto& session = journey.sessions[*group.session];
  auto line = fmt::format("session {}: {}, {}, {}, {}, {} -> {}", n, local_time(journey.request.zone, session.start),
                          text::duration(session.end - session.start), number(session.events, "event"),
                          number(session.page_views, "page view"), page(session.entry), page(session.exit));
  if (journey.request.whose == JourneyRequest::Whose::kCustomer) line += ", device " + text::escape(session.guid);
  return line + (session.complete ? "" : ", in part");
}

std::vector<std::string> cells_of(const Journey& journey, const JourneyEvent& event, const JourneyEvent* before) {
  return {local_time(journey.request.zone, event.time),
          before == nullptr ? std::string{} : "+" + text::duration(event.time - before->time),
          text::escape(event.type) + (event.traffic == event::Traffic::kBot ? " (bot)" : ""),
          text::escape(event.path.empty() ? event.url : event.path),
          text::escape(event.product),
          text::escape(event.revenue) + (event.currency.empty() || event.revenue.empty() ? "" : " ") +
              (event.revenue.empty() ? "" : text::escape(event.currency)),
          text::escape(event.country),
          text::escape(event.browser),
          text::escape(event.customer),
          std::string(event::to_string(event.resolved_by)),
          fmt::format("{}:{}", event.source.value, event.offset.value)};
}

/// Lines of the table: its titles, then one for each event of the groups.
std::vector<std::string> table_lines(const Journey& journey, const std::vector<Group>& groups, text::Look look) {
  text::Table table({{"time"},
                     {"after", text::Align::kRight},
                     {"type"},
                     {"page"},
                     {"product"},
                     {"revenue", text::Align::kRight},
                     {"country"},
                     {"browser"},
                     {"customer"},
                     {"by"},
                     {"position"}});
  for (const auto& group : groups) {
    const JourneyEvent* before = nullptr;
    for (const auto i : group.events) {
      table.add(cells_of(journey, journey.events[i], before));
      before = &journey.events[i];
    }
  }
  look.width -= std::min(look.width, kIndent);
  const auto rendered = table.render(look);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < rendered.size();) {
    const auto end = rendered.find('\n', at);
    lines.push_back(rendered.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string footing(const Journey& journey) {
  std::string out;
  if (journey.more)
    out += fmt::format("\nthere are older events: --limit shows more, --to shows those before a time\n");
  if (journey.missing.empty()) return out;
  out += fmt::format("\n{} of the index cannot be shown (on the way for a moment where events come in, else lost):\n",
                     number(journey.missing.size(), "event"));
  for (std::size_t i = 0; i < std::min(journey.missing.size(), kMissingShown); ++i) {
    const auto& missing = journey.missing[i];
    out += fmt::format("  {}:{}, device {}, {}: {}\n", missing.source.value, missing.offset.value,
                       text::escape(missing.guid), local_time(journey.request.zone, missing.time), missing.why);
  }
  if (journey.missing.size() > kMissingShown) out += "  ... and more: --json names all\n";
  return out;
}

}  // namespace

std::string render_journey(const Journey& journey, const text::Look& look) {
  auto out = heading(journey);
  const auto groups = groups_of(journey);
  const auto lines = table_lines(journey, groups, look);
  const std::string indent(kIndent, ' ');
  if (!groups.empty()) out += "\n" + indent + lines.front() + "\n";
  std::size_t line = 1, sessions = 0;
  for (const auto& group : groups) {
    if (group.session) ++sessions;
    const auto title = session_line(journey, group, sessions);
    out += look.colour ? "\x1b[1m" + title + "\x1b[0m\n" : title + "\n";
    for (std::size_t i = 0; i < group.events.size(); ++i) out += indent + lines[line++] + "\n";
  }
  return out + footing(journey);
}

}  // namespace guidepost::query
