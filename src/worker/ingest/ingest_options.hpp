// What decides besides the log, and what bounds the work.
#pragma once

#include <chrono>
#include <string>

#include "enrich/enricher.hpp"
#include "event/decoder.hpp"
#include "guidepost/base/ids.hpp"
#include "identity/resolver.hpp"
#include "worker/ingest/session_window.hpp"

namespace guidepost::worker {

/// Bounds of a block: it ends at whichever comes first.
struct BlockLimits {
  std::size_t events = 1000;
  Bytes bytes{512 * 1024};  ///< of the raw records in it
  std::chrono::milliseconds age{200};
  Bytes encoded{2 * 1024 * 1024 - 64 * 1024};  ///< of the block as a record: what does not fit goes out in several
};

/// In log time, what is decided next depends on nothing older than so many horizons: one for the events that it meets in a
/// session, one for what makes those a bot's, one for what makes them duplicates, and one for log time that stands still
/// where it steps back.
inline constexpr int kHorizonsRead = 4;

struct IngestOptions {
  event::EventLimits limits;
  enrich::EnrichOptions enrich;
  identity::ResolveRules resolve;
  RunId least_run{0};  ///< holds where the markers say an earlier one
  std::int64_t dedupe_offsets = 1'000'000;  ///< N
  std::chrono::seconds dedupe_horizon{std::chrono::hours{24}};  ///< T, in the log's own append time
  SessionOptions sessions;  ///< its horizon is dedupe_horizon
  BlockLimits block;
  Bytes max_unacknowledged{16 * 1024 * 1024};  ///< of blocks sent by one partition
  std::chrono::milliseconds commit_interval{1000};
  std::uint64_t rate = 0;  ///< records a second of a partition at most; 0: as many as come
  std::string accept_topic_id;  ///< a raw topic made again is worked on only where this is its id
  bool accept_cut_window = false;  ///< goes on where records that the window needs are gone: repeats of them count
  bool fails_at_gap = false;  ///< instead of waiting for an operator: whoever began it begins again elsewhere
  Bytes mapping_cache{64 * 1024 * 1024};  ///< of one worker thread
};

}  // namespace guidepost::worker
