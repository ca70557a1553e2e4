#include "adapters/embedded/log_chunk.hpp"

#include <algorithm>
#include <utility>

namespace guidepost::embedded {
namespace {

constexpr std::uint8_t kFormat = 1;

}  // namespace

std::string partition_prefix(TopicNumber topic, Partition partition) {
  ByteWriter key;
  key.be32(topic);
  key.be32(static_cast<std::uint32_t>(partition.value));
  return std::move(key).take();
}

std::string chunk_key(TopicNumber topic, Partition partition, Offset first) {
  ByteWriter key;
  key.be32(topic);
  key.be32(static_cast<std::uint32_t>(partition.value));
  key.be64(static_cast<std::uint64_t>(first.value));
  return std::move(key).take();
}

Offset first_offset(std::string_view key) {
  ByteReader in(key.substr(kChunkKeyBytes - 8));
  return Offset{static_cast<std::int64_t>(in.be64())};
}

void ChunkBuilder::add(TimeMs time, std::string_view key, std::string_view value) {
  newest_ = count_ == 0 ? time : std::max(newest_, time);
  records_.zigzag(unix_ms(time));
  records_.varint(key.size());
  records_.varint(value.size());
  records_.bytes(key);
  records_.bytes(value);
  ++count_;
}

std::string ChunkBuilder::take() {
  ByteWriter out;
  out.reserve(records_.size() + 20);
  out.u8(kFormat);
  out.fixed64(static_cast<std::uint64_t>(unix_ms(newest_)));
  out.varint(count_);
  out.bytes(records_.view());
  records_.clear();
  count_ = 0;
  return std::move(out).take();
}

ChunkReader::ChunkReader(std::string_view value) : in_(value) {
  const bool known = in_.u8() == kFormat;
  newest_ = from_unix_ms(static_cast<std::int64_t>(in_.fixed64()));
  count_ = in_.varint();
  ok_ = known && in_.ok() && count_ > 0;
}

std::optional<ChunkReader::Record> ChunkReader::next() {
  if (!ok_ || read_ == count_) return std::nullopt;
  Record record;
  record.time = from_unix_ms(in_.zigzag());
  const auto key_bytes = in_.varint();
  const auto value_bytes = in_.varint();
  record.key = in_.bytes(static_cast<std::size_t>(key_bytes));
  record.value = in_.bytes(static_cast<std::size_t>(value_bytes));
  if (!in_.ok()) {
    ok_ = false;
    return std::nullopt;
  }
  ++read_;
  return record;
}

}  // namespace guidepost::embedded
