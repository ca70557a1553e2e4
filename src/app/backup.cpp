#include "app/backup.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/counted.hpp"
#include "app/data_folder.hpp"
#include "base/text.hpp"
#include "guidepost/base/executor.hpp"

namespace guidepost::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlaceMark = "GUIDEPOST-BACKUPS";
constexpr const char* kUnfinished = ".unfinished";
constexpr const char* kManifest = "manifest.json";
constexpr const char* kSums = "SHA256SUMS";
constexpr int kFormat = 1;
constexpr std::size_t kSumDigits = 64;

/// Deletes a folder at the end, unless it was given away.
class Scratch {
 public:
  explicit Scratch(fs::path folder) : folder_(std::move(folder)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  void give_away() { folder_.clear(); }

 private:
  fs::path folder_;
};

tl::unexpected<Error> cannot(const fs::path& what, const char* verb, int why) {
  const auto code = why == ENOSPC || why == EDQUOT ? ErrorCode::kUnavailable : ErrorCode::kFailed;
  return fail(code, what.string() + " cannot be " + verb + ": " + std::strerror(why));
}

tl::unexpected<Error> corrupt(const fs::path& folder, const std::string& why) {
  return fail(ErrorCode::kCorrupt, folder.string() + " is no whole backup: " + why);
}

/// Every file below the folder with its size, by its path there.
Result<std::map<std::string, std::uint64_t>> files_below(const fs::path& folder) {
  std::map<std::string, std::uint64_t> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().lexically_relative(folder).string();
    const auto status = at->symlink_status(error);
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) return corrupt(folder, name + " is not a file");
    files[name] = at->file_size(error);
  }
  if (error) return fail(ErrorCode::kFailed, folder.string() + " cannot be read: " + error.message());
  return files;
}

std::uint64_t total_of(const std::map<std::string, std::uint64_t>& files) {
  std::uint64_t total = 0;
  for (const auto& [_, size] : files) total += size;
  return total;
}

Result<void> require_space(const fs::path& where, std::uint64_t bytes) {
  std::error_code error;
  const auto space = fs::space(where, error);
  if (error || space.available >= bytes) return {};
  return fail(ErrorCode::kUnavailable,
              where.string() + " has " + text::bytes(space.available) + " left, and this takes " + text::bytes(bytes));
}

/// The place's mark, held by this process while it lives.
class PlaceLock {
 public:
  static Result<PlaceLock> take(const fs::path& place) {
    std::error_code error;
    const auto mark = place / kPlaceMark;
    if (fs::exists(place, error) && !fs::exists(mark, error) &&
        !(fs::is_directory(place, error) && fs::is_empty(place, error))) {
      return fail(ErrorCode::kInvalidArgument, place.string() +
                                                   " is there, and is no place of earlier backups: choose a new or an "
                                                   "empty folder, or one that `guidepost backup` made");
    }
    if (fs::create_directories(place, error)) fs::permissions(place, fs::perms::owner_all, error);
    PlaceLock lock(open(mark.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0) return cannot(mark, "made", errno);
    if (flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK) return cannot(mark, "locked", errno);
    return fail(ErrorCode::kUnavailable, "another backup is being written into " + place.string());
  }
  PlaceLock(PlaceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  PlaceLock& operator=(PlaceLock&&) = delete;
  ~PlaceLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit PlaceLock(int fd) : fd_(fd) {}
  int fd_;
};

/// A name that sorts by time and that every file system takes.
std::string name_of(TimeMs taken) {
  auto name = text::rfc3339(taken);
  if (name.find('.') == std::string::npos) name.insert(name.size() - 1, ".000");
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

Result<Backup> read_manifest(const fs::path& folder) {
  std::ifstream in(folder / kManifest);
  return parse_manifest(folder, {std::istreambuf_iterator<char>(in), {}});
}

/// By path.
Result<std::map<std::string, std::string>> read_sums(const fs::path& folder) {
  std::ifstream in(folder / kSums);
  if (!in) return corrupt(folder, std::string("it has no ") + kSums);
  std::map<std::string, std::string> sums;
  for (std::string line; std::getline(in, line);) {
    if (line.size() <= kSumDigits + 2 || line.compare(kSumDigits, 2, "  ") != 0)
      return corrupt(folder, std::string(kSums) + " cannot be read");
    sums[line.substr(kSumDigits + 2)] = line.substr(0, kSumDigits);
  }
  return sums;
}

/// Copies the files of `from`, which nobody changes, and adds them and their sums to the backup.
Result<std::string> copy_files(const fs::path& from, Backup& backup, const StartMeter& start) {
  const auto files = files_below(from);
  if (!files) return tl::unexpected(files.error());
  backup.files = files->size();
  backup.bytes = total_of(*files);
  if (auto enough = require_space(backup.folder, backup.bytes); !enough) return tl::unexpected(enough.error());
  const auto meter = start(backup.bytes);
  std::string sums;
  for (const auto& [name, _] : *files) {
    const auto sum = copy_synced(from / name, backup.folder / name, meter);
    if (!sum) return tl::unexpected(sum.error());
    sums += *sum + "  " + name + "\n";
  }
  return sums;
}

/// The manifest, the sums, then its name.
Result<void> finish(Backup& backup, std::string sums, const fs::path& final_name, const Meter& step) {
  const auto sum = write_synced(backup.folder / kManifest, manifest_text(backup));
  if (!sum) return tl::unexpected(sum.error());
  sums += *sum + "  " + kManifest + "\n";
  step(0);
  if (auto written = write_synced(backup.folder / kSums, sums); !written) return tl::unexpected(written.error());
  if (auto synced = sync_folders(backup.folder); !synced) return synced;
  if (!step(0)) return fail(ErrorCode::kCancelled, "cancelled");
  if (::renameat2(AT_FDCWD, backup.folder.c_str(), AT_FDCWD, final_name.c_str(), RENAME_NOREPLACE) != 0)
    return cannot(final_name, "made", errno);
  step(0);
  backup.folder = final_name;
  return sync_folder(final_name.parent_path());
}

}  // namespace

std::uint64_t Backup::records() const {
  std::uint64_t all = 0;
  for (const auto end : raw_ends) all += static_cast<std::uint64_t>(end.value);
  return all;
}

std::string manifest_text(const Backup& backup) {
  auto ends = nlohmann::json::array();
  for (const auto end : backup.raw_ends) ends.push_back(end.value);
  const nlohmann::json manifest{
      {"format", kFormat},
      {"program", backup.program},
      {"taken", text::rfc3339(backup.taken)},
      {"taken_ms", backup.taken.time_since_epoch().count()},
      {"raw", {{"topic", backup.raw_topic}, {"ends", std::move(ends)}}},
      {"files", backup.files},
      {"bytes", backup.bytes},
  };
  return manifest.dump(2) + "\n";
}

Result<Backup> parse_manifest(const fs::path& folder, const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  Backup backup;
  backup.folder = folder;
  try {
    if (const auto format = json.at("format").get<int>(); format != kFormat) {
      return fail(ErrorCode::kInvalidArgument, folder.string() + " has format " + std::to_string(format) +
                                                   ", of a newer program: this one knows " + std::to_string(kFormat));
    }
    backup.program = json.at("program").get<std::string>();
    backup.taken = TimeMs{std::chrono::milliseconds{json.at("taken_ms").get<std::int64_t>()}};
    backup.raw_topic = json.at("raw").at("topic").get<std::string>();
    for (const auto& end : json.at("raw").at("ends")) backup.raw_ends.push_back(Offset{end.get<std::int64_t>()});
    backup.files = json.at("files").get<std::uint64_t>();
    backup.bytes = json.at("bytes").get<std::uint64_t>();
  } catch (const nlohmann::json::exception&) {
    return corrupt(folder, std::string(kManifest) + " cannot be read");
  }
  return backup;
}

Result<Backup> make_backup(const BackupSource& source, const fs::path& place, const StartMeter& start) {
  const auto lock = PlaceLock::take(place);
  if (!lock) return tl::unexpected(lock.error());
  Backup backup;
  backup.folder = place / kUnfinished;
  backup.program = source.program;
  backup.raw_topic = source.names.raw_topic();
  std::error_code error;
  fs::remove_all(backup.folder, error);  // what an earlier one that was killed has left
  fs::create_directory(backup.folder, error);
  if (error) return cannot(backup.folder, "made", error.value());
  Scratch unfinished(backup.folder);

  std::string still = (source.data / (std::string(kCheckpointStem) + "XXXXXX")).string();
  if (mkdtemp(still.data()) == nullptr) return cannot(still, "made", errno);
  const Scratch still_scratch(still);
  const auto held = source.checkpoint(fs::path(still) / "data", [&]() -> Result<void> {
    backup.taken = inline_executor().wall();
    auto ends = raw_ends(source.log, source.names);
    if (!ends) return tl::unexpected(ends.error());
    backup.raw_ends = *std::move(ends);
    return {};
  });
  if (!held) return tl::unexpected(held.error());

  Meter meter;
  auto sums = copy_files(fs::path(still) / "data", backup, [&](std::uint64_t bytes) { return meter = start(bytes); });
  if (!sums) return tl::unexpected(sums.error());
  if (auto done = finish(backup, *std::move(sums), place / name_of(backup.taken), meter); !done)
    return tl::unexpected(done.error());
  unfinished.give_away();
  return backup;
}

Result<fs::path> find_backup(const fs::path& given) {
  std::error_code error;
  if (fs::exists(given / kSums, error) || fs::exists(given / kManifest, error)) return given;
  if (!fs::exists(given / kPlaceMark, error))
    return fail(ErrorCode::kNotFound, given.string() + " is neither a backup nor a place of backups");
  fs::path newest;
  for (fs::directory_iterator at(given, error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (at->is_directory(error) && name.front() != '.' && at->path() > newest) newest = at->path();
  }
  if (newest.empty()) return fail(ErrorCode::kNotFound, "there is no whole backup in " + given.string());
  return newest;
}

Result<Backup> check_backup(const fs::path& folder, const StartMeter& start) {
  auto files = files_below(folder);
  if (!files) return tl::unexpected(files.error());
  const auto sums = read_sums(folder);
  if (!sums) return tl::unexpected(sums.error());
  const auto meter = start(total_of(*files));
  files->erase(kSums);
  std::vector<std::string> wrong;
  for (const auto& [name, sum] : *sums) {
    if (files->erase(name) == 0) {
      wrong.push_back(text::escape(name) + " is missing");
      continue;
    }
    const auto now = sha256_of(folder / name, meter);
    if (!now && now.error().code == ErrorCode::kCancelled) return tl::unexpected(now.error());
    if (!now) wrong.push_back(now.error().message);
    if (now && *now != sum) wrong.push_back(name + " has changed");
  }
  for (const auto& [name, _] : *files) wrong.push_back(name + " is not of it");
  if (!sums->contains(kManifest)) wrong.push_back(std::string(kManifest) + " is missing");
  if (!wrong.empty()) {
    constexpr std::size_t kShown = 5;
    std::string why;
    for (std::size_t i = 0; i < std::min(wrong.size(), kShown); ++i) why += (i == 0 ? "" : "; ") + wrong[i];
    if (wrong.size() > kShown) why += "; and " + std::to_string(wrong.size() - kShown) + " more";
    return corrupt(folder, why);
  }
  return read_manifest(folder);
}

namespace {

Result<void> require_empty(const fs::path& data) {
  std::error_code error;
  if (!fs::exists(data, error)) return {};
  if (fs::is_directory(data, error) && fs::is_empty(data, error)) return {};
  return fail(ErrorCode::kAlreadyExists,
              data.string() +
                  " is not empty, and nothing is written over: name another folder by --data, "
                  "or move this one away");
}

Result<void> copy_back(const Backup& backup, const fs::path& to, const StartMeter& start) {
  const auto sums = read_sums(backup.folder);
  if (!sums) return tl::unexpected(sums.error());
  if (auto enough = require_space(to, backup.bytes); !enough) return enough;
  const auto meter = start(backup.bytes);
  for (const auto& [name, sum] : *sums) {
    if (name == kManifest) continue;
    const auto copied = copy_synced(backup.folder / name, to / name, meter);
    if (!copied) return tl::unexpected(copied.error());
    if (*copied != sum) return corrupt(backup.folder, name + " has changed");
  }
  return {};
}

/// Opens what was copied: whether the stores take it, and hold what the backup says.
Result<void> try_stores(const Backup& backup, Config config, const fs::path& folder) {
  config.storage.data = folder.string();
  const auto stores = open_embedded_stores(config);
  if (!stores) return tl::unexpected(stores.error());
  for (std::size_t p = 0; p < backup.raw_ends.size(); ++p) {
    const auto bounds = await<LogBounds>([&](auto done) {
      stores->log->bounds({backup.raw_topic, Partition{static_cast<std::int32_t>(p)}}, std::move(done));
    });
    if (!bounds) return tl::unexpected(bounds.error());
    if (bounds->end != backup.raw_ends[p])
      return corrupt(backup.folder, "partition " + std::to_string(p) + " ends at " + std::to_string(bounds->end.value) +
                                        ", and the manifest says " + std::to_string(backup.raw_ends[p].value));
  }
  return {};
}

}  // namespace

Result<void> restore_backup(const Backup& backup, const Config& config, const StartMeter& start) {
  const auto data =
      config.storage.data.ends_with('/') ? fs::path(config.storage.data).parent_path() : fs::path(config.storage.data);
  if (auto empty = require_empty(data); !empty) return empty;
  const auto beside = data.string() + ".restoring";
  const auto lock = DataLock::take(beside, "restore");
  if (!lock && lock.error().code == ErrorCode::kUnavailable)
    return fail(ErrorCode::kUnavailable, "another restore into " + data.string() + " is at work");
  if (!lock) return tl::unexpected(lock.error());
  Scratch scratch(beside);
  std::error_code error;
  for (fs::directory_iterator at(beside, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() != "LOCK") fs::remove_all(at->path(), error);  // of one that was killed
  }
  if (error) return cannot(beside, "emptied", error.value());
  if (auto copied = copy_back(backup, beside, start); !copied) return copied;
  if (auto tried = try_stores(backup, config, beside); !tried) return tried;
  if (auto synced = sync_folders(beside); !synced) return synced;
  if (::rename(beside.c_str(), data.c_str()) != 0) {
    if (errno == EBUSY || errno == EXDEV)
      return fail(ErrorCode::kFailed,
                  data.string() + " is a mount point, which cannot be replaced: name a folder in it");
    return cannot(data, "made", errno);
  }
  scratch.give_away();
  return sync_folder(data.has_parent_path() ? data.parent_path() : fs::path("."));
}

}  // namespace guidepost::app
