#include <fmt/format.h>

#include "query/explain.hpp"
#include "query/json_text.hpp"
#include "query/value_text.hpp"

namespace guidepost::query {
namespace {

constexpr auto kCauses = static_cast<std::size_t>(Cause::kCount);

std::string words_of(Cause cause) {
  constexpr std::array<std::string_view, kCauses> kWords{"refunds",
                                                         "received before, counted since",
                                                         "came since, on time",
                                                         "came since, late by up to an hour",
                                                         "came since, late by up to a day",
                                                         "came since, late by over a day",
                                                         "changes of other events' sessions",
                                                         "decided otherwise by the replay"};
  return std::string(kWords.at(static_cast<std::size_t>(cause)));
}

bool has_moved(const Explanation& explanation, std::size_t cause) {
  if (static_cast<Cause>(cause) == Cause::kReplay) return explanation.is_another_version() && explanation.then.stored;
  return explanation.moves[cause].events > 0;
}

/// With a sign where it is more.
std::string shown_move(const Metric& metric, const Value& value, const text::Look& look) {
  if (metric.is_money() ? value.amounts.empty() : value.number.value_or(0) == 0) return {};
  const auto shown = shown_value(metric, value, look);
  return shown.starts_with('-') ? shown : "+" + shown;
}

void write_example(std::string& out, const Example& example) {
  Members members(out);
  members.text("time", text::rfc3339(example.time));
  members.text("received", text::rfc3339(example.record_time));
  members.text("position", fmt::format("{}:{}", example.source.value, example.offset.value));
  members.text("event_id", example.event_id);
  members.end();
}

void write_metric(std::string& out, const Explanation& explanation, const Metric& metric, const ExplainedMetric& m) {
  Members members(out);
  const auto value = [&](std::string_view name, const std::optional<Value>& of) {
    members.name(name) += of ? json_value(metric, *of) : "null";
  };
  value("then", m.then);
  value("now", m.now);
  value("answer", m.answer);
  members.truth("estimated", m.answer.estimated);
  if (m.additive) {
    members.name("moves");
    Members moves(out);
    for (std::size_t cause = 0; cause < kCauses; ++cause) {
      if (has_moved(explanation, cause))
        moves.name(to_string(static_cast<Cause>(cause))) += json_value(metric, m.moves[cause]);
    }
    moves.end();
    if (!m.then) value("came_before", m.came_before);
    value("unexplained", m.unexplained);
  }
  members.truth("explained", m.explained);
  members.end();
}

std::string heading(const Explanation& explanation) {
  const auto& request = explanation.now.request;
  const auto& then = explanation.then;
  auto lines = fmt::format("{}, {} to {}, since {}\n", request.merchant, request.zone.rfc3339(request.from),
                           request.zone.rfc3339(request.to), request.zone.rfc3339(then.moment));
  for (const auto& condition : request.where)
    lines += fmt::format("{} = {}\n", to_string(condition.part), text::escape(condition.value));
  if (request.traffic == TrafficFilter::kBot) lines += "bots\n";
  if (request.traffic == TrafficFilter::kAll) lines += "with bots\n";
  return lines;
}

std::string notes(const Explanation& explanation, const text::Look& look) {
  const auto& then = explanation.then;
  const auto number = [&](std::uint64_t n) {
    return look.terminal ? text::thousands(static_cast<std::int64_t>(n)) : std::to_string(n);
  };
  std::string out;
  if (explanation.is_another_version()) {
    out += fmt::format("version {} was read then; a replay made version {}, which is read since {}\n",
                       then.names.version, explanation.version, text::rfc3339(then.published));
    if (!then.stored)
      out += fmt::format("version {} was dropped: what it had counted cannot be known any more\n", then.names.version);
  }
  if (explanation.folded > 0)
    out +=
        fmt::format("{} events of it are counted under {}, then as now\n", number(explanation.folded), rollup::kOther);
  if (explanation.uncounted > 0)
    out += fmt::format("{} events more are not counted yet\n", number(explanation.uncounted));
  for (std::size_t m = 0; m < explanation.metrics.size(); ++m) {
    const auto& metric = explanation.now.request.metrics[m];
    const auto& explained = explanation.metrics[m];
    if (!explained.explained)
      out += fmt::format(
          "{} is {}, and counting the events again gives {}: that cannot be explained; see `guidepost verify`\n",
          metric.name, shown_value(metric, explained.answer, look),
          explained.now ? shown_value(metric, *explained.now, look) : "-");
    if (metric.kind == Kind::kDistinct && !explained.now)
      out += fmt::format("{} are too many to be counted again\n", metric.name);
    if (explained.answer.estimated && explained.now)
      out += fmt::format("{} is estimated as {} without --explain\n", metric.name,
                         shown_value(metric, explained.answer, look));
  }
  if (then.resolution > std::chrono::seconds{1}) {
    out += fmt::format("what had been counted by then is known to {}: it may have been a little more\n",
                       text::duration(then.resolution));
  }
  return out.empty() ? out : "\n" + out;
}

std::string examples(const Explanation& explanation) {
  text::Table table({{"for example"}, {"happened"}, {"received"}, {"position"}, {"event id"}});
  for (std::size_t cause = 0; cause < kCauses; ++cause) {
    for (const auto& example : explanation.moves[cause].examples) {
      const bool first = &example == explanation.moves[cause].examples.data();
      table.add({first ? words_of(static_cast<Cause>(cause)) : std::string(), text::rfc3339(example.time),
                 text::rfc3339(example.record_time), fmt::format("{}:{}", example.source.value, example.offset.value),
                 text::escape(example.event_id)});
    }
  }
  return table.empty() ? std::string() : "\n" + table.render({});
}

}  // namespace

std::string render_json(const Explanation& explanation) {
  const auto& request = explanation.now.request;
  const auto& then = explanation.then;
  std::string out;
  Members members(out);
  write_asked(members, request);
  members.text("since", text::rfc3339(then.moment));
  members.number("known_to_ms", then.resolution.count());
  members.name("metrics");
  Members metrics(out);
  for (std::size_t m = 0; m < explanation.metrics.size(); ++m) {
    const auto& metric = request.metrics[m];
    write_metric(metrics.name(metric.name), explanation, metric, explanation.metrics[m]);
  }
  metrics.end();
  members.truth("explained", explanation.explained());
  members.name("moves") += '[';
  for (std::size_t cause = 0; cause < kCauses; ++cause) {
    if (!has_moved(explanation, cause)) continue;
    const auto& move = explanation.moves[cause];
    if (out.back() != '[') out += ",\n";
    Members of(out);
    of.text("cause", to_string(static_cast<Cause>(cause)));
    if (static_cast<Cause>(cause) != Cause::kReplay) of.number("events", static_cast<std::int64_t>(move.events));
    of.name("examples") += '[';
    for (const auto& example : move.examples) {
      if (&example != move.examples.data()) out += ',';
      write_example(out, example);
    }
    out += ']';
    of.end();
  }
  out += ']';
  members.number("folded", static_cast<std::int64_t>(explanation.folded));
  members.number("uncounted", static_cast<std::int64_t>(explanation.uncounted));
  members.name("versions");
  Members versions(out);
  versions.number("then", then.names.version);
  versions.number("now", explanation.version);
  versions.truth("then_is_stored", then.stored);
  if (explanation.is_another_version()) versions.text("published", text::rfc3339(then.published));
  versions.end();
  members.name("sources") += '[';
  for (const auto& [source, counted] : then.sources) {
    if (out.back() != '[') out += ',';
    Members of(out);
    of.number("source", source.value);
    of.number("counted_below", counted.below.value);
    of.text("recorded", text::rfc3339(counted.recorded));
    counted.by.empty() ? of.nothing("by") : of.text("by", counted.by);
    of.end();
  }
  out += ']';
  members.text("revision", fmt::format("{:016x}", explanation.now.revision));
  members.end();
  return out += '\n';
}

std::string render_table(const Explanation& explanation, const text::Look& look) {
  const auto& request = explanation.now.request;
  std::vector<text::Column> columns{{"", text::Align::kLeft}, {"by events", text::Align::kRight}};
  for (const auto& metric : request.metrics)
    columns.push_back({std::string(metric.kind == Kind::kAverageTime ? "avg_time" : metric.name), text::Align::kRight});
  text::Table table(columns);
  const auto add = [&](std::string title, std::string events, const auto& cell_of) {
    std::vector<std::string> cells{std::move(title), std::move(events)};
    for (std::size_t m = 0; m < request.metrics.size(); ++m)
      cells.push_back(cell_of(request.metrics[m], explanation.metrics[m]));
    table.add(std::move(cells));
  };
  const auto shown = [&](const Metric& metric, const std::optional<Value>& value) {
    return value ? shown_value(metric, *value, look) : std::string("-");
  };
  add("then", "", [&](const Metric& metric, const ExplainedMetric& m) { return shown(metric, m.then); });
  if (explanation.is_another_version() && !explanation.then.stored) {
    add("of what came before, now", "", [&](const Metric& metric, const ExplainedMetric& m) {
      return m.additive ? shown(metric, m.came_before) : "-";
    });
  }
  for (std::size_t cause = 0; cause < kCauses; ++cause) {
    if (!has_moved(explanation, cause)) continue;
    const auto events = explanation.moves[cause].events;
    add(words_of(static_cast<Cause>(cause)), events == 0 ? "" : std::to_string(events),
        [&](const Metric& metric, const ExplainedMetric& m) {
          return m.additive ? shown_move(metric, m.moves[cause], look) : std::string();
        });
  }
  if (!explanation.explained()) {
    add("cannot be explained", "", [&](const Metric& metric, const ExplainedMetric& m) {
      return m.additive ? shown_move(metric, m.unexplained, look) : std::string(m.explained ? "" : "!");
    });
  }
  add("now", "", [&](const Metric& metric, const ExplainedMetric& m) {
    return m.additive ? shown_value(metric, m.answer, look) : shown(metric, m.now);
  });
  return heading(explanation) + '\n' + table.render(look) + notes(explanation, look) + examples(explanation);
}

}  // namespace guidepost::query
