// A table store that is closed while its answers lead to the next questions.
#include <atomic>

#include "unit/adapters/embedded/stores.hpp"

namespace guidepost {
namespace {

TEST(TableStoreClose, AReadThatLeadsToAWriteWhileItClosesGetsAnAnswerToBoth) {
  constexpr int kReads = 500;
  const test::TempFolder folder;
  auto tables = test::open_tables(folder.path()).value();
  TableSpec spec;
  spec.name = "t";
  spec.families = {{"f"}};
  ASSERT_TRUE(await<void>([&](auto done) { tables->create_table(spec, std::move(done)); }));
  std::atomic<int> written = 0;
  std::atomic<int> refused = 0;
  auto& store = *tables;
  for (int i = 0; i < kReads; ++i) {
    store.get("t", {{"row", {}}}, {inline_executor(), [&](const Result<std::vector<Row>>&) {
                                     CheckAndPut once{"row", "f", "q", std::nullopt, {"row", {{"f", "q", 1, "v"}}}};
                                     store.check_and_put("t", std::move(once),
                                                         {inline_executor(), [&](const Result<bool>& answer) {
                                                            ++(answer ? written : refused);
                                                            if (!answer) {
                                                              EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
                                                            }
                                                          }});
                                   }});
  }
  tables.reset();
  EXPECT_EQ(written + refused, kReads);
  EXPECT_GT(refused, 0) << "it was closed too late to show anything";
}

}  // namespace
}  // namespace guidepost
