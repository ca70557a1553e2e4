#include "query/groups.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "app/random.hpp"

namespace guidepost::query {
namespace {

TEST(Groups, AreThoseOfAMap) {
  Groups groups;
  std::map<std::string, std::int64_t, std::less<>> expected;
  app::Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    // The value's memory is another one each time, and gone afterwards.
    const std::string value = i % 7 == 0 ? std::string() : "/url/" + std::to_string(random.below(5'000));
    auto* sums = groups.find(value);
    ASSERT_EQ(sums != nullptr, expected.contains(value)) << value;
    if (sums == nullptr) sums = &groups.make(value);
    ++sums->counters[0];
    ++expected[value];
  }
  ASSERT_EQ(groups.size(), expected.size());
  for (const auto& [value, sums] : groups) EXPECT_EQ(sums.counters[0], expected.find(value)->second) << value;
}

TEST(Groups, StayWhereTheyAre) {
  Groups groups;
  auto& first = groups.make("first");
  for (int i = 0; i < 10'000; ++i) groups.make(std::to_string(i));
  EXPECT_EQ(&first, groups.find("first"));
  EXPECT_EQ(groups.begin()->value, "first");
}

}  // namespace
}  // namespace guidepost::query
