#include "query/page_scan.hpp"

#include <gtest/gtest.h>

#include "base/time.hpp"
#include "support/stored_pages.hpp"

namespace guidepost::query {
namespace {

using test::FakeTableStore;
using test::StoredPages;

const TimeMs kStart = *parse_rfc3339("2015-05-30T00:00:00Z");
constexpr auto kQuarter = std::chrono::minutes{15};
constexpr int kBuckets = 300;  // into the next month
constexpr int kUrls = 40;

/// More entries than the two threads have batches for.
class ManyEntries : public testing::Test {
 protected:
  FakeTableStore store;
  StoredPages pages{store};

  void SetUp() override {
    for (int b = 0; b < kBuckets; ++b) {
      for (int u = 0; u < kUrls; ++u)
        pages.add({.guid = "g" + std::to_string(b), .path = "/" + std::to_string(u)}, kStart + b * kQuarter);
    }
    pages.put();
  }
  PageScanRequest request() const {
    return {
        .merchant = "shop", .from = kStart, .to = kStart + kBuckets * kQuarter, .dimension = rollup::Dimension::kUrl};
  }
};

template <class VisitEntry>
PageScan::Visit each(VisitEntry visit) {
  return [visit](std::span<const rollup::ReadEntry> entries) -> Result<void> {
    for (const auto& entry : entries) {
      if (auto ok = visit(entry); !ok) return ok;
    }
    return {};
  };
}

TEST_F(ManyEntries, AllComeInOrderAndWhole) {
  PageScan scan(store, Names{}, request());
  int entries = 0;
  std::pair<Bucket, std::string> last;
  ASSERT_TRUE(scan.run(each([&](const rollup::ReadEntry& entry) -> Result<void> {
    std::pair here{entry.bucket, std::string(entry.value)};
    EXPECT_LT(last, here);
    last = std::move(here);
    EXPECT_EQ(entry.counters[0], 1);
    EXPECT_EQ(entry.distinct[0].size(), 1U);
    ++entries;
    return {};
  })));
  EXPECT_EQ(entries, kBuckets * kUrls);
}

TEST_F(ManyEntries, OnlyThoseThatAreKept) {
  auto wanted = request();
  wanted.keep = [](const rollup::ReadEntry& entry) { return entry.value == "/7"; };
  PageScan scan(store, Names{}, wanted);
  int entries = 0;
  ASSERT_TRUE(scan.run(each([&](const rollup::ReadEntry& entry) -> Result<void> {
    EXPECT_EQ(entry.value, "/7");
    ++entries;
    return {};
  })));
  EXPECT_EQ(entries, kBuckets);
  PageScan all(store, Names{}, request());
  ASSERT_TRUE(all.run([](auto) -> Result<void> { return {}; }));
  EXPECT_EQ(scan.revision(), all.revision()) << "of what was read";
}

TEST_F(ManyEntries, AnErrorOfTheVisitorEndsIt) {
  for (const int at : {1, 2, 2'000, 2'001, kBuckets * kUrls}) {
    PageScan scan(store, Names{}, request());
    int entries = 0;
    const auto ran = scan.run(each([&](const rollup::ReadEntry&) -> Result<void> {
      return ++entries == at ? fail(ErrorCode::kCancelled, "enough") : Result<void>{};
    }));
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, ErrorCode::kCancelled);
    EXPECT_EQ(entries, at);
  }
}

TEST_F(ManyEntries, AnErrorOfTheStoreComesThrough) {
  for (const int pages_read : {0, 1, 10}) {
    store.faults().fail_after(FakeTableStore::Call::kScan, pages_read, ErrorCode::kUnavailable);
    PageScan scan(store, Names{}, request());
    const auto ran = scan.run([](auto) -> Result<void> { return {}; });
    ASSERT_FALSE(ran) << pages_read;
    EXPECT_EQ(ran.error().code, ErrorCode::kUnavailable);
  }
}

}  // namespace
}  // namespace guidepost::query
