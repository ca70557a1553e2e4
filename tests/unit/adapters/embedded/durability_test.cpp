// A process that writes is killed without warning: what it was told to be durable is there.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "unit/adapters/embedded/stores.hpp"

namespace guidepost {
namespace {

/// Runs `work(report)` in a child process and kills it with SIGKILL after it has reported `reports` times.
/// Returns the last number reported.
int kill_after(int reports, const std::function<void(const std::function<void(int)>&)>& work) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) throw std::runtime_error("pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork");  // kill(-1) would end everything of this user
  if (child == 0) {
    close(pipe_ends[0]);
    work([&](int number) {
      if (write(pipe_ends[1], &number, sizeof number) != sizeof number) _exit(3);
    });
    _exit(4);  // it should never come to an end by itself
  }
  close(pipe_ends[1]);
  int last = -1;
  for (int i = 0; i < reports; ++i) {
    int number = 0;
    if (read(pipe_ends[0], &number, sizeof number) != sizeof number) break;
    last = number;
  }
  kill(child, SIGKILL);
  for (int number = 0; read(pipe_ends[0], &number, sizeof number) == sizeof number;) last = number;
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself";
  return last;
}

TEST(EmbeddedDurability, RecordsThatWereAnsweredSurviveKill9) {
  const test::TempFolder folder;
  std::size_t before = 0;
  for (int round = 0; round < 5; ++round) {
    const int acknowledged = kill_after(20 + 31 * round, [&](const auto& report) {
      auto log = test::open_log(folder.path() / "log");
      if (!log) return;
      if (round == 0) test::make_topic(**log, "t");
      const auto producer = (*log)->producer({});
      // Several in flight, so that the kill meets writes of many records.
      for (int i = 0;; i += 8) {
        std::vector<std::future<bool>> answers;
        for (int n = 0; n < 8; ++n) {
          auto promise = std::make_shared<std::promise<bool>>();
          answers.push_back(promise->get_future());
          producer->append({{"t", Partition{0}},
                            "",
                            std::to_string(round) + ":" + std::to_string(i + n) + std::string(3000, '.'),
                            std::nullopt},
                           Completion<Offset>(inline_executor(),
                                              [promise](Result<Offset> r) { promise->set_value(r.has_value()); }));
        }
        for (auto& answer : answers) {
          if (!answer.get()) return;
        }
        report(i + 7);
      }
    });
    ASSERT_GE(acknowledged, 0);
    auto log = test::open_log(folder.path() / "log");
    ASSERT_TRUE(log) << log.error().message;
    const auto values = test::values(**log, "t");
    ASSERT_GT(values.size(), before + static_cast<std::size_t>(acknowledged));
    for (int i = 0; i <= acknowledged; ++i) {
      ASSERT_TRUE(values[before + static_cast<std::size_t>(i)].starts_with(std::to_string(round) + ":" +
                                                                           std::to_string(i) + "."));
    }
    before = values.size();
  }
}

TEST(EmbeddedDurability, PutsThatWereAnsweredSurviveKill9) {
  const test::TempFolder folder;
  for (int round = 0; round < 5; ++round) {
    const int acknowledged = kill_after(15 + 40 * round, [&](const auto& report) {
      auto store = test::open_tables(folder.path() / "tables");
      if (!store) return;
      if (round == 0) test::make_table(**store, "t");
      for (int i = 0;; ++i) {
        std::vector<RowPut> rows;
        for (int n = 0; n < 5; ++n)
          rows.push_back(
              {std::to_string(n), {{"f", "q", round * 1'000'000 + i, std::to_string(i) + std::string(2000, '.')}}});
        if (!await<void>([&](auto done) { (*store)->put("t", std::move(rows), std::move(done)); })) return;
        report(i);
      }
    });
    ASSERT_GE(acknowledged, 0);
    auto store = test::open_tables(folder.path() / "tables");
    ASSERT_TRUE(store) << store.error().message;
    for (int n = 0; n < 5; ++n) {
      const auto found = test::value(**store, "t", std::to_string(n));
      ASSERT_TRUE(found);
      ASSERT_GE(std::stoi(*found), acknowledged);
      ASSERT_EQ(*found, std::to_string(std::stoi(*found)) + std::string(2000, '.'));
    }
  }
}

TEST(EmbeddedDurability, CommitsThatWereAnsweredSurviveKill9) {
  const test::TempFolder folder;
  struct Listener final : GroupListener {
    void assigned(Partition, std::string) override { owned.set_value(); }
    void revoking(Partition, Task done) override { done(); }
    void lost(Partition) override {}
    void failed(Error) override {}
    std::promise<void> owned;
  };
  const int acknowledged = kill_after(30, [&](const auto& report) {
    auto log = test::open_log(folder.path() / "log");
    if (!log) return;
    test::make_topic(**log, "t");
    Listener listener;
    ThreadExecutor executor("listener");
    const auto member = (*log)->join({"g", "t", "m"}, listener, executor);
    listener.owned.get_future().wait();
    for (int i = 0;; ++i) {
      if (!await<void>(
              [&](auto done) { member->commit(Partition{0}, {Offset{i}, std::to_string(i)}, std::move(done)); }))
        return;
      report(i);
    }
  });
  ASSERT_GE(acknowledged, 0);
  auto log = test::open_log(folder.path() / "log");
  ASSERT_TRUE(log) << log.error().message;
  const auto commit =
      await<std::optional<Commit>>([&](auto done) { (*log)->committed("g", {"t", Partition{0}}, std::move(done)); });
  ASSERT_TRUE(commit && *commit);
  EXPECT_GE((*commit)->position.value, acknowledged);
  EXPECT_EQ((*commit)->metadata, std::to_string((*commit)->position.value));
}

}  // namespace
}  // namespace guidepost
