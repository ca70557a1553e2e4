// Reading a merchant's pages: which tables, rows and cells a request needs, and what of them counts.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/names.hpp"
#include "guidepost/ports/table_store.hpp"
#include "query/relay.hpp"
#include "rollup/chunk_codec.hpp"

namespace guidepost::query {

/// A cell that counts, as it was read.
struct SeenCell {
  Bucket bucket;
  SourceId source;
  std::optional<Offset> position;  ///< of the page: in its chunk 0
  std::span<const rollup::ReadEntry> entries;  ///< of the dimension, before `keep`; valid during the call
};

struct PageScanRequest {
  std::string merchant;
  TimeMs from;
  TimeMs to;
  rollup::Dimension dimension = rollup::Dimension::kTotal;
  rollup::Columns columns = rollup::Columns::all();
  std::optional<std::string> value = {};  ///< only chunks that may hold it: a value, of url,country the url
  std::function<bool(const rollup::ReadEntry&)> keep = {};  ///< of entries; called by the thread that reads. Empty: all
  std::function<void(const SeenCell&)> seen = {};  ///< called by the thread that reads, until run() ends; may be empty
  std::vector<SourceId> sources = {};  ///< all there are: only their cells are fetched. Empty: not known
};

/// Streams the entries of one dimension out of the stored pages, bucket by bucket. A thread of its own reads them while the
/// caller's looks at those before.
/// Thread: one, that owns no state machine. Blocks: run(), on the store.
class PageScan {
 public:
  /// Called for some entries after the other; their views are valid during the call. An error ends the scan.
  using Visit = std::function<Result<void>(std::span<const rollup::ReadEntry>)>;

  PageScan(TableStore& tables, Names names, PageScanRequest request);

  /// Once. Errors: of the store; kCorrupt; of the visitor. A month without a table has no events.
  Result<void> run(const Visit& visit);
  /// Hash of (row, source, chunk, position) of everything that counted: the same answer, the same number.
  std::uint64_t revision() const { return revision_; }

 private:
  struct ValidBits {
    SourceId source;
    std::uint8_t bits;
  };
  /// Entries that were read, in their order, with all that they show.
  struct Batch {
    std::vector<rollup::ReadEntry> entries;
    Arena shown;
    std::size_t bytes = 0;  ///< of what is shown
    void add(const rollup::ReadEntry& entry);
    void clear();
  };
  Result<void> read_tables();
  Result<void> read_table(const std::string& table, Bucket from, Bucket to);
  Result<void> read_row(const Row& row);
  Result<void> read_cell(const Row& row, const Cell& cell);
  void hand_over();
  CellFilter cells() const;

  TableStore& tables_;
  Names names_;
  PageScanRequest request_;
  Relay<Batch> relay_;
  // Of the thread that reads:
  Batch* batch_ = nullptr;
  rollup::ChunkReader reader_;
  std::uint64_t revision_ = 0;
  std::vector<ValidBits> valid_;  // of the row being read
};

}  // namespace guidepost::query
