// RocksDB behind one wall: opened with bounded memory in a folder that is known to be ours, its
// statuses as our errors. Only .cpp files of this room include this.
#pragma once

#include <rocksdb/db.h>
#include <memory>
#include <string>
#include <vector>

#include "adapters/embedded/store_options.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::embedded {

/// A database with the column families `default` (what there is) and one for the bulk.
struct Rocks {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* bulk = nullptr;
  rocksdb::WriteOptions write;

  Rocks() = default;
  Rocks(Rocks&&) = default;
  Rocks& operator=(Rocks&&) = delete;
  ~Rocks();

  /// Writes as durably as the options say. After a full disk it first makes the database writable again. From the first
  /// write on, files are merged. Thread: one at a time.
  Result<void> commit(rocksdb::WriteBatch& batch);
  /// Makes `folder`, which is not there yet, a store of the same content: files that never change again are hard links
  /// where the file system has them. What was committed is in it. Thread: that of commit().
  Result<void> checkpoint(const std::filesystem::path& folder);

 private:
  void shorten_log();
  rocksdb::Status put_in_memory();

  bool compacts_ = false;
};

struct RocksSpec {
  std::string kind;  ///< what the folder's marker says: `event_log`, `table_store`
  std::string bulk_name;  ///< name of the second column family
  std::shared_ptr<rocksdb::CompactionFilterFactory> filter;
  std::shared_ptr<const rocksdb::SliceTransform> prefix;
  rocksdb::Env* env = nullptr;  ///< nothing: the operating system's
};

/// Blocks: until recovery is done. Errors: kInvalidArgument (a folder with something else in it),
/// kUnavailable (open in another process, disk full), kCorrupt, kFailed.
Result<Rocks> open_rocks(const StoreOptions& options, RocksSpec spec);

/// `what` says what was being done.
Error to_error(const rocksdb::Status& status, std::string_view what);

inline std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace guidepost::embedded
