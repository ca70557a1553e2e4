// The LogWriter's part for topics: making, deleting, giving up old records, loading.
#include <rocksdb/convenience.h>
#include <algorithm>
#include <utility>

#include "adapters/embedded/log_writer.hpp"

namespace guidepost::embedded {
namespace {

/// Behind every key of a partition.
std::string after(std::string prefix) { return prefix.append(kChunkKeyBytes, '\xff'); }

/// A prefix of keys that ends where the next number begins.
std::string topic_range_end(std::string_view kind, TopicNumber topic) {
  ByteWriter key;
  key.bytes(kind);
  key.be32(topic + 1);
  return std::move(key).take();
}
std::string topic_range_begin(std::string_view kind, TopicNumber topic) {
  ByteWriter key;
  key.bytes(kind);
  key.be32(topic);
  return std::move(key).take();
}

void free_files(const Rocks& rocks, const std::string& begin, const std::string& end) {
  const rocksdb::Slice first(begin);
  const rocksdb::Slice last(end);
  const rocksdb::RangePtr range(&first, &last);
  rocksdb::DeleteFilesInRanges(rocks.db.get(), rocks.bulk, &range, 1, false);
}

}  // namespace

Result<TopicState> LogWriter::create(const TopicSpec& spec) {
  if (catalog_.topic(spec.name)) return fail(ErrorCode::kAlreadyExists, "topic " + spec.name + " exists");
  StoredTopic topic{spec, random_topic_id(), next_number_};
  rocksdb::WriteBatch writes;
  writes.Put(rocks_.meta, topic_key(spec.name), encode_topic(topic));
  ByteWriter next;
  next.be32(next_number_ + 1);
  writes.Put(rocks_.meta, slice(kNextTopicNumber), slice(next.view()));
  if (auto ok = commit(writes); !ok) return tl::unexpected(ok.error());
  ++next_number_;
  auto state = topic.state();
  catalog_.add(std::move(topic), std::vector<LogBounds>(static_cast<std::size_t>(spec.partitions)));
  return state;
}

Result<void> LogWriter::remove(const std::string& name) {
  const auto topic = catalog_.topic(name);
  if (!topic) return fail(ErrorCode::kNotFound, "there is no topic " + name);
  const auto begin = topic_range_begin("", topic->number);
  const auto end = topic_range_end("", topic->number);
  rocksdb::WriteBatch writes;
  writes.Delete(rocks_.meta, topic_key(name));
  writes.DeleteRange(rocks_.meta, topic_range_begin("b", topic->number), topic_range_end("b", topic->number));
  writes.DeleteRange(rocks_.meta, topic_range_begin("c", topic->number), topic_range_end("c", topic->number));
  writes.DeleteRange(rocks_.bulk, begin, end);
  if (auto ok = commit(writes); !ok) return ok;
  catalog_.remove(name);
  free_files(rocks_, begin, end);
  for (std::int32_t p = 0; p < topic->spec.partitions; ++p) events_.changed({name, Partition{p}});
  events_.deleted(name);
  return {};
}

Result<void> LogWriter::truncate(const TopicPartition& partition, Offset begin) {
  const auto place = catalog_.find(partition);
  if (!place) return tl::unexpected(place.error());
  begin = std::min(begin, place->bounds.end);
  if (begin <= place->bounds.begin) return {};
  // The chunk with `begin` in it stays.
  const std::string lower = chunk_key(place->number, place->partition, Offset{0});
  std::string kept = chunk_key(place->number, place->partition, begin);
  if (begin < place->bounds.end) {
    rocksdb::ReadOptions options;
    const rocksdb::Slice bound(lower);
    options.iterate_lower_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> at(rocks_.db->NewIterator(options, rocks_.bulk));
    at->SeekForPrev(kept);
    if (!at->Valid())
      return fail(ErrorCode::kCorrupt, "records below offset " + std::to_string(begin.value) + " are missing");
    kept = at->key().ToString();
  }
  ByteWriter value;
  value.be64(static_cast<std::uint64_t>(begin.value));
  rocksdb::WriteBatch writes;
  writes.Put(rocks_.meta, begin_key(place->number, place->partition), slice(value.view()));
  if (lower < kept) writes.DeleteRange(rocks_.bulk, lower, kept);
  if (auto ok = commit(writes); !ok) return ok;
  catalog_.set_begin(partition, begin);
  if (lower < kept) free_files(rocks_, lower, kept);
  events_.changed(partition);
  return {};
}

Result<void> LogWriter::expire() {
  const TimeMs now = clock_.wall();
  for (const auto& name : catalog_.names()) {
    const auto topic = catalog_.topic(name);
    if (topic->spec.retention.count() < 0) continue;
    for (std::int32_t p = 0; p < topic->spec.partitions; ++p) {
      const TopicPartition partition{name, Partition{p}};
      const auto kept = first_kept(*catalog_.find(partition), now - topic->spec.retention);
      if (!kept) return tl::unexpected(kept.error());
      if (auto ok = truncate(partition, *kept); !ok) return ok;
    }
  }
  return {};
}

/// First offset of the first chunk that has a record of `oldest` or later.
Result<Offset> LogWriter::first_kept(const Place& place, TimeMs oldest) const {
  const std::string upper = chunk_key(place.number, place.partition, place.bounds.end);
  const rocksdb::Slice bound(upper);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(rocks_.db->NewIterator(options, rocks_.bulk));
  for (at->Seek(chunk_key(place.number, place.partition, Offset{0})); at->Valid(); at->Next()) {
    const ChunkReader chunk(view(at->value()));
    if (!chunk.ok()) return fail(ErrorCode::kCorrupt, "a stored chunk of the log cannot be read");
    if (chunk.newest() >= oldest) return first_offset(view(at->key()));
  }
  if (!at->status().ok()) return tl::unexpected(to_error(at->status(), "retention"));
  return place.bounds.end;
}

Result<void> LogWriter::load() {
  std::string value;
  if (const auto status = rocks_.db->Get({}, rocks_.meta, slice(kNextTopicNumber), &value); status.ok()) {
    next_number_ = ByteReader(value).be32();
  } else if (!status.IsNotFound()) {
    return tl::unexpected(to_error(status, "open"));
  }
  const std::unique_ptr<rocksdb::Iterator> at(rocks_.db->NewIterator({}, rocks_.meta));
  for (at->Seek(slice(kTopics)); at->Valid() && at->key().starts_with(slice(kTopics)); at->Next()) {
    auto topic = decode_topic(view(at->key()).substr(kTopics.size()), view(at->value()));
    if (!topic || topic->number >= next_number_)
      return fail(ErrorCode::kCorrupt, "a topic's description cannot be read");
    std::vector<LogBounds> partitions;
    for (std::int32_t p = 0; p < topic->spec.partitions; ++p) {
      const auto begin = stored_begin(topic->number, Partition{p});
      if (!begin) return tl::unexpected(begin.error());
      const auto end = stored_end(topic->number, Partition{p}, *begin);
      if (!end) return tl::unexpected(end.error());
      partitions.push_back({*begin, *end});
    }
    catalog_.add(std::move(*topic), std::move(partitions));
  }
  if (!at->status().ok()) return tl::unexpected(to_error(at->status(), "open"));
  return {};
}

Result<Offset> LogWriter::stored_begin(TopicNumber topic, Partition partition) const {
  std::string value;
  const auto status = rocks_.db->Get({}, rocks_.meta, begin_key(topic, partition), &value);
  if (status.IsNotFound()) return Offset{0};
  if (!status.ok()) return tl::unexpected(to_error(status, "open"));
  return Offset{static_cast<std::int64_t>(ByteReader(value).be64())};
}

Result<Offset> LogWriter::stored_end(TopicNumber topic, Partition partition, Offset begin) const {
  const std::string prefix = partition_prefix(topic, partition);
  const std::unique_ptr<rocksdb::Iterator> at(rocks_.db->NewIterator({}, rocks_.bulk));
  at->SeekForPrev(after(prefix));
  if (!at->status().ok()) return tl::unexpected(to_error(at->status(), "open"));
  if (!at->Valid() || !at->key().starts_with(prefix)) return begin;
  const ChunkReader last(view(at->value()));
  if (!last.ok()) return fail(ErrorCode::kCorrupt, "the last chunk of a partition cannot be read");
  return std::max(begin, first_offset(view(at->key())) + static_cast<std::int64_t>(last.count()));
}

}  // namespace guidepost::embedded
