#include "app/backup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "support/temp_folder.hpp"
#include "unit/adapters/embedded/stores.hpp"

namespace guidepost::app {
namespace {

namespace fs = std::filesystem;

const Meter kGoOn = [](std::uint64_t) { return true; };
const StartMeter kQuiet = [](std::uint64_t) { return kGoOn; };

/// Dies at the n-th point that it hears of.
class DiesAt {
 public:
  explicit DiesAt(int n) : left_(n) {}
  void point() {
    if (left_-- == 0) raise(SIGKILL);
  }
  StartMeter start() {
    return [this](std::uint64_t) -> Meter {
      point();
      return [this](std::uint64_t) {
        point();
        return true;
      };
    };
  }

 private:
  int left_;
};

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.storage.data = (folder_.path() / "data").string();
    config_.storage.sync = false;
    auto stores = open_embedded_stores(config_);
    ASSERT_TRUE(stores) << stores.error().message;
    test::make_topic(*stores->log, names_.raw_topic());
    test::make_table(*stores->tables, "t");
    const auto producer = stores->log->producer({});
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(test::append(*producer, names_.raw_topic(), std::string(1000, 'x')));
      ASSERT_TRUE(test::put(*stores->tables, "t", "row" + std::to_string(i), 1, "v"));
    }
  }

  BackupSource source(const Stores& stores) const {
    return {stores.checkpoint, *stores.log, names_, config_.storage.data, "1.2.3"};
  }
  Result<Backup> back_up(const StartMeter& start = kQuiet) const {
    const auto stores = open_embedded_stores(config_);
    if (!stores) return tl::unexpected(stores.error());
    return make_backup(source(*stores), place_, start);
  }
  /// What has the name of a backup.
  std::set<fs::path> named() const {
    std::set<fs::path> all;
    if (!fs::exists(place_)) return all;
    for (const auto& entry : fs::directory_iterator(place_)) {
      if (entry.is_directory() && entry.path().filename().string().front() != '.') all.insert(entry.path());
    }
    return all;
  }
  /// Runs `work` in a process of its own; whether that came to its end.
  template <class Work>
  static bool ends(Work work) {
    const pid_t child = fork();
    if (child == 0) {
      work();
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
                (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return WIFEXITED(status);
  }
  static void flip(const fs::path& file) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(fs::file_size(file) / 2);
    bytes.seekg(middle);
    const auto was = static_cast<char>(bytes.get());
    bytes.seekp(middle);
    bytes.put(static_cast<char>(was ^ 0x10));
  }
  Config other(const std::string& name) const {
    auto config = config_;
    config.storage.data = (folder_.path() / name).string();
    return config;
  }

  test::TempFolder folder_;
  fs::path place_ = folder_.path() / "place";
  Config config_;
  Names names_;
};

TEST_F(BackupTest, ARestoredBackupHoldsWhatTheStoresHeld) {
  const auto backup = back_up();
  ASSERT_TRUE(backup) << backup.error().message;
  EXPECT_EQ(backup->raw_ends, std::vector{Offset{20}});
  const auto checked = check_backup(backup->folder, kQuiet);
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(checked->taken, backup->taken);
  EXPECT_EQ(checked->program, "1.2.3");
  EXPECT_EQ(checked->files, backup->files);
  const auto config = other("restored");
  const auto restored = restore_backup(*checked, config, kQuiet);
  ASSERT_TRUE(restored) << restored.error().message;
  const auto stores = open_embedded_stores(config);
  ASSERT_TRUE(stores);
  EXPECT_EQ(test::values(*stores->log, names_.raw_topic()).size(), 20U);
  EXPECT_EQ(test::value(*stores->tables, "t", "row19"), "v");
  EXPECT_FALSE(fs::exists(config.storage.data + ".restoring"));
}

TEST_F(BackupTest, LogAndTablesAreOfOneMoment) {
  auto stores = open_embedded_stores(config_);
  ASSERT_TRUE(stores);
  // The row of a record is put once that is acknowledged, as stages do: no moment has a row without its record.
  const auto row_of = [](Offset offset) { return "row" + std::to_string(offset.value); };
  const auto producer = stores->log->producer({});
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      while (!stop) {
        const auto offset = test::append(*producer, names_.raw_topic(), "x");
        EXPECT_TRUE(offset && test::put(*stores->tables, "t", row_of(*offset), 1, "v"));
      }
    });
  }
  constexpr int kCopies = 40;
  for (int i = 0; i < kCopies; ++i)
    ASSERT_TRUE(
        stores->checkpoint(other("copy-" + std::to_string(i)).storage.data, []() -> Result<void> { return {}; }));
  stop = true;
  for (auto& writer : writers) writer.join();
  std::set<std::int64_t> ends;
  for (int i = 0; i < kCopies; ++i) {
    const auto copy = open_embedded_stores(other("copy-" + std::to_string(i)));
    ASSERT_TRUE(copy) << copy.error().message;
    const auto end = test::bounds(*copy->log, names_.raw_topic()).end;
    ends.insert(end.value);
    for (int more = 0; more < 10; ++more)
      EXPECT_FALSE(test::value(*copy->tables, "t", row_of(end + more)))
          << "copy " << i << ", " << more << " past its end";
  }
  EXPECT_GT(ends.size(), kCopies / 2U) << "too little was written meanwhile";
}

TEST_F(BackupTest, KilledAtAnyPointItLeavesOnlyWholeBackups) {
  std::size_t whole = 0;
  int n = 0;
  for (bool ended = false; !ended; ++n) {
    ended = ends([&] {
      DiesAt dies(n);
      auto stores = open_embedded_stores(config_);
      const CheckpointStores checkpoint = [&](const fs::path& to, const std::function<Result<void>()>& meanwhile) {
        dies.point();
        return stores->checkpoint(to, [&] {
          dies.point();
          return meanwhile();
        });
      };
      BackupSource from{checkpoint, *stores->log, names_, config_.storage.data, "1.2.3"};
      if (!make_backup(from, place_, dies.start())) _exit(1);
    });
    const auto found = named();
    EXPECT_GE(found.size(), whole);
    whole = found.size();
    for (const auto& backup : found) EXPECT_TRUE(check_backup(backup, kQuiet)) << backup;
    ASSERT_TRUE(open_embedded_stores(config_));
    for (const auto& entry : fs::directory_iterator(config_.storage.data))
      EXPECT_FALSE(entry.path().filename().string().starts_with(kCheckpointStem)) << entry.path();
  }
  EXPECT_GT(n, 15) << "too few points";
  EXPECT_EQ(whole, 2U) << "one that died after it got its name, and the last";
  EXPECT_FALSE(fs::exists(place_ / ".unfinished"));
}

TEST_F(BackupTest, KilledAtAnyPointARestoreLeavesNothingOrAll) {
  const auto backup = back_up();
  ASSERT_TRUE(backup);
  const auto config = other("restored");
  int n = 0;
  for (bool ended = false; !ended; ++n) {
    ended = ends([&] {
      DiesAt dies(n);
      if (!restore_backup(*backup, config, dies.start())) _exit(1);
    });
    EXPECT_EQ(fs::exists(config.storage.data), ended);
  }
  EXPECT_GT(n, 10) << "too few points";
  const auto stores = open_embedded_stores(config);
  ASSERT_TRUE(stores);
  EXPECT_EQ(test::value(*stores->tables, "t", "row19"), "v");
}

TEST_F(BackupTest, AChangedByteInAnyFileIsFound) {
  const auto backup = back_up();
  ASSERT_TRUE(backup);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(backup->folder)) {
    if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
  }
  ASSERT_GT(files.size(), 8U);
  for (const auto& file : files) {
    flip(file);
    const auto checked = check_backup(backup->folder, kQuiet);
    ASSERT_FALSE(checked) << file;
    EXPECT_EQ(checked.error().code, ErrorCode::kCorrupt) << file;
    flip(file);
  }
  EXPECT_TRUE(check_backup(backup->folder, kQuiet));
  // Changed between the check and the copy.
  flip(backup->folder / "log" / "GUIDEPOST");
  const auto config = other("restored");
  EXPECT_EQ(restore_backup(*backup, config, kQuiet).error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(fs::exists(config.storage.data));
}

TEST_F(BackupTest, AMissingFileAndAnAddedOneAreFound) {
  const auto backup = back_up();
  ASSERT_TRUE(backup);
  std::ofstream(backup->folder / "tables" / "more") << "x";
  EXPECT_THAT(check_backup(backup->folder, kQuiet).error().message, ::testing::HasSubstr("tables/more is not of it"));
  fs::remove(backup->folder / "tables" / "more");
  fs::remove(backup->folder / "log" / "GUIDEPOST");
  EXPECT_THAT(check_backup(backup->folder, kQuiet).error().message, ::testing::HasSubstr("log/GUIDEPOST is missing"));
}

TEST_F(BackupTest, NothingIsWrittenWhereSomethingElseIs) {
  fs::create_directory(place_);
  std::ofstream(place_ / "somebodys") << "x";
  EXPECT_EQ(back_up().error().code, ErrorCode::kInvalidArgument);
  fs::remove(place_ / "somebodys");
  const auto backup = back_up();  // an empty one will do: a mount point
  ASSERT_TRUE(backup);
  ASSERT_TRUE(back_up());
  EXPECT_EQ(named().size(), 2U);
  EXPECT_EQ(restore_backup(*backup, config_, kQuiet).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(find_backup(place_).value(), *named().rbegin());
  EXPECT_EQ(find_backup(folder_.path()).error().code, ErrorCode::kNotFound);
}

TEST_F(BackupTest, WhereTheDiskTakesNoMoreNothingIsLeft) {
  const bool ended = ends([&] {
    auto stores = open_embedded_stores(config_);
    std::signal(SIGXFSZ, SIG_IGN);
    const StartMeter start = [](std::uint64_t) {
      const rlimit little{3000, 3000};  // from here on files are cut off there
      setrlimit(RLIMIT_FSIZE, &little);
      return kGoOn;
    };
    const auto backup = make_backup(source(*stores), place_, start);
    if (backup || backup.error().message.find("cannot be written") == std::string::npos) _exit(1);
    if (fs::exists(place_ / ".unfinished")) _exit(1);
    _exit(0);
  });
  EXPECT_TRUE(ended);
  EXPECT_TRUE(named().empty());
  EXPECT_TRUE(back_up());
}

TEST_F(BackupTest, ACancelledOneLeavesNothing) {
  const StartMeter stop = [](std::uint64_t) { return [](std::uint64_t) { return false; }; };
  EXPECT_EQ(back_up(stop).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(named().empty());
  const auto backup = back_up();
  ASSERT_TRUE(backup);
  const auto config = other("restored");
  EXPECT_EQ(restore_backup(*backup, config, stop).error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(config.storage.data));
  EXPECT_FALSE(fs::exists(config.storage.data + ".restoring"));
}

}  // namespace
}  // namespace guidepost::app
