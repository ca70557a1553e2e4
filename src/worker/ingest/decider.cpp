#include "worker/ingest/decider.hpp"

#include <algorithm>

namespace guidepost::worker {

using event::Field;

void Undecided::clear() {
  accepted.clear();
  bad.clear();
  duplicates.clear();
  skipped.clear();
  changes.clear();
  subjects.clear();
  records_taken = 0;
  marker.reset();
}

// Whether all of them were taken. Those before the first record of all have no time to go by: the epoch then. (Not that
// record's: whether it is there already is not a function of the log.)
bool Decider::skip_holes(Offset to, Undecided& out) {
  const auto end = std::min(to, out.next + (kMostHoles - static_cast<std::int64_t>(out.skipped.size())));
  for (; out.next < end; out.next = out.next + 1)
    out.skipped.push_back({out.next, last_record_time_.value_or(TimeMs{})});
  return out.next >= to;
}

void Decider::decide(std::span<const LogRecord> records, Offset from, Offset end, Arena& arena, Undecided& out) {
  out.clear();
  passes_.clear();
  out.next = from;
  for (const auto& record : records) {
    auto decoded = decoder_.decode(record, partition_, arena);
    const auto record_time = decoded.kind == event::RecordKind::kEvent ? decoded.event.record_time
                             : decoded.kind == event::RecordKind::kBad ? decoded.bad.record_time
                                                                       : record.time;
    if (!skip_holes(record.offset, out)) break;
    last_record_time_ = record_time;
    out.next = record.offset + 1;
    ++out.records_taken;
    Pass pass{record.offset, record.time, -1, {}};
    switch (decoded.kind) {
      case event::RecordKind::kBad:
        out.bad.push_back(decoded.bad);
        break;
      case event::RecordKind::kEvent: {
        const auto& text = decoded.event.text;
        pass.accepted = static_cast<std::ptrdiff_t>(out.accepted.size());
        pass.identity = EventIdentity::of(text[Field::kMerchant], text[Field::kGuid], text[Field::kEventId]);
        window_.prefetch(pass.identity);
        out.accepted.push_back(decoded.event);
        break;
      }
      case event::RecordKind::kControl:
        if (auto marker = identity::decode_marker(record.value)) {
          out.skipped.push_back({record.offset, record_time});
          out.marker = std::move(*marker);
        } else {  // somebody else's: it must not vanish among what is no event
          out.bad.push_back(event::refused(record, event::Reason::kControlInvalid));
        }
        break;
    }
    passes_.push_back(pass);
    if (out.marker) break;
  }
  if (!out.marker && out.records_taken == records.size()) {
    skip_holes(end, out);
  }
  pass_windows(arena, out);
}

void Decider::pass_windows(Arena& arena, Undecided& out) {
  std::size_t kept = 0;
  for (const auto& pass : passes_) {
    window_.pass(pass.offset, pass.log_time);
    sessions_.pass(pass.offset, pass.log_time);
    if (pass.accepted < 0) continue;
    auto& candidate = out.accepted[static_cast<std::size_t>(pass.accepted)];
    if (window_.repeats(pass.identity)) {
      out.duplicates.push_back({candidate.offset, candidate.record_time, candidate.text[Field::kMerchant]});
      continue;
    }
    enricher_.enrich(candidate, arena);
    sessions_.take(candidate, arena, out.changes, out.subjects);
    if (kept != static_cast<std::size_t>(pass.accepted)) out.accepted[kept] = candidate;
    ++kept;
  }
  out.accepted.resize(kept);
}

}  // namespace guidepost::worker
