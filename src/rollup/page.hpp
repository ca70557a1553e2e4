// A page in memory: folds accepted events in, gives out the cells to write.
#pragma once

#include <memory>
#include <vector>

#include "guidepost/event/decision.hpp"
#include "guidepost/rollup/page_format.hpp"

namespace guidepost::rollup {

/// All of them are functions of what was contributed, so that splits and folds are functions of the log.
/// Splitting looks at the encoded size, folding at the values alone: sketches of values that are there
/// may grow, and must not keep others out.
struct PageLimits {
  Bytes chunk_bytes{64 * 1024};     ///< uncompressed encoded size of a chunk over which the page splits
  std::uint8_t max_bits = kMaxBits;  ///< 2^6 chunks at most; then new values fold into (other) where a chunk
  std::uint32_t chunk_values = 1000; ///< has this many, or chunk_bytes of their names
  std::uint32_t small_values = 256;  ///< values of a dimension and traffic class in chunk 0, then (other)
  std::uint32_t value_bytes = 8192;  ///< a longer value is (other) at once
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
  /// valid_bits are ignored, and all where there is no chunk 0). A chunk may be ahead of chunk 0: contributions are
  /// passed over for it until the page has caught up. Errors: kCorrupt.
  static Result<Page> load(PageKey key, PageLimits limits, const std::vector<std::string_view>& cells);
  Page(Page&&) noexcept;
  Page& operator=(Page&&) noexcept;
  ~Page();

  const PageKey& key() const;
  /// What is stored: contributions below it are in the page already and must not be added again.
  Offset position() const;
  /// Folds one event in. `event.offset` must be at or above position() and above every earlier contribution.
  void add(const event::Accepted& event, RulesHash rules);
  /// Folds in what `change.cause` changed about the session of `subject`, which lies in this page's bucket. The cause must
  /// be at or above position(), and not below earlier contributions.
  void add(const event::SessionChange& change, const event::Accepted& subject, RulesHash rules);
  bool dirty() const;
  std::uint64_t dirty_events() const;  ///< events since the last encode_dirty
  std::uint64_t events() const;
  std::uint8_t bits() const;
  std::uint64_t folded() const;  ///< dimension values that were counted as (other) since load
  /// The cells to put together with timestamp `label`: chunk 0 and every chunk changed since the
  /// last call (all that are not empty after a split). The page is clean afterwards, and position() ==
  /// label. A clean page gives none and stays as it is.
  std::vector<EncodedChunk> encode_dirty(Offset label);
  /// Estimate of the heap this page takes. Cheap: asked after each event.
  std::size_t memory_bytes() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::rollup
