#include <atomic>

#include "contract/event_log/suite.hpp"

namespace guidepost::contract {
namespace {

using std::chrono::milliseconds;
using Partitions = std::set<std::int32_t>;

/// Options with the shortest session that the log allows.
GroupOptions options(const EventLogAdapter& adapter, const std::string& group, const std::string& topic,
                     const std::string& member = "") {
  GroupOptions options{group, topic, member, adapter.shortest_session(), adapter.patience() / 2};
  return options;
}

TEST_P(EventLogContract, ALoneMemberIsAssignedAllPartitions) {
  const auto topic = make_topic(4);
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  ASSERT_TRUE(eventually([&] { return peer.owned() == Partitions{0, 1, 2, 3}; }));
  EXPECT_EQ(peer.topic_id(), describe(topic)->id);
}

TEST_P(EventLogContract, MembersShareThePartitions) {
  const auto topic = make_topic(4);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 4; }));
  Peer second(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 2 && second.owned().size() == 2; }));
  auto all = first.owned();
  all.merge(second.owned());
  EXPECT_EQ(all.size(), 4U);
}

TEST_P(EventLogContract, MoreMembersThanPartitionsLeaveSomeWithout) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic));
  Peer second(log(), options(adapter(), group, topic));
  EXPECT_TRUE(eventually([&] { return first.owned().size() + second.owned().size() == 1; }));
}

TEST_P(EventLogContract, GroupsDoNotShareThePartitions) {
  const auto topic = make_topic(2);
  Peer first(log(), options(adapter(), fresh("group"), topic));
  Peer second(log(), options(adapter(), fresh("group"), topic));
  EXPECT_TRUE(eventually([&] { return first.owned().size() == 2 && second.owned().size() == 2; }));
}

TEST_P(EventLogContract, APartitionIsAssignedElsewhereOnlyWhenItsOwnerHasLetGo) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 2; }));
  first.hold_revokes();
  Peer second(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.open_revokes() > 0; }));
  EXPECT_TRUE(stays(milliseconds{300}, [&] { return second.owned().empty(); }));
  first.let_go();
  EXPECT_TRUE(eventually([&] { return first.owned().size() == 1 && second.owned().size() == 1; }));
}

TEST_P(EventLogContract, ARevokeThatIsNeverAnsweredEndsAtItsDeadline) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  auto hasty = options(adapter(), group, topic);
  hasty.revoke_deadline = milliseconds{1000};
  Peer first(log(), hasty);
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 2; }));
  first.hold_revokes();
  Peer second(log(), hasty);
  ASSERT_TRUE(eventually([&] { return !second.owned().empty(); }));
  // Each of the two hears it on its own thread, in any order.
  EXPECT_TRUE(eventually([&] {
    const auto told = first.told();
    return std::any_of(told.begin(), told.end(), [](const auto& word) { return word.starts_with("lost"); });
  }));
  const auto taken = *second.owned().begin();
  if (!first.owned().contains(taken)) {
    EXPECT_EQ(first.commit(taken, {Offset{1}, ""}).error().code, ErrorCode::kCancelled);
  }
}

TEST_P(EventLogContract, EachAssignmentIsFollowedByItsEnd) {
  const auto topic = make_topic(3);
  const auto group = fresh("group");
  Peer peer(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 3; }));
  for (int i = 0; i < 3; ++i) {
    Peer guest(log(), options(adapter(), group, topic));
    ASSERT_TRUE(eventually([&] { return !guest.owned().empty() && peer.owned().size() < 3; }));
  }
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 3; }));
  std::map<std::string, bool> owned;
  for (const auto& word : peer.told()) {
    const auto space = word.find(' ');
    const bool assigned = word.substr(0, space) == "assigned";
    EXPECT_NE(owned[word.substr(space)], assigned) << word;
    owned[word.substr(space)] = assigned;
  }
}

TEST_P(EventLogContract, NothingIsCommittedAtFirst) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  EXPECT_EQ(committed(group, at(topic)), std::nullopt);
  Peer peer(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  EXPECT_EQ(peer.committed(0), std::nullopt);
}

TEST_P(EventLogContract, ACommitComesBackWithItsMetadata) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  append_numbers(at(topic, 1), 9);
  Peer peer(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 2; }));
  const Commit commit{Offset{7}, "run=12"};
  ASSERT_TRUE(peer.commit(1, commit));
  EXPECT_EQ(peer.committed(1), commit);
  EXPECT_EQ(committed(group, at(topic, 1)), commit);
  EXPECT_EQ(peer.committed(0), std::nullopt);
  EXPECT_EQ(committed(fresh("group"), at(topic, 1)), std::nullopt);
}

TEST_P(EventLogContract, ACommitNeedsNoMetadataAndMayHold4KiB) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  Peer peer(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  ASSERT_TRUE(peer.commit(0, {Offset{0}, ""}));
  EXPECT_EQ(peer.committed(0), (Commit{Offset{0}, ""}));
  const Commit full{Offset{1}, std::string(4096, 'm')};
  ASSERT_TRUE(peer.commit(0, full));
  EXPECT_EQ(committed(group, at(topic)), full);
}

TEST_P(EventLogContract, ACommitOverItsLimitsIsRefused) {
  const auto topic = make_topic(1);
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  EXPECT_EQ(peer.commit(0, {Offset{1}, std::string(4097, 'm')}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(peer.commit(0, {Offset{-1}, ""}).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(EventLogContract, ALowerCommitIsTakenAsWell) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  append_numbers(at(topic), 9);
  Peer peer(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  ASSERT_TRUE(peer.commit(0, {Offset{8}, "a"}));
  ASSERT_TRUE(peer.commit(0, {Offset{3}, "b"}));
  EXPECT_EQ(committed(group, at(topic)), (Commit{Offset{3}, "b"}));
}

TEST_P(EventLogContract, ACommitSurvivesARestart) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  append_numbers(at(topic), 6);
  {
    Peer peer(log(), options(adapter(), group, topic));
    ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
    ASSERT_TRUE(peer.commit(0, {Offset{5}, "kept"}));
  }
  adapter().restart();
  EXPECT_EQ(committed(group, at(topic)), (Commit{Offset{5}, "kept"}));
  Peer peer(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  EXPECT_EQ(peer.committed(0), (Commit{Offset{5}, "kept"}));
}

TEST_P(EventLogContract, ACommitOfWhatIsMissingIsNotFound) {
  const auto topic = make_topic(1);
  for (const auto& missing : {at(fresh("missing")), at(topic, 1)}) {
    const auto found =
        await<std::optional<Commit>>([&](auto done) { log().committed(fresh("group"), missing, std::move(done)); });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
  }
}

TEST_P(EventLogContract, OnlyTheOwnerCommits) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic));
  Peer second(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 1 && second.owned().size() == 1; }));
  const auto others = *second.owned().begin();
  const auto refused = first.commit(others, {Offset{1}, "not mine"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(committed(group, at(topic, others)), std::nullopt);
  EXPECT_TRUE(second.commit(others, {Offset{0}, "mine"}));
}

TEST_P(EventLogContract, CommitsStillWorkWhileAPartitionIsRevoked) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  append_numbers(at(topic, 0), 3);
  append_numbers(at(topic, 1), 3);
  Peer first(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 2; }));
  first.hold_revokes();
  Peer second(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.open_revokes() > 0; }));
  for (const auto& word : first.told()) {
    if (!word.starts_with("revoking ")) continue;
    const auto partition = std::stoi(word.substr(9));
    ASSERT_TRUE(first.commit(partition, {Offset{2}, "last"}));
  }
  first.let_go();
  ASSERT_TRUE(eventually([&] { return second.owned().size() == 1; }));
  EXPECT_EQ(second.committed(*second.owned().begin()), (Commit{Offset{2}, "last"}));
}

TEST_P(EventLogContract, AMemberFetchesFromWhereItStarts) {
  const auto topic = make_topic(1);
  append_numbers(at(topic), 10);
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  EXPECT_EQ(peer.fetch(0).error().code, ErrorCode::kInvalidArgument);  // there is no default position
  peer.member().start(Partition{0}, Offset{4});
  std::vector<Copy> all;
  ASSERT_TRUE(eventually([&] {
    const auto batch = peer.fetch(0, {3, 1_MiB, milliseconds{100}});
    for (auto& copy : copies(*batch.value())) all.push_back(std::move(copy));
    return all.size() >= 6;
  }));
  EXPECT_EQ(all.front(), (Copy{4, "", "4"}));
  EXPECT_EQ(all.back(), (Copy{9, "", "9"}));
  peer.member().start(Partition{0}, Offset{1});
  ASSERT_TRUE(eventually([&] {
    const auto batch = peer.fetch(0, {1, 1_MiB, milliseconds{100}});
    return !batch.value()->records().empty() && batch.value()->records().front().offset == Offset{1};
  }));
}

TEST_P(EventLogContract, AMembersFetchOutOfRangeIsAnErrorNotAJump) {
  const auto topic = make_topic(1);
  append_numbers(at(topic), 5);
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  peer.member().start(Partition{0}, Offset{17});
  ASSERT_TRUE(eventually([&] {
    const auto batch = peer.fetch(0);
    EXPECT_TRUE(!batch || (*batch)->records().empty());
    return !batch && batch.error().code == ErrorCode::kOutOfRange;
  }));
}

TEST_P(EventLogContract, AFetchOfAnothersPartitionIsCancelled) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic));
  Peer second(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 1 && second.owned().size() == 1; }));
  const auto others = *second.owned().begin();
  first.member().start(Partition{others}, Offset{0});
  EXPECT_EQ(first.fetch(others).error().code, ErrorCode::kCancelled);
}

TEST_P(EventLogContract, AnOpenFetchIsCancelledWhenItsPartitionIsRevoked) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  Peer peer(log(), options(adapter(), group, topic, "a"));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  peer.member().start(Partition{0}, Offset{0});
  auto [done, answer] = open_fetch();
  peer.member().fetch(Partition{0}, {10, 1_MiB, adapter().patience() * 2}, std::move(done));
  ASSERT_TRUE(peer.leave());
  ASSERT_EQ(answer.wait_for(adapter().patience()), std::future_status::ready);
  EXPECT_EQ(answer.get().error().code, ErrorCode::kCancelled);
}

TEST_P(EventLogContract, AMemberThatDoesNotFetchStaysInTheGroup) {
  const auto topic = make_topic(2);
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 2; }));
  EXPECT_TRUE(stays(adapter().shortest_session() * 3 / 2, [&] { return peer.owned().size() == 2; }));
  EXPECT_TRUE(peer.commit(0, {Offset{0}, ""}));
}

TEST_P(EventLogContract, LeavingRevokesFirstAndThenGivesAway) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic));
  Peer second(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 1 && second.owned().size() == 1; }));
  first.hold_revokes();
  std::atomic<bool> left{false};
  first.member().leave(Completion<void>(inline_executor(), [&](Result<void>) { left = true; }));
  ASSERT_TRUE(eventually([&] { return first.open_revokes() == 1; }));
  EXPECT_FALSE(left);
  first.let_go();
  ASSERT_TRUE(eventually([&] { return left.load(); }));
  EXPECT_TRUE(eventually([&] { return second.owned().size() == 2; }));
  EXPECT_TRUE(first.owned().empty());
}

TEST_P(EventLogContract, AMemberThatHasLeftIsToldNothingMore) {
  const auto topic = make_topic(2);
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 2; }));
  ASSERT_TRUE(peer.leave());
  EXPECT_TRUE(stays(milliseconds{200}, [&] { return peer.owned().empty(); }));
  EXPECT_EQ(peer.commit(0, {Offset{1}, ""}).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(peer.leave());
}

TEST_P(EventLogContract, ThePartitionsOfAClosedMemberGoToTheOthers) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic));
  Peer second(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 1 && second.owned().size() == 1; }));
  first.vanish();
  EXPECT_TRUE(eventually([&] { return second.owned().size() == 2; }));
}

TEST_P(EventLogContract, ANamedMemberThatComesBackKeepsItsPartitions) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  auto lasting = options(adapter(), group, topic, "slot-1");
  lasting.session_timeout = adapter().patience();
  auto first = std::make_unique<Peer>(log(), lasting);
  lasting.member = "slot-2";
  Peer second(log(), lasting);
  ASSERT_TRUE(eventually([&] { return first->owned().size() == 1 && second.owned().size() == 1; }));
  const auto owned = first->owned();
  const auto told = second.told().size();
  first.reset();
  lasting.member = "slot-1";
  first = std::make_unique<Peer>(log(), lasting);
  ASSERT_TRUE(eventually([&] { return first->owned() == owned; }));
  EXPECT_EQ(second.told().size(), told) << "the other member was disturbed";
}

TEST_P(EventLogContract, ANamedMemberThatStaysAwayLosesItsPartitions) {
  const auto topic = make_topic(2);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic, "slot-1"));
  Peer second(log(), options(adapter(), group, topic, "slot-2"));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 1 && second.owned().size() == 1; }));
  first.vanish();
  EXPECT_TRUE(eventually([&] { return second.owned().size() == 2; }));
}

TEST_P(EventLogContract, AMemberOfTheSameNameTakesTheSlot) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  Peer first(log(), options(adapter(), group, topic, "slot"));
  ASSERT_TRUE(eventually([&] { return first.owned().size() == 1; }));
  Peer second(log(), options(adapter(), group, topic, "slot"));
  ASSERT_TRUE(eventually([&] { return second.owned().size() == 1; }));
  ASSERT_TRUE(eventually([&] { return first.failure().has_value(); }));
  EXPECT_EQ(first.failure()->code, ErrorCode::kCancelled);
  EXPECT_TRUE(first.owned().empty());
  EXPECT_EQ(first.commit(0, {Offset{1}, "zombie"}).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(second.commit(0, {Offset{0}, ""}));
}

TEST_P(EventLogContract, AMemberWaitsForATopicThatWasNotMadeYet) {
  const auto topic = fresh("later");
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  EXPECT_TRUE(stays(milliseconds{300}, [&] { return !peer.failure() && peer.owned().empty(); }));
  const auto made = create(spec(topic, 2));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 2; }));
  EXPECT_EQ(peer.topic_id(), made.id);
  EXPECT_FALSE(peer.failure());
}

TEST_P(EventLogContract, AMemberThatWaitsForItsTopicCanLeave) {
  Peer peer(log(), options(adapter(), fresh("group"), fresh("never")));
  EXPECT_TRUE(peer.leave());
  EXPECT_FALSE(peer.failure());
}

TEST_P(EventLogContract, MembersOfATopicThatIsDeletedFail) {
  const auto topic = make_topic(2);
  Peer peer(log(), options(adapter(), fresh("group"), topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 2; }));
  for (std::int32_t p = 0; p < 2; ++p) peer.member().start(Partition{p}, Offset{0});
  remove(topic);
  ASSERT_TRUE(eventually([&] {
    for (std::int32_t p = 0; p < 2; ++p) peer.fetch(p, {10, 1_MiB, milliseconds{50}});
    return peer.failure().has_value();
  }));
  EXPECT_EQ(peer.failure()->code, ErrorCode::kNotFound);
  EXPECT_TRUE(peer.owned().empty());
}

TEST_P(EventLogContract, MembersOfATopicThatIsMadeAgainFail) {
  const auto one = spec(fresh("topic"), 1);
  create(one);
  append_numbers(at(one.name), 2);
  Peer peer(log(), options(adapter(), fresh("group"), one.name));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  peer.member().start(Partition{0}, Offset{0});
  ASSERT_TRUE(eventually([&] { return peer.fetch(0).value()->next() == Offset{2}; }));
  make_again(one);
  append_numbers(at(one.name), 5);
  ASSERT_TRUE(eventually([&] {
    const auto batch = peer.fetch(0, {10, 1_MiB, milliseconds{50}});
    EXPECT_TRUE(!batch || (*batch)->records().empty()) << "records of another topic";
    return peer.failure().has_value();
  }));
  EXPECT_TRUE(peer.failure()->code == ErrorCode::kTopicChanged || peer.failure()->code == ErrorCode::kNotFound);
}

TEST_P(EventLogContract, ATopicMadeAgainHasNoCommits) {
  const auto one = spec(fresh("topic"), 1);
  const auto group = fresh("group");
  create(one);
  append_numbers(at(one.name), 3);
  {
    Peer peer(log(), options(adapter(), group, one.name));
    ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
    ASSERT_TRUE(peer.commit(0, {Offset{3}, "old"}));
  }
  make_again(one);
  EXPECT_TRUE(eventually([&] { return committed(group, at(one.name)) == std::nullopt; }));
}

TEST_P(EventLogContract, AReaderNeedsNoGroupAndDisturbsNone) {
  const auto topic = make_topic(1);
  const auto group = fresh("group");
  append_numbers(at(topic), 10);
  Peer peer(log(), options(adapter(), group, topic));
  ASSERT_TRUE(eventually([&] { return peer.owned().size() == 1; }));
  ASSERT_TRUE(peer.commit(0, {Offset{4}, "mine"}));
  peer.member().start(Partition{0}, Offset{4});
  EXPECT_EQ(read(at(topic), Offset{0}, 10).size(), 10U);
  EXPECT_EQ(committed(group, at(topic)), (Commit{Offset{4}, "mine"}));
  ASSERT_TRUE(eventually([&] {
    const auto batch = peer.fetch(0, {1, 1_MiB, milliseconds{100}});
    return !batch.value()->records().empty() && batch.value()->records().front().offset == Offset{4};
  }));
}

}  // namespace
}  // namespace guidepost::contract
