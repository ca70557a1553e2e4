// Keys of cells in the embedded table store: they sort as table, row, family, qualifier, newest first.
//
//   table      4 bytes, big endian
//   row        its bytes with 00 written as 00 FF, then 00 01
//   family     1 byte: its place among the table's families by name
//   qualifier  as row
//   time       8 bytes, big endian, INT64_MAX - timestamp
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guidepost::embedded {

using TableNumber = std::uint32_t;

/// A key taken apart; the views of row and qualifier are still escaped.
struct CellKey {
  TableNumber table = 0;
  std::string_view row;  ///< with its terminator
  std::uint8_t family = 0;
  std::string_view qualifier;  ///< with its terminator
  std::int64_t timestamp = 0;
  std::string_view cell;  ///< the key without its time
  std::string_view row_prefix;
};

/// Appends to `key`.
void append_escaped(std::string& key, std::string_view bytes);
std::string unescaped(std::string_view escaped);

std::string table_prefix(TableNumber table);
/// Where the rows at or after `row` begin.
std::string row_start(TableNumber table, std::string_view row);
/// With its terminator: every cell of the row begins with it, and of no other row.
std::string row_prefix(TableNumber table, std::string_view row);
/// Adds family, qualifier and time to a row prefix.
void append_cell(std::string& key, std::uint8_t family, std::string_view qualifier, std::int64_t timestamp);

/// Nothing where it is no key of a cell.
std::optional<CellKey> parse_cell_key(std::string_view key);
/// Length of the row prefix in a key; 0 where there is none.
std::size_t row_prefix_length(std::string_view key);

}  // namespace guidepost::embedded
