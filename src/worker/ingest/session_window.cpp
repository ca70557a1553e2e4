#include "worker/ingest/session_window.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <tuple>
#include <utility>

#include "base/spread.hpp"

namespace guidepost::worker {
namespace {

using event::Accepted;
using event::Field;
using event::SessionChange;

constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kTextBlock = 64 * 1024;
/// What a remembered event counts for besides its texts: its node, and its share of the table, where every event is of
/// another device.
constexpr std::size_t kEventBytes = 192;
/// A time on a page above this is no measurement.
constexpr std::int64_t kMostMeasured = std::chrono::milliseconds{std::chrono::hours{24}}.count();

std::int64_t measured_ms(const Accepted& event) {
  const auto text = event.text[Field::kTimeOnPageMs];
  std::int64_t ms = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  return error == std::errc{} && end == text.data() + text.size() && ms >= 0 && ms <= kMostMeasured ? ms : -1;
}

}  // namespace

/// What an event has of a session.
struct SessionWindow::Part {
  std::int8_t sessions = 0, bounces = 0, exits = 0, dwells = 0;
  std::int64_t dwell_ms = 0;
};

SessionWindow::SessionWindow(SessionOptions options, Offset from)
    : options_(options), from_(from), reach_(options.offsets, options.horizon), slots_(kFirstSlots) {}

void SessionWindow::pass(Offset offset, TimeMs log_time) {
  reach_.pass(offset, log_time);
  while (!nodes_.empty() && nodes_.front().offset < reach_.oldest()) forget_oldest();
}

SessionWindow::Node SessionWindow::node_of(const Accepted& event) const {
  Node node;
  node.device = EventIdentity::of(event.text[Field::kMerchant], event.text[Field::kGuid], {});
  node.offset = event.offset.value;
  node.time = unix_ms(event.time);
  node.page_view = event.text[Field::kType] == "page_view";
  node.measured = node.page_view ? measured_ms(event) : -1;
  node.traffic = event.traffic;
  return node;
}

/// Whether neither `node` nor an event before it, none of which is later than its `latest`, can be nearer than what was
/// found: most walks are two steps long.
bool SessionWindow::ends_at(const Node& node, const Node& event, const Around& a) const {
  const auto latest = node.latest;
  if (latest >= event.time) return false;
  if (options_.bot_events != 0 && event.time - latest < options_.bot_window.count()) return false;
  if (a.previous == nullptr) return event.time - latest > options_.gap.count();
  if (latest > a.previous->time) return false;
  return a.before_previous != nullptr ? latest <= a.before_previous->time
                                      : a.previous->time - latest > options_.gap.count();
}

SessionWindow::Around SessionWindow::around(const Node& event) const {
  const auto order = [](const Node& n) { return std::tie(n.time, n.offset); };
  Around a;
  a.recent = 1;
  std::uint32_t seen = 0;
  for (const auto* node = find(event.before); node != nullptr && seen < options_.events;
       node = find(node->before), ++seen) {
    if (ends_at(*node, event, a)) break;
    if (node->time <= event.time && event.time - node->time < options_.bot_window.count()) ++a.recent;
    if (order(*node) < order(event)) {
      if (a.previous == nullptr || order(*a.previous) < order(*node)) {
        a.before_previous = std::exchange(a.previous, node);
      } else if (a.before_previous == nullptr || order(*a.before_previous) < order(*node)) {
        a.before_previous = node;
      }
    } else if (a.next == nullptr || order(*node) < order(*a.next)) {
      a.after_next = std::exchange(a.next, node);
    } else if (a.after_next == nullptr || order(*node) < order(*a.after_next)) {
      a.after_next = node;
    }
  }
  if (a.previous != nullptr && !linked(*a.previous, event)) a.previous = nullptr;
  if (a.previous == nullptr || (a.before_previous != nullptr && !linked(*a.before_previous, *a.previous)))
    a.before_previous = nullptr;
  if (a.next != nullptr && !linked(event, *a.next)) a.next = nullptr;
  if (a.next == nullptr || (a.after_next != nullptr && !linked(*a.next, *a.after_next))) a.after_next = nullptr;
  return a;
}

/// `is_linked`: to the event before it. `next`: the event after it, where they are linked.
SessionWindow::Part SessionWindow::part(const Node& event, bool is_linked, const Node* next) const {
  Part part;
  part.sessions = is_linked ? 0 : 1;
  part.exits = next != nullptr ? 0 : 1;
  part.bounces = !is_linked && next == nullptr ? 1 : 0;
  if (event.page_view && (event.measured >= 0 || next != nullptr)) {
    part.dwells = 1;
    part.dwell_ms = event.measured >= 0 ? event.measured : next->time - event.time;
  }
  return part;
}

void SessionWindow::take(Accepted& event, Arena& arena, std::vector<SessionChange>& changes,
                         std::vector<Accepted>& subjects) {
  if ((event.flags & event::kNoDevice) != 0 || event.offset < from_) return;
  auto node = node_of(event);
  auto& newest = newest_of(node.device);
  node.before = newest;
  const auto* last = find(newest);
  node.latest = last != nullptr ? std::max(last->latest, node.time) : node.time;
  const auto a = around(node);
  if (options_.bot_events != 0 && a.recent >= options_.bot_events) {
    event.traffic = node.traffic = event::Traffic::kBot;
  }
  const auto first_change = changes.size();
  const auto change = [&](const Node& subject, const Part& before, const Part& after) {
    SessionChange c{event.offset, Offset{subject.offset}};
    c.sessions = static_cast<std::int8_t>(after.sessions - before.sessions);
    c.bounces = static_cast<std::int8_t>(after.bounces - before.bounces);
    c.exits = static_cast<std::int8_t>(after.exits - before.exits);
    c.dwells = static_cast<std::int8_t>(after.dwells - before.dwells);
    c.dwell_ms = after.dwell_ms - before.dwell_ms;
    if (c == SessionChange{event.offset, c.subject}) return;
    changes.push_back(c);
    if (&subject != &node) subjects.push_back(subject_of(subject, arena));
  };
  // Whether its neighbours were neighbours of each other, in a session, until now.
  const bool between = a.previous != nullptr && a.next != nullptr && linked(*a.previous, *a.next);
  if (a.previous != nullptr) {
    const bool was_linked = a.before_previous != nullptr;
    change(*a.previous, part(*a.previous, was_linked, between ? a.next : nullptr),
           part(*a.previous, was_linked, &node));
  }
  change(node, {}, part(node, a.previous != nullptr, a.next));
  if (a.next != nullptr) {
    change(*a.next, part(*a.next, between, a.after_next), part(*a.next, true, a.after_next));
  }
  std::sort(changes.begin() + static_cast<std::ptrdiff_t>(first_change), changes.end(),
            [](const SessionChange& x, const SessionChange& y) { return x.subject < y.subject; });
  newest = first_ + nodes_.size();
  remember(node, event);
}

// What is forgotten next depends on what came within reach alone: the newest events that fit.
void SessionWindow::remember(Node node, const Accepted& event) {
  node.text = keep(event, node.text_size);
  bytes_ += kEventBytes + node.text_size;
  nodes_.push_back(node);
  while (bytes_ > options_.memory.value && nodes_.size() > 1) forget_oldest();
}

void SessionWindow::forget_oldest() {
  bytes_ -= kEventBytes + nodes_.front().text_size;
  nodes_.pop_front();
  ++first_;
  while (!texts_.empty() && texts_.front().last < first_) texts_.pop_front();
}

/// The kSessionFields, each a length of four bytes and the text.
const char* SessionWindow::keep(const Accepted& event, std::uint32_t& size) {
  std::size_t bytes = 0;
  for (auto field : event::kSessionFields) bytes += sizeof(std::uint32_t) + event.text[field].size();
  if (texts_.empty() || texts_.back().size - texts_.back().used < bytes) {
    const auto room = std::max(kTextBlock, bytes);
    texts_.push_back({std::make_unique_for_overwrite<char[]>(room), room, 0, 0});
  }
  auto& texts = texts_.back();
  char* const begin = texts.memory.get() + texts.used;
  char* at = begin;
  for (auto field : event::kSessionFields) {
    const auto text = event.text[field];
    const auto length = static_cast<std::uint32_t>(text.size());
    std::memcpy(at, &length, sizeof length);
    at = std::copy(text.begin(), text.end(), at + sizeof length);
  }
  texts.used += bytes;
  texts.last = first_ + nodes_.size();
  size = static_cast<std::uint32_t>(bytes);
  return begin;
}

Accepted SessionWindow::subject_of(const Node& node, Arena& arena) const {
  Accepted subject;
  subject.offset = Offset{node.offset};
  subject.time = from_unix_ms(node.time);
  subject.traffic = node.traffic;
  const auto copy = arena.copy({node.text, node.text_size});
  const char* at = copy.data();
  for (auto field : event::kSessionFields) {
    std::uint32_t length = 0;
    std::memcpy(&length, at, sizeof length);
    subject.text[field] = {at + sizeof length, length};
    at += sizeof length + length;
  }
  return subject;
}

std::size_t SessionWindow::home(std::uint64_t high) const { return spread(high) & (slots_.size() - 1); }

/// Where the number of the GUID's newest event is kept: 0 where there is none within reach.
std::uint64_t& SessionWindow::newest_of(const EventIdentity& device) {
  // Never more than half of the slots used: probes stay short, also for what is absent.
  if ((used_ + 1) * 2 > slots_.size()) make_room();
  for (auto i = home(device.high);; i = (i + 1) & (slots_.size() - 1)) {
    auto& slot = slots_[i];
    if (slot.newest == 0) {
      ++used_;
      slot.high = device.high;
      return slot.newest;
    }
    if (slot.high != device.high) continue;
    const auto* node = find(slot.newest);
    if (node == nullptr) {
      slot.newest = 0;
      return slot.newest;
    }
    if (node->device == device) return slot.newest;
  }
}

void SessionWindow::make_room() {
  std::vector<Slot> old;
  old.swap(slots_);
  const auto alive = [this](const Slot& slot) { return slot.newest >= first_; };
  const auto live = static_cast<std::size_t>(std::count_if(old.begin(), old.end(), alive));
  std::size_t size = kFirstSlots;
  while (size < (live + 1) * 3) size *= 2;
  slots_.assign(size, Slot{});
  used_ = 0;
  for (const auto& slot : old) {
    if (!alive(slot)) continue;
    auto i = home(slot.high);
    while (slots_[i].newest != 0) i = (i + 1) & (size - 1);
    slots_[i] = slot;
    ++used_;
  }
}

std::size_t SessionWindow::memory_bytes() const {
  std::size_t bytes = nodes_.size() * sizeof(Node) + slots_.capacity() * sizeof(Slot) + reach_.memory_bytes();
  for (const auto& texts : texts_) bytes += texts.size;
  return bytes;
}

}  // namespace guidepost::worker
