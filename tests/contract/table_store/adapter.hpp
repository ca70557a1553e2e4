// What the table store's contract suite needs of an adapter. An adapter joins by one file that calls add_adapter:
//
//   const bool kAdded = add_adapter("hbase", [] { return open_hbase(); });
//
// Files named real_server_*.cpp are only in the program of ctest's label `contract`, the others also in `unit`.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "guidepost/ports/table_store.hpp"

namespace guidepost::contract {

/// One store for one test: opened before it, destroyed after it. Tables of the tests have names that no
/// other test uses, so that tests may share a server.
class TableStoreAdapter {
 public:
  virtual ~TableStoreAdapter() = default;

  virtual TableStore& store() = 0;
  /// Closes the store and opens it again, as a restart of the process would. Nothing made by the old one is in use.
  virtual void restart() = 0;
};

/// Errors: anything that keeps the adapter from running makes the test fail, with the message. A server
/// that is not there says so and names `./dev contract`.
using TableStoreOpener = std::function<Result<std::unique_ptr<TableStoreAdapter>>()>;

struct NamedTableStore {
  std::string name;
  TableStoreOpener open;
};

inline std::ostream& operator<<(std::ostream& out, const NamedTableStore& one) { return out << one.name; }

std::vector<NamedTableStore>& adapters();

inline bool add_adapter(std::string name, TableStoreOpener open) {
  adapters().push_back({std::move(name), std::move(open)});
  return true;
}

}  // namespace guidepost::contract
