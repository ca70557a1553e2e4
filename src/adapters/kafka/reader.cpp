#include "adapters/kafka/reader.hpp"

#include <fmt/format.h>

namespace guidepost::kafka {

class KafkaLogReader::Watched final : public TopicWatch::Subscriber {
 public:
  Watched(std::weak_ptr<Cursor> cursor, TopicPartition partition)
      : cursor_(std::move(cursor)), partition_(std::move(partition)) {}

  bool topic_seen(const Result<std::optional<TopicFacts>>& seen) override {
    const auto cursor = cursor_.lock();
    if (!cursor) return true;
    switch (identity_.judge(seen)) {
      case TopicIdentity::Verdict::kUnknown:
        cursor->complain(seen ? Error{ErrorCode::kNotFound, fmt::format("there is no topic {}", partition_.topic)}
                              : seen.error());
        return false;
      case TopicIdentity::Verdict::kSame:
        if (!opened_) {
          opened_ = true;
          open(*cursor);
        } else if (seen && *seen) {
          cursor->confirm();
        }
        return seen && *seen;
      case TopicIdentity::Verdict::kChanged:
        cursor->break_off(
            seen && *seen
                ? Error{ErrorCode::kTopicChanged, fmt::format("topic {} was deleted and made again", partition_.topic)}
                : Error{ErrorCode::kNotFound, fmt::format("topic {} was deleted", partition_.topic)});
        return true;
    }
    return true;
  }

 private:
  void open(Cursor& cursor) {
    const auto count = identity_.first().partitions;
    if (partition_.partition.value >= 0 && partition_.partition.value < count) return cursor.open();
    cursor.break_off(Error{ErrorCode::kNotFound, fmt::format("topic {} has {} partitions, no partition {}",
                                                             partition_.topic, count, partition_.partition.value)});
  }

  std::weak_ptr<Cursor> cursor_;
  const TopicPartition partition_;
  TopicIdentity identity_;
  bool opened_ = false;
};

KafkaLogReader::KafkaLogReader(FetchPool& pool, TopicWatch& watch, Executor& loop, TopicPartition partition,
                               Offset from)
    : cursor_(std::make_shared<Cursor>(pool, loop, partition, from, [&watch] { watch.look_now(); })),
      watched_(std::make_shared<Watched>(cursor_, partition)) {
  if (from.value < 0) {
    cursor_->break_off(Error{ErrorCode::kOutOfRange, fmt::format("{} is not an offset", from.value)});
    return;
  }
  watch.watch(partition.topic, watched_);
}

KafkaLogReader::~KafkaLogReader() { cursor_->close(); }

void KafkaLogReader::fetch(FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) {
  cursor_->fetch(limits, BatchAnswer(std::move(done)));
}

}  // namespace guidepost::kafka
