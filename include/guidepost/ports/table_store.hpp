// The table store as the domain needs it: rows of cells with explicit timestamps that act as
// max-registers, row-atomic puts, strong reads, one compare-and-set. Implementations: HBase
// (Thrift2), embedded (RocksDB). One contract suite (tests/contract) runs on both and on the fake.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/executor.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost {

enum class Compression : std::uint8_t { kNone, kSnappy, kLz4, kZstd, kGz };

struct FamilySpec {
  std::string name;           ///< `[a-zA-Z0-9_-]+`, at most 127 characters
  std::int32_t versions = 1;  ///< newest timestamps kept a cell; kAllVersions: all
  Compression compression = Compression::kNone;  ///< a wish: changes size and speed, nothing that is read
  static constexpr std::int32_t kAllVersions = 0x7fffffff;
  bool operator==(const FamilySpec&) const = default;
};

struct TableSpec {
  std::string name;  ///< `[a-zA-Z0-9_.-]+`, not beginning with `.` or `-`, at most 200 characters
  std::vector<FamilySpec> families;
  std::vector<std::string> split_keys;  ///< ascending; where regions begin
};

/// One cell to write. The cell with the highest timestamp is read, in whatever order puts arrive;
/// the same timestamp again replaces (also within one call: the last one wins). Timestamps are 0 or
/// more and below INT64_MAX: positions, runs, record times. Family as in the table, qualifier any
/// bytes, also none, at most 32,767; an empty value is a value.
struct CellPut {
  std::string family;
  std::string qualifier;
  std::int64_t timestamp = 0;
  std::string value;
};

/// Cells of one row, applied together or not at all, and never seen in part. At least one cell; row
/// key 1-32,000 bytes, any; value at most 8 MiB; keys, qualifiers and values together at most 16 MiB.
struct RowPut {
  std::string row;
  std::vector<CellPut> cells;
};

struct Cell {
  std::string family;
  std::string qualifier;
  std::int64_t timestamp = 0;
  std::string value;
  bool operator==(const Cell&) const = default;
};

/// Cells in order of family, qualifier (both as unsigned bytes, shorter first), then newest first.
struct Row {
  std::string key;
  std::vector<Cell> cells;
  bool empty() const { return cells.empty(); }
  /// The newest cell of that name, or none.
  const Cell* find(std::string_view family, std::string_view qualifier) const;
};

/// Half-open range of cell timestamps, 0 <= from < to.
struct TimeRange {
  std::int64_t from = 0;
  std::int64_t to = INT64_MAX;
};

/// Which cells of a row are wanted.
struct CellFilter {
  std::string family;                   ///< empty: all families
  std::vector<std::string> qualifiers;  ///< empty: all of the family
  /// Picks among the versions that the family keeps. Those beyond may be gone, or not yet.
  TimeRange time;
  std::int32_t versions = 1;  ///< at most, the newest of those in `time`
};

struct RowGet {
  std::string row;
  CellFilter cells;
};

/// Rows of [start, stop) in key order (unsigned bytes, shorter first); an empty stop is the end of
/// the table; a stop at or below start gives nothing. Rows without a cell that fits are left out.
/// A row is seen as it was at one moment, different rows maybe at different ones.
struct ScanRequest {
  std::string start;
  std::string stop;
  CellFilter cells;
  std::size_t max_rows = 1000;  ///< of a page, 1 or more; one that becomes large may be cut earlier
};

struct ScanPage {
  std::vector<Row> rows;
  std::string next;  ///< start of the next page; empty: there is none
};

/// The first key after all keys that begin with `prefix`: the stop of a scan of exactly those.
/// Empty (the end of the table) where there is none: an empty prefix, or only 0xff bytes.
std::string after_prefix(std::string_view prefix);

/// Writes `put` where the cell's newest value equals `expected`. Nothing and the empty string mean
/// the same: where the cell is absent or its value is empty (HBase cannot tell these apart).
struct CheckAndPut {
  std::string row;
  std::string family;
  std::string qualifier;
  std::optional<std::string> expected;
  RowPut put;  ///< of the same row
};

/// Thread: any. Blocks: never, but where the adapters say so (constructors, destructors).
/// Errors of all calls: retryable ones after the adapter's own tries within its deadline (the outcome of a put
/// is then unknown, so the caller repeats it unchanged); kNotFound (table), kRefused (family,
/// permission), kInvalidArgument (limits above, found before sending: nothing was written), kPoison
/// (one row that the store refuses; its key is in the message, the others of the batch are written).
/// Where a put is answered kNotFound or kRefused, other rows of the same call may be written.
class TableStore {
 public:
  virtual ~TableStore() = default;
  /// Usable when answered. Errors: kAlreadyExists (left as it is).
  virtual void create_table(TableSpec spec, Completion<void> done) = 0;
  /// Errors: kNotFound. One that is made again under the same name is empty.
  virtual void drop_table(std::string table, Completion<void> done) = 0;
  /// Names that begin with `prefix`, sorted.
  virtual void list_tables(std::string prefix, Completion<std::vector<std::string>> done) = 0;
  /// Durable when answered, and seen by every read that begins after that. Rows in any order and
  /// number, also none: the adapter cuts batches by rows and bytes. The same row may come more than once: these are
  /// puts of their own, in no order.
  virtual void put(std::string table, std::vector<RowPut> rows, Completion<void> done) = 0;
  /// One Row a request, in their order and with their key; an absent row has no cells. The same row
  /// may be asked for more than once.
  virtual void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) = 0;
  /// Stateless: the next page is the same request with `start` = `next`.
  virtual void scan(std::string table, ScanRequest request, Completion<ScanPage> done) = 0;
  /// True: written. False: the cell held something else when last looked at; where the store itself repeated
  /// the call unseen, that may be this very put. kUnavailable: surely not written. kTimedOut: nobody knows, and
  /// no adapter tries again. After false and kTimedOut the cell tells what happened: read it.
  virtual void check_and_put(std::string table, CheckAndPut request, Completion<bool> done) = 0;
  virtual void ping(Completion<void> done) = 0;
};

/// Checks the limits that the port promises; adapters call them before sending anything.
Result<void> check(const RowPut& put);
Result<void> check(const RowGet& get);
Result<void> check(const ScanRequest& request);
Result<void> check(const CheckAndPut& request);
Result<void> check(const TableSpec& spec);

}  // namespace guidepost
