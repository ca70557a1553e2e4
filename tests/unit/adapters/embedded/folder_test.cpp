// What the stores say of folders that are not as they left them.
#include <sys/wait.h>
#include <unistd.h>
#include <fstream>

#include "unit/adapters/embedded/stores.hpp"

namespace guidepost {
namespace {

namespace fs = std::filesystem;

ErrorCode code_of(const Result<std::unique_ptr<EmbeddedEventLog>>& opened) {
  return opened ? ErrorCode{} : opened.error().code;
}

/// Files of a database whose names end so.
std::vector<fs::path> files(const fs::path& folder, const std::string& end) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder / "rocks")) {
    if (entry.path().string().ends_with(end) && entry.file_size() > 0) found.push_back(entry.path());
  }
  return found;
}

void damage(const fs::path& file, std::uintmax_t at) {
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(static_cast<std::streamoff>(at));
  const auto was = static_cast<char>(bytes.get());
  bytes.seekp(static_cast<std::streamoff>(at));
  bytes.put(static_cast<char>(was ^ 0x55));
}

/// A log with ten records of 10 KB in its write-ahead log, as a killed process leaves it.
void leave_log(const fs::path& folder) {
  const pid_t child = fork();
  if (child == 0) {
    auto log = test::open_log(folder);
    test::make_topic(**log, "t");
    const auto producer = (*log)->producer({});
    for (int i = 0; i < 10; ++i) {
      if (!test::append(*producer, "t", std::to_string(i) + std::string(10'000, '.'))) _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
}

TEST(EmbeddedFolder, AFolderWithOtherFilesIsRefusedAndLeftAlone) {
  const test::TempFolder folder;
  std::ofstream(folder.path() / "thesis.txt") << "years of work";
  const auto opened = test::open_log(folder.path());
  ASSERT_EQ(code_of(opened), ErrorCode::kInvalidArgument);
  EXPECT_NE(opened.error().message.find("choose another data folder"), std::string::npos) << opened.error().message;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}), 1);
}

TEST(EmbeddedFolder, AStoreOfAnotherKindIsRefused) {
  const test::TempFolder folder;
  {
    ASSERT_TRUE(test::open_tables(folder.path() / "store"));
  }
  EXPECT_EQ(code_of(test::open_log(folder.path() / "store")), ErrorCode::kInvalidArgument);
}

TEST(EmbeddedFolder, AStoreOfALaterVersionIsRefused) {
  const test::TempFolder folder;
  {
    ASSERT_TRUE(test::open_log(folder.path() / "log"));
  }
  std::ofstream(folder.path() / "log" / "GUIDEPOST") << "guidepost event_log 2\n";
  EXPECT_EQ(code_of(test::open_log(folder.path() / "log")), ErrorCode::kInvalidArgument);
}

TEST(EmbeddedFolder, AFolderThatIsOpenElsewhereIsUnavailable) {
  const test::TempFolder folder;
  const auto first = test::open_log(folder.path() / "log");
  ASSERT_TRUE(first);
  const auto second = test::open_log(folder.path() / "log");
  ASSERT_EQ(code_of(second), ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("open in another process"), std::string::npos) << second.error().message;
}

TEST(EmbeddedFolder, AFolderThatCannotBeMadeFails) {
  EXPECT_EQ(code_of(test::open_log("/proc/nothing/here")), ErrorCode::kFailed);
}

TEST(EmbeddedFolder, ARestartThatWasInterruptedWhileItMadeTheFolderIsTakenUp) {
  const test::TempFolder folder;
  std::ofstream(folder.path() / "GUIDEPOST.new") << "guidepost ev";
  EXPECT_TRUE(test::open_log(folder.path()));
}

TEST(EmbeddedFolder, ADamagedWriteIsNeverPassedOver) {
  const test::TempFolder folder;
  leave_log(folder.path() / "log");
  const auto logs = files(folder.path() / "log", ".log");
  ASSERT_EQ(logs.size(), 1U);
  damage(logs[0], fs::file_size(logs[0]) / 2);
  const auto strict = test::open_log(folder.path() / "log");
  ASSERT_EQ(code_of(strict), ErrorCode::kCorrupt);
  EXPECT_NE(strict.error().message.find("accept_loss"), std::string::npos) << strict.error().message;

  EmbeddedLogOptions options;
  options.store.folder = folder.path() / "log";
  options.store.recovery = embedded::Recovery::kAcceptLoss;
  const auto lossy = EmbeddedEventLog::open(options);
  ASSERT_TRUE(lossy) << lossy.error().message;
  const auto values = test::values(**lossy, "t");
  EXPECT_LT(values.size(), 10U);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], std::to_string(i) + std::string(10'000, '.'));
}

TEST(EmbeddedFolder, AWriteThatWasCutOffAtTheEndIsAsIfItHadNotBeen) {
  const test::TempFolder folder;
  leave_log(folder.path() / "log");
  const auto logs = files(folder.path() / "log", ".log");
  ASSERT_EQ(logs.size(), 1U);
  fs::resize_file(logs[0], fs::file_size(logs[0]) - 100);
  const auto log = test::open_log(folder.path() / "log");
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(test::values(**log, "t").size(), 9U);
  const auto producer = (*log)->producer({});
  EXPECT_EQ(test::append(*producer, "t", "next").value(), Offset{9});
}

TEST(EmbeddedFolder, ADamagedSortedFileIsFoundWhenItIsRead) {
  const test::TempFolder folder;
  {
    const auto log = test::open_log(folder.path() / "log");
    ASSERT_TRUE(log);
    test::make_topic(**log, "t");
    const auto producer = (*log)->producer({});
    std::string noise;
    for (std::uint32_t x = 3; noise.size() < 200'000; x = x * 1664525 + 1013904223)
      noise.push_back(static_cast<char>(x >> 24));
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(test::append(*producer, "t", noise));
  }
  auto sorted = files(folder.path() / "log", ".sst");
  ASSERT_FALSE(sorted.empty());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return fs::file_size(a) < fs::file_size(b); });
  damage(sorted.back(), fs::file_size(sorted.back()) / 2);
  const auto log = test::open_log(folder.path() / "log");
  if (!log) {
    EXPECT_EQ(log.error().code, ErrorCode::kCorrupt);
    return;
  }
  std::optional<ErrorCode> code;
  const auto reader = (*log)->read({"t", Partition{0}}, Offset{0});
  for (int i = 0; i < 100 && !code; ++i) {
    const auto batch = await<std::unique_ptr<LogBatch>>([&](auto done) { reader->fetch({}, std::move(done)); });
    if (!batch) code = batch.error().code;
  }
  EXPECT_EQ(code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace guidepost
