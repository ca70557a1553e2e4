#include "event/column.hpp"

#include <algorithm>
#include <bit>

namespace guidepost::event {
namespace {

// Stored.
constexpr std::uint8_t kPlain = 0;
constexpr std::uint8_t kDictionary = 1;

constexpr std::size_t kByteIndexes = 256;  ///< entries up to which an index is one byte

// Ids are recognised by their first rows, so that no more of them is hashed.
constexpr std::size_t kSampleRows = 48;
constexpr std::size_t kSampleEntries = 44;

void write_texts(std::span<const std::string_view> texts, BoundedWriter& out) {
  for (const auto text : texts) out.varint(text.size());
  for (const auto text : texts) out.bytes(text);
}

bool read_texts(ByteReader& in, std::span<std::string_view> texts) {
  // Each length takes a byte at least, so what is to be read bounds the lengths kept here.
  if (texts.size() > in.remaining()) return false;
  std::vector<std::size_t> lengths(texts.size());
  for (auto& length : lengths) length = static_cast<std::size_t>(in.varint());
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = in.bytes(lengths[i]);
  return in.ok();
}

}  // namespace

ColumnWriter::ColumnWriter(std::size_t max_rows)
    : slots_(std::bit_ceil(std::max<std::size_t>(max_rows, 8) * 2)), indexes_(max_rows) {}

// A dictionary of at most half as many entries as there are values, in order of first appearance;
// false where there are more, or the first rows look like it.
bool ColumnWriter::build_dictionary(std::span<const std::string_view> values) {
  ++generation_;
  entries_.clear();
  const std::size_t mask = slots_.size() - 1;
  const std::size_t limit = values.size() / 2;
  for (std::size_t row = 0; row < values.size(); ++row) {
    const auto value = values[row];
    if (row != 0 && value == entries_[indexes_[row - 1]]) {
      indexes_[row] = indexes_[row - 1];
      continue;
    }
    const auto hash = hash64(value);
    auto at = static_cast<std::size_t>(hash) & mask;
    while (slots_[at].generation == generation_ && (slots_[at].hash != hash || entries_[slots_[at].entry] != value)) {
      at = (at + 1) & mask;
    }
    if (slots_[at].generation != generation_) {
      if (entries_.size() == limit || (row < kSampleRows && entries_.size() == kSampleEntries)) return false;
      slots_[at] = {generation_, static_cast<std::uint32_t>(entries_.size()), hash};
      entries_.push_back(value);
    }
    indexes_[row] = static_cast<std::uint16_t>(slots_[at].entry);
  }
  return true;
}

void ColumnWriter::write(std::span<const std::string_view> values, BoundedWriter& out) {
  GUIDEPOST_ASSERT(values.size() <= indexes_.size());
  if (!build_dictionary(values)) {
    out.u8(kPlain);
    write_texts(values, out);
    return;
  }
  out.u8(kDictionary);
  out.varint(entries_.size());
  write_texts(entries_, out);
  if (entries_.size() <= 1) return;
  for (std::size_t row = 0; row < values.size(); ++row) {
    out.u8(static_cast<std::uint8_t>(indexes_[row]));
    if (entries_.size() > kByteIndexes) out.u8(static_cast<std::uint8_t>(indexes_[row] >> 8));
  }
}

bool read_column(ByteReader& in, std::span<std::string_view> values) {
  const auto kind = in.u8();
  if (kind == kPlain) return read_texts(in, values);
  if (kind != kDictionary) return false;

  const auto count = in.varint();
  if (!in.ok() || count > values.size() || (count == 0 && !values.empty())) return false;
  std::vector<std::string_view> entries(static_cast<std::size_t>(count));
  if (!read_texts(in, entries)) return false;
  if (count <= 1) {
    std::fill(values.begin(), values.end(), entries.empty() ? std::string_view{} : entries.front());
    return true;
  }
  const std::size_t width = count > kByteIndexes ? 2 : 1;
  const auto indexes = in.bytes(values.size() * width);
  if (!in.ok()) return false;
  for (std::size_t row = 0; row < values.size(); ++row) {
    std::size_t entry = static_cast<unsigned char>(indexes[row * width]);
    if (width == 2) entry |= static_cast<std::size_t>(static_cast<unsigned char>(indexes[row * 2 + 1])) << 8;
    if (entry >= entries.size()) return false;
    values[row] = entries[entry];
  }
  return true;
}

}  // namespace guidepost::event
