// What a full refresh finds gone: assignments of the table that the file no longer has.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/patience.hpp"
#include "identity/mapping.hpp"

namespace guidepost::identity {

/// The (merchant, guid, valid_from) of a file, as 64-bit hashes: 8 bytes each. Two that collide would let one
/// vanished assignment live on: with 10 million in file and table the chance of any is 1 in 180,000.
class AssignmentSet {
 public:
  explicit AssignmentSet(Bytes limit) : limit_(static_cast<std::size_t>(limit.value)) {}
  /// False where the limit is reached.
  bool add(std::string_view merchant, std::string_view guid, TimeMs valid_from);
  /// After the last add, before the first contains.
  void seal();
  bool contains(std::string_view row, TimeMs valid_from) const;

 private:
  std::size_t limit_;
  std::vector<std::uint64_t> hashes_;
};

struct SweepCounts {
  std::uint64_t existing = 0;  ///< assignments in force
  std::uint64_t vanished = 0;  ///< of them, not in the file
};

struct Sweep {
  std::string table;
  MappingView view;  ///< what is in force: before the run
  const AssignmentSet& file;
  std::map<std::string, SweepCounts, std::less<>> merchants;  ///< those looked at, counted by run_sweep
  std::function<Result<void>(const MappingRowKey&, TimeMs)> on_vanished;
  std::function<Result<void>(std::uint64_t rows)> on_page;
  std::size_t page_rows = 2000;
  Patience patience;
};

/// Scans the whole mapping table: rows are spread by hash, so a merchant's are everywhere.
/// Blocks: yes. Errors: those of the store and of the functions, kCorrupt.
Result<void> run_sweep(TableStore& tables, Sweep& sweep);

}  // namespace guidepost::identity
