// How records lie in the embedded event log: several of one partition, appended together, in one value.
//
//   key    topic number (4 bytes, big endian), partition (4), offset of the first record (8)
//   value  version byte 1
//          time of the newest record, 8 bytes little endian, ms since the epoch
//          number of records, varint
//          each record: time as zigzag varint (ms since the epoch), key and value lengths as varints, key, value
//
// Offsets are dense: record i of a chunk has the first offset + i, and the next chunk begins where this
// one ends. RocksDB checks the bytes of its files and of its log by checksums of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "guidepost/base/codec.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::embedded {

using TopicNumber = std::uint32_t;

std::string partition_prefix(TopicNumber topic, Partition partition);
std::string chunk_key(TopicNumber topic, Partition partition, Offset first);
/// Of a key that has the right length.
Offset first_offset(std::string_view key);
constexpr std::size_t kChunkKeyBytes = 16;

/// Collects the records of a chunk.
class ChunkBuilder {
 public:
  void add(TimeMs time, std::string_view key, std::string_view value);
  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }
  std::size_t size() const { return records_.size(); }
  /// The value; the builder is empty afterwards.
  std::string take();

 private:
  ByteWriter records_;
  std::uint64_t count_ = 0;
  TimeMs newest_{};
};

/// Reads a chunk record by record.
class ChunkReader {
 public:
  struct Record {
    TimeMs time;
    std::string_view key;
    std::string_view value;
  };
  /// ok() is false where the value is no chunk.
  explicit ChunkReader(std::string_view value);
  bool ok() const { return ok_; }
  std::uint64_t count() const { return count_; }
  TimeMs newest() const { return newest_; }
  /// The next record; nothing after the last, or where the bytes end early (then ok() is false).
  std::optional<Record> next();

 private:
  ByteReader in_;
  std::uint64_t count_ = 0;
  std::uint64_t read_ = 0;
  TimeMs newest_{};
  bool ok_ = false;
};

}  // namespace guidepost::embedded
