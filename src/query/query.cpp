#include "query/query.hpp"

#include <algorithm>

#include "guidepost/base/codec.hpp"
#include "query/answer.hpp"
#include "query/page_scan.hpp"
#include "query/tally.hpp"

namespace guidepost::query {

namespace {

rollup::Columns columns_of(const Request& request) {
  rollup::Columns columns;
  for (const auto& metric : request.metrics) want(metric, columns);
  // Rows of which nothing is left are not shown: all that they counted says so.
  if (hides_empty_rows(request.dimension)) columns.counters.fill(true);
  return columns;
}

}  // namespace

Result<QueryResult> run(const Request& request, TableStore& tables, const Names& names, const QueryOptions& options) {
  QueryResult result{.request = request};
  PageScanRequest wanted{request.merchant, request.from, request.to, request.dimension, columns_of(request)};
  if (options.freshness) {
    auto freshness = options.freshness();  // before the pages: they are at least as new
    if (!freshness) return tl::unexpected(freshness.error());
    result.freshness = std::move(*freshness);
    wanted.sources = result.freshness.registered;
  }
  for (const auto& condition : request.where) {
    // (other) is in every chunk.
    const bool routes = condition.part == held(request.dimension).parts.front();
    if (routes && condition.value != rollup::kOther) wanted.value = condition.value;
  }
  wanted.keep = AskedFor(request);
  wanted.seen = options.seen;
  Answer answer(request, options);
  const auto read = [&](TimeMs from, TimeMs to, Tally& tally) -> Result<std::uint64_t> {
    wanted.from = from;
    wanted.to = to;
    PageScan scan(tables, names, wanted);
    if (auto ok = scan.run([&](auto entries) { return tally.add(entries); }); !ok) return tl::unexpected(ok.error());
    return scan.revision();
  };
  auto revision = read(request.from, request.to, answer.now());
  if (revision && request.previous) {
    const auto before = read(request.previous->from(), request.previous->to(), answer.before());
    if (!before) return tl::unexpected(before.error());
    ByteWriter both;
    both.fixed64(*revision);
    both.fixed64(*before);
    revision = hash64(both.view());
  }
  if (!revision) return tl::unexpected(revision.error());
  if (auto ok = answer.finish(result); !ok) return tl::unexpected(ok.error());
  result.revision = *revision;
  return result;
}

}  // namespace guidepost::query
