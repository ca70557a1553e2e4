// A disk that is full for a while, and one that fails for good.
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <atomic>
#include <thread>

#include "unit/adapters/embedded/stores.hpp"

namespace guidepost {
namespace {

/// What writes to the disk meet at the moment.
struct Disk {
  std::atomic<bool> full{false};
  std::atomic<bool> full_for_logs{false};  // of writes; tables are small enough
  std::atomic<bool> broken{false};
  std::atomic<int> refused{0};

  rocksdb::IOStatus verdict() {
    if (broken) {
      ++refused;
      return rocksdb::IOStatus::IOError("the test broke the disk");
    }
    if (full) {
      ++refused;
      return rocksdb::IOStatus::NoSpace("the test filled the disk");
    }
    return rocksdb::IOStatus::OK();
  }
};

class File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, Disk& disk, bool is_log)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), is_log_(is_log) {}
  rocksdb::IOStatus Append(const rocksdb::Slice& bytes, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (is_log_ && disk_.full_for_logs) {
      ++disk_.refused;
      return rocksdb::IOStatus::NoSpace("the test filled the disk");
    }
    // A full disk takes a part of a write before it refuses the rest.
    if (auto status = disk_.verdict(); !status.ok()) {
      target()->Append({bytes.data(), bytes.size() / 2}, options, debug);
      return status;
    }
    return target()->Append(bytes, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& bytes, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
    return Append(bytes, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    if (disk_.broken) return disk_.verdict();
    return target()->Sync(options, debug);
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  Disk& disk_;
  const bool is_log_;
};

class Files final : public rocksdb::FileSystemWrapper {
 public:
  explicit Files(Disk& disk) : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}
  const char* Name() const override { return "failing"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    auto status = target()->NewWritableFile(name, options, file, debug);
    if (status.ok()) *file = std::make_unique<File>(std::move(*file), disk_, name.ends_with(".log"));
    return status;
  }

 private:
  Disk& disk_;
};

class EmbeddedFullDisk : public testing::Test {
 protected:
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
  }
  test::TempFolder folder;
  Disk disk;
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(std::make_shared<Files>(disk));
};

TEST_F(EmbeddedFullDisk, AppendsWaitUntilThereIsSpaceAgainAndNothingIsLostOrDoubled) {
  {
    auto log = test::open_log(folder.path() / "log", env.get());
    ASSERT_TRUE(log) << log.error().message;
    test::make_topic(**log, "t");
    const auto producer = (*log)->producer({});
    ASSERT_TRUE(test::append(*producer, "t", "before"));
    disk.full = true;
    std::atomic<int> answered{0};
    std::atomic<int> stored{0};
    for (int i = 0; i < 20; ++i) {
      producer->append({{"t", Partition{0}}, "", std::to_string(i), std::nullopt},
                       Completion<Offset>(inline_executor(), [&](Result<Offset> r) {
                         if (r) ++stored;
                         ++answered;
                       }));
    }
    ASSERT_TRUE(eventually([&] { return disk.refused > 2; })) << "the disk was not met";
    EXPECT_EQ(answered, 0);
    disk.full = false;
    ASSERT_TRUE(eventually([&] { return answered == 20; }));
    EXPECT_EQ(stored, 20);
  }
  auto again = test::open_log(folder.path() / "log");
  ASSERT_TRUE(again) << again.error().message;
  auto values = test::values(**again, "t");
  ASSERT_EQ(values.size(), 21U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i) + 1], std::to_string(i));
}

// RocksDB's logger ends the process when a line does not fit on the disk and another one follows.
TEST_F(EmbeddedFullDisk, NoLogOfRocksDbIsOnThatDisk) {
  const auto log = test::open_log(folder.path() / "log", env.get());
  ASSERT_TRUE(log) << log.error().message;
  ASSERT_TRUE(std::filesystem::exists(folder.path() / "log" / "rocks" / "CURRENT"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "log" / "rocks" / "LOG"));
}

// Then resuming succeeds with nothing in memory to flush, and so without a new log.
TEST_F(EmbeddedFullDisk, AppendsWaitAlsoWhereOnlyTheWriteAheadLogFindsNoSpace) {
  auto log = test::open_log(folder.path() / "log", env.get());
  ASSERT_TRUE(log) << log.error().message;
  test::make_topic(**log, "t");
  const auto producer = (*log)->producer({});
  ASSERT_TRUE(test::append(*producer, "t", "before"));
  disk.full_for_logs = true;
  std::atomic<bool> stored{false};
  producer->append({{"t", Partition{0}}, "", "after", std::nullopt},
                   Completion<Offset>(inline_executor(), [&](const Result<Offset>& r) { stored = r.has_value(); }));
  ASSERT_TRUE(eventually([&] { return disk.refused > 6; })) << "the disk was not met";
  disk.full_for_logs = false;
  ASSERT_TRUE(eventually([&] { return stored.load(); }));
  EXPECT_EQ(test::values(**log, "t"), (std::vector<std::string>{"before", "after"}));
}

TEST_F(EmbeddedFullDisk, AProducerWithADeadlineGivesUp) {
  auto log = test::open_log(folder.path() / "log", env.get());
  ASSERT_TRUE(log) << log.error().message;
  test::make_topic(**log, "t");
  ProducerOptions hasty;
  hasty.give_up_after = std::chrono::milliseconds{300};
  const auto producer = (*log)->producer(hasty);
  disk.full = true;
  const auto late = test::append(*producer, "t", "late");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kTimedOut);
  EXPECT_EQ(producer->in_flight_bytes(), 0_B);
  disk.full = false;
  ASSERT_TRUE(test::append(*producer, "t", "in time"));
  EXPECT_EQ(test::values(**log, "t"), std::vector<std::string>{"in time"});
}

TEST_F(EmbeddedFullDisk, ALogClosesWhileTheDiskIsFull) {
  auto log = test::open_log(folder.path() / "log", env.get());
  ASSERT_TRUE(log) << log.error().message;
  test::make_topic(**log, "t");
  auto producer = (*log)->producer({});
  disk.full = true;
  std::optional<ErrorCode> code;
  producer->append({{"t", Partition{0}}, "", "v", std::nullopt},
                   Completion<Offset>(inline_executor(), [&](Result<Offset> r) {
                     if (!r) code = r.error().code;
                   }));
  ASSERT_TRUE(eventually([&] { return disk.refused > 0; }));
  producer.reset();
  log->reset();
  EXPECT_EQ(code, ErrorCode::kCancelled);
}

TEST_F(EmbeddedFullDisk, PutsAreUnavailableUntilThereIsSpaceAgain) {
  {
    auto store = test::open_tables(folder.path() / "tables", env.get());
    ASSERT_TRUE(store) << store.error().message;
    test::make_table(**store, "t");
    ASSERT_TRUE(test::put(**store, "t", "r", 1, "before"));
    disk.full = true;
    for (int i = 0; i < 3; ++i) {
      const auto refused = test::put(**store, "t", "r", 2, "after");
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
      EXPECT_EQ(test::value(**store, "t", "r"), "before");
    }
    // Whether a checked put is there after all is not known: it says so.
    const CheckAndPut change{"r", "f", "q", "before", {"r", {{"f", "q", 2, "after"}}}};
    const auto unknown = await<bool>([&](auto done) { (*store)->check_and_put("t", change, std::move(done)); });
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::kTimedOut);
    disk.full = false;
    ASSERT_TRUE(test::put(**store, "t", "r", 2, "after"));
    EXPECT_EQ(test::value(**store, "t", "r"), "after");
  }
  auto again = test::open_tables(folder.path() / "tables");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(test::value(**again, "t", "r"), "after");
}

TEST_F(EmbeddedFullDisk, AfterAnErrorOfTheDiskNothingIsWrittenAnyMore) {
  {
    auto log = test::open_log(folder.path() / "log", env.get());
    ASSERT_TRUE(log) << log.error().message;
    test::make_topic(**log, "t");
    const auto producer = (*log)->producer({});
    ASSERT_TRUE(test::append(*producer, "t", "before"));
    disk.broken = true;
    EXPECT_EQ(test::append(*producer, "t", "lost").error().code, ErrorCode::kFailed);
    disk.broken = false;
    EXPECT_EQ(test::append(*producer, "t", "too late").error().code, ErrorCode::kFailed);
    EXPECT_EQ(test::append(*(*log)->producer({}), "t", "too late").error().code, ErrorCode::kFailed);
    EXPECT_EQ(test::values(**log, "t"), std::vector<std::string>{"before"});
  }
  auto again = test::open_log(folder.path() / "log");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(test::values(**again, "t").front(), "before");
}

}  // namespace
}  // namespace guidepost
