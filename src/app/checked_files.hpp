// Files that are copied so that they are on the disk afterwards, and known by their SHA-256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "guidepost/base/result.hpp"

namespace guidepost::app {

/// Hears of work as it is done: so many bytes more, or 0 for a step without any. False: stop (kCancelled).
using Meter = std::function<bool(std::uint64_t bytes)>;

/// The file's SHA-256, 64 hexadecimal digits. Blocks: yes. Errors: kNotFound, kFailed, kCancelled.
Result<std::string> sha256_of(const std::filesystem::path& file, const Meter& meter);
/// Copies into a file that is not there yet, readable for its owner only, and has it on the disk; the SHA-256 of what was
/// written. Folders above it are made. Blocks: yes. Errors: kNotFound, kUnavailable (the disk is full), kFailed,
/// kCancelled.
Result<std::string> copy_synced(const std::filesystem::path& from, const std::filesystem::path& to, const Meter& meter);
/// Writes a new file and has it on the disk; its SHA-256. Errors as copy_synced().
Result<std::string> write_synced(const std::filesystem::path& file, std::string_view content);
/// Has the folder's entries on the disk. Errors: kFailed.
Result<void> sync_folder(const std::filesystem::path& folder);
/// That of the folder and of all below it.
Result<void> sync_folders(const std::filesystem::path& folder);

}  // namespace guidepost::app
