#include "app/gaps.hpp"

#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "app/ask.hpp"
#include "base/text.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {
namespace {

using worker::Gap;

Result<std::vector<Gap>> gaps_of(Node& node, std::uint32_t version, const std::stop_token& cancelled) {
  worker::GapTable table(node.tables(), node.names().state());
  return ask<std::vector<Gap>>([&](auto done) { table.list(version, std::move(done)); }, cancelled);
}

std::string time_of(TimeMs time) { return time == TimeMs{} ? std::string("the beginning") : text::rfc3339(time); }

}  // namespace

Result<std::vector<Gap>> gaps_of_version(Node& node, const std::stop_token& cancelled) {
  return gaps_of(node, node.names().version, cancelled);
}

Result<std::vector<Gap>> gaps_read(Node& node, const std::stop_token& cancelled) {
  worker::VersionTable versions(node.tables(), node.names());
  std::vector<Gap> all;
  std::set<std::uint32_t> seen;
  for (auto version = node.names().version; seen.insert(version).second;) {
    auto gaps = gaps_of(node, version, cancelled);
    if (!gaps) return gaps;
    std::move(gaps->begin(), gaps->end(), std::back_inserter(all));
    const auto record = ask<std::optional<worker::VersionRecord>>(
        [&](auto done) { versions.version(version, std::move(done)); }, cancelled);
    if (!record) return tl::unexpected(record.error());
    if (*record && (*record)->base) version = *(*record)->base;
  }
  return all;
}

nlohmann::json json_of(const std::vector<Gap>& gaps) {
  auto list = nlohmann::json::array();
  for (const auto& gap : gaps) {
    list.push_back({{"gap", to_string(gap)},
                    {"source", gap.source.value},
                    {"from", gap.from.value},
                    {"to", gap.to.value},
                    {"count", gap.count()},
                    {"cause", to_string(gap.cause)},
                    {"after", gap.after == TimeMs{} ? nlohmann::json() : nlohmann::json(text::rfc3339(gap.after))},
                    {"before", text::rfc3339(gap.before)},
                    {"seen", text::rfc3339(gap.seen)},
                    {"accepted", gap.accepted ? nlohmann::json{{"at", text::rfc3339(gap.accepted->at)},
                                                               {"by", text::escape(gap.accepted->by)}}
                                              : nlohmann::json()}});
  }
  return list;
}

std::string line_of(const Gap& gap) {
  const auto what = gap.cause == worker::GapCause::kRetention
                        ? "records are gone that were not decided"
                        : "records came at offsets that were decided before the log was cut";
  const auto standing =
      gap.accepted ? fmt::format("given up by {}, {}", text::escape(gap.accepted->by), text::rfc3339(gap.accepted->at))
                   : fmt::format("its partition waits for `guidepost gap accept {}`", to_string(gap));
  return fmt::format("gap {}: {} {}, received between {} and {}; {}", to_string(gap), text::thousands(gap.count()),
                     what, time_of(gap.after), time_of(gap.before), standing);
}

}  // namespace guidepost::app
