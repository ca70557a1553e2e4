#include "identity/mapping.hpp"

#include <gtest/gtest.h>

#include <map>

#include "guidepost/base/codec.hpp"

namespace guidepost::identity {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using event::ResolvedBy;
using Kind = Assignment::Kind;

constexpr TimeMs at(std::int64_t ms) { return from_unix_ms(1'430'000'000'000 + ms); }

Assignment customer(TimeMs valid_from, std::uint64_t run, std::string_view name) {
  return {valid_from, RunId{run}, Kind::kCustomer, name};
}
Assignment unmapped(TimeMs valid_from, std::uint64_t run) { return {valid_from, RunId{run}, Kind::kUnmapped, {}}; }
Assignment removed(TimeMs valid_from, std::uint64_t run) { return {valid_from, RunId{run}, Kind::kRemoved, {}}; }

MappingView as_of(std::uint64_t run, std::vector<std::uint64_t> aborted = {}) {
  MappingView view{RunId{run}, {}};
  for (const auto r : aborted) view.aborted.push_back(RunId{r});
  return view;
}

ResolveRules rules(std::int64_t stitch_ms = 1000, ClaimPolicy claim = ClaimPolicy::kWhenUnmapped) {
  return {std::chrono::milliseconds{stitch_ms}, claim};
}

using Values = std::vector<Assignment>;
const Resolution kAnonymous;
Resolution mapped(std::string_view name) { return {name, ResolvedBy::kMap}; }
Resolution stitched(std::string_view name) { return {name, ResolvedBy::kStitch}; }
Resolution claimed(std::string_view name) { return {name, ResolvedBy::kClaim}; }

TEST(Resolve, an_unknown_guid_is_anonymous) { EXPECT_EQ(resolve({}, as_of(5), at(0), {}, rules()), kAnonymous); }

TEST(Resolve, a_mapping_holds_from_its_valid_from_on) {
  const Values history{customer(at(100), 1, "ann")};
  EXPECT_EQ(resolve(history, as_of(1), at(100), {}, rules()), mapped("ann"));
  EXPECT_EQ(resolve(history, as_of(1), at(1'000'000), {}, rules()), mapped("ann"));
}

TEST(Resolve, the_last_valid_from_at_or_before_the_event_decides) {
  const Values history{customer(kSinceEver, 1, "ann"), customer(at(100), 1, "bob"), customer(at(200), 1, "cid")};
  EXPECT_EQ(resolve(history, as_of(1), at(-1'000'000'000), {}, rules()), mapped("ann"));
  EXPECT_EQ(resolve(history, as_of(1), at(99), {}, rules()), mapped("ann"));
  EXPECT_EQ(resolve(history, as_of(1), at(100), {}, rules()), mapped("bob"));
  EXPECT_EQ(resolve(history, as_of(1), at(199), {}, rules()), mapped("bob"));
  EXPECT_EQ(resolve(history, as_of(1), at(200), {}, rules()), mapped("cid"));
}

TEST(Resolve, a_run_above_the_view_is_invisible) {
  const Values history{customer(at(0), 7, "new"), customer(at(0), 3, "old"), customer(at(50), 7, "newer")};
  EXPECT_EQ(resolve(history, as_of(2), at(60), {}, rules()), kAnonymous);
  EXPECT_EQ(resolve(history, as_of(3), at(60), {}, rules()), mapped("old"));
  EXPECT_EQ(resolve(history, as_of(6), at(60), {}, rules()), mapped("old"));
  EXPECT_EQ(resolve(history, as_of(7), at(60), {}, rules()), mapped("newer"));
  EXPECT_EQ(resolve(history, as_of(7), at(10), {}, rules()), mapped("new"));
}

TEST(Resolve, before_any_marker_nothing_is_mapped) {
  const Values history{customer(kSinceEver, 1, "ann")};
  EXPECT_EQ(resolve(history, MappingView{}, at(0), {}, rules()), kAnonymous);
}

TEST(Resolve, an_aborted_run_is_skipped_per_valid_from) {
  const Values history{customer(at(0), 4, "wrong"), customer(at(0), 2, "right"), customer(at(50), 4, "wrong too")};
  EXPECT_EQ(resolve(history, as_of(4), at(60), {}, rules()), mapped("wrong too"));
  EXPECT_EQ(resolve(history, as_of(5, {4}), at(60), {}, rules()), mapped("right"));
  EXPECT_EQ(resolve(history, as_of(5, {2, 4}), at(60), {}, rules()), kAnonymous);
  EXPECT_EQ(resolve(history, as_of(5, {1, 2, 3}), at(10), {}, rules()), mapped("wrong"));
}

TEST(Resolve, an_explicit_unmapping_ends_a_mapping) {
  const Values history{customer(at(0), 1, "ann"), unmapped(at(100), 1), customer(at(200), 1, "bob")};
  EXPECT_EQ(resolve(history, as_of(1), at(99), {}, rules()), mapped("ann"));
  EXPECT_EQ(resolve(history, as_of(1), at(100), {}, rules()), kAnonymous);
  // Not stitched to bob, though he is near: that time has an owner, namely nobody.
  EXPECT_EQ(resolve(history, as_of(1), at(199), {}, rules()), kAnonymous);
  EXPECT_EQ(resolve(history, as_of(1), at(200), {}, rules()), mapped("bob"));
}

TEST(Resolve, a_claim_is_used_where_nothing_is_mapped_and_the_policy_allows) {
  const Values none;
  const Values ended{customer(at(0), 1, "ann"), unmapped(at(100), 1)};
  EXPECT_EQ(resolve(none, as_of(1), at(0), "eve", rules()), claimed("eve"));
  EXPECT_EQ(resolve(ended, as_of(1), at(150), "eve", rules()), claimed("eve"));
  EXPECT_EQ(resolve(ended, as_of(1), at(50), "eve", rules()), mapped("ann"));
  EXPECT_EQ(resolve(none, as_of(1), at(0), "eve", rules(1000, ClaimPolicy::kNever)), kAnonymous);
  EXPECT_EQ(resolve(ended, as_of(1), at(150), "eve", rules(1000, ClaimPolicy::kNever)), kAnonymous);
  EXPECT_EQ(resolve(none, as_of(1), at(0), "", rules()), kAnonymous);
}

TEST(Resolve, an_older_event_is_stitched_to_the_first_mapping_within_the_window) {
  const Values history{customer(at(0), 1, "ann"), customer(at(10), 1, "bob")};
  EXPECT_EQ(resolve(history, as_of(1), at(-1), {}, rules(1000)), stitched("ann"));
  EXPECT_EQ(resolve(history, as_of(1), at(-1000), {}, rules(1000)), stitched("ann"));
  EXPECT_EQ(resolve(history, as_of(1), at(-1001), {}, rules(1000)), kAnonymous);
  EXPECT_EQ(resolve(history, as_of(1), at(-1), {}, rules(0)), kAnonymous);
  EXPECT_EQ(resolve(history, as_of(1), at(-1), "eve", rules(1000)), stitched("ann"));
  EXPECT_EQ(resolve(history, as_of(1), at(-1001), "eve", rules(1000)), claimed("eve"));
}

TEST(Resolve, nothing_is_stitched_past_an_explicit_unmapping) {
  const Values history{unmapped(at(0), 1), customer(at(10), 1, "bob")};
  EXPECT_EQ(resolve(history, as_of(1), at(-1), {}, rules()), kAnonymous);
}

TEST(Resolve, stitching_sees_only_what_counts) {
  const Values history{customer(at(0), 2, "early"), customer(at(100), 1, "ann")};
  EXPECT_EQ(resolve(history, as_of(1), at(-1), {}, rules(1000)), stitched("ann"));
  EXPECT_EQ(resolve(history, as_of(2), at(-1), {}, rules(1000)), stitched("early"));
  EXPECT_EQ(resolve(history, as_of(3, {2}), at(-1), {}, rules(50)), kAnonymous);
}

TEST(Resolve, a_removed_valid_from_is_as_if_it_had_never_been) {
  const Values history{customer(at(0), 1, "ann"), removed(at(100), 2), customer(at(100), 1, "bob")};
  EXPECT_EQ(resolve(history, as_of(1), at(150), {}, rules()), mapped("bob"));
  EXPECT_EQ(resolve(history, as_of(2), at(150), {}, rules()), mapped("ann"));
  EXPECT_EQ(resolve(history, as_of(3, {2}), at(150), {}, rules()), mapped("bob"));

  const Values only{removed(at(100), 2), customer(at(100), 1, "bob")};
  EXPECT_EQ(resolve(only, as_of(2), at(150), {}, rules()), kAnonymous);
  EXPECT_EQ(resolve(only, as_of(2), at(99), {}, rules()), kAnonymous);
  EXPECT_EQ(resolve(only, as_of(2), at(150), "eve", rules()), claimed("eve"));

  const Values back{customer(at(100), 3, "bob"), removed(at(100), 2), customer(at(100), 1, "bob")};
  EXPECT_EQ(resolve(back, as_of(3), at(150), {}, rules()), mapped("bob"));
}

TEST(Resolve, removing_the_first_mapping_lets_the_next_be_stitched_to) {
  const Values history{removed(at(0), 2), customer(at(0), 1, "ann"), customer(at(10), 1, "bob")};
  EXPECT_EQ(resolve(history, as_of(1), at(-5), {}, rules()), stitched("ann"));
  EXPECT_EQ(resolve(history, as_of(2), at(-5), {}, rules()), stitched("bob"));
}

TEST(Resolve, distances_of_extreme_times_do_not_overflow) {
  const Values history{customer(TimeMs::max(), 1, "ann")};
  EXPECT_EQ(resolve(history, as_of(1), from_unix_ms(INT64_MIN + 1), {}, rules(INT64_MAX)), kAnonymous);
  EXPECT_EQ(resolve(history, as_of(1), from_unix_ms(0), {}, rules(INT64_MAX)), stitched("ann"));
}

/// Every history of up to three valid_froms, two runs and four values, every view, every time, against
/// the words of the design written down the slow way.
TEST(Resolve, all_small_cases_agree_with_the_definition) {
  const auto slow = [](const Values& history, const MappingView& view, TimeMs time) -> Resolution {
    std::map<TimeMs, Assignment> effective;
    for (const auto& value : history) {
      if (value.run > view.run) continue;
      if (std::find(view.aborted.begin(), view.aborted.end(), value.run) != view.aborted.end()) continue;
      const auto [entry, is_new] = effective.try_emplace(value.valid_from, value);
      if (!is_new && value.run > entry->second.run) entry->second = value;
    }
    std::erase_if(effective, [](const auto& e) { return e.second.kind == Kind::kRemoved; });
    if (effective.empty()) return {};
    const auto after = effective.upper_bound(time);
    if (after != effective.begin()) {
      const auto& last = std::prev(after)->second;
      return last.kind == Kind::kCustomer ? mapped(last.customer) : Resolution{};
    }
    const bool near = after->first - time <= std::chrono::milliseconds{15};
    return after->second.kind == Kind::kCustomer && near ? stitched(after->second.customer) : Resolution{};
  };
  const std::array<std::string_view, 6> names{"a1", "a2", "b1", "b2", "c1", "c2"};
  int cases = 0;
  for (int code = 0; code < 4 * 4 * 4 * 4 * 4 * 4; ++code) {
    Values history;
    for (int i = 0, rest = code; i < 6; ++i, rest /= 4) {
      const auto valid_from = at(10 * (i / 2));
      const auto run = i % 2 == 0 ? 2U : 1U;  // newest first
      if (rest % 4 == 1) history.push_back(customer(valid_from, run, names[static_cast<std::size_t>(i)]));
      if (rest % 4 == 2) history.push_back(unmapped(valid_from, run));
      if (rest % 4 == 3) history.push_back(removed(valid_from, run));
    }
    for (const auto& view : {as_of(0), as_of(1), as_of(2), as_of(3, {1}), as_of(3, {2}), as_of(3, {1, 2})}) {
      for (const auto time : {at(-16), at(-15), at(-6), at(-5), at(5), at(10), at(15), at(25)}) {
        ASSERT_EQ(resolve(history, view, time, {}, rules(15)), slow(history, view, time)) << code;
        ++cases;
      }
    }
  }
  EXPECT_EQ(cases, 4096 * 6 * 8);
}

TEST(AssignmentAt, it_is_the_value_of_exactly_that_valid_from) {
  const Values history{customer(at(0), 2, "ann"), customer(at(0), 1, "bob"), removed(at(10), 2),
                       customer(at(10), 1, "cid"), unmapped(at(20), 1)};
  EXPECT_EQ(assignment_at(history, as_of(2), at(0))->customer, "ann");
  EXPECT_EQ(assignment_at(history, as_of(1), at(0))->customer, "bob");
  EXPECT_EQ(assignment_at(history, as_of(2), at(10)), nullptr);
  EXPECT_EQ(assignment_at(history, as_of(2), at(20))->kind, Kind::kUnmapped);
  EXPECT_EQ(assignment_at(history, as_of(2), at(5)), nullptr);
  EXPECT_EQ(assignment_at(history, as_of(2), at(25)), nullptr);
}

TEST(MappingRow, it_is_hash_merchant_and_guid) {
  const auto row = mapping_row("shop", "g-1");
  const auto hash = hash64("shop\0g-1"sv);
  EXPECT_EQ(row.substr(0, 2), (std::string{static_cast<char>(hash >> 56), static_cast<char>(hash >> 48)}));
  EXPECT_EQ(row.substr(2), "shop\0g-1"sv);
  EXPECT_EQ(guid_hash("shop", "g-1"), hash);
  const auto key = parse_mapping_row(row);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->merchant, "shop");
  EXPECT_EQ(key->guid, "g-1");
  for (std::size_t n = 0; n < 7; ++n) EXPECT_FALSE(parse_mapping_row(std::string_view(row).substr(0, n))) << n;
}

TEST(MappingRow, a_guid_may_hold_any_byte) {
  const auto row = mapping_row("shop", "a\0b\xff"sv);
  EXPECT_EQ(parse_mapping_row(row)->guid, "a\0b\xff"sv);
}

TEST(MappingRow, qualifiers_sort_as_times_do) {
  EXPECT_EQ(mapping_qualifier(kSinceEver), "\0\0\0\0\0\0\0\0"sv);
  EXPECT_EQ(mapping_qualifier(from_unix_ms(0)), "\x80\0\0\0\0\0\0\0"sv);
  EXPECT_EQ(mapping_qualifier(from_unix_ms(1'430'000'000'123)), "\x80\x00\x01\x4c\xf2\xa4\x5c\x7b"sv);
  const std::vector<TimeMs> times{kSinceEver, from_unix_ms(-1), from_unix_ms(0), from_unix_ms(1), TimeMs::max()};
  for (std::size_t i = 1; i < times.size(); ++i)
    EXPECT_LT(mapping_qualifier(times[i - 1]), mapping_qualifier(times[i]));
}

Row row_of(const Values& values) {
  Row row{"r", {}};
  for (const auto& value : values) {
    auto cell = mapping_cell(value);
    row.cells.push_back({cell.family, cell.qualifier, cell.timestamp, cell.value});
  }
  return row;
}

TEST(MappingRow, a_history_is_read_as_it_was_written) {
  const Values values{customer(kSinceEver, 3, "ann"), unmapped(at(0), 9), customer(at(0), 2, "bob"), removed(at(5), 4)};
  const auto row = row_of(values);
  EXPECT_EQ(history_of(row), values);
  EXPECT_EQ(history_of(Row{"r", {}}), Values{});
}

TEST(MappingRow, cells_that_are_none_of_ours_are_corrupt) {
  const auto row = row_of({customer(at(0), 2, "bob")});
  const auto broken = [&](auto&& how) {
    auto copy = row;
    how(copy.cells[0]);
    return !history_of(copy);
  };
  EXPECT_FALSE(broken([](Cell&) {}));
  EXPECT_TRUE(broken([](Cell& c) { c.value.clear(); }));
  EXPECT_TRUE(broken([](Cell& c) { c.value = std::string(1, '\0'); }));
  EXPECT_TRUE(broken([](Cell& c) { c.value[0] = 3; }));
  EXPECT_TRUE(broken([](Cell& c) { c.value[0] = 1; }));
  EXPECT_TRUE(broken([](Cell& c) { c.value[0] = static_cast<char>(0x80); }));
  EXPECT_TRUE(broken([](Cell& c) { c.qualifier.pop_back(); }));
  auto twice = row;
  twice.cells.push_back(twice.cells[0]);
  EXPECT_FALSE(history_of(twice));
}

TEST(MappingTable, it_keeps_all_versions_and_is_split_evenly) {
  const auto spec = mapping_table("m", 4);
  ASSERT_EQ(spec.families.size(), 1u);
  EXPECT_EQ(spec.families[0].versions, FamilySpec::kAllVersions);
  EXPECT_EQ(spec.split_keys, (std::vector<std::string>{"\x40\0"s, "\x80\0"s, "\xc0\0"s}));
  EXPECT_TRUE(mapping_table("m", 1).split_keys.empty());
  EXPECT_TRUE(check(mapping_table("m", 256)));
}

}  // namespace
}  // namespace guidepost::identity
