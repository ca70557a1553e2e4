#include "base/metrics.hpp"

#include <gtest/gtest.h>
#include <algorithm>

#include "support/shown_metrics.hpp"

namespace guidepost::metrics {
namespace {

using test::shown;

const CounterFamily kSeen{{"guidepost_test_seen_total", "things", "Things seen", ShownBy::kAll},
                          {{"kind", "of thing"}}};
const GaugeFamily kHere{{"guidepost_test_here", "things", "Things here", ShownBy::kAll}, {{"kind", "of thing"}}};
const GaugeFamily kPair{{"guidepost_test_pair", "pairs", "Pairs", ShownBy::kAll}, {{"left", ""}, {"right", ""}}};

TEST(MetricsTest, a_declaration_is_listed_before_anything_of_it_is_made) {
  const auto all = declared();
  const auto found = std::find(all.begin(), all.end(), &kSeen);
  ASSERT_NE(found, all.end());
  EXPECT_EQ((*found)->kind(), Kind::kCounter);
  EXPECT_EQ((*found)->labels().front().name, "kind");
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto* a, auto* b) { return a->name() < b->name(); }));
}

TEST(MetricsTest, the_same_labels_are_the_same_series) {
  kSeen.with({"door"}).add();
  kSeen.with({"door"}).add(2);
  kSeen.with({"cat"}).add();
  EXPECT_EQ(shown("guidepost_test_seen_total{kind=\"door\"}"), 3);
  EXPECT_EQ(shown("guidepost_test_seen_total{kind=\"cat\"}"), 1);
  kPair.with({"a", "b"}).set(1);
  EXPECT_EQ(shown("guidepost_test_pair{left=\"a\",right=\"b\"}"), 1);
}

TEST(MetricsTest, a_scoped_gauge_is_shown_from_its_first_value_until_the_last_one_of_its_labels_goes) {
  const std::string series = "guidepost_test_here{kind=\"guest\"}";
  {
    ScopedGauge one(kHere, {"guest"});
    EXPECT_EQ(shown(series), std::nullopt);
    one.set(5);
    EXPECT_EQ(shown(series), 5);
    {
      ScopedGauge other(kHere, {"guest"}), silent(kHere, {"guest"});
      other.set(6);
    }
    EXPECT_EQ(shown(series), 6);
  }
  EXPECT_EQ(shown(series), std::nullopt);
}

TEST(MetricsDeathTest, a_family_is_not_made_with_other_labels_than_it_declares) {
  EXPECT_DEATH(kSeen.with(), "labels");
  EXPECT_DEATH(kSeen.with({"door", "red"}), "labels");
}

}  // namespace
}  // namespace guidepost::metrics
