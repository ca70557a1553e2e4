// What can be wrong with what is stored, each by a name: what `verify` must find. The one list: tests go through all of it.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::test {

/// The tables of an installation at rest, and the means to put them back otherwise than the program would.
/// Blocks: yes. Errors: thrown.
class StoredTables {
 public:
  StoredTables(TableStore& tables, Names names) : tables_(tables), names_(std::move(names)) {}

  enum class Kind : std::uint8_t { kRollups, kEvents, kBad, kLedger };
  /// Every row of the tables of a kind.
  std::vector<Row> rows(Kind kind);
  /// Lets `damage` change the rows of a table, one table after another until it says that it has. False: it found nothing.
  bool change(Kind kind, const std::function<bool(std::vector<Row>&)>& damage);

 private:
  std::vector<TableSpec> specs(Kind kind);
  std::vector<Row> read(const std::string& table);
  void replace(const TableSpec& spec, const std::vector<Row>& rows);

  TableStore& tables_;
  Names names_;
};

struct Damage {
  std::string_view name;
  std::string_view what;
  std::string_view seen;  ///< words of the difference that `verify` lists for it
  bool (*inflict)(StoredTables& tables);  ///< false: there is nothing that it could be done to
};
std::span<const Damage> damages();

}  // namespace guidepost::test
