// What the cases of the table store's contract share.
#pragma once

#include <gtest/gtest.h>

#include "contract/table_store/adapter.hpp"

namespace guidepost {

/// How tests print cells.
std::ostream& operator<<(std::ostream& out, const Cell& cell);

}  // namespace guidepost

namespace guidepost::contract {

class TableStoreContract : public testing::TestWithParam<NamedTableStore> {
 protected:
  void SetUp() override;
  void TearDown() override;

  TableStore& store() { return adapter_->store(); }
  TableStoreAdapter& adapter() { return *adapter_; }
  /// A name for a table that nobody else uses.
  std::string fresh(const std::string& what);
  /// Makes a table of a fresh name with the families `f` and `g`. It is dropped after the test.
  std::string make_table(std::int32_t versions = 1);
  Result<void> create(TableSpec spec);
  Result<void> drop(const std::string& table);
  std::vector<std::string> list(const std::string& prefix);

  Result<void> try_put(const std::string& table, std::vector<RowPut> rows);
  void put(const std::string& table, std::vector<RowPut> rows);
  /// One cell of family `f`.
  void put(const std::string& table, const std::string& row, const std::string& qualifier, std::int64_t timestamp,
           const std::string& value);
  Result<std::vector<Row>> try_get(const std::string& table, std::vector<RowGet> rows);
  Row get(const std::string& table, const std::string& row, CellFilter filter = {});
  /// Value of the newest cell of family `f`; nothing where there is none.
  std::optional<std::string> value(const std::string& table, const std::string& row, const std::string& qualifier);
  Result<ScanPage> try_scan(const std::string& table, ScanRequest request);
  /// Keys of all pages.
  std::vector<std::string> keys(const std::string& table, ScanRequest request);
  Result<bool> check_and_put(const std::string& table, CheckAndPut request);
  /// Its answer, where an error fails the test.
  bool applied(const std::string& table, CheckAndPut request);
  /// CheckAndPut on one cell of family `f` that writes that cell.
  static CheckAndPut change(const std::string& row, std::optional<std::string> expected, std::int64_t timestamp,
                            const std::string& value);

  std::unique_ptr<TableStoreAdapter> adapter_;

 private:
  std::string token_;
  std::vector<std::string> made_;
};

/// Timestamps and values of a row's cells, in their order.
std::vector<std::pair<std::int64_t, std::string>> versions_of(const Row& row);

}  // namespace guidepost::contract
