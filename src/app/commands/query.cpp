#include "query/query.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "app/commands/commands.hpp"
#include "app/gaps.hpp"
#include "app/look_back.hpp"
#include "app/progress.hpp"
#include "app/sources.hpp"
#include "query/words.hpp"

namespace guidepost::app {
namespace {

/// Whether a record of the gap may be of an event that `request` counts: clocks run ahead up to the limit, and an import may
/// bring events of any time before.
bool touches(const worker::Gap& gap, const query::Request& request, const Config& config) {
  const auto last = gap.before + config.limits.max_future;
  return request.from <= last || (request.previous && request.previous->from() <= last);
}

/// Read before the pages: then these are at least as fresh as it says.
Result<query::Freshness> freshness_of(Call& call, const query::Request& request) {
  const auto now = inline_executor().wall();
  const auto sources = source_standings(*call.node, call.cancelled);
  if (!sources) return tl::unexpected(sources.error());
  query::Freshness freshness;
  freshness.as_of = counted_until(*sources, now);
  for (const auto& s : *sources) {
    freshness.registered.push_back(s.source.number);
    if (!s.current) continue;
    const auto decided = s.decided ? std::clamp<std::int64_t>(*s.decided - s.counted(), 0, s.lag()) : 0;
    freshness.sources.push_back({s.source.number, s.source.topic, s.source.partition, s.lag(), counted_until(s, now),
                                 decided, s.waiting_since});
  }
  const auto gaps = gaps_read(*call.node, call.cancelled);
  if (!gaps) return tl::unexpected(gaps.error());
  for (const auto& gap : *gaps) {
    if (!touches(gap, request, call.node->config())) continue;
    const auto after = gap.after == TimeMs{} ? std::nullopt : std::optional(gap.after);
    freshness.missing.push_back({gap.source, gap.from, gap.to, after, gap.before, gap.accepted.has_value()});
  }
  return freshness;
}

query::RequestWords words_of(const Call& call) {
  const auto& a = call.arguments;
  query::RequestWords words;
  words.merchant = a.value_or("--merchant", "");
  words.from = a.value_or("--from", "");
  words.to = a.value_or("--to", "");
  words.metrics = a.value_or("--metrics", "");
  words.by = a.value_or("--by", "");
  words.interval = a.value_or("--interval", "");
  words.where = a.values("--where");
  words.traffic = a.value_or("--traffic", "");
  words.top = a.value_or("--top", "");
  words.tz = a.value_or("--tz", "");
  words.compare = a.value_or("--compare", "");
  const auto& merchants = call.node->config().merchant;
  const auto settings = merchants.find(words.merchant);
  if (words.tz.empty() && settings != merchants.end()) words.tz = settings->second.time_zone;
  return words;
}

/// A time, or how long ago.
TimeMs since_of(Call& call, const query::Request& request, TimeMs now) {
  const auto word = call.arguments.value_or("--explain", "");
  const auto ago = parse_duration(word);
  const auto since = ago ? Result<TimeMs>(now - *ago) : query::parse_moment("--explain", word, request.zone);
  if (!since) throw UsageError{since.error().message};
  if (*since > now) throw UsageError{"--explain: " + word + " is not in the past"};
  return *since;
}

/// Exit status 1 also where something could not be explained.
int run_explain(Call& call, const query::Request& request) {
  for (const auto* flag : {"--by", "--interval", "--top", "--compare"}) {
    if (call.arguments.has(flag)) throw UsageError{fmt::format("--explain: explains totals, not {}", flag)};
  }
  for (const auto& condition : request.where) {
    if (condition.value == rollup::kOther)
      throw UsageError{"--explain: what was counted under (other) has no name any more"};
  }
  const auto now = inline_executor().wall();
  auto& node = *call.node;
  auto then = look_back(node, since_of(call, request, now), now, call.cancelled);
  if (!then) return refused(call, then.error());
  Progress progress(call.out, "explain", "rows", std::nullopt);
  query::ExplainOptions options;
  options.query.freshness = [&] { return freshness_of(call, request); };
  for (const auto version : {node.names().version, then->names.version})
    options.rows.session_gap = std::max(options.rows.session_gap, longest_session_gap(node, version, call.cancelled));
  options.rows.progress = [&](std::uint64_t rows) { progress.set(rows); };
  options.rows.cancelled = call.cancelled;
  const auto explanation = query::explain(request, node.tables(), node.names(), std::move(*then), options);
  progress.finish();
  if (!explanation) return refused(call, explanation.error());
  call.out.print(call.json() ? query::render_json(*explanation) : query::render_table(*explanation, call.out.look()));
  return explanation->explained() ? 0 : 1;
}

int run_query(Call& call) {
  const auto request = query::parse_request(words_of(call));
  if (!request) throw UsageError{request.error().message};
  if (call.arguments.has("--explain")) return run_explain(call, *request);
  query::QueryOptions options;
  options.freshness = [&] { return freshness_of(call, *request); };
  const auto result = query::run(*request, call.node->tables(), call.node->names(), options);
  if (!result) return refused(call, result.error());
  call.out.print(call.json() ? query::render_json(*result) : query::render_table(*result, call.out.look()));
  return 0;
}

}  // namespace

Command query_command() {
  return {
      .name = "query",
      .group = Group::kAsk,
      .summary = "a merchant's numbers, in time and by what they are about",
      .about =
          "Answers from the rollups: it reads more for a longer time, not for more events. Times are dates (their\n"
          "midnight in --tz) or RFC 3339 at a quarter of an hour; --from belongs to the answer, --to does not. What\n"
          "--by and --where name together must be kept together; what is kept: docs/query.md.",
      .operands = {},
      .flags = {{"--merchant", "M", "whose numbers", Use::kRequired},
                {"--from", "T", "beginning, a date or RFC 3339", Use::kRequired},
                {"--to", "T", "end, not included", Use::kRequired},
                {"--metrics", "a,b", "columns: " + query::metric_names(), Use::kOptional},
                {"--by", "d", "a row for each: " + query::held_words(), Use::kOptional},
                {"--interval", "I", "a row for each 15min, hour, day, week or month", Use::kOptional},
                {"--tz", "Z", "time zone of dates and intervals, by default the merchant's or UTC", Use::kOptional},
                {"--where", "d=v", "only this value of one of those", Use::kRepeated},
                {"--traffic", "T", "human (the default), bot or all", Use::kOptional},
                {"--top", "N", "the N values with the most of the first metric", Use::kOptional},
                {"--compare", "T", "previous: beside each number that of the same time before, and the change",
                 Use::kOptional},
                {"--explain", "SINCE", "why it is not what it was at that time, or so long ago: 24h, 2025-01-31",
                 Use::kOptional}},
      .examples =
          {{"a month, day by day, in Berlin",
            "guidepost query --merchant shop --from 2025-01-01 --to 2025-02-01 --interval day --tz Europe/Berlin"},
           {"the ten pages with the most users",
            "guidepost query --merchant shop --from 2025-01-31 --to 2025-02-01 --by url --metrics users,page_views --top 10"},
           {"where readers of one page are",
            "guidepost query --merchant shop --from 2025-01-31 --to 2025-02-01 --by country --where url=/news"},
           {"what was sold this month, against the month before",
            "guidepost query --merchant shop --from 2025-02-01 --to 2025-03-01 --metrics revenue,orders,average_order_value --compare previous"},
           {"the pages on which visitors arrive and leave again",
            "guidepost query --merchant shop --from 2025-01-31 --to 2025-02-01 --by entry_page --metrics bounces,sessions,bounce_rate --top 10"},
           {"why last week is not what it was yesterday",
            "guidepost query --merchant shop --from 2025-01-20 --to 2025-01-27 --metrics orders,revenue --explain 24h"},
           {"for a machine", "guidepost query --merchant shop --from 2025-01-31 --to 2025-02-01 --json"}},
      .place = Place::kReads,
      .run = run_query};
}

}  // namespace guidepost::app
