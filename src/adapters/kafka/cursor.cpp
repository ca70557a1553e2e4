#include "adapters/kafka/cursor.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <stdexcept>

#include "adapters/kafka/batch.hpp"
#include "adapters/kafka/errors.hpp"
#include "base/log.hpp"

namespace guidepost::kafka {
namespace {

/// Messages moved out of librdkafka's queue at once; at most so many wait here beside its own limit.
constexpr std::size_t kRefill = 64;

}  // namespace

Cursor::Cursor(FetchPool& pool, Executor& loop, TopicPartition partition, Offset from,
               UniqueFunction<void()> suspicious)
    : pool_(pool), loop_(loop), partition_(std::move(partition)), suspicious_(std::move(suspicious)), next_(from) {}

Cursor::~Cursor() { close(); }

void Cursor::open() {
  std::unique_ptr<FetchSlot> slot;
  try {
    slot = pool_.take(partition_);
  } catch (const std::invalid_argument& refused) {  // no thread or descriptor is left for another client
    return break_off(Error{ErrorCode::kFailed, refused.what()});
  }
  std::unique_lock lock(mutex_);
  if (slot_ || broken_) return;  // closed meanwhile
  rd_kafka_queue_cb_event_enable(slot->queue(), on_queue_filled, this);
  if (auto started = slot->start(next_); !started) {
    lock.unlock();
    return break_off(std::move(started.error()));
  }
  slot_ = std::move(slot);
  complaint_.reset();  // whatever it was, it is over
}

// Thread: one of librdkafka's, which holds the lock of the queue: nothing of librdkafka and no lock
// that is held while calling it may be touched here.
void Cursor::on_queue_filled(rd_kafka_t*, void* self) {
  auto& cursor = *static_cast<Cursor*>(self);
  if (!cursor.asleep_) return;
  cursor.loop_.post([weak = cursor.weak_from_this()] {
    if (auto alive = weak.lock()) alive->pump();
  });
}

void Cursor::fetch(FetchLimits limits, BatchAnswer done) {
  std::unique_lock lock(mutex_);
  if (waiting_) {
    lock.unlock();
    return done(fail(ErrorCode::kInvalidArgument, "one fetch at a time: the last one has no answer yet"));
  }
  waiting_.emplace(Waiting{limits, std::move(done)});
  asleep_ = true;  // before the look into the queue: what comes after the look wakes us
  if (auto batch = take(limits)) return answer(std::move(lock), std::move(*batch));
  const auto number = ++waiting_number_;
  lock.unlock();
  loop_.post_after(limits.max_wait, [weak = weak_from_this(), number] {
    if (auto alive = weak.lock()) alive->waited(number);
  });
}

void Cursor::pump() {
  std::unique_lock lock(mutex_);
  if (!waiting_) return;
  if (auto batch = take(waiting_->limits)) answer(std::move(lock), std::move(*batch));
}

void Cursor::waited(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  if (!waiting_ || number != waiting_number_) return;
  auto batch = take(waiting_->limits);
  if (!batch) batch = std::make_unique<KafkaLogBatch>(nullptr, std::vector<MessageHandle>{}, next_, next_);
  answer(std::move(lock), std::move(*batch));
}

/// Completions may run anything, so they run without the lock.
void Cursor::answer(std::unique_lock<std::mutex> lock, Batch batch) {
  asleep_ = false;
  ++waiting_number_;
  BatchAnswer done = std::move(waiting_->done);
  waiting_.reset();
  lock.unlock();
  done(std::move(batch));
}

/// What can be answered now; nothing where there is neither a record, nor progress, nor an error.
std::optional<Cursor::Batch> Cursor::take(const FetchLimits& limits) {
  const Offset from = next_;
  std::vector<MessageHandle> taken;
  std::uint64_t bytes = 0;
  while (slot_ && !broken_ && !doubt_ && taken.size() < limits.max_records) {
    if (carried_.empty() && !refill(limits.max_records - taken.size())) break;
    const rd_kafka_message_t& message = *carried_.back();
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      next_ = std::max(next_, Offset{message.offset});
    } else if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      take_error(message);
    } else if (message.offset >= next_.value) {
      const std::uint64_t size = message.key_len + message.len;
      if (!taken.empty() && bytes + size > limits.max_bytes.value) break;
      bytes += size;
      next_ = Offset{message.offset + 1};
      taken.push_back(std::move(carried_.back()));
    }
    carried_.pop_back();
  }
  if (!taken.empty() || next_ > from) {
    return std::make_unique<KafkaLogBatch>(slot_->client(), std::move(taken), from, next_);
  }
  if (broken_) return tl::unexpected(*broken_);
  if (complaint_) return tl::unexpected(*std::exchange(complaint_, std::nullopt));
  return std::nullopt;
}

bool Cursor::refill(std::size_t at_most) {
  std::array<rd_kafka_message_t*, kRefill> raw;
  const auto count = rd_kafka_consume_batch_queue(slot_->queue(), 0, raw.data(), std::min(at_most, kRefill));
  if (count <= 0) return false;
  for (auto i = static_cast<std::size_t>(count); i-- > 0;) carried_.emplace_back(raw[i]);
  return true;
}

void Cursor::take_error(const rd_kafka_message_t& message) {
  const char* text = rd_kafka_message_errstr(&message);
  Error error = error_of(
      message.err, fmt::format("fetching {}[{}] at {}", partition_.topic, partition_.partition.value, next_.value));
  if (text) error.message += fmt::format(": {}", text);
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimedOut:
      // librdkafka goes on trying by itself.
      log::debug("kafka_fetch_waits", {{"error", error.message}});
      return;
    case ErrorCode::kOutOfRange:
    case ErrorCode::kNotFound:
      // The log lost these offsets, or metadata was late; or this is the log of another topic of that
      // name. Nothing is read until that is known.
      doubt_ = std::move(error);
      suspicious_();
      return;
    default:
      broken_ = std::move(error);
      return;
  }
}

void Cursor::confirm() {
  std::unique_lock lock(mutex_);
  if (!doubt_) return;
  Error error = *std::exchange(doubt_, std::nullopt);
  lock.unlock();
  if (error.code == ErrorCode::kOutOfRange) return break_off(std::move(error));
  pump();  // the partition was away for a moment
}

void Cursor::break_off(Error error) {
  std::unique_lock lock(mutex_);
  if (broken_) return;
  broken_ = error;
  if (waiting_) answer(std::move(lock), tl::unexpected(std::move(error)));
}

void Cursor::complain(Error error) {
  std::unique_lock lock(mutex_);
  if (broken_) return;
  if (waiting_) return answer(std::move(lock), tl::unexpected(std::move(error)));
  complaint_ = std::move(error);
}

void Cursor::close() {
  break_off(Error{ErrorCode::kCancelled,
                  fmt::format("{}[{}] is not read any more", partition_.topic, partition_.partition.value)});
  std::unique_ptr<FetchSlot> slot;
  {
    std::lock_guard lock(mutex_);
    carried_.clear();
    slot = std::move(slot_);
  }
}  // the slot stops here, without the lock

}  // namespace guidepost::kafka
