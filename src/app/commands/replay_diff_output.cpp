#include "app/commands/replay_diff_output.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "event/currency.hpp"

namespace guidepost::app {
namespace {

using Json = nlohmann::ordered_json;
using query::EventDifference;
using query::NumberPair;
using Kind = EventDifference::Kind;

std::string number(std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); }

/// Exactly: money in full units, other numbers as they are.
std::string amount(const NumberPair& of, std::int64_t value) {
  const auto currency = event::find_currency(of.currency);
  if (!of.currency.empty()) return event::amount_text(value, currency ? currency->digits : 0);
  return std::to_string(value);
}

std::string shown(const NumberPair& of, std::int64_t value) {
  return of.currency.empty() ? text::thousands(value) : amount(of, value);
}

std::string measure(const NumberPair& of) {
  return std::string(of.measure) + (of.currency.empty() ? "" : " " + text::escape(of.currency));
}

std::optional<double> percent(const NumberPair& of) {
  if (of.a <= 0) return std::nullopt;
  return (static_cast<double>(of.b) - static_cast<double>(of.a)) / static_cast<double>(of.a) * 100;
}

std::string shown_percent(const NumberPair& of) {
  const auto by = percent(of);
  return by ? fmt::format("{:+.1f} %", *by) : of.a == 0 ? "new" : "-";
}

std::string signed_text(const NumberPair& of) { return (of.difference() > 0 ? "+" : "") + shown(of, of.difference()); }

Json json_of(const NumberPair& of) {
  const auto value = [&](std::int64_t n) { return of.currency.empty() ? Json(n) : Json(amount(of, n)); };
  Json json{{"measure", of.measure}};
  if (!of.currency.empty()) json["currency"] = text::escape(of.currency);
  json["a"] = value(of.a);
  json["b"] = value(of.b);
  json["difference"] = value(of.difference());
  const auto by = percent(of);
  json["percent"] = by ? Json(std::round(*by * 100) / 100) : Json();
  return json;
}

std::string day_of(TimeMs t) { return text::rfc3339(t).substr(0, 10); }

void print_versions(Call& call, const ComparedVersions& compared) {
  const auto name = [&](std::uint32_t version) {
    return fmt::format("version {}{}", version, version == compared.published ? " (published)" : "");
  };
  call.out.print(fmt::format("A is {}, B is {}\n", name(compared.a), name(compared.b)));
}

void print_more(Call& call, std::uint64_t all, std::size_t listed) {
  if (all > listed)
    call.out.print(fmt::format("... and {} more, which a larger --limit lists\n", number(all - listed)));
}

Json json_of(const ComparedVersions& compared) {
  return {{"a", compared.a}, {"b", compared.b}, {"published", compared.published}};
}

/// What differs of a session, each with its name; without what is 0.
std::vector<std::pair<std::string_view, std::int64_t>> parts_of(const query::SessionDifference& session) {
  std::vector<std::pair<std::string_view, std::int64_t>> parts{{"sessions", session.sessions},
                                                               {"bounces", session.bounces},
                                                               {"exits", session.exits},
                                                               {"dwells", session.dwells},
                                                               {"dwell_ms", session.dwell_ms}};
  std::erase_if(parts, [](const auto& part) { return part.second == 0; });
  return parts;
}

std::string column_name(const query::ColumnDifference& column) {
  return text::escape(column.family + ":" + column.qualifier);
}

/// Sessions of a device meet events so far away at most.
constexpr std::chrono::hours kReach{24};

/// Whether both versions decided a record by the same settings. Nothing: it is not known.
std::optional<bool> same_settings(const ComparedVersions& compared, const EventDifference& event) {
  const auto a = compared.eras_a.find(event.source);
  const auto b = compared.eras_b.find(event.source);
  if (a == compared.eras_a.end() || b == compared.eras_b.end()) return std::nullopt;
  if (event.offset < a->second.from || event.offset < b->second.from) return std::nullopt;
  return a->second.rules == b->second.rules;
}

std::string_view settings_words(std::optional<bool> same) {
  return !same ? "settings: by which one of them decided this is not known any more"
               : "settings: A and B were decided by others";
}

bool is_of_mapping(const query::ColumnDifference& column) {
  return column.qualifier == "customer" || column.qualifier == "resolved_by";
}

/// Whether an event itself is another one for sessions.
bool is_decided_otherwise(const EventDifference& event) {
  return event.kind != Kind::kChanged ||
         std::any_of(event.columns.begin(), event.columns.end(), [](const auto& c) { return !is_of_mapping(c); });
}

/// Another event of the same device that is decided otherwise, among those that are listed near to it (they are in the order
/// of their times); null where there is none.
const EventDifference* neighbour_of(const query::EventDiff& diff, const EventDifference& event) {
  constexpr std::ptrdiff_t kListedNear = 200;
  const std::span all(diff.events);
  const auto place = &event - all.data();
  const auto first = std::max<std::ptrdiff_t>(place - kListedNear, 0);
  const auto last = std::min<std::ptrdiff_t>(place + kListedNear, std::ssize(all));
  const EventDifference* nearest = nullptr;
  const auto away = [&](const EventDifference& other) { return std::chrono::abs(other.time - event.time); };
  for (const auto& other : all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first))) {
    const bool is_other = other.source == event.source && other.offset != event.offset;
    if (!is_other || other.guid != event.guid || other.merchant != event.merchant || !is_decided_otherwise(other))
      continue;
    if (away(other) <= kReach && (nearest == nullptr || away(other) < away(*nearest))) nearest = &other;
  }
  return nearest;
}

std::string run_words(const std::optional<RunId>& run) {
  return run ? fmt::format("run {} or later", run->value) : "the markers alone";
}

/// Why an event of `diff` differs, as far as what is stored tells: what is certain, or else what remains.
std::vector<std::string> why(const ComparedVersions& compared, const query::EventDiff& diff,
                             const EventDifference& event) {
  std::vector<std::string> reasons;
  const auto same = same_settings(compared, event);
  const bool mapping = std::any_of(event.columns.begin(), event.columns.end(), is_of_mapping);
  if (mapping && compared.run_a != compared.run_b) {
    reasons.push_back(
        fmt::format("mapping: A resolved by {}, B by {}", run_words(compared.run_a), run_words(compared.run_b)));
  } else if (mapping) {
    reasons.emplace_back(same == true ? "mapping: one of them was decided when a later run held"
                                      : settings_words(same));
  }
  if (is_decided_otherwise(event)) {
    reasons.emplace_back(same == true ? "limits: of the same settings, one had records before it that the other had not"
                                      : settings_words(same));
  } else if (event.session != query::SessionDifference{}) {
    const auto* neighbour = neighbour_of(diff, event);
    if (neighbour != nullptr) {
      reasons.push_back(
          fmt::format("neighbour: {}:{} of its device differs", neighbour->source.value, neighbour->offset.value));
    } else {
      reasons.emplace_back(same == true
                               ? "border: sessions begin anew in one of them, or a neighbour that is not listed"
                               : settings_words(same));
    }
  }
  std::sort(reasons.begin(), reasons.end());
  reasons.erase(std::unique(reasons.begin(), reasons.end()), reasons.end());
  return reasons;
}

}  // namespace

Json json_of(const EventDifference& event) {
  Json json{{"differs", event.kind == Kind::kOnlyA   ? "only_a"
                        : event.kind == Kind::kOnlyB ? "only_b"
                                                     : "changed"},
            {"merchant", event.merchant},
            {"time", text::rfc3339(event.time)},
            {"source", event.source.value},
            {"offset", event.offset.value},
            {"event_id", event.event_id},
            {"type", event.type},
            {"guid", event.guid}};
  const auto value = [](const std::optional<std::string>& v) { return v ? Json(*v) : Json(); };
  json["columns"] = Json::array();
  for (const auto& column : event.columns)
    json["columns"].push_back({{"column", column_name(column)}, {"a", value(column.a)}, {"b", value(column.b)}});
  json["session"] = Json::object();
  for (const auto& [name, by] : parts_of(event.session)) json["session"][std::string(name)] = by;
  return json;
}

std::string text_of(const EventDifference& event) {
  const auto value = [](const std::optional<std::string>& v) { return v ? text::escape(*v) : std::string("(none)"); };
  const auto mark = event.kind == Kind::kOnlyA ? '-' : event.kind == Kind::kOnlyB ? '+' : '~';
  auto shown = fmt::format("{} {} {} {}:{} {} id={} guid={}\n", mark, event.merchant, text::rfc3339(event.time),
                           event.source.value, event.offset.value, text::escape(event.type),
                           text::escape(event.event_id), text::escape(event.guid));
  for (const auto& column : event.columns)
    shown += fmt::format("    {} {} -> {}\n", column_name(column), value(column.a), value(column.b));
  std::string session;
  for (const auto& [name, by] : parts_of(event.session))
    session += fmt::format("{}{} {:+}", session.empty() ? "" : ", ", name, by);
  return session.empty() ? shown : shown + "    session: " + session + "\n";
}

void print_text(Call& call, const ComparedVersions& compared, const query::NumberDiff& diff) {
  print_versions(call, compared);
  const auto& look = call.out.look();
  text::Table table({{"merchant", text::Align::kLeft},
                     {"day", text::Align::kLeft},
                     {"traffic", text::Align::kLeft},
                     {"measure", text::Align::kLeft},
                     {"A", text::Align::kRight},
                     {"B", text::Align::kRight},
                     {"difference", text::Align::kRight},
                     {"percent", text::Align::kRight}});
  for (const auto& row : diff.rows) {
    const auto* about = row.estimated ? "~" : "";
    table.add({row.merchant, day_of(row.day), std::string(event::to_string(row.traffic)), measure(row.number),
               about + shown(row.number, row.number.a), about + shown(row.number, row.number.b),
               signed_text(row.number), shown_percent(row.number)});
  }
  if (!table.empty()) call.out.print(table.render(look));
  print_more(call, diff.differing, diff.rows.size());
  std::string totals;
  for (const auto& total : diff.totals) {
    if (total.difference() == 0 && total.measure != "events") continue;
    totals += fmt::format("{}{} {} -> {}", totals.empty() ? "" : ", ", measure(total), shown(total, total.a),
                          shown(total, total.b));
    if (total.difference() != 0) totals += fmt::format(" ({})", shown_percent(total));
  }
  if (!totals.empty()) call.out.print("in total: " + totals + "\n");
  for (const auto& [ahead, behind, records] :
       {std::tuple(compared.a, compared.b, compared.only_a), std::tuple(compared.b, compared.a, compared.only_b)}) {
    if (records > 0) {
      call.out.print(fmt::format("version {} has counted {} records that version {} has not yet: they differ too\n",
                                 ahead, text::thousands(records), behind));
    }
  }
  const auto of = fmt::format("{} numbers of {} day{} and {} merchant{}", number(diff.compared), number(diff.days),
                              diff.days == 1 ? "" : "s", number(diff.merchants), diff.merchants == 1 ? "" : "s");
  call.out.print(diff.differing == 0 ? green(look, "nothing differs") + " in " + of + "\n"
                                     : red(look, number(diff.differing) + " differ") + " of " + of + "\n");
}

void print_json(Call& call, const ComparedVersions& compared, const query::NumberDiff& diff) {
  auto json = json_of(compared);
  json["differing"] = diff.differing;
  json["compared"] = diff.compared;
  json["merchants"] = diff.merchants;
  json["days"] = diff.days;
  json["records_only_in_a"] = compared.only_a;
  json["records_only_in_b"] = compared.only_b;
  json["rows"] = Json::array();
  for (const auto& row : diff.rows) {
    Json of{{"merchant", row.merchant}, {"day", day_of(row.day)}, {"traffic", event::to_string(row.traffic)}};
    of.update(json_of(row.number));
    of["estimated"] = row.estimated;
    json["rows"].push_back(std::move(of));
  }
  json["totals"] = Json::array();
  for (const auto& total : diff.totals) json["totals"].push_back(json_of(total));
  call.out.print(json.dump() + "\n");
}

void print_text(Call& call, const ComparedVersions& compared, const query::EventDiff& diff) {
  print_versions(call, compared);
  for (const auto& event : diff.events) {
    call.out.print(text_of(event));
    for (const auto& reason : why(compared, diff, event)) call.out.print("    why: " + reason + "\n");
  }
  print_more(call, diff.differing(), diff.events.size());
  if (diff.newer > 0)
    call.out.print(number(diff.newer) + " events were passed over, for only one of the versions is as far\n");
  const auto& look = call.out.look();
  if (diff.differing() == 0) {
    call.out.print(green(look, "nothing differs") + fmt::format(" in {} events\n", number(diff.compared)));
    return;
  }
  call.out.print(red(look, number(diff.differing()) + " differ") +
                 fmt::format(" of {} events: {} only in A (-), {} only in B (+), {} changed (~)\n",
                             number(diff.compared), number(diff.only_a), number(diff.only_b), number(diff.changed)));
}

void print_json(Call& call, const ComparedVersions& compared, const query::EventDiff& diff) {
  auto json = json_of(compared);
  json["differing"] = diff.differing();
  json["only_a"] = diff.only_a;
  json["only_b"] = diff.only_b;
  json["changed"] = diff.changed;
  json["compared"] = diff.compared;
  json["newer"] = diff.newer;
  json["events"] = Json::array();
  for (const auto& event : diff.events) {
    json["events"].push_back(json_of(event));
    json["events"].back()["why"] = why(compared, diff, event);
  }
  call.out.print(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace guidepost::app
