// Backups of the embedded stores. A place holds any number of them, each a folder of its own:
//
//   PLACE/GUIDEPOST-BACKUPS           says that this is such a place; locked while one is written
//   PLACE/2026-03-01T09-30-00.000Z/   a whole backup, named for its moment
//     log/ tables/                    the data folder at that moment
//     manifest.json                   version, moment, positions
//     SHA256SUMS                      of every file above, as sha256sum writes and reads it
//   PLACE/.unfinished/                the one that is being written, or was when something ended it
//
// A folder gets its name when all of it is on the disk, so what has a name is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/checked_files.hpp"
#include "app/stores.hpp"
#include "base/config.hpp"
#include "base/names.hpp"

namespace guidepost::app {

/// What a backup says of itself.
struct Backup {
  std::filesystem::path folder;
  std::string program;  ///< version of the program that made it
  TimeMs taken{};       ///< whatever was acknowledged before is in it
  std::string raw_topic;
  std::vector<Offset> raw_ends;  ///< of each partition
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;

  std::uint64_t records() const;  ///< below the ends
};

/// The contents of manifest.json, and what they say of the backup in `folder`. Format: proto/backup.md.
std::string manifest_text(const Backup& backup);
/// Errors: kCorrupt, kInvalidArgument (of a newer program).
Result<Backup> parse_manifest(const std::filesystem::path& folder, const std::string& text);

struct BackupSource {
  const CheckpointStores& checkpoint;
  EventLog& log;
  Names names;
  std::filesystem::path data;
  std::string program;
};

/// Told how much there is, once that is known; gives the meter of it.
using StartMeter = std::function<Meter(std::uint64_t bytes)>;

/// Copies what the stores hold at one moment, which they are kept still for (milliseconds). `place` is made, or is empty, or
/// a place of earlier backups. Thread: any, several at once at different places. Blocks: yes.
/// Errors: kInvalidArgument (something else is at `place`), kUnavailable (another backup is being written there, the disk is
/// full), kCancelled, kFailed; nothing is left of it then.
Result<Backup> make_backup(const BackupSource& source, const std::filesystem::path& place, const StartMeter& start);

/// `given`, where that is a backup, or the newest one at this place. Errors: kNotFound.
Result<std::filesystem::path> find_backup(const std::filesystem::path& given);

/// Reads all of it. Errors: kCorrupt (a file is missing, changed, or was never of it), kNotFound, kFailed, kCancelled.
Result<Backup> check_backup(const std::filesystem::path& folder, const StartMeter& start);

/// Copies a backup that was checked, opens the stores that this makes, and gives them the name of the data folder that the
/// configuration names: it is there whole or not at all.
/// Errors: kAlreadyExists (that folder is not empty), those of check_backup() and of the stores, kUnavailable (another
/// restore is at work, the disk is full), kFailed.
Result<void> restore_backup(const Backup& backup, const Config& config, const StartMeter& start);

}  // namespace guidepost::app
