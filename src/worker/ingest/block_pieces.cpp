#include "worker/ingest/block_pieces.hpp"

#include <algorithm>

namespace guidepost::worker {
namespace {

using event::Accepted;
using event::Decisions;

/// What an event takes besides its texts: its place in each column, its times, its changes.
constexpr std::size_t kOfAnEvent = 512;

std::size_t session_bytes(const Accepted& event) {
  std::size_t bytes = kOfAnEvent;
  for (auto field : event::kSessionFields) bytes += event.text[field].size();
  return bytes;
}

/// At most this much of a block: of the event, and of those that it changed.
std::size_t bytes_of(const Decisions& whole, const Accepted& event) {
  std::size_t bytes = kOfAnEvent;
  for (const auto value : event.text.values) bytes += value.size();
  for (const auto& change : whole.changes_of(event.offset)) {
    if (change.subject != change.cause) bytes += session_bytes(*whole.subject(change));
  }
  return bytes;
}

/// Where pieces begin, but for the first.
std::vector<Offset> borders_of(const Decisions& whole, std::size_t most) {
  std::vector<Offset> borders;
  std::size_t bytes = 0;
  const auto take = [&](Offset offset, std::size_t more) {
    if (bytes > 0 && bytes + more > most) {
      borders.push_back(offset);
      bytes = 0;
    }
    bytes += more;
  };
  auto bad = whole.bad.begin();
  const auto take_bad = [&](Offset before) {
    for (; bad != whole.bad.end() && bad->offset < before; ++bad) {
      take(bad->offset, kOfAnEvent + bad->merchant.size() + bad->field.size() + bad->bytes.size());
    }
  };
  for (const auto& event : whole.accepted) {
    take_bad(event.offset);
    take(event.offset, bytes_of(whole, event));
  }
  take_bad(whole.to);
  return borders;
}

template <class List, class OffsetOf>
List between(const List& list, Offset from, Offset to, OffsetOf offset_of) {
  const auto below = [&](const auto& item, Offset offset) { return offset_of(item) < offset; };
  const auto first = std::lower_bound(list.begin(), list.end(), from, below);
  return {first, std::lower_bound(first, list.end(), to, below)};
}

/// An event as `earlier` has it.
Accepted as_subject(const Accepted& event) {
  Accepted subject;
  subject.offset = event.offset;
  subject.time = event.time;
  subject.traffic = event.traffic;
  for (auto field : event::kSessionFields) subject.text[field] = event.text[field];
  return subject;
}

}  // namespace

Decisions piece_of(const Decisions& whole, Offset from, Offset to) {
  Decisions piece;
  piece.source = whole.source;
  piece.from = from;
  piece.to = to;
  piece.era = whole.era;
  const auto by_offset = [](const auto& item) { return item.offset; };
  piece.accepted = between(whole.accepted, from, to, by_offset);
  piece.bad = between(whole.bad, from, to, by_offset);
  piece.duplicates = between(whole.duplicates, from, to, by_offset);
  piece.skipped = between(whole.skipped, from, to, by_offset);
  piece.lost = between(whole.lost, from, to, by_offset);
  piece.changes = between(whole.changes, from, to, [](const auto& change) { return change.cause; });
  for (const auto& change : piece.changes) {
    if (change.subject < from) piece.earlier.push_back(as_subject(*whole.subject(change)));
  }
  event::sort_subjects(piece.earlier);
  return piece;
}

std::vector<Decisions> pieces_of(Decisions whole, Bytes most, RunId run_before) {
  const auto borders = borders_of(whole, most.value);
  std::vector<Decisions> pieces;
  if (borders.empty()) {
    pieces.push_back(std::move(whole));
    return pieces;
  }
  auto from = whole.from;
  for (const auto border : borders) {
    pieces.push_back(piece_of(whole, from, border));
    pieces.back().run = run_before;
    from = border;
  }
  pieces.push_back(piece_of(whole, from, whole.to));
  pieces.back().run = whole.run;
  return pieces;
}

}  // namespace guidepost::worker
