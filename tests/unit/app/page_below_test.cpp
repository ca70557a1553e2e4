#include "app/page_below.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>

#include "guidepost/event/event_row.hpp"
#include "rollup/page.hpp"
#include "support/accepted_stream.hpp"
#include "support/fake_table_store.hpp"

namespace guidepost::app {
namespace {

using std::chrono::minutes;
using test::Visit;

const TimeMs kNoon{std::chrono::sys_days{std::chrono::May / 17 / 2015} + std::chrono::hours{12}};
constexpr SourceId kSource{3};
constexpr RulesHash kRules{77};

/// What a log of one merchant has decided: events of an hour, out of order, that change sessions of earlier ones.
class Decided {
 public:
  explicit Decided(std::uint64_t seed) : rng_(seed), visits_(seed, 40, 30) {
    decisions_.source = kSource;
    for (std::int64_t offset = 100; offset < 1100; offset += 1 + below(3)) {
      texts_.push_back(visits_());
      auto event = test::accepted(texts_.back(), Offset{offset}, kNoon + minutes{below(60)});
      // Some were received after midnight of the month's end.
      event.record_time = kNoon + std::chrono::days{below(10) == 0 ? 15 : 0};
      decisions_.accepted.push_back(event);
      std::map<Offset, event::SessionChange> changes;  // one a subject
      for (auto n = below(3); n > 0; --n) {
        const auto at =
            decisions_.accepted.size() - 1 - static_cast<std::size_t>(below(20)) % decisions_.accepted.size();
        event::SessionChange change{Offset{offset}, decisions_.accepted[at].offset};
        for (auto* part : {&change.sessions, &change.bounces, &change.exits, &change.dwells})
          *part = static_cast<std::int8_t>(below(3) - 1);
        change.dwell_ms = change.dwells == 0 ? 0 : 1000 * below(300);
        if (change != event::SessionChange{change.cause, change.subject}) changes.insert({change.subject, change});
      }
      for (const auto& [_, change] : changes) decisions_.changes.push_back(change);
    }
  }

  const event::Decisions& decisions() const { return decisions_; }

  /// As `aggregate` puts them.
  void put_rows(test::FakeTableStore& store, const Names& names) const {
    for (const auto& event : decisions_.accepted) {
      const auto table = names.events(Month::of(event.record_time));
      store.make_table(table, {event::kEventFamilies.begin(), event::kEventFamilies.end()});
      const auto words = event::session_words(decisions_, decisions_.changes_of(event.offset));
      const auto put =
          await<void>([&](auto done) { store.put(table, {event::event_row(kSource, event, words)}, std::move(done)); });
      ASSERT_TRUE(put) << put.error().message;
    }
  }

  /// A page that went on to the end of the log.
  PageBelow wanted(Bucket bucket, Offset below) const {
    const auto& all = decisions_.accepted;
    const auto events =
        std::count_if(all.begin(), all.end(), [&](const auto& event) { return Bucket::of(event.time) == bucket; });
    return {{"shop", rollup::Span::kBucket, bucket, kSource},
            below,
            kRules,
            Offset{10'000},
            static_cast<std::uint64_t>(events)};
  }

  /// The page as it was at an offset.
  rollup::Page page(const rollup::PageKey& key, const rollup::PageLimits& limits, Offset below) const {
    rollup::Page page(key, limits);
    for (const auto& event : decisions_.accepted) {
      if (event.offset >= below) break;
      if (Bucket::of(event.time) == key.bucket) page.add(event, kRules);
      for (const auto& change : decisions_.changes_of(event.offset)) {
        const auto& subject = *decisions_.subject(change);
        if (Bucket::of(subject.time) == key.bucket) page.add(change, subject, kRules);
      }
    }
    return page;
  }

 private:
  std::int64_t below(std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(0, n - 1)(rng_); }

  std::mt19937_64 rng_;
  test::RandomVisits visits_;
  std::deque<Visit> texts_;
  event::Decisions decisions_;
};

TEST(PagesBelow, AreWhatTheyWereAtTheOffset) {
  const rollup::PageLimits limits{.chunk_bytes = 2_KiB, .max_bits = 2};
  int held = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Decided decided(seed);
    const Names names;
    test::FakeTableStore store;
    decided.put_rows(store, names);
    std::vector<PageBelow> wanted;
    for (auto bucket = Bucket::of(kNoon - minutes{15}); bucket.start() < kNoon + minutes{75}; ++bucket.value) {
      const Offset below{static_cast<std::int64_t>(100 + seed * 97)};
      wanted.push_back(decided.wanted(bucket, below));
    }
    const auto puts = pages_below(store, names, limits, wanted);
    ASSERT_TRUE(puts) << puts.error().message;
    std::map<std::string, std::vector<CellPut>> rows;
    for (const auto& put : *puts) rows[put.row] = put.cells;
    for (const auto& page : wanted) {
      auto expected = decided.page(page.key, limits, page.below).encode_dirty(page.below);
      const auto& cells = rows[rollup::page_row(page.key)];
      ASSERT_EQ(cells.size(), expected.size()) << "seed " << seed;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        EXPECT_EQ(cells[i].qualifier, expected[i].qualifier);
        EXPECT_EQ(cells[i].value, expected[i].value) << "seed " << seed << ", cell " << i;
        EXPECT_EQ(Offset{cells[i].timestamp}, page.below);
      }
      held += cells.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(held, 30) << "the test has shown nothing";
}

TEST(PagesBelow, AMissingRowIsNoSmallerNumber) {
  const Decided decided(1);
  const Names names;
  test::FakeTableStore store;
  event::Decisions lacking = decided.decisions();
  ASSERT_FALSE(lacking.changes.empty());
  const auto change =
      std::find_if(lacking.changes.begin(), lacking.changes.end(), [](const auto& c) { return c.subject != c.cause; });
  ASSERT_NE(change, lacking.changes.end());
  const auto subject = *lacking.subject(*change);
  for (const auto& event : lacking.accepted) {
    if (event.offset == subject.offset) continue;
    const auto table = names.events(Month::of(event.record_time));
    store.make_table(table, {event::kEventFamilies.begin(), event::kEventFamilies.end()});
    const auto words = event::session_words(lacking, lacking.changes_of(event.offset));
    ASSERT_TRUE(
        await<void>([&](auto done) { store.put(table, {event::event_row(kSource, event, words)}, std::move(done)); }));
  }
  const auto puts = pages_below(store, names, {}, {decided.wanted(Bucket::of(subject.time), Offset{5000})});
  ASSERT_FALSE(puts);
  EXPECT_EQ(puts.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(puts.error().message.find("have rows"), std::string::npos) << puts.error().message;
}

}  // namespace
}  // namespace guidepost::app
