#include "verify/verify.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "rollup/page.hpp"
#include "rollup/sketch.hpp"
#include "support/fake_table_store.hpp"

namespace guidepost::verify {
namespace {

using event::Accepted;
using event::Field;
using namespace std::chrono_literals;

// 2015-05-31T22:00:00Z: two hours before a month ends.
constexpr TimeMs kStart = from_unix_ms(1'433'109'600'000);

/// A store in which something happens before each scan.
class BusyStore final : public TableStore {
 public:
  BusyStore(TableStore& store, std::function<void()> before_scan)
      : store_(store), before_scan_(std::move(before_scan)) {}
  void create_table(TableSpec spec, Completion<void> done) override {
    store_.create_table(std::move(spec), std::move(done));
  }
  void drop_table(std::string table, Completion<void> done) override {
    store_.drop_table(std::move(table), std::move(done));
  }
  void list_tables(std::string prefix, Completion<std::vector<std::string>> done) override {
    store_.list_tables(std::move(prefix), std::move(done));
  }
  void put(std::string table, std::vector<RowPut> rows, Completion<void> done) override {
    store_.put(std::move(table), std::move(rows), std::move(done));
  }
  void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) override {
    store_.get(std::move(table), std::move(rows), std::move(done));
  }
  void scan(std::string table, ScanRequest request, Completion<ScanPage> done) override {
    before_scan_();
    store_.scan(std::move(table), std::move(request), std::move(done));
  }
  void check_and_put(std::string table, CheckAndPut request, Completion<bool> done) override {
    store_.check_and_put(std::move(table), std::move(request), std::move(done));
  }
  void ping(Completion<void> done) override { store_.ping(std::move(done)); }

 private:
  TableStore& store_;
  std::function<void()> before_scan_;
};

/// A small installation at rest: everything below the end of each source is counted.
class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    store.make_table("bad_v1", {"b"}, 1);
    store.make_table("ledger_v1", {"l"}, 1);
    for (const auto month : {201505, 201506}) {
      store.make_table(names.events(Month{month}), {"click_data", "geo_data", "user_agent_data", "identity"}, 1);
      store.make_table(names.rollups(Month{month}), {"p"}, 1);
    }
  }

  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }

  /// `count` events over four hours, of two merchants and two sources.
  void make_events(int count, int guids = 300, int urls = 40) {
    std::mt19937_64 random(3);
    for (int i = 0; i < count; ++i) {
      const auto source = static_cast<std::uint32_t>(random() % 2 + 1);
      Accepted e;
      e.offset = next_offset(source);
      e.time = kStart + std::chrono::milliseconds{random() % 14'400'000};
      e.record_time = e.time + std::chrono::milliseconds{random() % 90'000'000};
      e.text[Field::kMerchant] = random() % 4 == 0 ? "other" : "shop";
      e.text[Field::kType] = std::array{"page_view", "click", "purchase", "search"}[random() % 4];
      e.text[Field::kGuid] = keep("g" + std::to_string(random() % static_cast<std::uint64_t>(guids)));
      if (random() % 3 == 0) {
        e.text[Field::kCustomer] = keep("c" + std::to_string(random() % 50));
        e.resolved_by = event::ResolvedBy::kMap;
      }
      if (random() % 10 != 0)
        e.text[Field::kPath] = keep("/p/" + std::to_string(random() % static_cast<std::uint64_t>(urls)));
      e.text[Field::kCountry] = std::array{"DE", "FR", "--"}[random() % 3];
      if (random() % 2 == 0) e.text[Field::kReferrerDomain] = "search.example";
      if (random() % 20 == 0) e.traffic = event::Traffic::kBot;
      if (random() % 15 == 0) e.flags = event::kNoDevice;
      e.text[Field::kBrowser] = random() % 2 == 0 ? "Firefox" : "(unknown)";
      e.text[Field::kChannel] = "direct";
      if (random() % 3 == 0) e.text[Field::kProductId] = keep("p" + std::to_string(random() % 20));
      if (random() % 6 == 0) e.text[Field::kProductQuantity] = "3";
      if (random() % 5 == 0) {
        e.text[Field::kCurrency] = random() % 2 == 0 ? "EUR" : "JPY";
        e.text[Field::kRevenueMinor] = keep(std::to_string(static_cast<std::int64_t>(random() % 10'000) - 2'000));
      }
      events.emplace_back(source, e);
      auto& last = last_of[{source, std::string(e.text[Field::kMerchant]), std::string(e.text[Field::kGuid])}];
      before.push_back(std::exchange(last, events.size()));
    }
  }
  /// An event with changes of sessions as they might be: of itself, and of the event of its device before it.
  event::Decisions decisions_of(std::size_t i) const {
    const auto& [source, e] = events[i];
    event::Decisions d;
    d.source = SourceId{source};
    d.from = e.offset;
    d.to = e.offset + 1;
    d.accepted = {e};
    if (before[i] != 0) {
      const auto& last = events[before[i] - 1].second;
      if (std::chrono::abs(e.time - last.time) < 30min) {
        d.earlier = {last};
        d.changes.push_back({e.offset, last.offset, 0, -1, -1, 1, (e.time - last.time).count()});
      }
    }
    const auto begins = static_cast<std::int8_t>(d.earlier.empty() ? 1 : 0);
    d.changes.push_back({e.offset, e.offset, begins, begins, 1, 0, 0});
    return d;
  }
  Offset next_offset(std::uint32_t source) { return Offset{100 + ends[source]++}; }
  Offset end(std::uint32_t source) { return Offset{100 + ends[source]}; }

  void make_bad(std::uint32_t source, std::string_view merchant) {
    event::Bad bad;
    bad.offset = next_offset(source);
    bad.record_time = kStart + 1min;
    bad.merchant = merchant;
    bad.reason = event::Reason::kNotJson;
    bad.bytes = "{";
    put("bad_v1", event::bad_row(SourceId{source}, bad));
    auto& ledger = ledgers[{source, day(bad.record_time)}];
    ++ledger[std::string(merchant)].bad;
    ++ledger[""].bad;
  }
  void make_skipped(std::uint32_t source) {
    next_offset(source);
    ++ledgers[{source, day(kStart)}][""].skipped;
  }
  static std::chrono::sys_days day(TimeMs t) { return std::chrono::floor<std::chrono::days>(t); }

  void put(const std::string& table, RowPut row) {
    bool done = false;
    store.put(table, {std::move(row)},
              Completion<void>(inline_executor(), [&](Result<void> r) { done = r.has_value(); }));
    ASSERT_TRUE(done) << table;
  }
  void put_row(std::uint32_t source, const Accepted& e) {
    put(names.events(Month::of(e.record_time)), event::event_row(SourceId{source}, e));
  }
  void store_rows(std::size_t left_out = SIZE_MAX) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (i == left_out) continue;
      const auto& [source, e] = events[i];
      const auto decisions = decisions_of(i);
      const auto words = event::session_words(decisions, decisions.changes);
      put(names.events(Month::of(e.record_time)), event::event_row(SourceId{source}, e, words));
    }
  }
  using Pages = std::map<std::tuple<std::string, Bucket, std::uint32_t>, rollup::Page>;
  static rollup::Page& page_of(Pages& pages, std::uint32_t source, const Accepted& e, rollup::PageLimits limits = {}) {
    const std::string merchant(e.text[Field::kMerchant]);
    const auto bucket = Bucket::of(e.time);
    auto it = pages.find({merchant, bucket, source});
    if (it == pages.end()) {
      rollup::Page page({merchant, rollup::Span::kBucket, bucket, SourceId{source}}, limits);
      it = pages.emplace(std::tuple(merchant, bucket, source), std::move(page)).first;
    }
    return it->second;
  }
  /// Pages of what `counts` says, each labelled with the end of its source.
  void store_pages(const std::function<bool(std::size_t, const Accepted&)>& counts = {}, rollup::PageLimits limits = {},
                   std::size_t without_changes = SIZE_MAX) {
    Pages pages;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto& [source, e] = events[i];
      if (!counts || counts(i, e)) page_of(pages, source, e, limits).add(e, RulesHash{1});
      const auto decisions = decisions_of(i);
      for (const auto& change : decisions.changes) {
        const auto& subject = *decisions.subject(change);
        if (i != without_changes && (!counts || counts(i, subject)))
          page_of(pages, source, subject, limits).add(change, subject, RulesHash{1});
      }
    }
    for (auto& [key, page] : pages) store_page(page, end(std::get<2>(key)));
  }
  void store_page(rollup::Page& page, Offset label) {
    RowPut row{rollup::page_row(page.key()), {}};
    for (auto& chunk : page.encode_dirty(label)) row.cells.push_back({"p", chunk.qualifier, label.value, chunk.value});
    put(names.rollups(Month::of(page.key().bucket.start())), std::move(row));
  }
  void store_ledger() {
    for (const auto& [source, e] : events) {
      auto& ledger = ledgers[{source, day(e.record_time)}];
      ++ledger[std::string(e.text[Field::kMerchant])].counted;
      ++ledger[""].counted;
    }
    for (const auto& [key, cells] : ledgers) {
      RowPut row{event::ledger_row({SourceId{key.first}, key.second}), {}};
      for (const auto& [merchant, counts] : cells) {
        row.cells.push_back({"l", merchant, end(key.first).value, event::encode_ledger(counts)});
      }
      put("ledger_v1", std::move(row));
    }
  }
  void store_all(int count = 3000) {
    make_events(count);
    make_bad(1, "shop");
    make_bad(2, "-");
    make_skipped(1);
    store_rows();
    store_pages();
    store_ledger();
  }

  /// Changes the chunks of a merchant's first page, and puts them back.
  void change_chunks(std::string_view merchant, const std::function<void(rollup::StoredChunk&)>& change) {
    const auto table = names.rollups(Month{201505});
    for (const auto& row : store.peek_all(table)) {
      if (rollup::parse_page_row(row.key)->merchant != merchant) continue;
      const auto source = rollup::parse_page_qualifier(row.cells[0].qualifier)->second;
      for (const auto& cell : row.cells) {
        if (rollup::parse_page_qualifier(cell.qualifier)->second != source) continue;
        auto chunk = *rollup::decode_chunk(cell.value);
        change(chunk);
        put(table, {row.key, {{"p", cell.qualifier, cell.timestamp, rollup::encode_chunk(chunk)}}});
      }
      return;
    }
    FAIL() << "there is no page of " << merchant;
  }

  VerifyOptions options() {
    VerifyOptions o;
    for (const auto& [source, n] : ends) o.sources.push_back({SourceId{source}, Offset{100}, end(source)});
    o.patience = {200ms, 1ms};
    return o;
  }
  VerifyReport verify(const VerifyOptions& o) {
    auto report = run(o, store, names, {});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : VerifyReport{};
  }
  VerifyReport verify() { return verify(options()); }
  static std::string listed(const VerifyReport& report) {
    std::string out;
    for (const auto& d : report.differences) out += to_string(d) + "\n";
    return out;
  }

  test::FakeTableStore store;
  Names names;
  std::vector<std::pair<std::uint32_t, Accepted>> events;
  std::map<std::uint32_t, std::int64_t> ends;
  std::map<std::pair<std::uint32_t, std::chrono::sys_days>, std::map<std::string, event::LedgerCounts>> ledgers;
  std::deque<std::string> texts;
  std::vector<std::size_t> before;  ///< of each event: the number of the one of its device before it; 0: none
  std::map<std::tuple<std::uint32_t, std::string, std::string>, std::size_t> last_of;  ///< of a device
};

TEST_F(VerifyTest, what_is_right_agrees) {
  store_all();
  const auto report = verify();
  EXPECT_TRUE(report.agrees()) << listed(report);
  EXPECT_EQ(report.merchants, 3u);  // also `-`
  EXPECT_EQ(report.pages, 2u * 2 * 16);
  EXPECT_EQ(report.rows, 3000u);
  EXPECT_EQ(report.bad_rows, 2u);
  EXPECT_EQ(report.uncounted, 0u);
  EXPECT_GT(report.cells, 10'000u);
  EXPECT_GT(report.ledger_cells, 4u);
  EXPECT_TRUE(report.ledger_by_merchant);
}

TEST_F(VerifyTest, nothing_stored_agrees_and_an_empty_installation_too) {
  EXPECT_TRUE(verify().agrees());
  EXPECT_EQ(verify().merchants, 0u);
}

TEST_F(VerifyTest, slices_of_any_size_give_the_same) {
  store_all();
  auto o = options();
  o.slice_events = 1;
  const auto report = verify(o);
  EXPECT_TRUE(report.agrees()) << listed(report);
  EXPECT_EQ(report.pages, 64u);
  EXPECT_EQ(report.rows, 3000u);
}

TEST_F(VerifyTest, a_merchant_and_a_time_range_narrow_it) {
  store_all();
  auto o = options();
  o.merchant = "shop";
  o.from = kStart + 50min;  // widened to 22:45
  o.to = kStart + 100min;   // to 23:45
  const auto report = verify(o);
  EXPECT_TRUE(report.agrees()) << listed(report);
  EXPECT_EQ(report.pages, 2u * 4);
  EXPECT_FALSE(report.ledger_by_merchant);
  EXPECT_EQ(report.merchants, 1u);
}

TEST_F(VerifyTest, a_merchant_that_nobody_knows_agrees_with_nothing) {
  store_all(100);
  auto o = options();
  o.merchant = "nobody";
  EXPECT_EQ(verify(o).pages, 0u);
}

TEST_F(VerifyTest, each_page_is_recounted_up_to_its_own_position) {
  store_all();
  // Events that came after the last flush: rows are there, pages and ledger are not yet.
  auto o = options();
  make_events(500);
  store_rows();
  const auto report = verify(o);
  EXPECT_TRUE(report.agrees()) << listed(report);
  EXPECT_EQ(report.uncounted, 500u);
  // Below D they must be counted.
  EXPECT_FALSE(verify(options()).agrees());
}

TEST_F(VerifyTest, pages_of_different_positions_agree) {
  make_events(2000);
  store_rows();
  Pages pages;
  std::mt19937_64 random(5);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& [source, e] = events[i];
    page_of(pages, source, e).add(e, RulesHash{1});
    const auto decisions = decisions_of(i);
    for (const auto& change : decisions.changes) {
      const auto& subject = *decisions.subject(change);
      page_of(pages, source, subject).add(change, subject, RulesHash{1});
    }
    if (random() % 50 == 0) store_page(page_of(pages, source, e), e.offset + 1);
  }
  VerifyOptions o;
  o.patience = {200ms, 1ms};
  const auto report = verify(o);
  EXPECT_TRUE(report.agrees()) << listed(report);
  EXPECT_GT(report.uncounted, 100u);
  EXPECT_LT(report.uncounted, 1900u);
}

TEST_F(VerifyTest, writers_that_go_on_meanwhile_do_not_make_differences) {
  make_events(4000);
  std::map<std::tuple<std::string, Bucket, std::uint32_t>, rollup::Page> pages;
  std::size_t written = 0;
  // A row, then the page that counts it at once, then the ledger.
  const auto write_one = [&] {
    if (written == events.size()) return;
    const auto& [source, e] = events[written++];
    put_row(source, e);
    const auto key = std::tuple(std::string(e.text[Field::kMerchant]), Bucket::of(e.time), source);
    auto it = pages.find(key);
    if (it == pages.end()) {
      it = pages
               .emplace(key,
                        rollup::Page({std::get<0>(key), rollup::Span::kBucket, std::get<1>(key), SourceId{source}}, {}))
               .first;
    }
    it->second.add(e, RulesHash{1});
    store_page(it->second, e.offset + 1);
    auto& cells = ledgers[{source, day(e.record_time)}];
    RowPut row{event::ledger_row({SourceId{source}, day(e.record_time)}), {}};
    for (const auto merchant : {e.text[Field::kMerchant], std::string_view()}) {
      auto& counts = cells[std::string(merchant)];
      ++counts.counted;
      row.cells.push_back({"l", std::string(merchant), e.offset.value + 1, event::encode_ledger(counts)});
    }
    put("ledger_v1", std::move(row));
  };
  while (written < 1000) write_one();
  VerifyOptions o;
  o.patience = {200ms, 1ms};
  o.slice_events = 20;
  for (const std::uint32_t source : {1U, 2U}) {
    Offset durable{100};  // D as of now, before verify begins
    for (std::size_t i = 0; i < written; ++i) {
      if (events[i].first == source) durable = events[i].second.offset + 1;
    }
    o.sources.push_back({SourceId{source}, Offset{100}, durable});
  }
  BusyStore busy(store, write_one);
  const auto report = run(o, busy, names, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->agrees()) << listed(*report);
  EXPECT_GT(written, 2000u);
  EXPECT_GT(report->rows, 1000u);
}

// What it must see -------------------------------------------------------------------------------

TEST_F(VerifyTest, a_counter_off_by_one_is_seen_wherever_it_is) {
  for (const auto dimension :
       {rollup::Dimension::kTotal, rollup::Dimension::kType, rollup::Dimension::kUrl, rollup::Dimension::kCountry,
        rollup::Dimension::kUrlCountry, rollup::Dimension::kReferrerDomain}) {
    for (std::size_t counter = 0; counter < rollup::kCounterCount; ++counter) {
      SetUp();
      events.clear();
      ends.clear();
      ledgers.clear();
      store_all(500);
      std::string value;
      bool changed = false;
      change_chunks("shop", [&](rollup::StoredChunk& chunk) {
        for (auto& entry : chunk.entries) {
          if (entry.dimension != dimension || changed) continue;
          ++entry.counters[counter];
          value = entry.value;
          changed = true;
        }
      });
      ASSERT_TRUE(changed);
      const auto report = verify();
      ASSERT_EQ(report.differences_total, 1u) << listed(report);
      EXPECT_EQ(report.differences[0].value, value);
      EXPECT_EQ(report.differences[0].dimension, to_string(dimension));
      EXPECT_EQ(report.differences[0].stored, report.differences[0].recounted + 1);
      EXPECT_NE(to_string(report.differences[0]).find("stored"), std::string::npos);
    }
  }
}

TEST_F(VerifyTest, a_device_too_few_or_another_one_is_seen) {
  store_all(500);
  change_chunks("shop", [&](rollup::StoredChunk& chunk) {
    auto& devices = chunk.entries[0].distinct[0].hashes;
    if (chunk.id.chunk == 0 && chunk.entries[0].dimension == rollup::Dimension::kTotal) devices.pop_back();
  });
  auto report = verify();
  ASSERT_EQ(report.differences_total, 1u) << listed(report);
  EXPECT_EQ(report.differences[0].measure, "devices");
  change_chunks("shop", [&](rollup::StoredChunk& chunk) {
    auto& devices = chunk.entries[0].distinct[0].hashes;
    if (chunk.id.chunk == 0 && chunk.entries[0].dimension == rollup::Dimension::kTotal)
      devices.push_back(0xffffffffffff);
  });
  report = verify();
  ASSERT_EQ(report.differences_total, 1u) << listed(report);
  EXPECT_EQ(report.differences[0].measure, "devices (as many, but others)");
}

TEST_F(VerifyTest, an_event_that_was_not_counted_is_seen) {
  make_events(1000);
  store_rows();
  store_pages([](std::size_t i, const Accepted&) { return i != 500; });
  store_ledger();
  const auto report = verify();
  ASSERT_GE(report.differences_total, 5u);
  EXPECT_EQ(report.differences[0].measure, "events");
  EXPECT_EQ(report.differences[0].stored + 1, report.differences[0].recounted);
}

TEST_F(VerifyTest, a_change_of_sessions_that_was_not_counted_is_seen) {
  make_events(1000);
  store_rows();
  store_pages({}, {}, 500);
  store_ledger();
  const auto report = verify();
  EXPECT_NE(listed(report).find("sessions"), std::string::npos) << listed(report);
}

TEST_F(VerifyTest, a_page_that_was_written_before_a_change_below_d_is_seen) {
  make_events(1000);
  store_rows();
  store_ledger();
  std::size_t cause = events.size() - 1;
  while (decisions_of(cause).earlier.empty()) --cause;
  const auto subject = decisions_of(cause).earlier[0];
  Pages pages;
  const rollup::Page* early = nullptr;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& [source, e] = events[i];
    if (i == cause) {
      auto& page = page_of(pages, source, subject);
      store_page(page, e.offset);
      early = &page;
    }
    const auto decisions = decisions_of(i);
    page_of(pages, source, e).add(e, RulesHash{1});
    for (const auto& change : decisions.changes) {
      const auto& about = *decisions.subject(change);
      page_of(pages, source, about).add(change, about, RulesHash{1});
    }
  }
  for (auto& [key, page] : pages) {
    if (&page != early) store_page(page, end(std::get<2>(key)));
  }
  EXPECT_NE(listed(verify()).find("changes of sessions below D that no page counts"), std::string::npos);
}

TEST_F(VerifyTest, a_missing_row_is_seen_in_page_and_ledger) {
  make_events(1000);
  store_rows(500);
  store_pages();
  store_ledger();
  const auto report = verify();
  EXPECT_FALSE(report.agrees());
  EXPECT_NE(listed(report).find("ledger: counted"), std::string::npos) << listed(report);
  EXPECT_NE(listed(report).find("page: events"), std::string::npos);
}

TEST_F(VerifyTest, a_doubled_row_is_seen) {
  store_all(1000);
  auto [source, e] = events[10];
  e.time += 1ms;  // the same source and offset in another row of the same bucket, most likely
  put_row(source, e);
  EXPECT_FALSE(verify().agrees());
  auto o = options();
  o.sources.clear();
  EXPECT_FALSE(verify(o).agrees());
}

TEST_F(VerifyTest, a_row_in_the_table_of_another_month_is_found_once) {
  store_all(500);
  auto [source, e] = events[10];
  put(names.events(Month{201505}), event::event_row(SourceId{source}, e));
  put(names.events(Month{201506}), event::event_row(SourceId{source}, e));
  EXPECT_FALSE(verify().agrees());
}

TEST_F(VerifyTest, an_event_in_the_wrong_bucket_is_seen) {
  make_events(1000);
  store_rows();
  events[500].second.time += 15min;
  store_pages();
  store_ledger();
  EXPECT_FALSE(verify().agrees());
}

TEST_F(VerifyTest, a_page_without_rows_and_rows_without_a_page_are_seen) {
  make_events(1000);
  store_rows();
  store_ledger();
  const auto lost = Bucket::of(events[0].second.time);
  store_pages([&](std::size_t, const Accepted& e) { return Bucket::of(e.time) != lost; });
  auto report = verify();
  ASSERT_EQ(report.differences_total, 8u) << listed(report);  // merchants x sources, rows and their changes
  EXPECT_NE(listed(report).find("rows below D that no page counts"), std::string::npos);

  make_events(1);
  events.back().second.time = kStart + 5h;  // nothing else is there
  store_pages([&](std::size_t, const Accepted& e) { return Bucket::of(e.time) == lost || e.time == kStart + 5h; });
  report = verify();
  EXPECT_NE(listed(report).find("page: events: stored 1, recounted 0"), std::string::npos) << listed(report);
}

TEST_F(VerifyTest, the_other_source_s_page_does_not_stand_in) {
  make_events(1000);
  store_rows();
  store_ledger();
  for (auto& [source, e] : events) source = 3 - source;
  ends = {{1, 5000}, {2, 5000}};
  store_pages();
  EXPECT_FALSE(verify().agrees());
}

TEST_F(VerifyTest, the_ledger_must_balance_with_the_offsets) {
  store_all(500);
  const auto change = [&](const std::string& merchant, std::uint64_t event::LedgerCounts::* count) {
    auto& [key, cells] = *ledgers.begin();
    const auto before = cells[merchant];
    ++(cells[merchant].*count);
    put("ledger_v1", {event::ledger_row({SourceId{key.first}, key.second}),
                      {{"l", merchant, end(key.first).value, event::encode_ledger(cells[merchant])}}});
    const auto report = verify();
    put("ledger_v1", {event::ledger_row({SourceId{key.first}, key.second}),
                      {{"l", merchant, end(key.first).value, event::encode_ledger(before)}}});
    cells[merchant] = before;
    return listed(report);
  };
  using Counts = event::LedgerCounts;
  EXPECT_NE(change("shop", &Counts::counted).find("shop, source 1, 2015-05-31T00:00:00Z, ledger: counted"),
            std::string::npos);
  EXPECT_NE(change("shop", &Counts::bad).find("bad of all merchants"), std::string::npos);
  EXPECT_NE(change("shop", &Counts::duplicate).find("duplicate of all merchants"), std::string::npos);
  EXPECT_NE(change("", &Counts::counted).find("counted of all merchants"), std::string::npos);
  EXPECT_NE(change("", &Counts::skipped).find("against position - floor: stored 2"), std::string::npos)
      << change("", &Counts::skipped);
  EXPECT_TRUE(verify().agrees()) << listed(verify());
}

TEST_F(VerifyTest, a_ledger_that_lies_behind_what_is_durable_is_seen) {
  store_all(500);
  auto o = options();
  o.sources[0].durable = o.sources[0].durable + 1;
  const auto report = verify(o);
  ASSERT_EQ(report.differences_total, 1u) << listed(report);
}

/// Source 1 counts one more offset in each of two days, and the put of the first day has landed.
class HalfALedgerPut : public VerifyTest {
 protected:
  void SetUp() override {
    VerifyTest::SetUp();
    store_all(500);
    before_ = options().sources;
    for (auto& [key, cells] : ledgers) {
      if (key.first != 1 || days_.size() == 2) continue;
      days_.push_back(key.second);
      ++cells[""].skipped;
      next_offset(1);
    }
    ASSERT_EQ(days_.size(), 2U);
    put_day(0);
  }
  void put_day(std::size_t i) {
    put("ledger_v1", {event::ledger_row({SourceId{1}, days_[i]}),
                      {{"l", "", end(1).value, event::encode_ledger(ledgers[{1, days_[i]}][""])}}});
  }

  std::vector<SourceState> before_;
  std::vector<std::chrono::sys_days> days_;
};

TEST_F(HalfALedgerPut, is_waited_for) {
  int looks = 0;
  auto o = options();
  o.sources_now = [&]() -> Result<std::vector<SourceState>> {
    if (++looks < 8) return before_;
    put_day(1);
    return options().sources;
  };
  o.sources = before_;
  const auto report = verify(o);
  EXPECT_TRUE(report.agrees()) << listed(report);
  EXPECT_EQ(looks, 8);
}

TEST_F(HalfALedgerPut, that_nobody_finishes_is_seen) {
  auto o = options();
  o.sources = before_;
  o.settle = 150ms;
  const auto began = Executor::Clock::now();
  const auto report = verify(o);
  EXPECT_GE(Executor::Clock::now() - began, 100ms);
  ASSERT_EQ(report.differences_total, 1u) << listed(report);
  EXPECT_NE(listed(report).find("against position - floor"), std::string::npos) << listed(report);
}

TEST_F(HalfALedgerPut, below_what_is_durable_is_seen_at_once) {
  int looks = 0;
  auto o = options();
  o.sources_now = [&]() -> Result<std::vector<SourceState>> {
    ++looks;
    return options().sources;
  };
  const auto report = verify(o);
  EXPECT_EQ(report.differences_total, 1u) << listed(report);
  EXPECT_EQ(looks, 1);
}

TEST_F(VerifyTest, the_rows_behind_a_difference_are_named) {
  store_all(3000);
  TimeMs bucket;
  change_chunks("shop", [&](rollup::StoredChunk& chunk) {
    if (chunk.entries[0].dimension != rollup::Dimension::kTotal) return;
    ++chunk.entries[0].counters[0];
    bucket = chunk.entries[0].bucket.start();
  });
  const auto report = verify();
  ASSERT_EQ(report.differences_total, 1u) << listed(report);
  const auto source = report.differences[0].source.value;
  std::set<Offset> expected;
  for (const auto& [of, e] : events) {
    if (of == source && e.text[Field::kMerchant] == "shop" && e.traffic == event::Traffic::kHuman &&
        Bucket::of(e.time).start() == bucket)
      expected.insert(e.offset);
  }
  ASSERT_GT(expected.size(), FirstOffsets::kShown);
  const auto shown = report.differences[0].rows.shown();
  EXPECT_TRUE(std::equal(shown.begin(), shown.end(), expected.begin()));
  EXPECT_EQ(shown.size(), FirstOffsets::kShown);
  EXPECT_TRUE(report.differences[0].rows.more());
}

TEST_F(VerifyTest, rows_that_nothing_counts_are_named) {
  store_all(500);
  make_events(2);
  store_rows();
  const auto report = verify();
  std::map<std::string, std::set<std::pair<std::uint32_t, Offset>>> named;
  for (const auto& d : report.differences) {
    for (const auto offset : d.rows.shown()) named[d.measure].emplace(d.source.value, offset);
  }
  for (const auto* measure : {"rows below D that no page counts", "changes of sessions below D that no page counts",
                              "rows below D that it does not count"}) {
    for (std::size_t i = events.size() - 2; i < events.size(); ++i) {
      EXPECT_TRUE(named[measure].contains({events[i].first, events[i].second.offset})) << measure << listed(report);
    }
  }
}

TEST_F(VerifyTest, a_bad_row_that_is_missing_is_seen) {
  make_bad(1, "shop");
  store_ledger();
  EXPECT_TRUE(verify().agrees()) << listed(verify());
  ++ledgers.begin()->second["shop"].bad;
  ++ledgers.begin()->second[""].bad;
  next_offset(1);
  store_ledger();
  EXPECT_EQ(listed(verify()), "shop, source 1, 2015-05-31T00:00:00Z, ledger: bad: stored 2, recounted 1\n");
}

TEST_F(VerifyTest, bytes_that_cannot_be_read_are_differences) {
  store_all(500);
  const auto rows = store.peek_all(names.rollups(Month{201505}));
  const auto& cell = rows[0].cells[0];
  put(names.rollups(Month{201505}), {rows[0].key, {{"p", cell.qualifier, cell.timestamp, "x" + cell.value}}});
  auto report = verify();
  EXPECT_EQ(report.differences[0].dimension, "page") << listed(report);
  put("ledger_v1", {"12345678", {{"l", "shop", 1, "x"}}});
  EXPECT_GT(verify().differences_total, report.differences_total);
}

// Large and folded pages -----------------------------------------------------------------------------

TEST_F(VerifyTest, sketches_are_right_within_their_error) {
  make_events(60'000, 30'000, 5);
  store_rows();
  store_pages();
  store_ledger();
  auto report = verify();
  EXPECT_TRUE(report.agrees()) << listed(report);
  // And wrong ones are seen: a fifth of the devices is missing in one.
  change_chunks("shop", [&](rollup::StoredChunk& chunk) {
    for (auto& entry : chunk.entries) {
      if (entry.dimension != rollup::Dimension::kTotal || entry.traffic != event::Traffic::kHuman) continue;
      ASSERT_FALSE(entry.distinct[0].image.empty());
      rollup::DistinctCount fewer;
      for (const auto& [source, e] : events) {
        const auto hash = rollup::distinct_hash(e.text[Field::kGuid]);
        const bool here = Bucket::of(e.time) == entry.bucket && source == 1 && e.text[Field::kMerchant] == "shop" &&
                          e.traffic == event::Traffic::kHuman && (e.flags & event::kNoDevice) == 0;
        if (here && hash % 5 != 0) fewer.add(hash);
      }
      ASSERT_TRUE(fewer.dense());
      entry.distinct[0] = fewer.store();
    }
  });
  report = verify();
  ASSERT_EQ(report.differences_total, 1u) << listed(report);
  EXPECT_EQ(report.differences[0].measure, "devices");
}

TEST_F(VerifyTest, split_pages_and_values_folded_into_other_agree) {
  make_events(20'000, 500, 3000);
  for (std::size_t i = 0; i < events.size(); i += 100)
    events[i].second.text[Field::kPath] = "(other)";  // and one really called so
  for (std::size_t i = 50; i < events.size(); i += 100) events[i].second.text[Field::kCountry] = "Atlantis";
  store_rows();
  rollup::PageLimits limits;
  limits.chunk_bytes = 8_KiB;
  limits.max_bits = 2;
  limits.chunk_values = 60;
  limits.small_values = 3;
  store_pages({}, limits);
  store_ledger();
  auto report = verify();
  EXPECT_TRUE(report.agrees()) << listed(report);
  EXPECT_GT(report.folded, 1000u);
  bool changed = false;
  change_chunks("shop", [&](rollup::StoredChunk& chunk) {
    for (auto& entry : chunk.entries) {
      if (changed || entry.dimension != rollup::Dimension::kUrl || entry.value != rollup::kOther) continue;
      --entry.counters[0];
      changed = true;
    }
  });
  ASSERT_TRUE(changed);
  report = verify();
  ASSERT_EQ(report.differences_total, 1u) << listed(report);
}

TEST_F(VerifyTest, chunks_from_before_a_split_are_left_alone) {
  make_events(6000, 500, 2000);
  store_pages();  // as one chunk; then, at a higher position, as many: the old cell stays
  make_events(6000, 500, 2000);
  store_rows();
  rollup::PageLimits limits;
  limits.chunk_bytes = 4_KiB;
  store_pages({}, limits);
  bool split = false, left_over = false;
  change_chunks("shop", [&](rollup::StoredChunk& chunk) {
    split = split || chunk.valid_bits > 0;
    left_over = left_over || (chunk.id.chunk == 1 && chunk.id.bits == 0);
  });
  EXPECT_TRUE(split && left_over);
  store_ledger();
  const auto report = verify();
  EXPECT_TRUE(report.agrees()) << listed(report);
}

TEST_F(VerifyTest, a_store_that_is_away_for_a_moment_does_not_matter) {
  store_all(500);
  using Call = test::FakeTableStore::Call;
  store.faults().fail_next(Call::kScan, 2, ErrorCode::kUnavailable);
  EXPECT_TRUE(verify().agrees());
  store.faults().fail_always(Call::kScan, ErrorCode::kRefused);
  EXPECT_FALSE(run(options(), store, names, {}));
}

}  // namespace
}  // namespace guidepost::verify
