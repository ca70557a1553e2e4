// Names of everything that is made outside: topics, groups, tables. One prefix sets two
// installations apart on the same servers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "guidepost/base/ids.hpp"

namespace guidepost {

inline constexpr std::size_t kMaxMerchant = 40;

/// Whether it may name a merchant: 1-40 of `a-z0-9._-`, a letter or digit among them (`-` alone is what records without a
/// readable merchant are counted under).
bool is_merchant_slug(std::string_view slug);

/// A calendar month, UTC, as table names carry it: 201505.
struct Month {
  std::int32_t yyyymm = 0;
  static Month of(TimeMs t);
  Month next() const;
  TimeMs start() const;
  auto operator<=>(const Month&) const = default;
};

/// The month of a table whose name is `stem`, then the month's six digits; nothing where it is another.
std::optional<Month> month_of_table(std::string_view stem, std::string_view name);

/// Names for one prefix and one version of outputs.
struct Names {
  std::string prefix;  ///< `[a-z0-9._-]*`
  std::uint32_t version = 1;
  std::string raw_topic_name = "clicks.raw";

  std::string raw_topic() const { return prefix + raw_topic_name; }
  std::string resolved_topic() const { return prefix + "clicks.resolved.v" + std::to_string(version); }
  std::string ingest_group() const { return prefix + "ingest.v" + std::to_string(version); }
  std::string aggregate_group() const { return prefix + "aggregate.v" + std::to_string(version); }
  std::string mapping() const { return prefix + "mapping"; }
  std::string state() const { return prefix + "state"; }
  std::string bad() const { return prefix + "bad_v" + std::to_string(version); }
  std::string ledger() const { return prefix + "ledger_v" + std::to_string(version); }
  std::string rollups(Month m) const {
    return prefix + "rollups_v" + std::to_string(version) + "_" + std::to_string(m.yyyymm);
  }
  std::string events(Month m) const {
    return prefix + "events_v" + std::to_string(version) + "_" + std::to_string(m.yyyymm);
  }
  std::string index(Month m) const {
    return prefix + "index_v" + std::to_string(version) + "_" + std::to_string(m.yyyymm);
  }
};

}  // namespace guidepost
