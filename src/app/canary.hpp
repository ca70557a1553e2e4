// A canary: events of our own, sent the way that everyone's are and then looked for in the tables.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/client.hpp"
#include "app/canary_findings.hpp"
#include "app/event_intake.hpp"
#include "base/config.hpp"
#include "base/names.hpp"
#include "guidepost/ports/event_log.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::app {

struct CanaryOptions {
  std::optional<http::Endpoint> collector;  ///< nothing: into the log, as `collect` does it
  std::size_t events = 3;                   ///< for each partition that the merchant's shards lead to
  std::chrono::milliseconds timeout{std::chrono::minutes{1}};
};

/// One run. Delays are from before the events were sent; nothing: not seen within the time.
struct CanaryReport {
  std::string run;  ///< what the ids of its events begin with
  TimeMs time;      ///< that of its events
  std::size_t partitions = 0;
  CanaryTally tally = {};  ///< `sent`: 0 where they were not taken
  std::optional<std::chrono::milliseconds> taken_after = {}, rows_after = {}, counted_after = {};
  std::vector<CanaryFinding> findings = {};

  CanaryOutcome outcome() const;  ///< the worst of the findings
};

/// Sends and looks, a run at a time. The ports outlive it. Thread: one. Blocks: run(), up to the timeout and the length of
/// a call.
class Canary {
 public:
  /// The names of the version that is published now.
  using Published = std::function<Result<Names>()>;

  Canary(const Config& config, CanaryOptions options, EventLog& log, TableStore& tables, Published published);
  ~Canary();

  /// `tell` hears a line for people at each step that is reached. Errors: kCancelled.
  Result<CanaryReport> run(const std::stop_token& cancelled, const std::function<void(std::string_view)>& tell = {});

 private:
  using Clock = std::chrono::steady_clock;
  /// What was sent, and where its partitions end behind it.
  struct Sent {
    std::vector<CanaryEvent> events;
    std::map<Partition, Offset> ends;
  };
  struct Look {
    CanarySight sight;
    std::map<Partition, CanaryProgress> progress;
  };
  enum class Depth : std::uint8_t { kTables, kWithProgress };
  Result<http::Client::Answer> post(std::string body, Clock::time_point deadline, const std::stop_token& cancelled);
  tl::expected<Sent, CanaryFinding> send(const CanaryReport& report, Clock::time_point deadline,
                                         const std::stop_token& cancelled);
  Result<Look> look(const Sent& sent, TimeMs time, Depth depth, const std::stop_token& cancelled);

  const Config config_;
  const CanaryOptions options_;
  EventLog& log_;
  TableStore& tables_;
  Published published_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<EventIntake> intake_;
};

/// GUIDs of the merchant whose events lead to different partitions, always the same ones: one for each partition that its
/// shards lead to, at most `most`.
std::vector<std::pair<std::string, Partition>> canary_devices(const std::string& merchant, std::uint32_t shards,
                                                              std::int32_t partitions, std::size_t most);

}  // namespace guidepost::app
