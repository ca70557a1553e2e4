#include "query/query.hpp"

#include <algorithm>

#include "query/answer.hpp"
#include "query/page_scan.hpp"

namespace guidepost::query {

Result<QueryResult> run(const Request& request, TableStore& tables, const Names& names, const QueryOptions& options) {
  QueryResult result{request, {}, {}, {}, 0, {}, 0};
  PageScanRequest wanted{request.merchant, request.from, request.to, request.dimension, {}, {}};
  if (options.freshness) {
    auto freshness = options.freshness();  // before the pages: they are at least as new
    if (!freshness) return tl::unexpected(freshness.error());
    result.freshness = std::move(*freshness);
    wanted.sources = result.freshness.registered;
  }
  for (const auto& condition : request.where) {
    // (other) is in every chunk.
    if (condition.part == Part::kUrl && condition.value != rollup::kOther) wanted.url = condition.value;
  }
  Answer answer(request, options);
  PageScan scan(tables, names, std::move(wanted));
  if (auto ok = scan.run([&](const rollup::ReadEntry& entry) { return answer.add(entry); }); !ok)
    return tl::unexpected(ok.error());
  if (auto ok = std::move(answer).finish(result); !ok) return tl::unexpected(ok.error());
  result.revision = scan.revision();
  return result;
}

}  // namespace guidepost::query
