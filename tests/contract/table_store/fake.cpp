#include "contract/table_store/adapter.hpp"
#include "support/fake_table_store.hpp"

namespace guidepost::contract {
namespace {

class FakeAdapter final : public TableStoreAdapter {
 public:
  TableStore& store() override { return store_; }
  void restart() override {}  // memory has no restart: what is stored stays

 private:
  test::FakeTableStore store_;
};

const bool kAdded =
    add_adapter("fake", [] { return Result<std::unique_ptr<TableStoreAdapter>>(std::make_unique<FakeAdapter>()); });

}  // namespace
}  // namespace guidepost::contract
