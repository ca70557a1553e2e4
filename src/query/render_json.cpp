// One JSON object, written by hand: rows by the hundred thousand need no tree of them.
#include <fmt/format.h>

#include "query/json_text.hpp"
#include "query/query.hpp"
#include "query/value_text.hpp"

namespace guidepost::query {
namespace {

void write_values(Members& members, const Request& request, const std::vector<Value>& values) {
  for (std::size_t m = 0; m < values.size(); ++m)
    members.name(request.metrics[m].name) += json_value(request.metrics[m], values[m]);
}

void write_metrics(std::string& out, Members& members, const Request& request, const ResultRow& row) {
  write_values(members, request, row.metrics);
  if (row.previous.empty()) return;
  members.name("previous");
  Members previous(out);
  write_values(previous, request, row.previous);
  previous.end();
  members.name("change");
  Members change(out);
  for (std::size_t m = 0; m < row.metrics.size(); ++m) {
    const auto& metric = request.metrics[m];
    change.name(metric.name) += json_change(metric, row.metrics[m], row.previous[m]);
  }
  change.end();
}

void write_row(std::string& out, const Request& request, const ResultRow& row) {
  Members members(out);
  if (row.bucket) members.text("bucket", request.zone.rfc3339(*row.bucket));
  for (std::size_t v = 0; v < row.values.size(); ++v) members.text(to_string(request.by[v]), row.values[v]);
  write_metrics(out, members, request, row);
  members.end();
}

void write_completeness(std::string& out, const Freshness& freshness) {
  out += '[';
  for (const auto& source : freshness.sources) {
    if (out.back() != '[') out += ',';
    Members members(out);
    members.number("source", source.source.value);
    members.text("topic", source.topic);
    members.number("partition", source.partition.value);
    source.lag ? members.number("lag", *source.lag) : members.nothing("lag");
    source.counted_until ? members.text("counted_until", text::rfc3339(*source.counted_until))
                         : members.nothing("counted_until");
    members.number("decided", source.decided);
    source.waiting_since ? members.text("waiting_since", text::rfc3339(*source.waiting_since))
                         : members.nothing("waiting_since");
    members.end();
  }
  out += ']';
}

void write_gaps(std::string& out, const Freshness& freshness) {
  out += '[';
  for (const auto& gap : freshness.missing) {
    if (out.back() != '[') out += ',';
    Members members(out);
    members.number("source", gap.source.value);
    members.number("from", gap.from.value);
    members.number("to", gap.to.value);
    members.number("count", gap.to - gap.from);
    gap.after ? members.text("after", text::rfc3339(*gap.after)) : members.nothing("after");
    members.text("before", text::rfc3339(gap.before));
    members.truth("accepted", gap.given_up);
    members.end();
  }
  out += ']';
}

}  // namespace

std::string render_json(const QueryResult& result) {
  const auto& request = result.request;
  std::string out;
  Members members(out);
  write_asked(members, request);
  if (request.previous) {
    members.name("compared_with");
    Members compared(out);
    compared.text("from", request.zone.rfc3339(request.previous->from()));
    compared.text("to", request.zone.rfc3339(request.previous->to()));
    compared.end();
  }
  auto& rows = members.name("rows") += '[';
  for (const auto& row : result.rows) {
    rows += &row == result.rows.data() ? "\n" : ",\n";
    write_row(rows, request, row);
  }
  rows += ']';
  members.name("totals");
  Members totals(out);
  write_metrics(out, totals, request, result.totals);
  totals.end();
  members.number("groups", static_cast<std::int64_t>(result.groups));
  auto& estimated = members.name("estimated") += '[';
  for (const auto& name : result.estimated) {
    if (estimated.back() != '[') estimated += ',';
    write_text(estimated, name);
  }
  estimated += ']';
  if (result.ranks_one_of_several_currencies()) members.text("ranked_by_currency", result.ranking_currency);
  const auto& as_of = result.freshness.as_of;
  as_of ? members.text("as_of", text::rfc3339(*as_of)) : members.nothing("as_of");
  members.text("revision", fmt::format("{:016x}", result.revision));
  write_completeness(members.name("completeness"), result.freshness);
  write_gaps(members.name("gaps"), result.freshness);
  members.end();
  return out += '\n';
}

}  // namespace guidepost::query
