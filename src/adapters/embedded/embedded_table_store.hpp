// The table store inside this process, on RocksDB: what `up` and the commands on a data folder use.
#pragma once

#include <memory>

#include "adapters/embedded/store_options.hpp"
#include "guidepost/ports/table_store.hpp"

namespace rocksdb {
class Env;
}

namespace guidepost {

/// One process at a time has a folder open. Split keys and compressions of a TableSpec change nothing.
/// Thread: any. Blocks: open(), until the last writes are recovered, and the destructor, until what
/// runs has ended; calls that have not begun are answered kCancelled.
/// Errors besides the port's: kUnavailable while the disk is full (it goes on when there is space
/// again); kFailed after an error of the disk, for good: the process should end.
class EmbeddedTableStore final : public TableStore {
 public:
  /// Errors: kInvalidArgument (a folder with something else in it), kUnavailable (open in another
  /// process), kCorrupt, kFailed. `env` is for tests of failing disks.
  static Result<std::unique_ptr<EmbeddedTableStore>> open(const embedded::StoreOptions& options,
                                                          rocksdb::Env* env = nullptr);
  ~EmbeddedTableStore() override;

  void create_table(TableSpec spec, Completion<void> done) override;
  void drop_table(std::string table, Completion<void> done) override;
  void list_tables(std::string prefix, Completion<std::vector<std::string>> done) override;
  void put(std::string table, std::vector<RowPut> rows, Completion<void> done) override;
  void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) override;
  void scan(std::string table, ScanRequest request, Completion<ScanPage> done) override;
  void check_and_put(std::string table, CheckAndPut request, Completion<bool> done) override;
  void ping(Completion<void> done) override;

  /// Makes `to`, which is not there yet, a store of the same content, by links where files allow it. Errors: kUnavailable
  /// (the disk is full), kFailed; what was made then stays.
  void checkpoint(std::filesystem::path to, Completion<void> done);

  /// Merges all sorted files, which also removes versions beyond what families keep. For tests and
  /// maintenance. Blocks: yes, as long as it takes.
  void compact();

 private:
  struct Impl;
  explicit EmbeddedTableStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost
