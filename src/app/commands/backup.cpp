// `backup` and `restore` of the embedded stores.
#include "app/backup.hpp"

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/progress.hpp"
#include "app/version.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

constexpr std::uint64_t kKilobyte = 1000;

/// A bar for each thing that is begun.
StartMeter bars(Call& call, const std::string& title) {
  return [&call, title](std::uint64_t bytes) -> Meter {
    auto bar = std::make_shared<Progress>(call.out, title, "kB", bytes / kKilobyte);
    auto done = std::make_shared<std::uint64_t>(0);
    return [&call, bar, done](std::uint64_t more) {
      *done += more;
      bar->set(*done / kKilobyte);
      return !call.cancelled.stop_requested();
    };
  };
}

nlohmann::json json_of(const Backup& backup) {
  auto ends = nlohmann::json::array();
  for (const auto end : backup.raw_ends) ends.push_back(end.value);
  return {{"folder", backup.folder.string()}, {"program", backup.program}, {"taken", text::rfc3339(backup.taken)},
          {"raw_ends", std::move(ends)},      {"files", backup.files},     {"bytes", backup.bytes}};
}

std::string words_of(const Backup& backup) {
  return fmt::format("{}: {} in {} files, {} records of {}, all that was acknowledged before {}, by version {}\n",
                     backup.folder.string(), text::bytes(backup.bytes), backup.files,
                     text::thousands(static_cast<std::int64_t>(backup.records())), backup.raw_topic,
                     text::rfc3339(backup.taken), backup.program);
}

/// Once more what find_backup() and check_backup() say of what the caller named.
Result<Backup> find_and_check(Call& call, const std::string& given) {
  const auto folder = find_backup(call.path(given));
  if (!folder) return tl::unexpected(folder.error());
  return check_backup(*folder, bars(call, "check"));
}

int run_check(Call& call) {
  const auto backup = find_and_check(call, call.arguments.operands().front());
  if (!backup) return failed(call, backup.error());
  call.out.print(call.json() ? json_of(*backup).dump() + "\n" : "whole: " + words_of(*backup));
  return 0;
}

int run_backup(Call& call) {
  if (call.arguments.has("--check")) return run_check(call);
  auto& node = *call.node;
  if (!node.checkpoint())
    throw UsageError{"backup is of embedded stores: Kafka and HBase are saved by cluster/backup (docs/backup.md)"};
  const auto backup = make_backup(
      {node.checkpoint(), node.log(), node.names(), node.config().storage.data, std::string(program_version())},
      call.path(call.arguments.operands().front()), bars(call, "backup"));
  if (!backup) return failed(call, backup.error());
  call.out.print(call.json() ? json_of(*backup).dump() + "\n" : words_of(*backup));
  return 0;
}

int run_restore(Call& call) {
  const auto& config = call.config.config;
  if (config.storage.kind != StorageKind::kEmbedded)
    throw UsageError{"restore is of embedded stores: Kafka and HBase are restored by deploy/cluster/restore"};
  const auto backup = find_and_check(call, call.arguments.operands().front());
  if (!backup) return failed(call, backup.error());
  if (auto restored = restore_backup(*backup, config, bars(call, "restore")); !restored)
    return failed(call, restored.error());
  if (call.json()) {
    call.out.print(json_of(*backup).dump() + "\n");
    return 0;
  }
  const auto taken = text::rfc3339(backup->taken);
  call.out.print(fmt::format(
      "{} is {} again: all that was acknowledged before, {} records\n"
      "send again what was acknowledged since {}, in its order and with its event ids; rather too much than too little:\n"
      "what is there already is dropped as a duplicate, as far as the last {} records of a partition and {} reach back\n"
      "load again mappings that were refreshed since, at their place in between; a replay begun since has to be begun again\n",
      config.storage.data, taken, text::thousands(static_cast<std::int64_t>(backup->records())), taken,
      text::thousands(static_cast<std::int64_t>(config.ingest.dedupe_window)),
      text::duration(config.ingest.window_time)));
  return 0;
}

}  // namespace

Command backup_command() {
  return {
      .name = "backup",
      .group = Group::kLookAfter,
      .summary = "copies the embedded stores as they are at one moment, also while `up` runs",
      .about =
          "Writes a whole, independent copy into a new folder of the place TO, which is made where it is missing. The\n"
          "stores are kept still for some milliseconds; the copy is what a power cut at that moment would leave, and has\n"
          "all that was acknowledged before. It gets its name when it is whole and on the disk: whatever ends this command,\n"
          "half a backup never has one. Every file has its SHA-256 in SHA256SUMS. Where `up` runs, `up` writes: it must be\n"
          "allowed to.",
      .operands = {{"TO", "the place of backups; with --check a backup, or a place whose newest one is meant"}},
      .flags = {{"--check", "", "reads a backup and says whether every byte of it is as it was written",
                 Use::kOptional}},
      .examples = {{"every night", "guidepost backup /mnt/backups --data /var/lib/guidepost/data"},
                   {"whether the newest one there is good", "guidepost backup --check /mnt/backups"},
                   {"the same with other tools",
                    "cd /mnt/backups/2026-03-01T09-30-00.000Z && sha256sum --check SHA256SUMS"}},
      .place = Place::kReads,
      .alone_with = "--check",
      .run = run_backup};
}

Command restore_command() {
  return {
      .name = "restore",
      .group = Group::kLookAfter,
      .summary = "makes the embedded stores from a backup",
      .about =
          "Reads all of the backup before it touches anything, copies it beside the data folder, opens the copy, and gives it\n"
          "the data folder's name at the end: that is there whole or not at all. It refuses a data folder with anything in it.\n"
          "To be run as the user that `up` runs as.",
      .operands = {{"FROM", "a backup, or a place of backups, whose newest one is taken"}},
      .flags = {},
      .examples = {{"after the disk was lost", "guidepost restore /mnt/backups --data /var/lib/guidepost/data"},
                   {"an older one, beside what there is",
                    "guidepost restore /mnt/backups/2026-03-01T09-30-00.000Z --data /tmp/as-of-march"}},
      .place = Place::kAlone,
      .run = run_restore};
}

}  // namespace guidepost::app
