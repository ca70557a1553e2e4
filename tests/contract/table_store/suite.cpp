#include "contract/table_store/suite.hpp"

#include <random>

namespace guidepost {

std::ostream& operator<<(std::ostream& out, const Cell& cell) {
  return out << cell.family << ":" << cell.qualifier << "@" << cell.timestamp << "=" << cell.value;
}

}  // namespace guidepost

namespace guidepost::contract {

std::vector<NamedTableStore>& adapters() {
  static std::vector<NamedTableStore> all;
  return all;
}

INSTANTIATE_TEST_SUITE_P(On, TableStoreContract, testing::ValuesIn(adapters()),
                         [](const auto& one) { return one.param.name; });

void TableStoreContract::SetUp() {
  std::random_device random;
  token_ = "contract_" + std::to_string(random()) + "_";
  auto opened = GetParam().open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  adapter_ = std::move(*opened);
}

void TableStoreContract::TearDown() {
  if (!adapter_) return;
  for (const auto& table : made_) drop(table);
}

std::string TableStoreContract::fresh(const std::string& what) {
  static int number = 0;
  made_.push_back(token_ + what + "_" + std::to_string(++number));
  return made_.back();
}

std::string TableStoreContract::make_table(std::int32_t versions) {
  const auto name = fresh("table");
  auto made = create({name, {{"f", versions, Compression::kNone}, {"g", versions, Compression::kNone}}, {}});
  if (!made) throw std::runtime_error("create_table: " + made.error().message);
  return name;
}

Result<void> TableStoreContract::create(TableSpec spec) {
  return await<void>([&](auto done) { store().create_table(std::move(spec), std::move(done)); });
}

Result<void> TableStoreContract::drop(const std::string& table) {
  return await<void>([&](auto done) { store().drop_table(table, std::move(done)); });
}

std::vector<std::string> TableStoreContract::list(const std::string& prefix) {
  auto names = await<std::vector<std::string>>([&](auto done) { store().list_tables(prefix, std::move(done)); });
  if (!names) throw std::runtime_error("list_tables: " + names.error().message);
  return *names;
}

Result<void> TableStoreContract::try_put(const std::string& table, std::vector<RowPut> rows) {
  return await<void>([&](auto done) { store().put(table, std::move(rows), std::move(done)); });
}

void TableStoreContract::put(const std::string& table, std::vector<RowPut> rows) {
  auto done = try_put(table, std::move(rows));
  if (!done) throw std::runtime_error("put: " + done.error().message);
}

void TableStoreContract::put(const std::string& table, const std::string& row, const std::string& qualifier,
                             std::int64_t timestamp, const std::string& value) {
  put(table, {{row, {{"f", qualifier, timestamp, value}}}});
}

Result<std::vector<Row>> TableStoreContract::try_get(const std::string& table, std::vector<RowGet> rows) {
  return await<std::vector<Row>>([&](auto done) { store().get(table, std::move(rows), std::move(done)); });
}

Row TableStoreContract::get(const std::string& table, const std::string& row, CellFilter filter) {
  auto rows = try_get(table, {{row, std::move(filter)}});
  if (!rows) throw std::runtime_error("get: " + rows.error().message);
  if (rows->size() != 1) throw std::runtime_error("get answered " + std::to_string(rows->size()) + " rows");
  return std::move(rows->front());
}

std::optional<std::string> TableStoreContract::value(const std::string& table, const std::string& row,
                                                     const std::string& qualifier) {
  const Row found = get(table, row, {"f", {qualifier}, {}, 1});
  return found.empty() ? std::nullopt : std::optional(found.cells.front().value);
}

Result<ScanPage> TableStoreContract::try_scan(const std::string& table, ScanRequest request) {
  return await<ScanPage>([&](auto done) { store().scan(table, std::move(request), std::move(done)); });
}

std::vector<std::string> TableStoreContract::keys(const std::string& table, ScanRequest request) {
  std::vector<std::string> all;
  for (int pages = 0; pages < 10000; ++pages) {
    auto page = try_scan(table, request);
    if (!page) throw std::runtime_error("scan: " + page.error().message);
    if (page->rows.size() > request.max_rows) throw std::runtime_error("a page is too large");
    for (auto& row : page->rows) all.push_back(std::move(row.key));
    if (page->next.empty()) return all;
    request.start = page->next;
  }
  throw std::runtime_error("a scan has no end");
}

Result<bool> TableStoreContract::check_and_put(const std::string& table, CheckAndPut request) {
  return await<bool>([&](auto done) { store().check_and_put(table, std::move(request), std::move(done)); });
}

bool TableStoreContract::applied(const std::string& table, CheckAndPut request) {
  const auto result = check_and_put(table, std::move(request));
  if (!result) throw std::runtime_error("check_and_put: " + result.error().message);
  return *result;
}

CheckAndPut TableStoreContract::change(const std::string& row, std::optional<std::string> expected,
                                       std::int64_t timestamp, const std::string& value) {
  return {row, "f", "q", std::move(expected), {row, {{"f", "q", timestamp, value}}}};
}

std::vector<std::pair<std::int64_t, std::string>> versions_of(const Row& row) {
  std::vector<std::pair<std::int64_t, std::string>> all;
  for (const auto& cell : row.cells) all.emplace_back(cell.timestamp, cell.value);
  return all;
}

}  // namespace guidepost::contract
