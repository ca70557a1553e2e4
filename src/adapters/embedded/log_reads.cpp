#include "adapters/embedded/log_reads.hpp"

#include <utility>

namespace guidepost::embedded {
namespace {

/// Records in one buffer of their own.
class ChunkBatch final : public LogBatch {
 public:
  explicit ChunkBatch(Offset from) { from_ = next_ = from; }

  /// Copies the wanted records of a chunk; false when the limits are reached.
  bool take(ChunkReader& chunk, Offset first, const FetchLimits& limits) {
    Offset offset = first;
    while (const auto record = chunk.next()) {
      if (offset >= next_) {
        const auto bytes = record->key.size() + record->value.size();
        if (!records_.empty() && (records_.size() >= limits.max_records || bytes_ + bytes > limits.max_bytes.value))
          return false;
        bytes_ += bytes;
        // Views are by position until the buffer no longer grows.
        records_.push_back({offset, record->time, {nullptr, record->key.size()}, {nullptr, record->value.size()}});
        buffer_.append(record->key).append(record->value);
        next_ = offset + 1;
      }
      offset = offset + 1;
    }
    return true;
  }
  void seal() {
    const char* at = buffer_.data();
    for (auto& record : records_) {
      record.key = {at, record.key.size()};
      at += record.key.size();
      record.value = {at, record.value.size()};
      at += record.value.size();
    }
  }

 private:
  std::string buffer_;
  std::size_t bytes_ = 0;
};

/// Goes over a partition's chunks, up to the place's end.
struct Chunks {
  Chunks(const Rocks& rocks, const Place& place)
      : lower(chunk_key(place.number, place.partition, Offset{0})),
        upper(chunk_key(place.number, place.partition, place.bounds.end)) {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower_slice;
    options.iterate_upper_bound = &upper_slice;
    options.fill_cache = false;  // read once, in order: it must not push out what is read often
    at.reset(rocks.db->NewIterator(options, rocks.bulk));
  }
  Chunks(const Chunks&) = delete;
  Chunks& operator=(const Chunks&) = delete;

  const std::string lower, upper;
  const rocksdb::Slice lower_slice{lower}, upper_slice{upper};  // the iterator reads them
  std::unique_ptr<rocksdb::Iterator> at;
};

tl::unexpected<Error> corrupt(const Place& place, Offset at) {
  return fail(ErrorCode::kCorrupt, "records at offset " + std::to_string(at.value) + " of topic number " +
                                       std::to_string(place.number) + ", partition " +
                                       std::to_string(place.partition.value) + " are missing or unreadable");
}

}  // namespace

BatchResult read_batch(const Rocks& rocks, const Place& place, Offset from, const FetchLimits& limits) {
  const Chunks chunks(rocks, place);
  const auto& at = chunks.at;
  auto batch = std::make_unique<ChunkBatch>(from);
  for (at->SeekForPrev(chunk_key(place.number, place.partition, from)); at->Valid(); at->Next()) {
    const Offset first = first_offset(view(at->key()));
    ChunkReader chunk(view(at->value()));
    if (!chunk.ok() || first > batch->next()) return corrupt(place, batch->next());
    const bool more = batch->take(chunk, first, limits);
    if (!chunk.ok()) return corrupt(place, batch->next());
    if (!more || batch->next() >= place.bounds.end) break;
  }
  if (!at->status().ok()) return tl::unexpected(to_error(at->status(), "read of the log"));
  if (batch->next() == from) return corrupt(place, from);
  batch->seal();
  return batch;
}

Result<Offset> offset_at(const Rocks& rocks, const Place& place, TimeMs time) {
  const Chunks chunks(rocks, place);
  const auto& at = chunks.at;
  // Chunks lie in order of time, but for a clock that was set back: halving meets one of the borders.
  auto [low, high] = place.bounds;
  while (low < high) {
    const Offset middle{low.value + (high.value - low.value) / 2};
    at->SeekForPrev(chunk_key(place.number, place.partition, middle));
    if (!at->status().ok()) return tl::unexpected(to_error(at->status(), "read of the log"));
    if (!at->Valid()) return fail(ErrorCode::kOutOfRange, "records were given up meanwhile");
    ChunkReader chunk(view(at->value()));
    if (!chunk.ok()) return corrupt(place, middle);
    const auto first = first_offset(view(at->key()));
    const auto end = first + static_cast<std::int64_t>(chunk.count());
    if (chunk.newest() < time) {
      low = end;
      continue;
    }
    Offset found = first;
    for (auto record = chunk.next(); record && record->time < time; record = chunk.next()) found = found + 1;
    if (!chunk.ok()) return corrupt(place, found);
    high = std::max(low, found);
    if (found > first) break;  // the records before it, in the same chunk, are older
  }
  return high;
}

void FetchDesk::fetch(const std::shared_ptr<Reading>& reading, FetchLimits limits,
                      Completion<std::unique_ptr<LogBatch>> done) {
  std::vector<Task> after;
  {
    std::lock_guard lock(mutex_);
    if (reading->open) {
      after.emplace_back(
          [done = std::move(done)]() mutable { done(fail(ErrorCode::kInvalidArgument, "a fetch is open already")); });
    } else {
      reading->open.emplace(std::move(done));
      reading->limits = limits;
      ++reading->fetch;
      look(reading, after);
    }
  }
  for (auto& task : after) task();
}

void FetchDesk::close(const std::shared_ptr<Reading>& reading) {
  std::vector<Task> after;
  {
    std::lock_guard lock(mutex_);
    reading->closed = true;
    if (!reading->waiting) return;  // no fetch is open, or the pool will answer it
    std::erase(waiting_[reading->partition], reading);
    answer(*reading, fail(ErrorCode::kCancelled, "the reader was closed"), after);
  }
  for (auto& task : after) task();
}

void FetchDesk::wake(const TopicPartition& partition) {
  std::vector<Task> after;
  {
    std::lock_guard lock(mutex_);
    const auto found = waiting_.find(partition);
    if (found == waiting_.end()) return;
    const auto readings = std::move(found->second);
    waiting_.erase(found);
    for (const auto& reading : readings) {
      reading->waiting = false;
      look(reading, after);
    }
  }
  for (auto& task : after) task();
}

/// Decides what becomes of an open fetch: an error, a read, or waiting.
void FetchDesk::look(const std::shared_ptr<Reading>& reading, std::vector<Task>& after) {
  const auto place = catalog_.find(reading->partition);
  if (!place) return answer(*reading, tl::unexpected(place.error()), after);
  if (reading->topic_id.empty()) reading->topic_id = place->topic_id;
  if (reading->topic_id != place->topic_id) {
    return answer(*reading,
                  fail(ErrorCode::kTopicChanged, "topic " + reading->partition.topic + " was deleted and made again"),
                  after);
  }
  const auto [begin, end] = place->bounds;
  if (reading->position < begin || reading->position > end) {
    return answer(*reading,
                  fail(ErrorCode::kOutOfRange,
                       "offset " + std::to_string(reading->position.value) + " of " + reading->partition.topic +
                           " is not in [" + std::to_string(begin.value) + ", " + std::to_string(end.value) + "]"),
                  after);
  }
  if (reading->position == end) return wait(reading);
  pool_.run([this, reading, place = *place, from = reading->position, limits = reading->limits] {
    read(reading, place, from, limits);
  });
}

void FetchDesk::wait(const std::shared_ptr<Reading>& reading) {
  reading->waiting = true;
  waiting_[reading->partition].push_back(reading);
  timer_.post_after(reading->limits.max_wait, [self = std::weak_ptr(self_), reading, fetch = reading->fetch] {
    if (const auto desk = self.lock()) (*desk)->time_out(reading, fetch);
  });
}

void FetchDesk::read(const std::shared_ptr<Reading>& reading, const Place& place, Offset from,
                     const FetchLimits& limits) {
  auto result = read_batch(rocks_, place, from, limits);
  std::vector<Task> after;
  {
    std::lock_guard lock(mutex_);
    if (!result) {
      // What could not be found may have been given up by retention meanwhile.
      const auto now = catalog_.find(reading->partition);
      if (!now) {
        result = tl::unexpected(now.error());
      } else if (now->topic_id == place.topic_id && now->bounds.begin > from) {
        result = fail(ErrorCode::kOutOfRange,
                      "offset " + std::to_string(from.value) + " of " + reading->partition.topic + " was given up");
      }
    }
    if (reading->closed) result = fail(ErrorCode::kCancelled, "the reader was closed");
    if (result) reading->position = (*result)->next();
    answer(*reading, std::move(result), after);
  }
  for (auto& task : after) task();
}

/// Closes the fetch; the answer itself is given when the mutex is free.
void FetchDesk::answer(Reading& reading, BatchResult result, std::vector<Task>& after) {
  reading.waiting = false;
  after.emplace_back([done = std::move(*std::exchange(reading.open, std::nullopt)),
                      result = std::move(result)]() mutable { done(std::move(result)); });
}

void FetchDesk::time_out(const std::shared_ptr<Reading>& reading, std::uint64_t fetch) {
  std::vector<Task> after;
  {
    std::lock_guard lock(mutex_);
    if (!reading->waiting || reading->fetch != fetch) return;
    std::erase(waiting_[reading->partition], reading);
    answer(*reading, std::make_unique<ChunkBatch>(reading->position), after);
  }
  for (auto& task : after) task();
}

}  // namespace guidepost::embedded
