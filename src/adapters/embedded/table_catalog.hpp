// Which tables the embedded store has, by name and by number; also what compaction asks.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/embedded/rocks.hpp"
#include "adapters/embedded/table_keys.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::embedded {

/// A table as stored; families sorted by name, their place is their byte in the keys.
struct StoredTable {
  std::string name;
  TableNumber number = 0;
  std::vector<FamilySpec> families;

  /// Place of a family, nothing where there is none.
  std::optional<std::uint8_t> family(std::string_view name_of_family) const;
};

/// Value of a table's key: version byte 1, number, families (name, versions, compression), each length as a varint.
std::string encode_table(const StoredTable& table);
std::optional<StoredTable> decode_table(std::string_view name, std::string_view value);

/// Thread: any.
class TableCatalog {
 public:
  void add(StoredTable table);
  void remove(const std::string& name);
  std::shared_ptr<const StoredTable> find(const std::string& name) const;
  std::vector<std::string> names(std::string_view prefix) const;
  /// Versions kept a cell, by number of the table and place of the family.
  std::map<TableNumber, std::vector<std::int32_t>> versions() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const StoredTable>, std::less<>> tables_;
};

/// Removes versions beyond what a family keeps, when sorted files are written.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_version_filter(std::shared_ptr<const TableCatalog> catalog);
/// The row in a key of a cell, so that bloom filters know which rows a file has.
std::shared_ptr<const rocksdb::SliceTransform> make_row_prefix();

}  // namespace guidepost::embedded
