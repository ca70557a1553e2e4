#include "adapters/embedded/rocks.hpp"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>
#include <system_error>

#include "base/log.hpp"

namespace guidepost::embedded {
namespace {

constexpr const char* kMarker = "GUIDEPOST";
constexpr const char* kNothing = "\xffresumed";  // a key that says nothing
constexpr const char* kFreshMarker = "GUIDEPOST.new";
// What may be left of the log for the next start: some milliseconds' work.
constexpr std::uint64_t kMostLogBytes = std::uint64_t{1024} * 1024;
constexpr int kMostLogFiles = 16;  // every start begins one

bool is_log_long(const rocksdb::DB& db) {
  std::vector<rocksdb::Env::FileAttributes> files;
  if (!db.GetEnv()->GetChildrenFileAttributes(db.GetName(), &files).ok()) return false;
  int count = 0;
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    if (!file.name.ends_with(".log")) continue;
    ++count;
    bytes += file.size_bytes;
  }
  return count > kMostLogFiles || bytes > kMostLogBytes;
}

rocksdb::ColumnFamilyOptions family_options(const StoreOptions& options, const std::shared_ptr<rocksdb::Cache>& cache,
                                            std::shared_ptr<const rocksdb::SliceTransform> prefix) {
  rocksdb::BlockBasedTableOptions table;
  table.whole_key_filtering = prefix == nullptr;  // what is sought by prefix is never sought by key
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;  // else they are memory outside of the bound
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = std::size_t{8} * 1024;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = options.write_buffers.value / 2;
  family.max_write_buffer_number = 2;
  family.compression = rocksdb::kLZ4Compression;
  family.disable_auto_compactions = true;  // until the first write: see commit()
  family.level_compaction_dynamic_level_bytes = true;
  if (prefix) family.memtable_prefix_bloom_size_ratio = 0.05;
  family.prefix_extractor = std::move(prefix);
  return family;
}

/// A full disk is met by our own tries (Rocks::commit): RocksDB's looks only every five seconds.
class OwnRecovery final : public rocksdb::EventListener {
 public:
  const char* Name() const override { return "guidepost.recovery"; }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* automatic) override {
    *automatic = false;
  }
};

/// RocksDB's own words go where ours do. A file of its own would lie on the disk that is full: the first line that does
/// not fit into it makes the next one end the process by an assertion.
class Words final : public rocksdb::Logger {
 public:
  Words() : rocksdb::Logger(rocksdb::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 1024> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    log::debug("rocksdb", {{"message", std::string_view(text.data())}});
  }
};

rocksdb::DBOptions db_options(const StoreOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_background_jobs = 2;
  db.max_open_files = 256;
  db.max_file_opening_threads = 1;  // more of them take longer to start than local files to open
  db.db_write_buffer_size = options.write_buffers.value;
  db.max_total_wal_size = options.write_buffers.value * 2;
  db.info_log = std::make_shared<Words>();
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.bytes_per_sync = std::uint64_t{1024} * 1024;
  db.listeners = {std::make_shared<OwnRecovery>()};
  db.max_bgerror_resume_count = 0;
  db.avoid_flush_during_recovery = true;  // opening replays the log into memory and is ready
  db.wal_recovery_mode = options.recovery == Recovery::kStrict ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                                                               : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return db;
}

/// Writes a small file and has it on the disk before anything that comes later.
Result<void> write_marker(const std::filesystem::path& folder, const std::string& content) {
  const auto fresh = folder / kFreshMarker;
  const auto failed = [&](const std::filesystem::path& what) -> Result<void> {
    return fail(ErrorCode::kFailed, "cannot write " + what.string() + ": " + std::generic_category().message(errno));
  };
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failed(fresh);
  const bool written =
      ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) && ::fsync(file) == 0;
  const bool closed = ::close(file) == 0;
  if (!written || !closed || ::rename(fresh.c_str(), (folder / kMarker).c_str()) != 0) return failed(fresh);
  const int parent = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = parent >= 0 && ::fsync(parent) == 0;
  if (parent >= 0) ::close(parent);
  return synced ? Result<void>{} : failed(folder);
}

/// Makes the folder and its marker, or checks them: two kinds of stores must not share a folder, and a wrong
/// --data must not fill somebody's home directory.
Result<void> claim_folder(const std::filesystem::path& folder, const std::string& kind) {
  const std::string expected = "guidepost " + kind + " 1\n";
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) return fail(ErrorCode::kFailed, "cannot make " + folder.string() + ": " + code.message());
  const auto marker = folder / kMarker;
  if (std::ifstream in(marker); in) {
    std::ostringstream found;
    found << in.rdbuf();
    if (found.str() == expected) return {};
    return fail(ErrorCode::kInvalidArgument, marker.string() + " says this is another kind or version of store than '" +
                                                 expected.substr(0, expected.size() - 1) +
                                                 "': choose another data folder");
  }
  for (std::filesystem::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    if (at->path().filename() == kFreshMarker) continue;  // an earlier start was interrupted
    return fail(ErrorCode::kInvalidArgument,
                folder.string() + " has files in it and is no store of Guidepost: choose another data folder");
  }
  if (code) return fail(ErrorCode::kFailed, "cannot read " + folder.string() + ": " + code.message());
  return write_marker(folder, expected);
}

}  // namespace

Rocks::~Rocks() {
  if (!db) return;
  shorten_log();
  if (meta != nullptr) db->DestroyColumnFamilyHandle(meta);
  if (bulk != nullptr) db->DestroyColumnFamilyHandle(bulk);
  db->Close();
}

/// Else every start reads all of the log again, that of a command which only asks too: 50 MiB took 0.3 s of a query's 0.5 s.
/// What cannot be flushed stays in the log.
void Rocks::shorten_log() {
  if (!is_log_long(*db)) return;
  put_in_memory().PermitUncheckedError();
  db->Flush({}, {meta, bulk}).PermitUncheckedError();
}

/// Old files of the log go, and a new one begins, only where something is in memory to be flushed: so something always is.
rocksdb::Status Rocks::put_in_memory() {
  rocksdb::WriteOptions in_memory;
  in_memory.disableWAL = true;
  return db->Put(in_memory, meta, kNothing, {});
}

Result<void> Rocks::commit(rocksdb::WriteBatch& batch) {
  if (!compacts_) {
    // Who only reads merges no files: it would be gone before they are, and the work with it.
    compacts_ = true;
    if (auto on = db->EnableAutoCompaction({meta, bulk}); !on.ok()) return tl::unexpected(to_error(on, "write"));
  }
  auto status = db->Write(write, &batch);
  if (!status.ok()) {
    // A write that met a full disk leaves the database closed to writes until it is resumed; where the disk
    // is still full, that fails as well. Nothing else is resumed: after a failed sync nothing is certain.
    if (!status.IsNoSpace()) return tl::unexpected(to_error(status, "write"));
    if (auto resumed = db->Resume(); !resumed.ok()) return fail(ErrorCode::kUnavailable, "write: the disk is full");
    // Without a new log the next write would go behind the broken end of the old one, which RocksDB asserts never to
    // happen.
    if (auto put = put_in_memory(); !put.ok()) return tl::unexpected(to_error(put, "write"));
    status = db->Write(write, &batch);
  }
  if (!status.ok()) return tl::unexpected(to_error(status, "write"));
  return {};
}

Result<void> Rocks::checkpoint(const std::filesystem::path& folder) {
  std::error_code code;
  if (!std::filesystem::create_directories(folder, code) || code)
    return fail(ErrorCode::kFailed,
                "cannot make " + folder.string() + (code ? ": " + code.message() : ": it is there"));
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // Never flushed for it: what is in memory is in the log as well, and that is copied faster than sorted files are made.
  constexpr auto kNeverFlush = std::numeric_limits<std::uint64_t>::max();
  if (status.ok()) status = checkpoint->CreateCheckpoint((folder / "rocks").string(), kNeverFlush);
  if (!status.ok()) return tl::unexpected(to_error(status, "copy into " + folder.string()));
  std::filesystem::copy_file(std::filesystem::path(db->GetName()).parent_path() / kMarker, folder / kMarker, code);
  if (code) return fail(ErrorCode::kFailed, "cannot write " + (folder / kMarker).string() + ": " + code.message());
  return {};
}

Error to_error(const rocksdb::Status& status, std::string_view what) {
  const std::string message = std::string(what) + ": " + status.ToString();
  if (status.IsNoSpace()) return {ErrorCode::kUnavailable, std::string(what) + ": the disk is full"};
  if (status.IsCorruption()) return {ErrorCode::kCorrupt, message};
  if (status.IsBusy() || status.IsTimedOut() || status.IsTryAgain()) return {ErrorCode::kUnavailable, message};
  return {ErrorCode::kFailed, message};
}

Result<Rocks> open_rocks(const StoreOptions& options, RocksSpec spec) {
  if (auto ok = claim_folder(options.folder, spec.kind); !ok) return tl::unexpected(ok.error());
  // Few shards: an index or filter of a file must fit into one, or every read fetches it again. Half of the
  // cache prefers them to blocks of rows.
  const auto cache = rocksdb::NewLRUCache(options.block_cache.value, 1, false, 0.5);
  auto meta_options = family_options(options, cache, nullptr);
  meta_options.write_buffer_size = options.write_buffers.value / 8;
  auto bulk_options = family_options(options, cache, std::move(spec.prefix));
  bulk_options.compaction_filter_factory = std::move(spec.filter);
  auto db = db_options(options);
  if (spec.env != nullptr) db.env = spec.env;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::Open(
      db, (options.folder / "rocks").string(),
      {{rocksdb::kDefaultColumnFamilyName, meta_options}, {spec.bulk_name, bulk_options}}, &handles, &raw);
  if (!status.ok()) {
    const std::string message = status.ToString();
    if (status.IsIOError() && message.find("lock") != std::string::npos) {
      return fail(ErrorCode::kUnavailable, options.folder.string() + " is open in another process");
    }
    auto error = to_error(status, "open " + options.folder.string());
    if (error.code == ErrorCode::kCorrupt && options.recovery == Recovery::kStrict) {
      error.message += " (to give up the writes from there on, start once with --set storage.accept_loss=true)";
    }
    return tl::unexpected(std::move(error));
  }
  Rocks rocks;
  rocks.db.reset(raw);
  rocks.meta = handles[0];
  rocks.bulk = handles[1];
  rocks.write.sync = options.durability == Durability::kPowerLoss;
  return rocks;
}

}  // namespace guidepost::embedded
