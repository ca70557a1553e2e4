#include "worker/ingest/chain_reader.hpp"

#include <fmt/format.h>

#include "guidepost/event/block.hpp"
#include "worker/retry.hpp"

namespace guidepost::worker {
namespace {

constexpr FetchLimits kFetch{
    .max_records = 64, .max_bytes = Bytes{4 * 1024 * 1024}, .max_wait = std::chrono::milliseconds{200}};

}  // namespace

ChainReader::ChainReader(Executor& executor, EventLog& log, TopicPartition resolved, SourceId source, ChainEnd known,
                         Done done)
    : executor_(executor),
      log_(log),
      resolved_(std::move(resolved)),
      source_(source),
      end_(known),
      done_(std::move(done)) {}

void ChainReader::start() {
  ask_until_answered<LogBounds>(
      shared_from_this(), "bounds of the resolved partition",
      [this](Completion<LogBounds> answer) { log_.bounds(resolved_, std::move(answer)); },
      [this](Result<LogBounds> bounds) {
        if (!bounds) return finish(tl::unexpected(bounds.error()));
        if (end_.resolved == kLogBeginning) end_.resolved = bounds->begin;
        if (end_.resolved < bounds->begin || end_.resolved > bounds->end) {
          return finish(
              fail(ErrorCode::kOutOfRange,
                   fmt::format("{} partition {} holds [{}, {}), not {}", resolved_.topic, resolved_.partition.value,
                               bounds->begin.value, bounds->end.value, end_.resolved.value)));
        }
        until_ = bounds->end;
        if (end_.resolved == until_) return finish(end_);
        reader_ = log_.read(resolved_, end_.resolved);
        fetch();
      });
}

void ChainReader::fetch() {
  reader_->fetch(kFetch, {executor_, [self = shared_from_this()](Result<std::unique_ptr<LogBatch>> batch) {
                            if (self->closed_) return;
                            if (!batch && batch.error().retryable()) {
                              return self->executor_.post_after(std::chrono::milliseconds{200}, [self] {
                                if (!self->closed_) self->fetch();
                              });
                            }
                            if (!batch) return self->finish(tl::unexpected(batch.error()));
                            if (auto ok = self->pass(**batch); !ok) return self->finish(tl::unexpected(ok.error()));
                            if (self->end_.resolved < self->until_) return self->fetch();
                            self->finish(self->end_);
                          }});
}

Result<void> ChainReader::pass(const LogBatch& batch) {
  for (const auto& record : batch.records()) {
    const auto block = event::Block::decode(record.value);
    if (!block) {
      return fail(block.error().code,
                  fmt::format("block at resolved offset {} of partition {}: {}", record.offset.value,
                              resolved_.partition.value, block.error().message));
    }
    const auto& decisions = block->decisions();
    if (decisions.source != source_ || fit(end_.offset, end_.era, decisions) != Fit::kGoesOn) continue;
    end_.offset = decisions.to;
    end_.era = decisions.era;
    end_.run = decisions.run;
  }
  end_.resolved = batch.next();
  return {};
}

void ChainReader::finish(Result<ChainEnd> result) {
  if (closed_) return;
  closed_ = true;
  reader_.reset();
  done_(std::move(result));
}

}  // namespace guidepost::worker
