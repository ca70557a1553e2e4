#include "rollup/page.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "guidepost/base/codec.hpp"
#include "rollup/sketch.hpp"
#include "support/accepted_stream.hpp"

namespace guidepost::rollup {
namespace {

using test::accepted;
using test::RandomVisits;
using test::Visit;

const Bucket kBucket{1'589'000};
const PageKey kKey{"shop", Span::kBucket, kBucket, SourceId{3}};
const RulesHash kRules{77};

void add(Page& page, const Visit& visit, std::int64_t offset) {
  page.add(accepted(visit, Offset{offset}, kBucket.start()), kRules);
}

/// What an event gives to the page of a bucket: itself, where it lies in it, and what it changed about the sessions of
/// others that do.
struct Contribution {
  std::int64_t offset = 0;
  bool in_bucket = true;
  Visit visit;
  std::vector<std::pair<event::SessionChange, Visit>> changes;  // with their subjects

  void add_to(Page& page) const {
    if (in_bucket) add(page, visit, offset);
    for (const auto& [change, subject] : changes)
      page.add(change, accepted(subject, change.subject, kBucket.start()), kRules);
  }
};

class RandomContributions {
 public:
  RandomContributions(std::uint64_t seed, std::uint32_t urls, std::uint32_t guids) : visits_(seed, urls, guids) {}

  /// Of the event at an offset, which must be above those before.
  Contribution at(std::int64_t offset) {
    Contribution made{offset, visits_.below(20) != 0, visits_(), {}};
    if (made.in_bucket) recent_.emplace_back(offset, made.visit);
    if (recent_.size() > 200) recent_.pop_front();
    for (auto n = recent_.empty() ? 0 : visits_.below(3); n > 0; --n) {
      const auto& [subject, visit] = recent_[visits_.below(static_cast<std::uint32_t>(recent_.size()))];
      event::SessionChange change{Offset{offset}, Offset{subject}};
      for (auto* part : {&change.sessions, &change.bounces, &change.exits, &change.dwells})
        *part = static_cast<std::int8_t>(static_cast<int>(visits_.below(3)) - 1);
      change.dwell_ms = static_cast<std::int64_t>(visits_.below(200'000)) - 100'000;
      made.changes.emplace_back(change, visit);
    }
    return made;
  }

 private:
  RandomVisits visits_;
  std::deque<std::pair<std::int64_t, Visit>> recent_;
};

/// The cells of one row and source as the table store keeps them: the newest of each qualifier.
struct StoredRow {
  std::map<std::string, std::string> cells;
  void put(const std::vector<EncodedChunk>& chunks) {
    for (const auto& chunk : chunks) cells[chunk.qualifier] = chunk.value;
  }
  Page load(PageLimits limits) const {
    std::vector<std::string_view> views;
    for (const auto& [name, value] : cells) views.push_back(value);
    auto page = Page::load(kKey, limits, views);
    EXPECT_TRUE(page) << page.error().message;
    return std::move(*page);
  }
  /// What readers see: entries of the chunks that chunk 0 says are valid.
  std::vector<StoredEntry> entries() const {
    std::vector<StoredEntry> all;
    std::uint8_t bits = 0;
    for (const auto& [name, value] : cells) {  // chunk 0 sorts first
      auto chunk = decode_chunk(value);
      EXPECT_TRUE(chunk) << chunk.error().message;
      if (chunk->id.chunk == 0) bits = chunk->valid_bits;
      if (chunk->id.chunk != 0 && chunk->id.bits != bits) continue;
      for (auto& e : chunk->entries) all.push_back(std::move(e));
    }
    return all;
  }
  StoredEntry find(Dimension d, std::string_view value, event::Traffic t = event::Traffic::kHuman) const {
    for (auto& e : entries()) {
      if (e.dimension == d && e.traffic == t && e.value == value) return e;
    }
    return {};
  }
};

std::int64_t count(const StoredEntry& e, Counter c) { return e.counters[static_cast<std::size_t>(c)]; }
std::size_t distinct(const StoredEntry& e, Distinct d) { return e.distinct[static_cast<std::size_t>(d)].hashes.size(); }

TEST(Page, CountsAnEventOnceInEachDimensionThatItHas) {
  Page page(kKey, {});
  add(page,
      {.type = "click", .guid = "g1", .customer = "anna", .path = "/a", .country = "DE", .referrer_domain = "x.org"},
      10);
  add(page, {.type = "page_view", .guid = "g1", .path = "/a", .country = "US"}, 11);
  add(page, {.type = "purchase", .guid = "g2", .path = "", .country = "US"}, 15);
  StoredRow row;
  row.put(page.encode_dirty(Offset{16}));

  const auto total = row.find(Dimension::kTotal, "");
  EXPECT_EQ(count(total, Counter::kEvents), 3);
  EXPECT_EQ(count(total, Counter::kClicks), 1);
  EXPECT_EQ(count(total, Counter::kPageViews), 1);
  EXPECT_EQ(count(total, Counter::kPurchases), 1);
  EXPECT_EQ(count(total, Counter::kIdentified), 1);
  EXPECT_EQ(distinct(total, Distinct::kDevices), 2U);
  EXPECT_EQ(distinct(total, Distinct::kUsers), 3U) << "anna, g1 before it was known to be hers, g2";
  EXPECT_EQ(distinct(total, Distinct::kCustomers), 1U);
  EXPECT_EQ(count(row.find(Dimension::kUrl, "/a"), Counter::kEvents), 2);
  EXPECT_EQ(count(row.find(Dimension::kUrlCountry, std::string("/a\0DE", 5)), Counter::kEvents), 1);
  EXPECT_EQ(count(row.find(Dimension::kCountry, "US"), Counter::kEvents), 2);
  EXPECT_EQ(count(row.find(Dimension::kType, "purchase"), Counter::kEvents), 1);
  EXPECT_EQ(count(row.find(Dimension::kReferrerDomain, "x.org"), Counter::kEvents), 1);
  EXPECT_EQ(row.entries().size(), 1U + 3 + 2 + 1 + 1 + 2) << "nothing for the absent referrers and the absent path";
  EXPECT_EQ(distinct(row.find(Dimension::kUrl, "/a"), Distinct::kCustomers), 0U)
      << "customers are kept at the total only";
}

TEST(Page, CountsWhatChangedAboutASessionWhereItsEventIs) {
  Page page(kKey, {});
  const Visit entry{.guid = "g1", .path = "/in", .country = "DE"};
  const Visit exit{.guid = "g1", .path = "/out", .country = "US"};
  const auto change = [&](event::SessionChange c, const Visit& subject) {
    page.add(c, accepted(subject, c.subject, kBucket.start()), kRules);
  };
  add(page, entry, 10);
  change({.cause = Offset{10}, .subject = Offset{10}, .sessions = 1, .bounces = 1, .exits = 1}, entry);
  add(page, exit, 12);
  change({.cause = Offset{12}, .subject = Offset{10}, .bounces = -1, .exits = -1, .dwells = 1, .dwell_ms = 5000},
         entry);
  change({.cause = Offset{12}, .subject = Offset{12}, .exits = 1}, exit);
  // By an event of another bucket.
  change({.cause = Offset{15}, .subject = Offset{12}, .exits = -1, .dwells = 1, .dwell_ms = 700}, exit);
  StoredRow row;
  row.put(page.encode_dirty(Offset{16}));
  const auto sessions = [&](Dimension d, std::string_view value) {
    const auto e = row.find(d, value);
    return std::array{count(e, Counter::kSessions), count(e, Counter::kBounces), count(e, Counter::kDwells),
                      count(e, Counter::kDwellMs)};
  };
  using Sums = std::array<std::int64_t, 4>;
  EXPECT_EQ(sessions(Dimension::kTotal, ""), (Sums{1, 0, 2, 5700}));
  EXPECT_EQ(sessions(Dimension::kCountry, "DE"), (Sums{1, 0, 1, 5000}));
  EXPECT_EQ(sessions(Dimension::kCountry, "US"), (Sums{0, 0, 1, 700}));
  EXPECT_EQ(sessions(Dimension::kUrl, "/in"), (Sums{0, 0, 1, 5000})) << "sessions have entry and exit pages instead";
  EXPECT_EQ(sessions(Dimension::kUrlCountry, std::string("/out\0US", 7)), (Sums{0, 0, 1, 700}));
  EXPECT_EQ(sessions(Dimension::kEntryPage, "/in"), (Sums{1, 0, 0, 0}));
  EXPECT_EQ(sessions(Dimension::kExitPage, "/in"), (Sums{0, 0, 0, 0}));
  EXPECT_EQ(sessions(Dimension::kExitPage, "/out"), (Sums{0, 0, 0, 0}));
  EXPECT_EQ(count(row.find(Dimension::kTotal, ""), Counter::kEvents), 2);
  EXPECT_EQ(page.position(), Offset{16});
}

TEST(Page, KeepsBotsApart) {
  Page page(kKey, {});
  add(page, {.guid = "g1"}, 1);
  add(page, {.guid = "b1", .traffic = event::Traffic::kBot}, 2);
  StoredRow row;
  row.put(page.encode_dirty(Offset{3}));
  EXPECT_EQ(count(row.find(Dimension::kTotal, ""), Counter::kEvents), 1);
  EXPECT_EQ(count(row.find(Dimension::kTotal, "", event::Traffic::kBot), Counter::kEvents), 1);
}

TEST(Page, DoesNotCountADeviceWhereThereIsNone) {
  Page page(kKey, {});
  add(page, {.guid = "c:anna", .customer = "anna", .flags = event::kNoDevice}, 1);
  StoredRow row;
  row.put(page.encode_dirty(Offset{2}));
  const auto total = row.find(Dimension::kTotal, "");
  EXPECT_EQ(distinct(total, Distinct::kDevices), 0U);
  EXPECT_EQ(distinct(total, Distinct::kUsers), 1U);
}

TEST(Page, IsCleanAfterItWasEncodedAndThenGivesNothing) {
  Page page(kKey, {});
  EXPECT_TRUE(page.encode_dirty(Offset{5}).empty());
  add(page, {}, 5);
  EXPECT_TRUE(page.dirty());
  EXPECT_EQ(page.dirty_events(), 1U);
  EXPECT_EQ(page.encode_dirty(Offset{9}).size(), 2U);
  EXPECT_FALSE(page.dirty());
  EXPECT_EQ(page.position(), Offset{9});
  EXPECT_TRUE(page.encode_dirty(Offset{12}).empty());
  EXPECT_EQ(page.position(), Offset{9}) << "a clean page keeps the position that is stored";
}

TEST(Page, WritesChunkZeroAndOnlyTheChunksThatChanged) {
  Page page(kKey, {.chunk_bytes = 400_B, .max_bits = 2});
  for (int i = 0; i < 40; ++i) add(page, {.path = "/" + std::to_string(i)}, i);
  EXPECT_EQ(page.bits(), 2);
  EXPECT_EQ(page.encode_dirty(Offset{40}).size(), 5U) << "after a split, all chunks of the new number of bits";
  add(page, {.path = "/7"}, 40);
  const auto chunks = page.encode_dirty(Offset{41});
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(parse_page_qualifier(chunks[0].qualifier)->first, (ChunkId{0, 0}));
  EXPECT_EQ(parse_page_qualifier(chunks[1].qualifier)->first,
            (ChunkId{2, static_cast<std::uint8_t>(1 + (hash64("/7") & 3))}));
  EXPECT_EQ(decode_chunk(chunks[0].value)->valid_bits, 2);
}

TEST(Page, HeadersSayWhatTheyCover) {
  Page page(kKey, {});
  add(page, {}, 1000);
  page.add(accepted({}, Offset{1007}, kBucket.start()), RulesHash{78});
  const auto chunk = *decode_chunk(page.encode_dirty(Offset{1010})[0].value);
  EXPECT_EQ(chunk.first_offset, Offset{1000});
  EXPECT_EQ(chunk.position, Offset{1010});
  EXPECT_EQ(chunk.rules, RulesHash{78});
  EXPECT_EQ(chunk.events, 2U);
}

struct Stream {
  std::uint64_t seed;
  std::uint32_t events;
  std::uint32_t urls;
  std::uint32_t guids;
  PageLimits limits;
};

class PageOfTheLog : public testing::TestWithParam<Stream> {};

/// The heart of exactness: a successor that loads the page goes on as if it had never been stored.
TEST_P(PageOfTheLog, IsTheSameHoweverOftenItWasStoredAndLoaded) {
  const auto& stream = GetParam();
  RandomContributions log(stream.seed, stream.urls, stream.guids);
  std::mt19937_64 chance(stream.seed + 1);
  Page living(kKey, stream.limits);
  Page reborn(kKey, stream.limits);
  StoredRow row;
  std::int64_t offset = 100;
  std::uint32_t events = 0;
  int loads = 0;
  for (std::uint32_t i = 0; i < stream.events; ++i) {
    offset += 1 + static_cast<std::int64_t>(chance() % 3);
    const auto given = log.at(offset);
    events += given.in_bucket ? 1 : 0;
    given.add_to(living);
    given.add_to(reborn);
    ASSERT_EQ(living.bits(), reborn.bits()) << "after event " << i;
    if (chance() % 97 != 0) continue;
    const auto a = living.encode_dirty(Offset{offset + 1});
    const auto b = reborn.encode_dirty(Offset{offset + 1});
    ASSERT_EQ(a.size(), b.size()) << "after event " << i;
    for (std::size_t c = 0; c < a.size(); ++c) {
      ASSERT_EQ(a[c].qualifier, b[c].qualifier);
      ASSERT_EQ(a[c].value, b[c].value) << "chunk " << c << " after event " << i;
    }
    row.put(b);
    if (chance() % 2 == 0) {
      reborn = row.load(stream.limits);
      ++loads;
    }
  }
  EXPECT_EQ(living.events(), events);
  EXPECT_EQ(reborn.events(), events);
  EXPECT_GT(loads, 5) << "the test has shown nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Streams, PageOfTheLog,
    testing::Values(Stream{1, 3000, 20, 50, {}},                                            // small
                    Stream{2, 20000, 30, 20000, {}},                                        // dense sketches
                    Stream{3, 20000, 5000, 500, {.chunk_bytes = 4_KiB}},  // splits to the end, folds
                    Stream{4, 20000, 5000, 500, {.chunk_bytes = 2_KiB, .max_bits = 2}},  // folds early
                    Stream{5, 10000, 500, 50, {.chunk_bytes = 1_KiB, .max_bits = 0}},  // never splits
                    Stream{6, 10000, 500, 5000, {.chunk_bytes = 8_KiB, .chunk_values = 9}},  //
                    Stream{7, 10000, 300, 300, {.small_values = 3}}));

TEST(PageSums, AgreeWithARecountWhateverWasSplitAndFolded) {
  const PageLimits limits{.chunk_bytes = 2_KiB, .max_bits = 3, .chunk_values = 20};
  RandomVisits visits(11, 3000, 300);
  Page page(kKey, limits);
  StoredRow row;
  std::array<std::int64_t, 2> events{};
  std::array<std::int64_t, 2> with_path{};
  std::map<std::string, std::int64_t> by_path;
  for (int i = 0; i < 20000; ++i) {
    const auto visit = visits();
    add(page, visit, i);
    const auto t = static_cast<std::size_t>(visit.traffic);
    ++events[t];
    with_path[t] += static_cast<std::int64_t>(!visit.path.empty());
    if (t == 0) ++by_path[visit.path];
    if (i % 500 == 0) row.put(page.encode_dirty(Offset{i + 1}));
  }
  row.put(page.encode_dirty(Offset{20000}));
  EXPECT_GT(page.folded(), 100U);
  std::map<std::pair<Dimension, event::Traffic>, std::int64_t> sums;
  std::int64_t kept = 0;
  for (const auto& e : row.entries()) {
    sums[{e.dimension, e.traffic}] += count(e, Counter::kEvents);
    if (e.dimension != Dimension::kUrl || e.traffic != event::Traffic::kHuman || e.value == kOther) continue;
    EXPECT_LE(count(e, Counter::kEvents), by_path[e.value]) << e.value;
    kept += static_cast<std::int64_t>(count(e, Counter::kEvents) == by_path[e.value]);
  }
  for (const auto t : {event::Traffic::kHuman, event::Traffic::kBot}) {
    const auto i = static_cast<std::size_t>(t);
    for (const auto d : {Dimension::kTotal, Dimension::kType, Dimension::kCountry})
      EXPECT_EQ((sums[{d, t}]), events[i]);
    for (const auto d : {Dimension::kUrl, Dimension::kUrlCountry}) EXPECT_EQ((sums[{d, t}]), with_path[i]);
  }
  EXPECT_GT(kept, 20) << "what came first is kept, exactly";
}

TEST(Page, StaysBoundedWithAMillionUrls) {
  Page page(kKey, {});
  std::size_t written = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    add(page, {.guid = "g" + std::to_string(i % 1000), .path = "/catalogue/item/" + std::to_string(i)}, i);
    if (i % 100'000 == 99'999) {
      written = 0;
      for (const auto& chunk : page.encode_dirty(Offset{i + 1})) {
        EXPECT_LT(chunk.value.size(), std::size_t{1} << 20);
        written += chunk.value.size();
      }
    }
  }
  EXPECT_EQ(page.bits(), 6);
  EXPECT_GT(page.folded(), 900'000U);
  EXPECT_LT(page.memory_bytes(), std::size_t{48} << 20);
  EXPECT_LT(written, std::size_t{4} << 20);
}

TEST(Page, APopularUrlDoesNotKeepOthersOut) {
  // Dense sketches of "/" in many countries are over the limit of a chunk by themselves.
  Page page(kKey, {});
  int offset = 0;
  for (int country = 0; country < 26; ++country) {
    const std::string code{'A', static_cast<char>('A' + country)};
    for (int g = 0; g < 400; ++g) add(page, {.guid = code + std::to_string(g), .path = "/", .country = code}, offset++);
  }
  EXPECT_EQ(page.bits(), 6);
  for (int i = 0; i < 5000; ++i) add(page, {.path = "/" + std::to_string(i)}, offset++);
  EXPECT_EQ(page.folded(), 0U);
}

TEST(Page, GoesOnWithARowThatWasPutInPart) {
  const PageLimits limits{.chunk_bytes = 1_KiB, .max_bits = 3, .chunk_values = 20};
  const auto log = [] { return RandomContributions(5, 200, 100); };
  for (const int torn_at : {37, 500, 1500, 3000}) {
    auto at_once = log();
    Page whole(kKey, limits);
    StoredRow row;
    auto first_part = log();
    Page dying(kKey, limits);
    for (int i = 0; i < torn_at - 20; ++i) first_part.at(i).add_to(dying);
    row.put(dying.encode_dirty(Offset{torn_at - 20}));
    for (int i = torn_at - 20; i < torn_at; ++i) first_part.at(i).add_to(dying);
    auto pieces = dying.encode_dirty(Offset{torn_at});
    pieces.erase(pieces.begin());  // chunk 0 never came
    row.put(pieces);

    auto successor = row.load(limits);
    EXPECT_EQ(successor.position(), Offset{torn_at - 20});
    for (int i = 0; i < 4000; ++i) {
      const auto given = at_once.at(i);
      given.add_to(whole);
      if (i >= torn_at - 20) given.add_to(successor);
    }
    row.put(successor.encode_dirty(Offset{4000}));
    StoredRow expected;
    expected.put(whole.encode_dirty(Offset{4000}));
    const auto got = row.entries();
    const auto want = expected.entries();
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].value, want[i].value);
      EXPECT_EQ(got[i].counters, want[i].counters) << got[i].value;
    }
  }
}

TEST(Page, AChunkStaysBelowWhatAStoreTakesWhateverItsValuesCount) {
  // As many urls, countries and devices as one chunk can be made to hold: sketches, and an (other) for each country.
  Page page(kKey, {.max_bits = 0, .chunk_values = 300});
  int offset = 0;
  for (int n = 0; n < 400; ++n) {
    const std::string country{static_cast<char>('A' + n % 26), static_cast<char>('A' + n / 26)};
    for (int g = 0; g < 250; ++g) {
      add(page, {.guid = "g" + std::to_string(offset), .path = "/" + std::to_string(n), .country = country}, offset);
      ++offset;
    }
  }
  StoredRow row;
  row.put(page.encode_dirty(Offset{offset}));
  std::size_t others = 0;
  std::int64_t events = 0;
  for (const auto& e : row.entries()) {
    if (e.dimension != Dimension::kUrlCountry) continue;
    others += static_cast<std::size_t>(e.value.starts_with(kOther));
    events += count(e, Counter::kEvents);
  }
  EXPECT_EQ(others, 65U) << "64, and -- for all others";
  EXPECT_EQ(events, offset);
  EXPECT_EQ(count(row.find(Dimension::kTotal, ""), Counter::kEvents), offset);
}

TEST(Page, RefusesRowsThatCannotBeItsOwn) {
  Page page(kKey, {.chunk_bytes = 400_B, .max_bits = 2});
  for (int i = 0; i < 40; ++i) add(page, {.path = "/" + std::to_string(i)}, i);
  const auto chunks = page.encode_dirty(Offset{40});
  const auto load = [&](PageKey key, std::vector<std::string_view> cells) {
    return Page::load(std::move(key), {}, cells).has_value();
  };
  EXPECT_TRUE(load(kKey, {chunks[0].value, chunks[1].value}));
  EXPECT_EQ(Page::load(kKey, {}, {chunks[1].value})->events(), 0U) << "chunk 0 is put last: this was not finished";
  EXPECT_FALSE(load(kKey, {chunks[0].value, chunks[0].value})) << "two of them";
  EXPECT_FALSE(load(kKey, {chunks[0].value, chunks[1].value, chunks[1].value})) << "values twice";
  EXPECT_FALSE(load({"shop", Span::kBucket, Bucket{5}, SourceId{3}}, {chunks[0].value})) << "another bucket";
  auto broken = chunks[0].value;
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 1);
  EXPECT_FALSE(load(kKey, {broken}));
  EXPECT_TRUE(load(kKey, {}));
}

TEST(Page, RefusesWhatItWouldNotWriteItself) {
  StoredChunk chunk;
  chunk.position = Offset{5};
  chunk.entries.resize(1);
  chunk.entries[0].bucket = kBucket;
  const auto loads = [&] {
    const auto cell = encode_chunk(chunk);
    return Page::load(kKey, {}, {cell}).has_value();
  };
  EXPECT_TRUE(loads());
  chunk.entries[0].value = "x";
  EXPECT_FALSE(loads()) << "a total with a value";
  chunk.entries[0].dimension = Dimension::kType;
  EXPECT_TRUE(loads());
  chunk.entries[0].distinct[2].hashes = {1};
  EXPECT_FALSE(loads()) << "customers of a type";
}

TEST(Page, IgnoresChunksOfOtherBitsThanThoseThatAreValid) {
  Page page(kKey, {.chunk_bytes = 400_B, .max_bits = 2});
  StoredRow row;
  for (int i = 0; i < 40; ++i) {
    add(page, {.path = "/" + std::to_string(i)}, i);
    row.put(page.encode_dirty(Offset{i + 1}));  // leaves chunks of 0 and 1 bits behind
  }
  EXPECT_GT(row.cells.size(), 5U);
  EXPECT_EQ(row.load({.chunk_bytes = 400_B, .max_bits = 2}).events(), 40U);
  EXPECT_EQ(count(row.find(Dimension::kUrl, "/3"), Counter::kEvents), 1);
}

}  // namespace
}  // namespace guidepost::rollup
