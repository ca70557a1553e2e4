// Looks histories up: a cache bounded in bytes over the mapping table.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "guidepost/base/executor.hpp"
#include "guidepost/ports/table_store.hpp"
#include "identity/history_cache.hpp"
#include "identity/mapping.hpp"

namespace guidepost::identity {

struct ResolverOptions {
  std::string mapping_table;
  std::string state_table;
  Bytes cache{64 * 1024 * 1024};  ///< everything that the cache holds, keys and overhead included
};

/// Counters since the start; entries and bytes as of now.
struct ResolverStats {
  std::uint64_t lookups = 0;  ///< keys asked for
  std::uint64_t hits = 0;     ///< of them, answered from the cache
  std::uint64_t misses = 0;   ///< rows read from the table (a key twice in a batch is one)
  std::uint64_t evictions = 0, forgotten = 0;
  std::size_t entries = 0, bytes = 0;
};

/// The histories of a batch, in the order of its keys. Shares what it shows, so that a cache smaller
/// than a batch is still right; that is beside the cache's limit.
/// Thread: the resolver's owner, also for its destruction.
class Histories {
 public:
  History operator[](std::size_t i) const { return shares_[i]->history(); }
  std::size_t size() const { return shares_.size(); }

 private:
  friend class Resolver;
  std::vector<HistoryShare> shares_;
};

/// Thread: one owner, whose executor runs the completions. Blocks: never. May be shared by all
/// partitions of that owner: what it caches is everything ever said, and each partition resolves it
/// with the view of its own markers.
class Resolver {
 public:
  Resolver(ResolverOptions options, TableStore& tables, Executor& owner);
  /// What is open is answered with kCancelled, when the store answers.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Histories of `keys` (views are copied where needed): from the cache, the misses in one get.
  /// Absent GUIDs are cached too. Errors: those of TableStore::get; kCorrupt.
  void lookup(std::span<const GuidKey> keys, UniqueFunction<void(Result<Histories>)> done);

  /// A marker was passed, or is where a restarted partition begins: forgets what the run changed, and
  /// gives the view to resolve with from the next record on. Those records are to be looked up after
  /// `done`. Errors: those of TableStore::get, after which it may be called again; kCorrupt; kInvalidArgument where
  /// the run was never recorded or never completed: a run is completed before its marker is written, so this one is not
  /// ours.
  void pass_marker(RunId run, UniqueFunction<void(Result<MappingView>)> done);

  ResolverStats stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the calls that are open
};

}  // namespace guidepost::identity
