#include "adapters/embedded/embedded_table_store.hpp"
#include "contract/table_store/adapter.hpp"
#include "support/temp_folder.hpp"

namespace guidepost::contract {
namespace {

class EmbeddedAdapter final : public TableStoreAdapter {
 public:
  EmbeddedAdapter() { open(); }

  TableStore& store() override { return *store_; }
  void restart() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    auto opened = EmbeddedTableStore::open({folder_.path() / "tables"});
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  test::TempFolder folder_;
  std::unique_ptr<EmbeddedTableStore> store_;
};

const bool kAdded = add_adapter(
    "embedded", [] { return Result<std::unique_ptr<TableStoreAdapter>>(std::make_unique<EmbeddedAdapter>()); });

}  // namespace
}  // namespace guidepost::contract
