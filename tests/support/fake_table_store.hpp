// A table store in memory, for tests: the whole contract, and faults by order.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "guidepost/ports/table_store.hpp"
#include "support/faults.hpp"

namespace guidepost::test {

/// Applies each call at once, on the caller's thread; answers come on their executors.
/// Thread: any.
class FakeTableStore final : public TableStore {
 public:
  enum class Call { kCreateTable, kDropTable, kListTables, kPut, kGet, kScan, kCheckAndPut, kPing };

  Faults<Call>& faults() { return faults_; }
  /// kPut of a row with this key is kPoison (its neighbours are written), until forgotten.
  void poison_row(std::string row);
  void forget_poison();

  /// Everything of a row that is kept, also older versions; for assertions.
  Row peek(const std::string& table, const std::string& row) const;
  /// The newest value of a cell, or nothing.
  std::optional<std::string> peek(const std::string& table, const std::string& row, const std::string& family,
                                  const std::string& qualifier) const;
  /// All rows of a table as `peek`; empty where there is none.
  std::vector<Row> peek_all(const std::string& table) const;
  /// Makes a table, or leaves it as it is; for short set-ups.
  void make_table(const std::string& name, const std::vector<std::string>& families,
                  std::int32_t versions = FamilySpec::kAllVersions);

  /// What puts everything back as it is now: a backup that is restored.
  std::function<void()> save();

  void create_table(TableSpec spec, Completion<void> done) override;
  void drop_table(std::string table, Completion<void> done) override;
  void list_tables(std::string prefix, Completion<std::vector<std::string>> done) override;
  void put(std::string table, std::vector<RowPut> rows, Completion<void> done) override;
  void get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) override;
  void scan(std::string table, ScanRequest request, Completion<ScanPage> done) override;
  void check_and_put(std::string table, CheckAndPut request, Completion<bool> done) override;
  void ping(Completion<void> done) override;

 private:
  using Versions = std::map<std::int64_t, std::string, std::greater<>>;
  using Cells = std::map<std::pair<std::string, std::string>, Versions>;  // family, qualifier
  struct Table {
    TableSpec spec;
    std::map<std::string, Cells> rows;
    const FamilySpec* family(const std::string& name) const;
  };

  Result<Table*> find(const std::string& table);
  static Result<void> check_families(const Table& table, const RowPut& put);
  static Result<void> check_filter(const Table& table, const CellFilter& filter);
  static void apply(Table& table, const RowPut& put);
  static Row select(const std::string& key, const Cells& cells, const CellFilter& filter);

  Faults<Call> faults_;
  mutable std::mutex mutex_;
  std::map<std::string, Table> tables_;
  std::vector<std::string> poison_;
};

}  // namespace guidepost::test
