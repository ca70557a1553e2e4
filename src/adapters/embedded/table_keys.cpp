#include "adapters/embedded/table_keys.hpp"

#include "guidepost/base/codec.hpp"

namespace guidepost::embedded {
namespace {

constexpr std::size_t kTableBytes = 4;
constexpr std::size_t kTimeBytes = 8;
constexpr std::string_view kZero{"\x00\xff", 2};
constexpr std::string_view kEnd{"\x00\x01", 2};

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

/// Position after the terminator that comes first at or after `at`; npos where there is none.
std::size_t after_terminator(std::string_view key, std::size_t at) {
  while ((at = key.find('\0', at)) != std::string_view::npos) {
    if (at + 1 >= key.size()) return std::string_view::npos;
    if (key[at + 1] == kEnd[1]) return at + 2;
    at += 2;
  }
  return std::string_view::npos;
}

}  // namespace

void append_escaped(std::string& key, std::string_view bytes) {
  std::size_t at = 0;
  for (std::size_t zero = bytes.find('\0'); zero != std::string_view::npos; zero = bytes.find('\0', at)) {
    key.append(bytes.substr(at, zero - at)).append(kZero);
    at = zero + 1;
  }
  key.append(bytes.substr(at));
}

std::string unescaped(std::string_view escaped) {
  escaped.remove_suffix(kEnd.size());
  std::string bytes;
  bytes.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    bytes.push_back(escaped[i]);
    if (escaped[i] == '\0') ++i;
  }
  return bytes;
}

std::string table_prefix(TableNumber table) {
  ByteWriter key;
  key.be32(table);
  return std::move(key).take();
}

std::string row_start(TableNumber table, std::string_view row) {
  std::string key = table_prefix(table);
  append_escaped(key, row);
  return key;
}

std::string row_prefix(TableNumber table, std::string_view row) {
  std::string key = row_start(table, row);
  key.append(kEnd);
  return key;
}

void append_cell(std::string& key, std::uint8_t family, std::string_view qualifier, std::int64_t timestamp) {
  key.push_back(static_cast<char>(family));
  append_escaped(key, qualifier);
  key.append(kEnd);
  ByteWriter time;
  time.be64(static_cast<std::uint64_t>(INT64_MAX - timestamp));
  key.append(time.view());
}

std::size_t row_prefix_length(std::string_view key) {
  if (key.size() < kTableBytes) return 0;
  const auto end = after_terminator(key, kTableBytes);
  return end == std::string_view::npos ? 0 : end;
}

std::optional<CellKey> parse_cell_key(std::string_view key) {
  const std::size_t row_end = row_prefix_length(key);
  if (row_end == 0 || row_end >= key.size()) return std::nullopt;
  const std::size_t qualifier_end = after_terminator(key, row_end + 1);
  if (qualifier_end == std::string_view::npos || qualifier_end + kTimeBytes != key.size()) return std::nullopt;
  CellKey cell;
  cell.table = static_cast<TableNumber>(read_big_endian(key.substr(0, kTableBytes)));
  cell.row = key.substr(kTableBytes, row_end - kTableBytes);
  cell.family = static_cast<std::uint8_t>(key[row_end]);
  cell.qualifier = key.substr(row_end + 1, qualifier_end - row_end - 1);
  cell.timestamp = INT64_MAX - static_cast<std::int64_t>(read_big_endian(key.substr(qualifier_end)));
  cell.cell = key.substr(0, qualifier_end);
  cell.row_prefix = key.substr(0, row_end);
  return cell;
}

}  // namespace guidepost::embedded
