#include "worker/gap_table.hpp"

#include <gtest/gtest.h>

#include "base/names.hpp"
#include "support/fake_table_store.hpp"
#include "worker/state_table.hpp"

namespace guidepost::worker {
namespace {

class GapTableTest : public testing::Test {
 protected:
  GapTableTest() { store_.make_table(names_.state(), {std::string(kStateFamily)}, 1); }

  std::vector<Gap> list(std::uint32_t version = 1) {
    return *await<std::vector<Gap>>([&](auto done) { table_.list(version, std::move(done)); });
  }
  void record(const Gap& gap, std::uint32_t version = 1) {
    ASSERT_TRUE(await<void>([&](auto done) { table_.record(version, gap, std::move(done)); }));
  }
  void accept(const Gap& gap) {
    ASSERT_TRUE(await<void>([&](auto done) { table_.accept(1, gap, kNightShift, std::move(done)); }));
  }
  static Gap gap(int from, int to) {
    return {.source = SourceId{3},
            .first = Offset{20},
            .from = Offset{from},
            .to = Offset{to},
            .cause = GapCause::kRetention,
            .after = from_unix_ms(1000),
            .before = from_unix_ms(2000),
            .seen = from_unix_ms(3000),
            .accepted = {}};
  }

  static inline const Gap::Acceptance kNightShift{from_unix_ms(4000), "the night shift"};
  Names names_;
  test::FakeTableStore store_;
  GapTable table_{store_, names_.state()};
};

TEST_F(GapTableTest, grows_and_is_not_made_smaller_by_who_comes_late) {
  record(gap(20, 40));
  record(gap(20, 30));
  EXPECT_EQ(list(), std::vector{gap(20, 40)});
}

TEST_F(GapTableTest, that_others_decided_after_all_is_none) {
  record(gap(20, 30));
  record(gap(30, 30));
  EXPECT_TRUE(list().empty());
}

TEST_F(GapTableTest, is_given_up_as_it_was_named_and_no_further) {
  record(gap(20, 30));
  accept(gap(20, 30));
  record(gap(20, 40));
  auto given_up = gap(20, 30);
  given_up.accepted = kNightShift;
  EXPECT_EQ(list(), std::vector{given_up});
}

TEST_F(GapTableTest, is_of_one_version) {
  record(gap(20, 30), 1);
  record(gap(20, 50), 12);
  EXPECT_EQ(list(1), std::vector{gap(20, 30)});
  EXPECT_EQ(list(12), std::vector{gap(20, 50)});
  EXPECT_TRUE(list(2).empty());
}

TEST_F(GapTableTest, that_cannot_be_read_is_said) {
  const std::string row = "gap/v1/00000003/00000000000000000020";
  for (const auto& [qualifier, value] :
       std::vector<std::pair<std::string, std::string>>{{"to", "x"},
                                                        {"to", "-1"},
                                                        {"to", ""},
                                                        {"cause", "boredom"},
                                                        {"accepted", "30 soon somebody"},
                                                        {"before", "1 2"}}) {
    test::FakeTableStore store;
    store.make_table(names_.state(), {std::string(kStateFamily)}, 1);
    GapTable table(store, names_.state());
    ASSERT_TRUE(await<void>([&](auto done) { table.record(1, gap(20, 30), std::move(done)); }));
    const RowPut spoilt{row, {{std::string(kStateFamily), qualifier, 1'000'000, value}}};
    ASSERT_TRUE(await<void>([&](auto done) { store.put(names_.state(), {spoilt}, std::move(done)); }));
    const auto read = await<std::vector<Gap>>([&](auto done) { table.list(1, std::move(done)); });
    ASSERT_FALSE(read) << qualifier << " '" << value << "'";
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace guidepost::worker
