// The pages that an aggregate partition has in memory: which are dirty since when, which are due, and
// which may go.
#pragma once

#include <chrono>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "guidepost/base/executor.hpp"
#include "rollup/page.hpp"
#include "worker/aggregate/obligations.hpp"

namespace guidepost::worker {

/// When a page is written, and how much memory pages may take.
struct FlushRule {
  std::uint64_t min_dirty = 64;            ///< contributions, or
  std::uint64_t dirty_share = 8;           ///< 1/8 of the page's events, whichever is more
  std::chrono::milliseconds max_age{60'000};  ///< rollup.max_age: no contribution waits longer
};

/// Pages of one source. Thread: one owner. Blocks: never.
class PageTable {
 public:
  using Time = Executor::Clock::time_point;
  struct Slot {
    rollup::Page page;
    std::optional<Offset> first_dirty;  ///< resolved offset that an obligation is held for
    bool put_in_flight = false;
    bool due = false;                   ///< in due_ already
    std::uint64_t dirty_generation = 0;
    std::size_t bytes = 0;              ///< as counted in memory_bytes()
    std::list<Slot*>::iterator recent;
    explicit Slot(rollup::Page p) : page(std::move(p)) {}
  };

  PageTable(FlushRule rule, Obligations& obligations) : rule_(rule), obligations_(obligations) {}

  Slot* find(std::string_view merchant, Bucket bucket);
  Slot& insert(rollup::Page page);
  /// The page has changed; `at`: the resolved offset of the block that changed it.
  void touched(Slot& slot, Offset at, Time now);
  /// Pages that must be written now: enough dirty, old enough, or all dirty ones. Of a page one put at a time: chunks
  /// that did not change are in the put before, which must be there when the next one's position says so. Those that
  /// wait for it are given the next time.
  std::vector<Slot*> take_due(Time now);
  std::vector<Slot*> take_all_dirty();
  /// Gives out the page's cells, and its obligation, which the caller now holds.
  std::vector<rollup::EncodedChunk> encode(Slot& slot, Offset label, std::vector<Offset>& held);
  /// Evicts least recently used pages that are clean and have no put in flight until at most `limit`
  /// bytes are used; false where dirty pages stand in the way.
  bool evict(std::size_t limit);
  void clear();

  std::size_t memory_bytes() const { return bytes_; }
  std::size_t pages() const { return slots_.size(); }
  std::size_t dirty_pages() const { return dirty_; }

 private:
  struct Aged {
    Time since;
    std::string key;
    std::uint64_t generation;
  };
  std::vector<Slot*> take_free();
  static std::string key(std::string_view merchant, Bucket bucket);
  void recount(Slot& slot);

  FlushRule rule_;
  Obligations& obligations_;
  std::unordered_map<std::string, std::unique_ptr<Slot>> slots_;
  std::list<Slot*> recent_;  // least recently used first
  std::deque<Aged> aging_;  // dirty pages, the longest dirty first
  std::vector<Slot*> due_;
  std::size_t bytes_ = 0;
  std::size_t dirty_ = 0;
  std::uint64_t next_generation_ = 1;
  std::string lookup_;  // reused: find allocates nothing
};

}  // namespace guidepost::worker
