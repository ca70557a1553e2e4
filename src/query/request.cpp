#include "query/request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "query/words.hpp"

namespace guidepost::query {
namespace {

using rollup::Dimension;

constexpr std::array<std::string_view, 4> kDefaultMetrics{"events", "page_views", "devices", "users"};
constexpr std::uint32_t kMaxTop = 1'000'000;

tl::unexpected<Error> unknown(std::string_view flag, std::string_view word, const std::vector<std::string>& allowed) {
  const auto near = text::nearest(word, allowed);
  return refuse(flag, fmt::format("'{}' is none of {}{}", text::escape(word), fmt::join(allowed, ", "),
                                  near ? fmt::format(" (did you mean {}?)", *near) : std::string{}));
}

/// Words between commas, blanks around them removed.
std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> words;
  while (true) {
    const auto comma = list.find(',');
    auto word = list.substr(0, comma);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
    words.emplace_back(word);
    if (comma == std::string_view::npos) return words;
    list.remove_prefix(comma + 1);
  }
}

/// Those of the default that the dimension has; all that it has where it has none of them.
std::vector<Metric> default_metrics(const Held& of) {
  std::vector<Metric> some, all;
  for (const auto& metric : all_metrics()) {
    if (!of.has(metric.group)) continue;
    all.push_back(metric);
    if (std::find(kDefaultMetrics.begin(), kDefaultMetrics.end(), metric.name) != kDefaultMetrics.end())
      some.push_back(metric);
  }
  return some.empty() ? all : some;
}

Result<std::vector<Metric>> parse_metrics(std::string_view list, const Held& of) {
  if (list.empty()) return default_metrics(of);
  std::vector<Metric> metrics;
  for (const auto& word : split(list)) {
    const auto found = std::find_if(all_metrics().begin(), all_metrics().end(),
                                    [&](const Metric& metric) { return metric.name == word; });
    if (found == all_metrics().end()) return unknown("--metrics", word, split(metric_names()));
    if (!of.has(found->group)) return refuse("--metrics", not_held(*found, of));
    const bool twice = std::any_of(metrics.begin(), metrics.end(), [&](const Metric& m) { return m.name == word; });
    if (!twice) metrics.push_back(*found);
  }
  return metrics;
}

Result<Part> parse_part(std::string_view flag, std::string_view word) {
  if (const auto part = find_part(word)) return *part;
  return unknown(flag, word, part_names());
}

Result<std::vector<Part>> parse_by(std::string_view list) {
  std::vector<Part> parts;
  if (list.empty() || list == "total") return parts;
  for (const auto& word : split(list)) {
    const auto part = parse_part("--by", word);
    if (!part) return tl::unexpected(part.error());
    if (std::find(parts.begin(), parts.end(), *part) != parts.end())
      return refuse("--by", fmt::format("{} is given twice", to_string(*part)));
    parts.push_back(*part);
  }
  return parts;
}

Result<std::vector<Condition>> parse_where(const std::vector<std::string>& words) {
  std::vector<Condition> conditions;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return refuse("--where", fmt::format("'{}' is not like country=DE", text::escape(word)));
    const auto part = parse_part("--where", word.substr(0, equals));
    if (!part) return tl::unexpected(part.error());
    const bool twice =
        std::any_of(conditions.begin(), conditions.end(), [&](const Condition& c) { return c.part == *part; });
    if (twice)
      return refuse("--where",
                    fmt::format("{} is given twice; one value can be asked for at a time", to_string(*part)));
    conditions.push_back({*part, word.substr(equals + 1)});
  }
  return conditions;
}

Result<Dimension> dimension_of(const std::vector<Part>& by, const std::vector<Condition>& where) {
  auto parts = by;
  for (const auto& condition : where) parts.push_back(condition.part);
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  for (const auto& set : all_held()) {
    if (set.parts == parts) return set.dimension;
  }
  return refuse(where.empty() ? "--by" : "--by with --where",
                fmt::format("pages do not hold {} together; they hold: {}", join(parts), held_words()));
}

Result<TimeMs> parse_time(std::string_view flag, std::string_view word, const TimeZone& zone) {
  if (word.empty()) return refuse(flag, "is required: a date like 2015-05-17, or a time like 2015-05-17T10:00:00Z");
  const auto time = parse_moment(flag, word, zone);
  if (!time) return time;
  if (!parse_date(word) && time->time_since_epoch() % Bucket::kSpan != std::chrono::milliseconds{0}) {
    return refuse(flag, fmt::format("{} is not at a quarter of an hour, and nothing finer is kept", word));
  }
  using namespace std::chrono_literals;
  // Events lie in 2000-2099; a day around for time zones.
  if (*time < TimeMs{std::chrono::sys_days{1999y / 12 / 31}} || *time > TimeMs{std::chrono::sys_days{2100y / 1 / 2}}) {
    return refuse(flag, fmt::format("{} is not within 2000 to 2099, where all events are", word));
  }
  return *time;
}

Result<std::optional<Interval>> parse_interval(std::string_view word) {
  if (word.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (auto interval : {Interval::kQuarterHour, Interval::kHour, Interval::kDay, Interval::kWeek, Interval::kMonth}) {
    if (word == to_string(interval)) return interval;
    names.emplace_back(to_string(interval));
  }
  return unknown("--interval", word, names);
}

Result<TrafficFilter> parse_traffic(std::string_view word) {
  if (word.empty() || word == "human") return TrafficFilter::kHuman;
  if (word == "bot") return TrafficFilter::kBot;
  if (word == "all") return TrafficFilter::kAll;
  return unknown("--traffic", word, {"human", "bot", "all"});
}

Result<std::optional<std::uint32_t>> parse_top(std::string_view word) {
  if (word.empty()) return std::nullopt;
  std::uint32_t top = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), top);
  if (error != std::errc{} || end != word.data() + word.size() || top == 0 || top > kMaxTop) {
    return refuse("--top", fmt::format("'{}' is not a number from 1 to {}", text::escape(word), kMaxTop));
  }
  return top;
}

Result<bool> parse_compare(std::string_view word) {
  if (word.empty() || word == "previous") return !word.empty();
  return unknown("--compare", word, {"previous"});
}

}  // namespace

Result<Request> parse_request(const RequestWords& words) {
  auto zone = TimeZone::find(words.tz.empty() ? "UTC" : words.tz);
  if (!zone) return refuse("--tz", zone.error().message);
  Request request{{}, {}, {}, {}, {}, {}, Dimension::kTotal, {}, std::move(*zone), TrafficFilter::kHuman, {}, {}};
  bool compares = false;
  const auto take = [](auto parsed, auto& into) -> Result<void> {
    if (!parsed) return tl::unexpected(parsed.error());
    into = std::move(*parsed);
    return {};
  };
  auto ok = take(parse_merchant(words.merchant), request.merchant)
                .and_then([&] { return take(parse_time("--from", words.from, request.zone), request.from); })
                .and_then([&] { return take(parse_time("--to", words.to, request.zone), request.to); })
                .and_then([&] { return take(parse_by(words.by), request.by); })
                .and_then([&] { return take(parse_where(words.where), request.where); })
                .and_then([&] { return take(dimension_of(request.by, request.where), request.dimension); })
                .and_then([&] { return take(parse_metrics(words.metrics, held(request.dimension)), request.metrics); })
                .and_then([&] { return take(parse_interval(words.interval), request.interval); })
                .and_then([&] { return take(parse_traffic(words.traffic), request.traffic); })
                .and_then([&] { return take(parse_top(words.top), request.top); })
                .and_then([&] { return take(parse_compare(words.compare), compares); });
  if (!ok) return tl::unexpected(ok.error());
  if (ok = check_range(request.from, request.to, words.from, words.to); !ok) return tl::unexpected(ok.error());
  if (compares) request.previous = Previous(request.from, request.to, request.zone);
  return request;
}

}  // namespace guidepost::query
