#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "query/query.hpp"
#include "query/value_text.hpp"

namespace guidepost::query {
namespace {

constexpr std::size_t kBarWidth = 20;

/// `2015-05-17`, `2015-05-17 10:00 +05:30`: no more than the interval needs.
std::string bucket_text(const Request& request, TimeMs bucket) {
  const auto full = request.zone.rfc3339(bucket);
  if (*request.interval == Interval::kMonth) return full.substr(0, 7);
  if (*request.interval == Interval::kDay || *request.interval == Interval::kWeek) return full.substr(0, 10);
  return full.substr(0, 10) + ' ' + full.substr(11, 5) + (full.back() == 'Z' ? "" : ' ' + full.substr(19));
}

/// Begin and end of what is too long: urls differ at both.
std::string shorten(const std::string& value, std::size_t width) {
  if (text::display_width(value) <= width || width < 8) return value;
  const auto head = (width - 1) / 2;
  auto tail = value;
  while (text::display_width(tail) > width - 1 - head) {
    tail.erase(0, 1);
    while (!tail.empty() && (static_cast<unsigned char>(tail.front()) & 0xc0) == 0x80) tail.erase(0, 1);
  }
  auto begin = text::fit(value, head + 1);  // ends with the ellipsis
  return begin + tail;
}

std::string number(std::int64_t n, const text::Look& look) {
  return look.terminal ? text::thousands(n) : std::to_string(n);
}

/// The numbers of a row, each with what is beside it.
std::vector<std::string> cells_of(const Request& request, const ResultRow& row, const text::Look& look) {
  std::vector<std::string> cells;
  for (std::size_t m = 0; m < row.metrics.size(); ++m) {
    const auto& metric = request.metrics[m];
    cells.push_back(shown_value(metric, row.metrics[m], look));
    if (!request.previous) continue;
    cells.push_back(shown_value(metric, row.previous[m], look));
    cells.push_back(shown_change(metric, row.metrics[m], row.previous[m]));
  }
  return cells;
}

/// A time is shown in minutes and seconds, not in what its name says.
std::vector<std::string> titles_of(const Request& request) {
  std::vector<std::string> titles;
  for (const auto& metric : request.metrics) {
    titles.emplace_back(metric.kind == Kind::kAverageTime ? "avg_time" : metric.name);
    if (!request.previous) continue;
    titles.emplace_back("previous");
    titles.emplace_back("change");
  }
  return titles;
}

/// What the other columns take, so that values know what is left for them.
std::size_t room_for_value(const QueryResult& result, const text::Look& look) {
  const auto& request = result.request;
  std::size_t taken = request.interval ? 20 : 0;
  const auto titles = titles_of(request);
  const auto widest = cells_of(request, result.totals, look);
  for (std::size_t i = 0; i < titles.size(); ++i)
    taken += 2 + std::max(titles[i].size(), text::display_width(widest[i]));
  taken += kBarWidth + 2 + (request.by.size() > 1 ? 12 : 0);
  return look.width > taken + 16 ? look.width - taken : 16;
}

double height(std::optional<std::int64_t> rank) {
  return static_cast<double>(std::max<std::int64_t>(0, rank.value_or(0)));
}

std::string heading(const QueryResult& result) {
  const auto& request = result.request;
  auto line = fmt::format("{}, {} to {}", request.merchant, request.zone.rfc3339(request.from),
                          request.zone.rfc3339(request.to));
  if (request.previous) {
    line += fmt::format(", compared with {} to {}", request.zone.rfc3339(request.previous->from()),
                        request.zone.rfc3339(request.previous->to()));
  }
  if (request.zone.name() != "UTC") line += " (" + request.zone.name() + ")";
  for (const auto& condition : request.where)
    line += fmt::format(", {} = {}", to_string(condition.part), text::escape(condition.value));
  if (request.traffic == TrafficFilter::kBot) line += ", bots";
  if (request.traffic == TrafficFilter::kAll) line += ", with bots";
  return line + '\n';
}

std::string footing(const QueryResult& result, const text::Look& look) {
  const auto& request = result.request;
  std::string out;
  if (look.terminal && result.series.size() > 1 && result.series.size() <= look.width) {
    std::vector<double> heights;
    for (const auto& rank : result.series) heights.push_back(height(rank));
    out += fmt::format("\n{} by {}\n{}\n", request.metrics.front().name, to_string(*request.interval),
                       text::sparkline(heights));
  }
  if (request.top && result.groups > *request.top) {
    out += fmt::format("\n{} of {} values; the totals are of all\n", *request.top,
                       number(static_cast<std::int64_t>(result.groups), look));
  }
  if (result.ranks_one_of_several_currencies() && !request.by.empty()) {
    out += fmt::format("\nranked by the {} in {}\n", request.metrics.front().name, result.ranking_currency);
  }
  if (result.freshness.as_of) out += fmt::format("\nas of {}\n", text::rfc3339(*result.freshness.as_of));
  std::int64_t lag = 0;
  std::optional<TimeMs> oldest;
  for (const auto& source : result.freshness.sources) {
    lag += std::max<std::int64_t>(0, source.lag.value_or(0));
    if (source.waiting_since && (!oldest || *source.waiting_since < *oldest)) oldest = source.waiting_since;
  }
  if (lag > 0)
    out += fmt::format("{}{} records are not counted yet{}\n", result.freshness.as_of ? "" : "\n", number(lag, look),
                       oldest ? ", the oldest since " + text::rfc3339(*oldest) : "");
  for (const auto& gap : result.freshness.missing) {
    const auto since = gap.after ? text::rfc3339(*gap.after) : std::string("the beginning");
    out += fmt::format("missing: {} records received between {} and {}, of unknown merchants ({}:{}-{}{})\n",
                       number(gap.to - gap.from, look), since, text::rfc3339(gap.before), gap.source.value,
                       gap.from.value, gap.to.value, gap.given_up ? "" : "; their partition stands still");
  }
  return out;
}

}  // namespace

std::string render_table(const QueryResult& result, const text::Look& look) {
  const auto& request = result.request;
  std::vector<text::Column> columns;
  if (request.interval) columns.push_back({std::string(to_string(*request.interval)), text::Align::kLeft});
  for (auto part : request.by) columns.push_back({std::string(to_string(part)), text::Align::kLeft});
  if (columns.empty()) columns.push_back({"", text::Align::kLeft});
  for (auto& title : titles_of(request)) columns.push_back({std::move(title), text::Align::kRight});
  if (look.terminal) columns.push_back({"", text::Align::kLeft});
  text::Table table(columns);

  const auto rank = [&](const ResultRow& row) {
    return height(rank_of(request.metrics.front(), row.metrics.front(), result.ranking_currency));
  };
  double most = 0;
  for (const auto& row : result.rows) most = std::max(most, rank(row));
  const auto value_width = look.terminal ? room_for_value(result, look) : std::size_t{0};
  const auto add = [&](std::vector<std::string> cells, const ResultRow& row, std::string bar) {
    for (auto& cell : cells_of(request, row, look)) cells.push_back(std::move(cell));
    if (look.terminal) cells.push_back(std::move(bar));
    table.add(std::move(cells));
  };
  for (const auto& row : result.rows) {
    std::vector<std::string> cells;
    if (row.bucket) cells.push_back(bucket_text(request, *row.bucket));
    for (const auto& value : row.values) {
      const auto shown = text::escape(value);
      cells.push_back(look.terminal ? shorten(shown, value_width) : shown);
    }
    if (cells.empty()) cells.emplace_back("total");
    add(std::move(cells), row, text::bar(rank(row), most, kBarWidth));
  }
  if (request.interval || !request.by.empty()) {
    std::vector<std::string> cells(std::max<std::size_t>(1, request.by.size() + (request.interval ? 1 : 0)));
    cells.front() = "total";
    add(std::move(cells), result.totals, "");
  }
  return heading(result) + '\n' + table.render(look) + footing(result, look);
}

}  // namespace guidepost::query
