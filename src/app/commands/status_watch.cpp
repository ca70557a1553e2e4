#include "app/commands/status_watch.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/gaps.hpp"
#include "app/live_screen.hpp"
#include "app/standing.hpp"

namespace guidepost::app {
namespace {

using text::Align, text::Look;

/// Sources of a screen; the others are summed up.
constexpr std::size_t kMostSources = 14;

/// What came and went, each second between two looks.
struct Rates {
  double in = 0, decided = 0, stored = 0, bad = 0;
  Rates& operator+=(const Rates& other) {
    in += other.in;
    decided += other.decided;
    stored += other.stored;
    bad += other.bad;
    return *this;
  }
};

Rates rates_of(const SourceStanding& now, const SourceStanding& before, double seconds) {
  // What is begun anew falls; that is no rate.
  const auto rate = [&](double a, double b) { return std::max(0.0, a - b) / seconds; };
  const auto value = [](const auto& offset) { return static_cast<double>(offset.value); };
  const auto position = [&](const SourceStanding& s) { return value(s.durable ? s.durable->offset : s.floor); };
  return {.in = rate(value(now.raw.end), value(before.raw.end)),
          .decided = rate(value(now.decided.value_or(now.floor)), value(before.decided.value_or(before.floor))),
          .stored = rate(position(now), position(before)),
          .bad = rate(static_cast<double>(now.ledger.bad), static_cast<double>(before.ledger.bad))};
}

/// A look, and what the one before it makes of it.
struct Comparison {
  Standing standing;
  std::optional<std::map<SourceId, Rates>> rates;
  Rates all;
};

Comparison compared(Standing now, const std::optional<Standing>& before) {
  Comparison look{std::move(now), {}, {}};
  if (!before || !before->sources || !look.standing.sources) return look;
  const double seconds = std::max<double>(1, static_cast<double>((look.standing.at - before->at).count())) / 1000;
  look.rates.emplace();
  for (const auto& source : *look.standing.sources) {
    const auto& all = *before->sources;
    const auto same = std::find_if(all.begin(), all.end(),
                                   [&](const auto& other) { return other.source.number == source.source.number; });
    const auto rates = same == all.end() ? Rates{} : rates_of(source, *same, seconds);
    look.all += rates;
    (*look.rates)[source.source.number] = rates;
  }
  return look;
}

std::string number(double rate) { return text::thousands(static_cast<std::int64_t>(rate + 0.5)); }

/// How old what readers see is.
std::string age(const Standing& standing) {
  const auto until = counted_until(*standing.sources, standing.at);
  if (!until) return "nothing is in the tables yet";
  const auto old = std::chrono::floor<std::chrono::seconds>(standing.at - *until);
  return old.count() <= 0 ? "up to date" : text::duration(old) + " behind";
}

std::string source_table(const Comparison& look, const Look& shown) {
  text::Table table({{"source", Align::kRight},
                     {"partition", Align::kRight},
                     {"end", Align::kRight},
                     {"in/s", Align::kRight},
                     {"decided/s", Align::kRight},
                     {"in tables/s", Align::kRight},
                     {"lag", Align::kRight}});
  std::vector<const SourceStanding*> sources;
  for (const auto& source : *look.standing.sources) {
    if (source.current) sources.push_back(&source);
  }
  // Too many for a screen: those that are furthest behind, in the order of their numbers.
  std::size_t others = 0;
  if (sources.size() > kMostSources) {
    std::sort(sources.begin(), sources.end(), [](auto* a, auto* b) { return a->lag() > b->lag(); });
    others = sources.size() - kMostSources;
    sources.resize(kMostSources);
    std::sort(sources.begin(), sources.end(), [](auto* a, auto* b) { return a->source.number < b->source.number; });
  }
  for (const auto* s : sources) {
    const auto cell = [&](double Rates::* what) {
      return look.rates ? number(look.rates->at(s->source.number).*what) : std::string("-");
    };
    table.add({std::to_string(s->source.number.value), std::to_string(s->source.partition.value),
               text::thousands(s->raw.end.value), cell(&Rates::in), cell(&Rates::decided), cell(&Rates::stored),
               text::thousands(s->lag())});
  }
  if (table.empty()) return "nothing has come in yet\n";
  return table.render(shown) +
         (others == 0 ? "" : dim(shown, fmt::format("and {} more, less behind than these\n", others)));
}

std::string screen(const Comparison& look, std::chrono::milliseconds interval, const Look& shown) {
  const auto& standing = look.standing;
  std::string out =
      bold(shown, "guidepost status") +
      dim(shown, fmt::format("  {}, every {}, Ctrl-C ends", text::rfc3339(standing.at), text::duration(interval))) +
      "\n\n" + store_problems(standing, shown);
  if (standing.sources) {
    out += source_table(look, shown);
    event::LedgerCounts ledger;
    for (const auto& source : *standing.sources) ledger += source.ledger;
    const auto count = [](std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); };
    const auto rate = [&](double of) { return look.rates ? number(of) : std::string("-"); };
    out += fmt::format("\na second {} in, {} decided, {} in the tables, {} bad\n", rate(look.all.in),
                       rate(look.all.decided), rate(look.all.stored), rate(look.all.bad));
    out += fmt::format("lag      {}, {}\n",
                       standing.lag() <= 0 ? std::string("none") : text::thousands(standing.lag()) + " records",
                       age(standing));
    out += fmt::format("ledger   {} received = {} counted + {} bad\n         + {} duplicate + {} skipped\n",
                       count(ledger.received()), count(ledger.counted), count(ledger.bad), count(ledger.duplicate),
                       count(ledger.skipped));
  }
  if (const auto* run = standing.mapping())
    out += fmt::format("mapping  run {} of {}\n", run->run.value, text::rfc3339(run->finished));
  return out + gap_lines(standing, shown) + stage_lines(standing, shown);
}

std::string line(const Comparison& look) {
  const auto& standing = look.standing;
  auto out = text::rfc3339(standing.at);
  const auto rate = [&](double of) { return look.rates ? number(of) : std::string("-"); };
  if (standing.sources)
    out += fmt::format("  in {}/s  decided {}/s  in tables {}/s  bad {}/s  lag {}  {}", rate(look.all.in),
                       rate(look.all.decided), rate(look.all.stored), rate(look.all.bad),
                       text::thousands(standing.lag()), age(standing));
  for (const auto& store : standing.stores) {
    if (store.problem) out += fmt::format("  the {} cannot be reached: {}", store.name, store.problem->message);
  }
  if (standing.problem) out += "  " + standing.problem->message;
  for (const auto& gap : standing.gaps) {
    if (!gap.accepted) out += "  " + line_of(gap);
  }
  if (standing.stages && standing.stages->failure) out += "  a stage failed: " + standing.stages->failure->message;
  return out + "\n";
}

std::string object(const Comparison& look) {
  auto json = json_of(look.standing);
  json["time"] = text::rfc3339(look.standing.at);
  json["lag"] = look.standing.lag();
  if (look.rates)
    json["rates"] = {
        {"in", look.all.in}, {"decided", look.all.decided}, {"in_tables", look.all.stored}, {"bad", look.all.bad}};
  return json.dump() + "\n";
}

}  // namespace

std::optional<std::chrono::milliseconds> watch_interval(const Arguments& arguments) {
  const auto given = arguments.value("--interval");
  if (!arguments.has("--watch")) {
    if (given) throw UsageError{"status: --interval says how often with --watch"};
    return std::nullopt;
  }
  const auto interval = parse_duration(given.value_or("2s"));
  if (!interval || *interval < std::chrono::milliseconds{200} || *interval > std::chrono::hours{1})
    throw UsageError{"--interval: expected a duration from 200ms to 1h, got '" + text::escape(*given) + "'"};
  return *interval;
}

int watch_status(Call& call, std::chrono::milliseconds interval) {
  std::optional<LiveScreen> live;
  if (call.out.look().terminal && !call.json()) live.emplace(call.out);
  std::optional<Standing> before;
  while (!call.cancelled.stop_requested() && !call.out.closed()) {
    auto look = compared(look_around(call), before);
    if (call.cancelled.stop_requested()) break;  // what could not be asked any more is no news
    if (live) {
      live->show(screen(look, interval, call.out.look()));
    } else {
      call.out.print(call.json() ? object(look) : line(look));
    }
    before = std::move(look.standing);
    pause(interval, call.cancelled);
  }
  return 0;
}

}  // namespace guidepost::app
