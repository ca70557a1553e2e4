// A version of which only a part is decided again: its blocks, of which the others say what the published version's say.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "app/node.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {

/// Up to where records are decided again: this raw offset of each partition, or what the log received before this time.
struct ReplayUntil {
  std::optional<Offset> offset;
  std::optional<TimeMs> time;
  /// As the row of a version has it: `offset 120`, or Unix milliseconds.
  std::string encode() const;
  static std::optional<ReplayUntil> decode(std::string_view text);
};

/// Of a partition that now ends at `end`. Errors: of the log.
Result<Offset> until_of(EventLog& log, const TopicPartition& raw, const ReplayUntil& until, Offset end,
                        const std::stop_token& cancelled);

/// Writes into the version's resolved log, from its floors to where the base has decided, a block for each stretch: of the
/// merchant's records below the end of the part (see VersionRecord) as they are decided by the settings of now, and of all
/// others as the base decided them, to the byte. Behind that ingest goes on. Done again it writes the same, which is passed over.
/// Where the base decided by other rules than those of now, what its events at the end of the part or later changed of sessions of
/// events before it is left out: these are decided otherwise now, and their sessions end there.
/// `progress` hears of the records. Errors: of the stores; kCancelled; kOutOfRange (blocks of the base are gone);
/// kInvalidArgument (by the settings of now a record is another merchant's: that is no matter of one alone).
Result<void> fill_version(Node& node, const worker::VersionRecord& version,
                          const std::function<void(std::uint64_t)>& progress, const std::stop_token& cancelled);

}  // namespace guidepost::app
