#include "guidepost/event/reasons.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "guidepost/event/fields.hpp"

namespace guidepost::event {
namespace {

TEST(Reasons, AreDocumentedWordForWord) {
  std::ifstream file(GUIDEPOST_TESTS "/../docs/events.md");
  ASSERT_TRUE(file.good());
  std::vector<std::string> documented;
  bool in_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "| reason | meaning |") in_table = true;
    if (in_table && line.starts_with("| `")) documented.push_back(line);
  }
  ASSERT_EQ(documented.size(), static_cast<std::size_t>(Reason::kCount) - 1);
  for (std::size_t i = 0; i < documented.size(); ++i) {
    const auto reason = static_cast<Reason>(i + 1);
    const auto row = "| `" + std::string(to_string(reason)) + "` | " + std::string(describe(reason));
    EXPECT_EQ(documented[i].substr(0, row.size()), row);
  }
}

TEST(Reasons, AreFoundByTheirWords) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::kCount); ++i) {
    EXPECT_EQ(reason_from_string(to_string(static_cast<Reason>(i))), static_cast<Reason>(i));
  }
  EXPECT_FALSE(reason_from_string("unheard_of").has_value());
}

TEST(Fields, HaveNamesAndCellsOfTheirOwn) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    const auto& a = spec(static_cast<Field>(i));
    EXPECT_FALSE(a.name.empty() || a.family.empty() || a.qualifier.empty());
    for (std::size_t k = 0; k < i; ++k) {
      const auto& b = spec(static_cast<Field>(k));
      EXPECT_NE(a.name, b.name);
      EXPECT_FALSE(a.family == b.family && a.qualifier == b.qualifier) << a.name;
    }
  }
  EXPECT_EQ(spec(Field::kRevenueMinor).name, "revenue_minor");  // the last: the table is not shifted
}

}  // namespace
}  // namespace guidepost::event
