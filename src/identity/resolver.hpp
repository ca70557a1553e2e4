// Looks histories up: a cache bounded in bytes over the mapping table.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/executor.hpp"
#include "identity/mapping.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {

struct GuidKey {
  std::string_view merchant;
  std::string_view guid;
};

struct ResolverOptions {
  std::string mapping_table;
  std::string state_table;
  Bytes cache{64 * 1024 * 1024};  ///< everything that the cache holds, keys and overhead included
  std::size_t forget_all_over = 1'000'000;  ///< changed GUIDs of a run over which all is forgotten
};

struct ResolverStats {
  std::uint64_t hits = 0, misses = 0, evictions = 0, forgotten = 0, lookups = 0;
  std::size_t entries = 0, bytes = 0;
};

/// The histories of a batch, in the order of its keys. Owns (shares) what it shows, so that a cache
/// smaller than a batch is still right.
class Histories {
 public:
  const History& operator[](std::size_t i) const { return *histories_[i]; }
  std::size_t size() const { return histories_.size(); }

 private:
  friend class Resolver;
  std::vector<std::shared_ptr<const History>> histories_;
};

/// Thread: one owner, whose executor runs the completions. Blocks: never.
class Resolver {
 public:
  Resolver(ResolverOptions options, TableStore& tables, Executor& owner);
  ~Resolver();

  /// Histories of `keys` (views are copied where needed): from the cache, the misses in one get.
  /// Absent GUIDs are cached too. Errors: those of TableStore::get; kCorrupt.
  void lookup(std::span<const GuidKey> keys, UniqueFunction<void(Result<Histories>)> done);

  /// A marker was passed: forgets what the run changed, and gives the view to resolve with from the
  /// next record on. Errors: those of TableStore::get; kNotFound where the run was never recorded.
  void pass_marker(RunId run, UniqueFunction<void(Result<MappingView>)> done);

  ResolverStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::identity
