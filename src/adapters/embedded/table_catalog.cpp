#include "adapters/embedded/table_catalog.hpp"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/slice_transform.h>
#include <algorithm>

#include "guidepost/base/codec.hpp"

namespace guidepost::embedded {
namespace {

constexpr std::uint8_t kFormat = 1;

/// Sees the keys of one compaction in their order: versions of a cell come together, newest first. One
/// that has enough newer ones before it can never be read again, wherever else more of them are.
class VersionFilter final : public rocksdb::CompactionFilter {
 public:
  explicit VersionFilter(std::map<TableNumber, std::vector<std::int32_t>> versions) : versions_(std::move(versions)) {}
  const char* Name() const override { return "guidepost.versions"; }

  Decision FilterV2(int, const rocksdb::Slice& key, ValueType type, const rocksdb::Slice&, std::string*,
                    std::string*) const override {
    if (type != ValueType::kValue) return Decision::kKeep;
    const auto cell = parse_cell_key(view(key));
    if (!cell) return Decision::kKeep;
    if (cell->cell != cell_) {
      cell_ = cell->cell;
      seen_ = 0;
      const auto table = versions_.find(cell->table);
      const bool known = table != versions_.end() && cell->family < table->second.size();
      kept_ = known ? table->second[cell->family] : FamilySpec::kAllVersions;
    }
    return seen_++ < kept_ ? Decision::kKeep : Decision::kRemove;
  }

 private:
  std::map<TableNumber, std::vector<std::int32_t>> versions_;
  // RocksDB calls a filter from one thread, through a const method.
  mutable std::string cell_;
  mutable std::int32_t seen_ = 0;
  mutable std::int32_t kept_ = 0;
};

class VersionFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit VersionFilterFactory(std::shared_ptr<const TableCatalog> catalog) : catalog_(std::move(catalog)) {}
  const char* Name() const override { return "guidepost.versions"; }
  bool ShouldFilterTableFileCreation(rocksdb::TableFileCreationReason reason) const override {
    return reason == rocksdb::TableFileCreationReason::kFlush ||
           reason == rocksdb::TableFileCreationReason::kCompaction;
  }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<VersionFilter>(catalog_->versions());
  }

 private:
  std::shared_ptr<const TableCatalog> catalog_;
};

class RowPrefix final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "guidepost.row"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), row_prefix_length(view(key))};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return row_prefix_length(view(key)) > 0; }
};

}  // namespace

std::optional<std::uint8_t> StoredTable::family(std::string_view name_of_family) const {
  for (std::size_t i = 0; i < families.size(); ++i) {
    if (families[i].name == name_of_family) return static_cast<std::uint8_t>(i);
  }
  return std::nullopt;
}

std::string encode_table(const StoredTable& table) {
  ByteWriter out;
  out.u8(kFormat);
  out.varint(table.number);
  out.varint(table.families.size());
  for (const auto& family : table.families) {
    out.text(family.name);
    out.varint(static_cast<std::uint64_t>(family.versions));
    out.u8(static_cast<std::uint8_t>(family.compression));
  }
  return std::move(out).take();
}

std::optional<StoredTable> decode_table(std::string_view name, std::string_view value) {
  ByteReader in(value);
  if (in.u8() != kFormat) return std::nullopt;
  StoredTable table{std::string(name), static_cast<TableNumber>(in.varint()), {}};
  const auto families = in.varint();
  for (std::uint64_t i = 0; i < families && in.ok(); ++i) {
    FamilySpec family;
    family.name = in.text();
    family.versions = static_cast<std::int32_t>(in.varint());
    family.compression = static_cast<Compression>(in.u8());
    table.families.push_back(std::move(family));
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return table;
}

void TableCatalog::add(StoredTable table) {
  std::lock_guard lock(mutex_);
  auto name = table.name;
  tables_[std::move(name)] = std::make_shared<const StoredTable>(std::move(table));
}

void TableCatalog::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  tables_.erase(name);
}

std::shared_ptr<const StoredTable> TableCatalog::find(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : found->second;
}

std::vector<std::string> TableCatalog::names(std::string_view prefix) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (auto at = tables_.lower_bound(prefix); at != tables_.end() && at->first.starts_with(prefix); ++at)
    names.push_back(at->first);
  return names;
}

std::map<TableNumber, std::vector<std::int32_t>> TableCatalog::versions() const {
  std::lock_guard lock(mutex_);
  std::map<TableNumber, std::vector<std::int32_t>> versions;
  for (const auto& [_, table] : tables_) {
    for (const auto& family : table->families) versions[table->number].push_back(family.versions);
  }
  return versions;
}

std::shared_ptr<rocksdb::CompactionFilterFactory> make_version_filter(std::shared_ptr<const TableCatalog> catalog) {
  return std::make_shared<VersionFilterFactory>(std::move(catalog));
}

std::shared_ptr<const rocksdb::SliceTransform> make_row_prefix() { return std::make_shared<RowPrefix>(); }

}  // namespace guidepost::embedded
