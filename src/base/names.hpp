// Names of everything that is made outside: topics, groups, tables. One prefix sets two
// installations apart on the same servers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

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
  /// All tables of the version: their names, or what the names of those of months begin with (`..._`).
  std::vector<std::string> tables_of_version() const;
  std::string rollups(Month m) const { return of_month(all_rollups(), version, m); }
  std::string events(Month m) const { return of_month(all_events(), version, m); }
  std::string index(Month m) const { return of_month(all_indexes(), version, m); }
  // What the names of all versions' tables of a kind begin with.
  std::string all_rollups() const { return prefix + "rollups_v"; }
  std::string all_events() const { return prefix + "events_v"; }
  std::string all_indexes() const { return prefix + "index_v"; }

 private:
  static std::string of_month(const std::string& stem, std::uint32_t of, Month m) {
    return stem + std::to_string(of) + "_" + std::to_string(m.yyyymm);
  }
};

/// The months of which a table is listed, ascending; `table` names a month's.
std::vector<Month> months_in(const std::vector<std::string>& listed, const std::function<std::string(Month)>& table);

}  // namespace guidepost
