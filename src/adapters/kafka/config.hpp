// Our options in librdkafka's words. What guarantees rest on stands here and cannot be overridden.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "adapters/kafka/kafka_event_log.hpp"

namespace guidepost::kafka {

using Properties = std::vector<std::pair<std::string, std::string>>;

/// Errors: throws std::invalid_argument (no broker, a key of `security` that is not one).
Properties admin_properties(const KafkaOptions& options);
Properties fetch_properties(const KafkaOptions& options);
Properties member_properties(const KafkaOptions& options, const GroupOptions& group);
Properties producer_properties(const KafkaOptions& options, const ProducerOptions& producer);

/// Commit metadata is text (UTF-8) for the broker, bytes for us: what is not text travels as
/// "base64:...", and so does text that begins so.
std::string to_commit_text(std::string_view metadata);
/// Errors: none; text that only looks like ours is given back as it is.
std::string from_commit_text(std::string_view text);

}  // namespace guidepost::kafka
