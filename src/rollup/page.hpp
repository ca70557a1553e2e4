// A page in memory: folds accepted events in, gives out the cells to write.
#pragma once

#include <memory>
#include <vector>

#include "guidepost/event/decision.hpp"
#include "guidepost/rollup/page_format.hpp"

namespace guidepost::rollup {

struct PageLimits {
  Bytes chunk_bytes{64 * 1024};  ///< uncompressed encoded size of a chunk over which the page splits
  std::uint8_t max_bits = 6;     ///< 2^6 chunks at most, then new values fold into (other)
};

/// A cell to write: the qualifier of a chunk, and its bytes.
struct EncodedChunk {
  std::string qualifier;
  std::string value;
};

/// All aggregates of one (merchant, bucket, source), with its chunks.
/// Thread: one owner. Blocks: never. A page at a position is a function of the log: same
/// contributions, same bytes, whoever wrote it, however often it was stored and loaded between.
class Page {
 public:
  Page(PageKey key, PageLimits limits);
  /// From what the row holds for this source (all its cells; those of other bits than chunk 0's
  /// valid_bits are ignored). Errors: kCorrupt.
  static Result<Page> load(PageKey key, PageLimits limits, const std::vector<std::string_view>& cells);
  Page(Page&&) noexcept;
  Page& operator=(Page&&) noexcept;
  ~Page();

  const PageKey& key() const;
  /// What is stored: contributions below it are in the page already and must not be added again.
  Offset position() const;
  /// Folds one event in. `event.offset` must be at or above position() and above every earlier one.
  void add(const event::Accepted& event, RulesHash rules);
  bool dirty() const;
  std::uint64_t dirty_events() const;  ///< contributions since the last encode_dirty
  std::uint64_t events() const;
  std::uint8_t bits() const;
  std::uint64_t folded() const;  ///< contributions that went into (other) since load
  /// The cells to put together with timestamp `label`: chunk 0 and every chunk changed since the
  /// last call (all of them after a split). The page is clean afterwards, and position() == label.
  std::vector<EncodedChunk> encode_dirty(Offset label);
  /// Estimate of the heap this page takes.
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::rollup
