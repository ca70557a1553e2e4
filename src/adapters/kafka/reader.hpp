#pragma once

#include <memory>

#include "adapters/kafka/cursor.hpp"
#include "adapters/kafka/topic_watch.hpp"

namespace guidepost::kafka {

/// LogReader on a cursor that opens once its topic was seen, and breaks off when it is another one.
class KafkaLogReader final : public LogReader {
 public:
  KafkaLogReader(FetchPool& pool, TopicWatch& watch, Executor& loop, TopicPartition partition, Offset from);
  ~KafkaLogReader() override;

  void fetch(FetchLimits limits, Completion<std::unique_ptr<LogBatch>> done) override;

 private:
  class Watched;
  std::shared_ptr<Cursor> cursor_;
  std::shared_ptr<Watched> watched_;
};

}  // namespace guidepost::kafka
