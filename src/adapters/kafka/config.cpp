#include "adapters/kafka/config.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <stdexcept>

namespace guidepost::kafka {
namespace {

/// Largest value of librdkafka's queue.buffering.max.kbytes: callers bound what is in flight.
constexpr std::int64_t kUnbounded = 2147483647;
/// Room for the batch header, the key and the record's own header around a record of the largest size.
constexpr std::uint64_t kRecordOverhead = 16 * 1024;

bool may_pass(const std::string& key) {
  const auto starts = [&](std::string_view prefix) { return key.starts_with(prefix); };
  return key == "security.protocol" || key == "broker.address.family" || starts("sasl.") || starts("ssl.") ||
         starts("enable.sasl.") || starts("enable.ssl.");
}

Properties common(const KafkaOptions& options) {
  if (options.brokers.empty()) throw std::invalid_argument("kafka: no brokers; give host:port");
  Properties p{
      {"bootstrap.servers", options.brokers},
      {"client.id", options.client_id},
      {"socket.nagle.disable", "true"},
      {"socket.keepalive.enable", "true"},
      // Nothing about clients goes to brokers unasked; and closing would wait a second for the last of it.
      {"enable.metrics.push", "false"},
      // A broker that comes back is found within a second, also after a long absence.
      {"reconnect.backoff.ms", "100"},
      {"reconnect.backoff.max.ms", "1000"},
      // Partitions that are added, and leaders that moved while nothing was sent.
      {"topic.metadata.refresh.interval.ms", std::to_string(std::max<std::int64_t>(options.topic_check.count(), 10))},
  };
  for (const auto& [key, value] : options.security) {
    if (!may_pass(key)) {
      throw std::invalid_argument(fmt::format(
          "kafka: `{}` is not an option for `security`; it takes security.protocol, sasl.*, ssl.*, enable.sasl.*, "
          "enable.ssl.*, broker.address.family",
          key));
    }
    p.emplace_back(key, value);
  }
  return p;
}

void add(Properties& to, Properties more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Properties admin_properties(const KafkaOptions& options) {
  Properties p = common(options);
  // A question that waits for a broker asks for a connection at each change of a connection's state,
  // and with sparse connections that skips the pause between two attempts: half a core until it is back.
  p.emplace_back("enable.sparse.connections", "false");
  return p;
}

Properties fetch_properties(const KafkaOptions& options) {
  Properties p = common(options);
  const auto prefetch_kib = std::clamp<std::uint64_t>(options.prefetch_per_partition.value / 1024, 64, 2097151);
  add(p, {
             {"enable.auto.commit", "false"},
             {"enable.auto.offset.store", "false"},
             {"auto.offset.reset", "error"},
             {"isolation.level", "read_committed"},
             {"check.crcs", "true"},
             {"allow.auto.create.topics", "false"},
             // The end of a partition is told, with the position: else control records at the end
             // would hide that it was reached.
             {"enable.partition.eof", "true"},
             {"queued.min.messages", "100000"},
             {"queued.max.messages.kbytes", std::to_string(prefetch_kib)},
             {"fetch.queue.backoff.ms", "5"},
             // Only the wait of a fetch that finds nothing: a record ends it at once. Partitions that
             // start or are read again wait for it, so it is short; 20 idle requests a second are cheap.
             {"fetch.wait.max.ms", "50"},
             {"fetch.error.backoff.ms", "100"},
         });
  return p;
}

Properties member_properties(const KafkaOptions& options, const GroupOptions& group) {
  Properties p = common(options);
  // The thread that polls waits for `revoking` to be answered; it must not be expelled for that.
  const auto poll_interval = std::max<std::int64_t>(120'000, group.revoke_deadline.count() + 30'000);
  const auto session = group.session_timeout.count();
  add(p, {
             {"group.id", group.group},
             {"enable.auto.commit", "false"},
             {"enable.auto.offset.store", "false"},
             {"auto.offset.reset", "error"},
             {"isolation.level", "read_committed"},
             {"allow.auto.create.topics", "false"},
             {"session.timeout.ms", std::to_string(session)},
             // Also how fast a member hears that others came or went.
             {"heartbeat.interval.ms", std::to_string(std::clamp<std::int64_t>(session / 5, 50, 1000))},
             {"max.poll.interval.ms", std::to_string(std::max(poll_interval, session))},
             // The cooperative assignor of librdkafka has hung up to 2.6.1.
             {"partition.assignment.strategy", "range,roundrobin"},
         });
  if (!group.member.empty()) p.emplace_back("group.instance.id", group.member);
  return p;
}

Properties producer_properties(const KafkaOptions& options, const ProducerOptions& producer) {
  Properties p = common(options);
  add(p, {
             {"enable.idempotence", "true"},
             {"acks", "all"},
             {"message.timeout.ms", std::to_string(std::max<std::int64_t>(0, producer.give_up_after.count()))},
             {"linger.ms", std::to_string(std::max<std::int64_t>(0, producer.linger.count()))},
             {"compression.codec", options.compression},
             {"message.max.bytes",
              std::to_string(std::max<std::uint64_t>(options.max_record.value + kRecordOverhead, 1000))},
             // Never full: the caller bounds what is in flight.
             {"queue.buffering.max.messages", "0"},
             {"queue.buffering.max.kbytes", std::to_string(kUnbounded)},
             // How long a topic that no broker knows may still turn up before records fail.
             {"topic.metadata.propagation.max.ms", "5000"},
         });
  return p;
}

namespace {

constexpr std::string_view kBase64Mark = "base64:";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Printable ASCII is the part of UTF-8 that no broker and no tool on the way changes.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string to_commit_text(std::string_view metadata) {
  if (is_plain(metadata) && !metadata.starts_with(kBase64Mark)) return std::string(metadata);
  std::string text(kBase64Mark);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : metadata) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) text += kAlphabet[(bits >> (held - 6)) & 63];
  }
  if (held > 0) text += kAlphabet[(bits << (6 - held)) & 63];
  return text;
}

std::string from_commit_text(std::string_view text) {
  if (!text.starts_with(kBase64Mark)) return std::string(text);
  std::string metadata;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(kBase64Mark.size())) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::string(text);
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      metadata += static_cast<char>((bits >> held) & 0xff);
    }
  }
  return metadata;
}

}  // namespace guidepost::kafka
