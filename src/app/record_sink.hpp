// Where `generate` and `import` send records: the event log, a collector, or a file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "event/decoder.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/ports/event_log.hpp"

namespace guidepost::app {

/// A record on its way in.
struct Outgoing {
  std::string value;          ///< of the raw record: the payload in its envelope (event::wrap)
  std::string_view merchant;  ///< for the record's key; may be `-`
  std::string_view identity;  ///< guid or customer, for the record's key
  std::string_view payload;   ///< what arrived: what a collector is sent
};

/// What a collector said about events that it refused, and how many went where.
struct Sent {
  std::uint64_t records = 0;
  std::uint64_t refused = 0;  ///< by a collector's first look; they are in the log all the same
};

/// Thread: one. Blocks: send, while too much is on its way; finish, until all is durable.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// Errors: of the log, the connection or the file; nothing sent afterwards counts.
  virtual Result<void> send(Outgoing record) = 0;
  virtual Result<Sent> finish() = 0;
};

/// How many shards a merchant has.
using ShardsOf = std::function<std::uint32_t(std::string_view merchant)>;

/// Appends to the raw topic.
std::unique_ptr<RecordSink> log_sink(EventLog& log, std::string topic, std::int32_t partitions, ShardsOf shards);
/// Posts payloads as NDJSON in batches; over several connections the order between batches is lost.
/// Errors: kInvalidArgument (url).
Result<std::unique_ptr<RecordSink>> http_sink(std::string_view url, int connections);
/// Writes envelopes, a line each: what `import events` reads. Errors: kFailed.
Result<std::unique_ptr<RecordSink>> file_sink(const std::string& path);

}  // namespace guidepost::app
