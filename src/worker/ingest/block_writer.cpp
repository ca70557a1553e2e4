#include "worker/ingest/block_writer.hpp"

#include "base/log.hpp"
#include "worker/retry.hpp"

namespace guidepost::worker {

BlockWriter::BlockWriter(Needs needs, TopicPartition resolved, SourceId source, ChainEnd end, event::Era era,
                         Events events)
    : needs_(needs),
      resolved_(std::move(resolved)),
      source_(source),
      end_(end),
      era_(era),
      events_(std::move(events)) {}

void BlockWriter::close() {
  closed_ = true;
  if (reader_) reader_->close();
}

void BlockWriter::send(EncodedBlock block) {
  if (closed_) return;
  bytes_ += block.bytes.size();
  blocks_.push_back({std::move(block)});
  if (!looking_) append(first_number_ + blocks_.size() - 1);
}

void BlockWriter::append(std::uint64_t number) {
  const auto& block = blocks_[number - first_number_].block;
  auto self = shared_from_this();
  needs_.producer.current().append(
      {resolved_, {}, block.bytes, std::nullopt},
      {needs_.executor,
       [self, number, attempt = attempt_, generation = needs_.producer.generation()](Result<Offset> result) {
         self->answered(number, attempt, generation, std::move(result));
       }});
}

void BlockWriter::answered(std::uint64_t number, int attempt, int generation, Result<Offset> result) {
  if (closed_ || attempt != attempt_) return;
  if (!result) {
    const bool dead = result.error().code == ErrorCode::kFailed || result.error().code == ErrorCode::kCancelled;
    if (!dead && !may_come(result.error())) return events_.refused(result.error());
    log::warn("blocks_sent_again", {{"topic", resolved_.topic},
                                    {"partition", resolved_.partition.value},
                                    {"blocks", blocks_.size()},
                                    {"error", result.error().message}});
    if (dead) needs_.producer.replace(generation);
    return look();
  }
  if (*result != end_.resolved + static_cast<std::int64_t>(number - first_number_)) {
    log::warn("others_write_blocks", {{"topic", resolved_.topic},
                                      {"partition", resolved_.partition.value},
                                      {"expected_at", end_.resolved.value + number - first_number_},
                                      {"stored_at", result->value}});
    return look();
  }
  backoff_.reset();
  blocks_[number - first_number_].answered = true;
  const auto before = end_.offset;
  while (!blocks_.empty() && blocks_.front().answered) {
    if (const auto& block = blocks_.front().block; block.to > end_.offset) {
      end_.offset = block.to;
      end_.run = block.run;
      end_.era = era_;
    }
    ++end_.resolved.value;
    pop();
  }
  if (end_.offset > before) events_.acknowledged();
}

void BlockWriter::pop() {
  bytes_ -= blocks_.front().block.bytes.size();
  blocks_.pop_front();
  ++first_number_;
}

/// What is stored, of these blocks and of others'.
void BlockWriter::look() {
  ++attempt_;
  looking_ = true;
  needs_.executor.post_after(backoff_.next(), [self = shared_from_this()] {
    if (self->closed_) return;
    self->reader_ =
        std::make_shared<ChainReader>(self->needs_.executor, self->needs_.log, self->resolved_, self->source_,
                                      self->end_, [self](Result<ChainEnd> end) { self->looked(std::move(end)); });
    self->reader_->start();
  });
}

void BlockWriter::looked(Result<ChainEnd> end) {
  reader_ = nullptr;
  if (closed_) return;
  // Out of range: it is another log by now, or none of these blocks was stored for longer than that is kept.
  const bool gone = !end && end.error().code == ErrorCode::kOutOfRange;
  if (!end && !gone) return events_.refused(end.error());
  const bool fits = !gone && (!end->era || *end->era == era_ || era_.from >= end->offset);
  if (!fits) {
    close();
    return events_.overtaken();
  }
  const bool more = end->offset > end_.offset;
  end_ = *end;
  while (!blocks_.empty() && blocks_.front().block.to <= end_.offset) pop();
  looking_ = false;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].answered = false;
    append(first_number_ + i);
  }
  if (more) events_.acknowledged();
}

}  // namespace guidepost::worker
