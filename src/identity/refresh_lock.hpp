// One refresh at a time. Format: proto/runs.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/patience.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::identity {

struct RefreshLockOptions {
  std::string owner;  ///< unique to this attempt, without blanks; of the kind that owner_is_gone knows
  /// A holder whose sign of life is older is taken to be dead.
  std::chrono::milliseconds stale_after{std::chrono::seconds{60}};
  /// Whether a holder is known to be dead already (a process of this machine that ended). Optional.
  std::function<bool(std::string_view owner)> owner_is_gone;
  std::function<TimeMs()> wall;  ///< default: the system's
  Patience patience;
};

/// Held from take() to release(). It keeps refreshes out of each other's way; that a run is completed
/// by its owner alone is what the run's status is for, so a wrong clock costs progress, not rightness.
/// Thread: one owner. Blocks: yes.
class RefreshLock {
 public:
  /// Errors: kUnavailable where another holds it (the message says who, and since when it is silent).
  static Result<RefreshLock> take(TableStore& tables, std::string state_table, RefreshLockOptions options);
  /// A sign of life, where the last one is a quarter of stale_after old. To be called again and again.
  /// Errors: kCancelled where it was taken away meanwhile.
  Result<void> beat();
  Result<void> release();
  /// Whose lock it was, where it was taken from a dead holder.
  const std::optional<std::string>& taken_from() const { return taken_from_; }

 private:
  RefreshLock(TableStore& tables, std::string table, RefreshLockOptions options)
      : tables_(&tables), table_(std::move(table)), options_(std::move(options)) {}
  TimeMs wall() const;
  Result<void> set(std::string_view rest);

  TableStore* tables_;
  std::string table_;
  RefreshLockOptions options_;
  std::optional<std::string> value_;  // of the cell, as this holder knows it
  std::int64_t sequence_ = 0;
  TimeMs last_beat_;
  std::optional<std::string> taken_from_;
};

}  // namespace guidepost::identity
