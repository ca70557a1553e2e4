#include "worker/ingest/session_window.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <deque>
#include <map>
#include <random>

namespace guidepost::worker {
namespace {

using event::Accepted;
using event::Field;
using event::SessionChange;
using namespace std::chrono_literals;

/// What an event has of sessions: sessions, bounces, exits, dwells, milliseconds of dwell.
using Part = std::array<std::int64_t, 5>;
using Parts = std::map<std::int64_t, Part>;  // by offset

constexpr std::int64_t kGap = 30 * 60 * 1000;

struct Made {
  std::int64_t offset = 0;
  std::int64_t time = 0;
  bool page_view = true;
  std::int64_t measured = -1;
};

/// F, the plain way: sort, cut where the gap is too long, look at each event.
Parts parts_of(std::vector<Made> events) {
  std::sort(events.begin(), events.end(),
            [](const Made& a, const Made& b) { return a.time != b.time ? a.time < b.time : a.offset < b.offset; });
  std::vector<std::vector<Made>> sessions;
  for (const auto& e : events) {
    if (sessions.empty() || e.time - sessions.back().back().time > kGap) sessions.emplace_back();
    sessions.back().push_back(e);
  }
  Parts parts;
  for (const auto& session : sessions) {
    parts[session.front().offset][0] += 1;
    if (session.size() == 1) parts[session.front().offset][1] += 1;
    parts[session.back().offset][2] += 1;
    for (std::size_t i = 0; i < session.size(); ++i) {
      const bool last = i + 1 == session.size();
      if (!session[i].page_view || (last && session[i].measured < 0)) continue;
      parts[session[i].offset][3] += 1;
      parts[session[i].offset][4] +=
          session[i].measured >= 0 ? session[i].measured : session[i + 1].time - session[i].time;
    }
  }
  return parts;
}

void add(Parts& parts, std::int64_t offset, const Part& part, int sign) {
  auto& sum = parts[offset];
  for (std::size_t i = 0; i < part.size(); ++i) sum[i] += sign * part[i];
}

Parts without_zeros(Parts parts) {
  std::erase_if(parts, [](const auto& p) { return p.second == Part{}; });
  return parts;
}

Part part_of(const SessionChange& c) { return {c.sessions, c.bounces, c.exits, c.dwells, c.dwell_ms}; }

/// A window and what it was given.
struct Watched {
  explicit Watched(SessionOptions options, Offset from = Offset{0}) : window(options, from) {}
  SessionWindow window;
  Arena arena;
  std::vector<SessionChange> changes;
  std::vector<Accepted> subjects;
  std::deque<std::string> texts;
  event::Traffic traffic = event::Traffic::kHuman;  ///< of the event taken last

  Accepted event(const Made& made, std::string_view guid, std::string_view path = "/") {
    Accepted e;
    e.offset = Offset{made.offset};
    e.time = from_unix_ms(made.time);
    e.text[Field::kMerchant] = "shop";
    e.text[Field::kGuid] = guid;
    e.text[Field::kType] = made.page_view ? "page_view" : "click";
    e.text[Field::kPath] = path;
    if (made.measured >= 0) e.text[Field::kTimeOnPageMs] = texts.emplace_back(std::to_string(made.measured));
    return e;
  }
  void take(Accepted e, TimeMs log_time) {
    changes.clear();
    subjects.clear();
    window.pass(e.offset, log_time);
    window.take(e, arena, changes, subjects);
    traffic = e.traffic;
  }
};

struct Sent {
  Made made;
  int guid = 0;
  std::int64_t log_time = 0;
};

std::vector<Sent> random_events(unsigned seed, int count, int guids) {
  std::mt19937_64 random(seed);
  std::vector<Sent> sent;
  std::int64_t log_time = 1'700'000'000'000;
  std::int64_t offset = 100;
  for (int i = 0; i < count; ++i) {
    log_time += static_cast<std::int64_t>(random() % 60'000);
    offset += 1 + static_cast<std::int64_t>(random() % 3);
    Sent s;
    s.log_time = log_time;
    s.guid = static_cast<int>(random() % static_cast<unsigned>(guids));
    // Coarse times: many are equal, some exactly a gap apart.
    s.made = {offset,
              (log_time - static_cast<std::int64_t>(random() % (random() % 10 == 0 ? 20'000'000 : 3'000'000))) /
                  300'000 * 300'000,
              random() % 3 != 0, random() % 5 == 0 ? static_cast<std::int64_t>(random() % 90'000) : -1};
    sent.push_back(s);
  }
  return sent;
}

/// E by its definition: the GUID's events before `i` within reach, the last `most` of them.
std::vector<Made> remembered(const std::vector<Sent>& sent, std::size_t i, const SessionOptions& options) {
  std::vector<Made> events;
  const auto second = [](std::int64_t ms) { return ms / 1000; };
  for (std::size_t k = i; k-- > 0 && events.size() < options.events;) {
    if (sent[k].guid != sent[i].guid) continue;
    if (sent[i].made.offset - sent[k].made.offset > options.offsets) break;
    if (second(sent[i].log_time) - second(sent[k].log_time) > options.horizon.count()) break;
    events.push_back(sent[k].made);
  }
  return events;
}

Parts expected_change(const std::vector<Sent>& sent, std::size_t i, const SessionOptions& options) {
  auto events = remembered(sent, i, options);
  Parts change;
  for (const auto& [offset, part] : parts_of(events)) add(change, offset, part, -1);
  events.push_back(sent[i].made);
  for (const auto& [offset, part] : parts_of(events)) add(change, offset, part, 1);
  return without_zeros(change);
}

TEST(SessionWindow, GivesWhatAnEventAddsToTheValueOfItsDevicesEvents) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    const SessionOptions options{.offsets = seed % 3 == 0 ? 40 : 100'000,
                                 .horizon = seed % 4 == 0 ? std::chrono::seconds{1200} : std::chrono::hours{100},
                                 .events = seed % 2 == 0 ? 5U : 256U};
    const auto sent = random_events(seed, 800, 12);
    Watched w(options);
    for (std::size_t i = 0; i < sent.size(); ++i) {
      w.take(w.event(sent[i].made, "g" + std::to_string(sent[i].guid)), from_unix_ms(sent[i].log_time));
      Parts change;
      for (const auto& c : w.changes) {
        EXPECT_EQ(c.cause.value, sent[i].made.offset);
        add(change, c.subject.value, part_of(c), 1);
      }
      ASSERT_EQ(change, expected_change(sent, i, options)) << "seed " << seed << ", event " << i;
    }
  }
}

TEST(SessionWindow, TheSumOfAllChangesIsTheValueOfAllEventsHoweverTheyArrive) {
  auto sent = random_events(7, 600, 6);
  std::mt19937_64 random(3);
  for (int round = 0; round < 5; ++round) {
    Watched w({.events = 10'000});
    Parts sum;
    std::map<int, std::vector<Made>> of_guid;
    for (const auto& s : sent) {
      w.take(w.event(s.made, "g" + std::to_string(s.guid)), from_unix_ms(s.log_time));
      for (const auto& c : w.changes) add(sum, c.subject.value, part_of(c), 1);
      of_guid[s.guid].push_back(s.made);
    }
    Parts all;
    for (const auto& [guid, events] : of_guid) {
      for (const auto& [offset, part] : parts_of(events)) add(all, offset, part, 1);
    }
    ASSERT_EQ(without_zeros(sum), without_zeros(all)) << "round " << round;
    // Another order of arrival: the offsets stay where they are, the rest goes elsewhere.
    for (std::size_t i = sent.size() - 1; i > 0; --i) {
      auto& other = sent[random() % (i + 1)];
      std::swap(sent[i].made.time, other.made.time);
      std::swap(sent[i].guid, other.guid);
    }
  }
}

using Subject = std::pair<std::int64_t, event::Traffic>;
std::vector<Subject> subjects_of(const Watched& w) {
  std::vector<Subject> subjects;
  for (const auto& s : w.subjects) subjects.emplace_back(s.offset.value, s.traffic);
  return subjects;
}

TEST(SessionWindow, GoesOnAsOneThatWasNeverAwayAfterTwiceItsReachWasReadAgain) {
  const SessionOptions options{.offsets = 60, .memory = Bytes{4000}, .events = 4, .bot_events = 3, .bot_window = 2h};
  const auto sent = random_events(11, 1500, 9);
  Watched always(options);
  std::vector<std::vector<SessionChange>> expected;
  std::vector<std::vector<Subject>> expected_subjects;
  std::size_t bots = 0;
  for (const auto& s : sent) {
    always.take(always.event(s.made, "g" + std::to_string(s.guid)), from_unix_ms(s.log_time));
    expected.push_back(always.changes);
    expected_subjects.push_back(subjects_of(always));
    for (const auto& [offset, traffic] : expected_subjects.back()) bots += traffic == event::Traffic::kBot ? 1 : 0;
  }
  EXPECT_GT(bots, 100U);
  for (std::size_t start = 200; start < sent.size(); start += 97) {
    Watched again(options);
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (sent[start].made.offset - sent[i].made.offset > 2 * options.offsets) continue;
      again.take(again.event(sent[i].made, "g" + std::to_string(sent[i].guid)), from_unix_ms(sent[i].log_time));
      if (i >= start) {
        ASSERT_EQ(again.changes, expected[i]) << "from " << start << ", event " << i;
        ASSERT_EQ(subjects_of(again), expected_subjects[i]) << "from " << start << ", event " << i;
      }
    }
  }
}

TEST(SessionWindow, SaysWhatTheEarlierEventsWere) {
  Watched w({});
  auto first = w.event({10, 0}, "g", "/käse");
  first.text[Field::kCountry] = "DE";
  first.text[Field::kBrowser] = "Firefox";
  first.traffic = event::Traffic::kBot;
  w.take(first, TimeMs{});
  EXPECT_EQ(w.changes, (std::vector<SessionChange>{{Offset{10}, Offset{10}, 1, 1, 1, 0, 0}}));
  EXPECT_TRUE(w.subjects.empty());
  w.take(w.event({12, 4200}, "g", "/b"), TimeMs{});
  EXPECT_EQ(w.changes, (std::vector<SessionChange>{{Offset{12}, Offset{10}, 0, -1, -1, 1, 4200},
                                                   {Offset{12}, Offset{12}, 0, 0, 1, 0, 0}}));
  ASSERT_EQ(w.subjects.size(), 1U);
  const auto& subject = w.subjects[0];
  EXPECT_EQ(subject.offset, Offset{10});
  EXPECT_EQ(subject.time, TimeMs{});
  EXPECT_EQ(subject.traffic, event::Traffic::kBot);
  EXPECT_EQ(subject.text[Field::kMerchant], "shop");
  EXPECT_EQ(subject.text[Field::kPath], "/käse");
  EXPECT_EQ(subject.text[Field::kCountry], "DE");
  EXPECT_EQ(subject.text[Field::kBrowser], "Firefox");
  EXPECT_EQ(subject.text[Field::kGuid], "");
}

TEST(SessionWindow, EventsThatOtherRulesDecidedAreNoneForIt) {
  Watched w({}, Offset{10});
  w.take(w.event({9, 0}, "g"), TimeMs{});
  EXPECT_TRUE(w.changes.empty());
  w.take(w.event({10, 1000}, "g"), TimeMs{});
  EXPECT_EQ(w.changes, (std::vector<SessionChange>{{Offset{10}, Offset{10}, 1, 1, 1, 0, 0}}));
}

TEST(SessionWindow, AGapIsExceededByOneMillisecondMore) {
  Watched w({});
  w.take(w.event({1, 0}, "g"), TimeMs{});
  w.take(w.event({2, kGap}, "g"), TimeMs{});
  EXPECT_EQ(w.changes.size(), 2U) << "the same session";
  w.take(w.event({3, 2 * kGap + 1}, "g"), TimeMs{});
  EXPECT_EQ(w.changes, (std::vector<SessionChange>{{Offset{3}, Offset{3}, 1, 1, 1, 0, 0}}));
}

TEST(SessionWindow, DevicesOfDifferentMerchantsAndEventsWithoutADeviceDoNotMeet) {
  Watched w({});
  w.take(w.event({1, 0}, "g"), TimeMs{});
  auto other = w.event({2, 10}, "g");
  other.text[Field::kMerchant] = "other";
  w.take(other, TimeMs{});
  EXPECT_EQ(w.changes.size(), 1U);
  auto server = w.event({3, 20}, "c:4711");
  server.flags = event::kNoDevice;
  w.take(server, TimeMs{});
  EXPECT_TRUE(w.changes.empty());
  EXPECT_EQ(w.window.events(), 2U);
}

TEST(SessionWindow, BelievesAMeasuredTimeUpToADay) {
  for (const auto& [text, dwells] : {std::pair{"86400000", 1}, {"86400001", 0}, {"999999999999999", 0}, {"0", 1}}) {
    Watched w({});
    auto e = w.event({1, 0}, "g");
    e.text[Field::kTimeOnPageMs] = text;
    w.take(e, TimeMs{});
    ASSERT_EQ(w.changes.size(), 1U);
    EXPECT_EQ(w.changes[0].dwells, dwells) << text;
  }
}

TEST(SessionWindow, ADeviceIsABotWhileItDoesTooMuchForAPerson) {
  Watched w({.bot_events = 5, .bot_window = 10s});
  std::string traffic;
  const auto take = [&](std::int64_t offset, std::int64_t time, std::string_view guid = "g") {
    w.take(w.event({offset, time}, guid), TimeMs{});
    traffic += w.traffic == event::Traffic::kBot ? 'b' : 'h';
  };
  for (int i = 0; i < 7; ++i) take(i, 1000 * i);  // a second apart: the fifth is one too many
  take(10, 3000, "another");
  take(11, 40'000);          // after a pause it is what it was
  take(12, 3500);            // late: in its own ten seconds it is the fifth
  take(13, 100);             // and here the second
  EXPECT_EQ(traffic, "hhhhbbbhhbh");
}

TEST(SessionWindow, KeepsToItsMemoryWhateverIsSent) {
  Watched w({.memory = 1_MiB});
  const std::string path(2000, 'x');
  std::size_t most = 0;
  for (std::int64_t i = 0; i < 50'000; ++i) {
    w.take(w.event({i, i}, "g" + std::to_string(i % 20'000), i % 2 == 0 ? path : "/"), TimeMs{});
    w.arena.reset();
    most = std::max(most, w.window.memory_bytes());
  }
  EXPECT_LT(most, (1_MiB).value * 5 / 4);
  EXPECT_GT(w.window.events(), 500U);
}

}  // namespace
}  // namespace guidepost::worker
