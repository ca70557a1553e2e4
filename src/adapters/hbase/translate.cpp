#include "adapters/hbase/translate.hpp"

#include <utility>

namespace guidepost::hbase {
namespace {

/// Gives a wire struct the cells that are wanted: Get and Scan name these fields alike.
template <class Wire>
void want(Wire& out, const CellFilter& cells) {
  if (!cells.family.empty()) {
    std::vector<wire::Column> columns;
    wire::Column column;
    column.__set_family(cells.family);
    if (cells.qualifiers.empty()) columns.push_back(column);
    for (const auto& qualifier : cells.qualifiers) {
      column.__set_qualifier(qualifier);
      columns.push_back(column);
    }
    out.__set_columns(columns);
  }
  if (cells.time.from != 0 || cells.time.to != INT64_MAX) {
    wire::Stamps stamps;
    stamps.__set_low(cells.time.from);
    stamps.__set_high(cells.time.to);
    out.__set_stamps(stamps);
  }
  out.__set_versions(cells.versions);
}

wire::CompressionCodec::type codec(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return wire::CompressionCodec::NONE;
    case Compression::kSnappy:
      return wire::CompressionCodec::SNAPPY;
    case Compression::kLz4:
      return wire::CompressionCodec::LZ4;
    case Compression::kZstd:
      return wire::CompressionCodec::ZSTD;
    case Compression::kGz:
      return wire::CompressionCodec::GZ;
  }
  return wire::CompressionCodec::NONE;
}

}  // namespace

wire::Put to_wire(const RowPut& row) {
  wire::Put put;
  put.__set_row(row.row);
  put.columns.reserve(row.cells.size());
  for (const auto& cell : row.cells) {
    auto& column = put.columns.emplace_back();
    column.__set_family(cell.family);
    column.__set_qualifier(cell.qualifier);
    column.__set_value(cell.value);
    column.__set_timestamp(cell.timestamp);
  }
  // Whatever the table was made with: an answered put is in a synced log.
  put.__set_durability(wire::Durability::SYNC_WAL);
  return put;
}

std::vector<wire::Put> to_wire(std::span<const RowPut> rows) {
  std::vector<wire::Put> puts;
  puts.reserve(rows.size());
  for (const auto& row : rows) puts.push_back(to_wire(row));
  return puts;
}

std::vector<wire::Get> to_wire(std::span<const RowGet> rows) {
  std::vector<wire::Get> gets(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    gets[i].__set_row(rows[i].row);
    want(gets[i], rows[i].cells);
  }
  return gets;
}

wire::Scan to_wire(const RowRange& range) {
  wire::Scan scan;
  if (!range.start.empty()) scan.__set_start(range.start);
  if (!range.stop.empty()) scan.__set_stop(range.stop);
  want(scan, range.cells);
  // One page is one scanner: it need not fetch more rows than are wanted, nor come back for them.
  const auto limit = static_cast<std::int32_t>(range.limit);
  scan.__set_caching(limit);
  scan.__set_limit(limit);
  return scan;
}

wire::TableName table_name(const std::string& table_namespace, const std::string& table) {
  wire::TableName name;
  if (!table_namespace.empty()) name.__set_ns(table_namespace);
  name.__set_name(table);
  return name;
}

wire::Table describe(const std::string& table_namespace, const TableSpec& spec) {
  wire::Table table;
  table.__set_name(table_name(table_namespace, spec.name));
  std::vector<wire::ColumnFamily> families;
  for (const auto& wanted : spec.families) {
    wire::ColumnFamily family;
    family.__set_name(wanted.name);
    family.__set_versions(wanted.versions);
    family.__set_compression(codec(wanted.compression));
    // Point reads of known keys are what we do most; a row bloom filter costs about a byte a row.
    family.__set_bloom(wire::BloomFilter::ROW);
    // Our keys are long against small values and share long prefixes.
    family.__set_encoding(wire::BlockEncoding::FAST_DIFF);
    // No time to live, ever: it would take our timestamps for times, and they are positions.
    families.push_back(std::move(family));
  }
  table.__set_families(families);
  table.__set_durability(wire::Durability::SYNC_WAL);
  return table;
}

Row from_wire(wire::RowResult&& result) {
  Row row;
  row.key = std::move(result.row);
  row.cells.reserve(result.columns.size());
  for (auto& column : result.columns) {
    row.cells.push_back(
        {std::move(column.family), std::move(column.qualifier), column.timestamp, std::move(column.value)});
  }
  return row;
}

Row from_wire(wire::RowResult&& result, const std::string& key) {
  auto row = from_wire(std::move(result));
  row.key = key;
  return row;
}

}  // namespace guidepost::hbase
