#include "worker/ingest/block_writer.hpp"

#include "base/log.hpp"
#include "worker/retry.hpp"

namespace guidepost::worker {

BlockWriter::BlockWriter(Executor& executor, ProducerSlot& producer, TopicPartition resolved, Offset position,
                         RunId run, Events events)
    : executor_(executor),
      producer_(producer),
      resolved_(std::move(resolved)),
      events_(std::move(events)),
      acknowledged_(position),
      acknowledged_run_(run) {}

void BlockWriter::send(EncodedBlock block) {
  bytes_ += block.bytes.size();
  blocks_.push_back({std::move(block)});
  if (!resending_) append(first_number_ + blocks_.size() - 1);
}

void BlockWriter::append(std::uint64_t number) {
  const auto& block = blocks_[number - first_number_].block;
  auto self = shared_from_this();
  producer_.current().append(
      {resolved_, {}, block.bytes, std::nullopt},
      {executor_, [self, number, attempt = attempt_, generation = producer_.generation()](Result<Offset> result) {
         self->answered(number, attempt, generation, std::move(result));
       }});
}

void BlockWriter::answered(std::uint64_t number, int attempt, int generation, Result<Offset> result) {
  if (closed_ || attempt != attempt_ || number < first_number_) return;
  if (!result) {
    const bool dead = result.error().code == ErrorCode::kFailed || result.error().code == ErrorCode::kCancelled;
    if (!dead && !may_come(result.error())) return events_.refused(result.error());
    log::warn("blocks_sent_again", {{"topic", resolved_.topic},
                                    {"partition", resolved_.partition.value},
                                    {"blocks", blocks_.size()},
                                    {"error", result.error().message}});
    if (dead) producer_.replace(generation);
    return resend_all();
  }
  backoff_.reset();
  blocks_[number - first_number_].answered = true;
  const auto before = acknowledged_;
  while (!blocks_.empty() && blocks_.front().answered) {
    acknowledged_ = blocks_.front().block.to;
    acknowledged_run_ = blocks_.front().block.run;
    bytes_ -= blocks_.front().block.bytes.size();
    blocks_.pop_front();
    ++first_number_;
  }
  if (acknowledged_ > before) events_.acknowledged();
}

void BlockWriter::resend_all() {
  ++attempt_;
  resending_ = true;
  executor_.post_after(backoff_.next(), [self = shared_from_this()] {
    if (self->closed_) return;
    self->resending_ = false;
    for (std::size_t i = 0; i < self->blocks_.size(); ++i) {
      self->blocks_[i].answered = false;
      self->append(self->first_number_ + i);
    }
  });
}

}  // namespace guidepost::worker
