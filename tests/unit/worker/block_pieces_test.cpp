#include "worker/ingest/block_pieces.hpp"

#include <gtest/gtest.h>
#include <map>
#include <string>

#include "guidepost/event/block.hpp"
#include "support/sample_decisions.hpp"

namespace guidepost::worker {
namespace {

using event::Accepted;
using event::Decisions;
using event::Field;

/// What each offset comes to: its outcome, its changes, and the values that those are about.
std::map<std::int64_t, std::string> outcomes_of(const Decisions& d) {
  std::map<std::int64_t, std::string> outcomes;
  for (const auto& e : d.accepted) outcomes[e.offset.value] += "accepted " + std::string(e.text[Field::kPath]);
  for (const auto& b : d.bad) outcomes[b.offset.value] += "bad " + std::string(b.bytes);
  for (const auto& x : d.duplicates) outcomes[x.offset.value] += "duplicate";
  for (const auto& x : d.skipped) outcomes[x.offset.value] += "skipped";
  for (const auto& c : d.changes) {
    const auto* subject = d.subject(c);
    EXPECT_NE(subject, nullptr);
    outcomes[c.cause.value] += " changes " + std::to_string(c.subject.value) + " by " + std::to_string(c.dwell_ms) +
                               " at " + std::to_string(unix_ms(subject->time)) +
                               std::string(subject->text[Field::kPath]);
  }
  return outcomes;
}

TEST(BlockPieces, AreTheWholeWhereItFits) {
  const auto whole = test::sample_decisions();
  const auto pieces = pieces_of(whole, 1_MiB, RunId{1});
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(test::describe(pieces[0]), test::describe(whole));
}

TEST(BlockPieces, SayTogetherWhatTheWholeSays) {
  const auto whole = test::sample_decisions();
  for (const auto most : {Bytes{1}, Bytes{1500}, Bytes{4000}, Bytes{6000}}) {
    const auto pieces = pieces_of(whole, most, RunId{1});
    EXPECT_GT(pieces.size(), 1U);
    std::map<std::int64_t, std::string> outcomes;
    auto at = whole.from;
    for (const auto& piece : pieces) {
      EXPECT_EQ(piece.from, at);
      at = piece.to;
      EXPECT_EQ(piece.run, &piece == &pieces.back() ? whole.run : RunId{1});
      const auto read = event::Block::decode(event::encode_block(piece));
      ASSERT_TRUE(read) << read.error().message;
      outcomes.merge(outcomes_of(read->decisions()));
    }
    EXPECT_EQ(at, whole.to);
    EXPECT_EQ(outcomes, outcomes_of(whole)) << most.value;
  }
}

TEST(BlockPieces, FitWhateverTheEventsThatAreChangedBringAlong) {
  // A thousand small events, each of which changes two that are as long as an event may be.
  const std::string path(2048, 'p');
  const std::string domain(250, 'd');
  Decisions whole;
  whole.from = Offset{10'000};
  whole.to = whole.from + 1000;
  for (std::int64_t i = 0; i < 2000; ++i) {
    Accepted& e = whole.earlier.emplace_back();
    e.offset = Offset{i};
    e.text[Field::kPath] = path;
    e.text[Field::kReferrerDomain] = domain;
  }
  for (std::int64_t i = 0; i < 1000; ++i) {
    Accepted& e = whole.accepted.emplace_back();
    e.offset = whole.from + i;
    whole.changes.push_back({e.offset, Offset{2 * i}, 0, -1, -1, 1, 5});
    whole.changes.push_back({e.offset, Offset{2 * i + 1}, -1, 0, 0, 0, 0});
    whole.changes.push_back({e.offset, e.offset, 0, 0, 0, 0, 0});
  }
  const auto pieces = pieces_of(whole, 512_KiB, RunId{0});
  EXPECT_GT(pieces.size(), 8U);
  EXPECT_LT(pieces.size(), 20U);
  std::size_t offsets = 0;
  for (const auto& piece : pieces) {
    std::size_t texts = 0;
    for (const auto& e : piece.earlier) {
      for (const auto value : e.text.values) texts += value.size();
    }
    EXPECT_LT(texts, (512_KiB).value);
    EXPECT_LT(event::encode_block(piece).size(), (512_KiB).value);
    offsets += piece.accepted.size();
  }
  EXPECT_EQ(offsets, 1000U);
}

}  // namespace
}  // namespace guidepost::worker
