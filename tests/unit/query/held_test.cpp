#include "query/held.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "rollup/page.hpp"

namespace guidepost::query {
namespace {

using rollup::Counter;
using rollup::Dimension;
using rollup::Distinct;

/// One event with a value for everything, and its part in a session, as a page stores them.
rollup::StoredChunk folded(std::size_t chunk) {
  using event::Field;
  event::Accepted e;
  e.offset = Offset{1};
  e.time = e.record_time = Bucket{1'589'000}.start();
  for (const auto field :
       {Field::kType, Field::kGuid, Field::kCustomer, Field::kPath, Field::kCountry, Field::kReferrerDomain,
        Field::kDeviceClass, Field::kBrowser, Field::kOs, Field::kCampaign, Field::kChannel, Field::kProductId})
    e.text[field] = "x";
  e.text[Field::kType] = "purchase";
  e.text[Field::kRevenueMinor] = "5";
  e.text[Field::kCurrency] = "EUR";
  rollup::Page page({"shop", rollup::Span::kBucket, Bucket{1'589'000}, SourceId{1}}, {});
  page.add(e, RulesHash{1});
  page.add(
      {.cause = e.offset, .subject = e.offset, .sessions = 1, .bounces = 1, .exits = 1, .dwells = 1, .dwell_ms = 9}, e,
      RulesHash{1});
  return *rollup::decode_chunk(page.encode_dirty(Offset{2}).at(chunk).value);
}

TEST(Held, IsWhatPagesAreFoldedTo) {
  std::size_t seen = 0;
  for (const std::size_t chunk : {0, 1}) {
    for (const auto& entry : folded(chunk).entries) {
      const auto& of = held(entry.dimension);
      const auto holds = [&](Counter c) { return entry.counters[static_cast<std::size_t>(c)] != 0; };
      const auto counts = [&](Distinct d) { return !entry.distinct[static_cast<std::size_t>(d)].hashes.empty(); };
      const auto name = join(of.parts);
      EXPECT_EQ(of.has(Group::kEvents), holds(Counter::kEvents)) << name;
      EXPECT_EQ(of.has(Group::kEvents), holds(Counter::kItems)) << name;
      EXPECT_EQ(of.has(Group::kEvents), !entry.money.empty()) << name;
      EXPECT_EQ(of.has(Group::kEvents), counts(Distinct::kDevices)) << name;
      EXPECT_EQ(of.has(Group::kEvents), counts(Distinct::kUsers)) << name;
      EXPECT_EQ(of.has(Group::kCustomers), counts(Distinct::kCustomers)) << name;
      EXPECT_EQ(of.has(Group::kSessions), holds(Counter::kSessions)) << name;
      EXPECT_EQ(of.has(Group::kBounces), holds(Counter::kBounces)) << name;
      EXPECT_EQ(of.has(Group::kTimes), holds(Counter::kDwells)) << name;
      EXPECT_EQ(of.has(Group::kTimes), holds(Counter::kDwellMs)) << name;
      ++seen;
    }
  }
  EXPECT_EQ(seen, static_cast<std::size_t>(Dimension::kCount));
  EXPECT_EQ(all_held().size(), seen);
}

TEST(Held, HasMetricsOfEveryKindExactlyOnce) {
  std::vector<std::string_view> names;
  for (const auto& metric : all_metrics()) {
    EXPECT_EQ(std::count(names.begin(), names.end(), metric.name), 0) << metric.name;
    names.push_back(metric.name);
  }
  for (const auto* name : {"events", "page_views", "clicks", "purchases", "revenue", "sessions", "bounces",
                           "bounce_rate", "avg_time_ms", "devices", "users", "customers", "identified"})
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
}

TEST(Held, FindsPartsByBothOfTheirNames) {
  for (const auto& name : part_names()) EXPECT_EQ(to_string(*find_part(name)), name);
  EXPECT_EQ(find_part("device"), Part::kDeviceClass);
  EXPECT_EQ(find_part("referrer"), Part::kReferrerDomain);
  EXPECT_FALSE(find_part("total"));
  EXPECT_FALSE(find_part(""));
}

TEST(Held, IsDocumentedAsItIs) {
  std::ifstream file(GUIDEPOST_TESTS "/../docs/query.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(held_reference()), std::string::npos) << "docs/query.md needs this table:\n"
                                                                  << held_reference();
  for (const auto& metric : all_metrics())
    EXPECT_NE(text.str().find("`" + std::string(metric.name) + "`"), std::string::npos) << metric.name;
}

}  // namespace
}  // namespace guidepost::query
