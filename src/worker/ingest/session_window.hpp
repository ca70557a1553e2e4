// Sessions of devices, as signed changes: docs/sessions.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "guidepost/event/decision.hpp"
#include "worker/ingest/event_identity.hpp"
#include "worker/ingest/reach.hpp"

namespace guidepost::worker {

struct SessionOptions {
  std::chrono::milliseconds gap{std::chrono::minutes{30}};  ///< a longer one between two events ends a session
  std::int64_t offsets = 1'000'000;                         ///< S
  std::chrono::seconds horizon{std::chrono::hours{24}};     ///< T, in the log's own append time
  Bytes memory{64 * 1024 * 1024};                           ///< of the events remembered
  std::uint32_t events = 256;                               ///< of a GUID
  std::uint32_t bot_events = 240;                           ///< a device that does so many things,
  std::chrono::milliseconds bot_window{60'000};             ///< up to this one within so long, is no person; 0: off
};

/// Remembers the events of one source that later ones may meet in a session: those at most `offsets` and `horizon` back,
/// of which the newest that fit into `memory`. For each event it gives F(E + event) - F(E), where E are the GUID's
/// remembered events, the last `events` of them, and F is what a set of events, sorted by (time, offset), has of sessions.
/// Which events are remembered depends on the records within reach alone, and whether an event is a bot's on those within
/// reach before it: so after twice the reach is read again it answers as if it had never been away.
/// Thread: one owner. Blocks: never.
class SessionWindow {
 public:
  /// Events below `from` are none for it: they were decided by other rules, or are not of this version.
  explicit SessionWindow(SessionOptions options, Offset from = Offset{0});

  /// Records of the log go by in offset order, all of them, also those that are no events.
  void pass(Offset offset, TimeMs log_time);
  /// The event at the offset passed last, which is no duplicate, and enriched. Appends its changes, by ascending subject,
  /// and the earlier events that they are about, which may be there already; their texts are in `arena`. Remembers the
  /// event. Where its device does too much for a person, the event becomes a bot's; those before it stay what they are.
  /// Events without a device have no session.
  void take(event::Accepted& event, Arena& arena, std::vector<event::SessionChange>& changes,
            std::vector<event::Accepted>& subjects);
  std::size_t memory_bytes() const;
  std::size_t events() const { return nodes_.size(); }

 private:
  struct Node {
    EventIdentity device;  // of its events, whatever their ids
    std::int64_t offset = 0;
    std::int64_t time = 0;
    std::int64_t latest = 0;  // time of it, or of the latest of its GUID's events before it
    std::int64_t measured = -1;  // dwell that the client measured
    std::uint64_t before = 0;  // number of the GUID's event before this one; 0: none
    const char* text = nullptr;
    std::uint32_t text_size = 0;
    bool page_view = false;
    event::Traffic traffic = event::Traffic::kHuman;
  };
  struct Slot {
    std::uint64_t high = 0;
    std::uint64_t newest = 0;  // number of the GUID's newest event; 0: free
  };
  struct Texts {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
    std::size_t used = 0;
    std::uint64_t last = 0;  // number of the newest event with a text in here
  };
  /// An event's neighbours in time among those of its GUID, each at most a gap away from the next.
  struct Around {
    const Node* before_previous = nullptr;
    const Node* previous = nullptr;
    const Node* next = nullptr;
    const Node* after_next = nullptr;
    std::uint32_t recent = 0;  ///< events of options_.bot_window up to it, itself among them
  };
  struct Part;

  Node node_of(const event::Accepted& event) const;
  Around around(const Node& event) const;
  bool ends_at(const Node& node, const Node& event, const Around& a) const;
  Part part(const Node& event, bool linked, const Node* next) const;
  void forget_out_of_reach();
  void forget_oldest();
  std::uint64_t& newest_of(const EventIdentity& device);
  void make_room();
  void remember(Node node, const event::Accepted& event);
  const char* keep(const event::Accepted& event, std::uint32_t& size);
  event::Accepted subject_of(const Node& node, Arena& arena) const;
  bool linked(const Node& a, const Node& b) const { return b.time - a.time <= options_.gap.count(); }
  const Node* find(std::uint64_t number) const {
    return number >= first_ ? &nodes_[static_cast<std::size_t>(number - first_)] : nullptr;
  }
  std::size_t home(std::uint64_t high) const;

  SessionOptions options_;
  Offset from_;
  Reach reach_;
  std::deque<Node> nodes_;  // by offset
  std::uint64_t first_ = 1;  // number of nodes_.front()
  std::deque<Texts> texts_;
  std::size_t bytes_ = 0;  // what options_.memory bounds
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace guidepost::worker
