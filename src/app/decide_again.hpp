// Deciding what the raw log holds once more, in this thread, as ingest of a version that begins there would; writes nothing.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>

#include "app/node.hpp"
#include "event/decoder.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::app {

/// What of one source is decided, and what must be known there.
struct AgainFrom {
  SourceId source;
  Partition partition;
  Offset begin;  ///< of what the log holds
  Offset from;
  Offset to;  ///< not included
  std::string
      commit;  ///< what ingest had committed at `from` (IngestCommit); empty: nothing is known, and no run holds
};

/// Thread: one, which owns no state machine. Blocks: yes.
class DecideAgain {
 public:
  /// By the settings of the node, with the mapping of `least_run` at least. Errors: of the files of enrichment.
  static Result<std::unique_ptr<DecideAgain>> open(Node& node, RunId least_run, std::stop_token cancelled);
  ~DecideAgain();

  /// Of which events the customer is looked up: that costs most. Of others it is not known.
  using Wanted = std::function<bool(const event::Accepted&)>;
  /// Hears of one stretch after the other, without a gap, and of the records it is of. Views hold during the call.
  using Visit = std::function<Result<void>(event::Decisions&, std::span<const LogRecord>)>;
  /// Errors: of the stores, after ten minutes of trying; kOutOfRange (the log no longer holds it); kCancelled; of `visit`.
  Result<void> run(const AgainFrom& part, const Wanted& wanted, const Visit& visit);

  RulesHash rules() const;
  /// A record alone, as ingest first reads it. Views as of event::Decoder; they hold as those of `visit`.
  event::Decoded decode(const LogRecord& record, Partition partition);

 private:
  struct Impl;
  explicit DecideAgain(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::app
