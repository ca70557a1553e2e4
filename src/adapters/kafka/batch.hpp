// A batch whose records are views into librdkafka's own messages.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "adapters/kafka/client.hpp"

namespace guidepost::kafka {

/// Thread: one at a time. The memory of the records is that of the fetch responses they came in.
class KafkaLogBatch final : public LogBatch {
 public:
  KafkaLogBatch(std::shared_ptr<Client> client, std::vector<MessageHandle> messages, Offset from, Offset next)
      : client_(std::move(client)), messages_(std::move(messages)) {
    from_ = from;
    next_ = next;
    records_.reserve(messages_.size());
    for (const auto& message : messages_) {
      rd_kafka_timestamp_type_t type{};
      const auto ms = rd_kafka_message_timestamp(message.get(), &type);
      records_.push_back({Offset{message->offset}, from_unix_ms(ms), view(message->key, message->key_len),
                          view(message->payload, message->len)});
    }
  }
  ~KafkaLogBatch() override { messages_.clear(); }  // before the client

 private:
  static std::string_view view(const void* data, std::size_t size) {
    return data == nullptr ? std::string_view{} : std::string_view{static_cast<const char*>(data), size};
  }

  std::shared_ptr<Client> client_;
  std::vector<MessageHandle> messages_;
};

}  // namespace guidepost::kafka
