#include "worker/ingest/ingest_rules.hpp"

#include "guidepost/base/codec.hpp"

namespace guidepost::worker {

RulesHash rules_of(const event::Decoder& decoder, const enrich::Enricher& enricher, const IngestOptions& options) {
  ByteWriter w;
  w.fixed64(decoder.rules());
  w.fixed64(enricher.rules());
  w.fixed64(static_cast<std::uint64_t>(options.dedupe_offsets));
  w.fixed64(static_cast<std::uint64_t>(options.dedupe_horizon.count()));
  w.fixed64(static_cast<std::uint64_t>(options.sessions.gap.count()));
  w.fixed64(static_cast<std::uint64_t>(options.sessions.offsets));
  w.fixed64(options.sessions.memory.value);
  w.fixed64(options.sessions.events);
  w.fixed64(options.sessions.bot_events);
  w.fixed64(static_cast<std::uint64_t>(options.sessions.bot_window.count()));
  w.fixed64(static_cast<std::uint64_t>(options.resolve.stitch_window.count()));
  w.u8(static_cast<std::uint8_t>(options.resolve.claim));
  return RulesHash{hash64(w.view())};
}

}  // namespace guidepost::worker
