#include "support/fake_table_store.hpp"

#include <algorithm>

namespace guidepost::test {

const FamilySpec* FakeTableStore::Table::family(const std::string& name) const {
  const auto found =
      std::find_if(spec.families.begin(), spec.families.end(), [&](const auto& f) { return f.name == name; });
  return found == spec.families.end() ? nullptr : &*found;
}

void FakeTableStore::poison_row(std::string row) {
  std::lock_guard lock(mutex_);
  poison_.push_back(std::move(row));
}

void FakeTableStore::forget_poison() {
  std::lock_guard lock(mutex_);
  poison_.clear();
}

Row FakeTableStore::peek(const std::string& table, const std::string& row) const {
  std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return {row, {}};
  const auto cells = found->second.rows.find(row);
  if (cells == found->second.rows.end()) return {row, {}};
  return select(row, cells->second, {"", {}, {}, FamilySpec::kAllVersions});
}

std::optional<std::string> FakeTableStore::peek(const std::string& table, const std::string& row,
                                                const std::string& family, const std::string& qualifier) const {
  const Row all = peek(table, row);
  const Cell* cell = all.find(family, qualifier);
  return cell == nullptr ? std::nullopt : std::optional(cell->value);
}

std::vector<Row> FakeTableStore::peek_all(const std::string& table) const {
  std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  if (const auto found = tables_.find(table); found != tables_.end()) {
    for (const auto& [key, cells] : found->second.rows)
      rows.push_back(select(key, cells, {"", {}, {}, FamilySpec::kAllVersions}));
  }
  return rows;
}

void FakeTableStore::make_table(const std::string& name, const std::vector<std::string>& families,
                                std::int32_t versions) {
  TableSpec spec{name, {}, {}};
  for (const auto& family : families) spec.families.push_back({family, versions, Compression::kNone});
  std::lock_guard lock(mutex_);
  tables_.try_emplace(name, Table{std::move(spec), {}});
}

std::function<void()> FakeTableStore::save() {
  std::lock_guard lock(mutex_);
  return [this, saved = tables_] {
    std::lock_guard again(mutex_);
    tables_ = saved;
  };
}

void FakeTableStore::create_table(TableSpec spec, Completion<void> done) {
  faults_.run(Call::kCreateTable, std::move(done), [this, spec = std::move(spec)]() -> Result<void> {
    if (auto ok = check(spec); !ok) return ok;
    std::lock_guard lock(mutex_);
    if (tables_.contains(spec.name)) return fail(ErrorCode::kAlreadyExists, "table " + spec.name + " exists");
    tables_.emplace(spec.name, Table{spec, {}});
    return {};
  });
}

void FakeTableStore::drop_table(std::string table, Completion<void> done) {
  faults_.run(Call::kDropTable, std::move(done), [this, table = std::move(table)]() -> Result<void> {
    std::lock_guard lock(mutex_);
    if (tables_.erase(table) == 0) return fail(ErrorCode::kNotFound, "there is no table " + table);
    return {};
  });
}

void FakeTableStore::list_tables(std::string prefix, Completion<std::vector<std::string>> done) {
  faults_.run(Call::kListTables, std::move(done),
              [this, prefix = std::move(prefix)]() -> Result<std::vector<std::string>> {
                std::lock_guard lock(mutex_);
                std::vector<std::string> names;
                for (const auto& [name, _] : tables_) {
                  if (name.starts_with(prefix)) names.push_back(name);
                }
                return names;
              });
}

void FakeTableStore::put(std::string table, std::vector<RowPut> rows, Completion<void> done) {
  faults_.run(Call::kPut, std::move(done), [this, table = std::move(table), rows = std::move(rows)]() -> Result<void> {
    for (const auto& row : rows) {
      if (auto ok = check(row); !ok) return ok;
    }
    std::lock_guard lock(mutex_);
    const auto found = find(table);
    if (!found) return tl::unexpected(found.error());
    for (const auto& row : rows) {
      if (auto ok = check_families(**found, row); !ok) return ok;
    }
    Result<void> result;
    for (const auto& row : rows) {
      if (std::find(poison_.begin(), poison_.end(), row.row) != poison_.end()) {
        result = fail(ErrorCode::kPoison, "row " + row.row + " is refused");
      } else {
        apply(**found, row);
      }
    }
    return result;
  });
}

void FakeTableStore::get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) {
  faults_.run(Call::kGet, std::move(done),
              [this, table = std::move(table), rows = std::move(rows)]() -> Result<std::vector<Row>> {
                for (const auto& row : rows) {
                  if (auto ok = check(row); !ok) return tl::unexpected(ok.error());
                }
                std::lock_guard lock(mutex_);
                const auto found = find(table);
                if (!found) return tl::unexpected(found.error());
                std::vector<Row> result;
                for (const auto& row : rows) {
                  if (auto ok = check_filter(**found, row.cells); !ok) return tl::unexpected(ok.error());
                  const auto cells = (*found)->rows.find(row.row);
                  result.push_back(cells == (*found)->rows.end() ? Row{row.row, {}}
                                                                 : select(row.row, cells->second, row.cells));
                }
                return result;
              });
}

void FakeTableStore::scan(std::string table, ScanRequest request, Completion<ScanPage> done) {
  faults_.run(Call::kScan, std::move(done),
              [this, table = std::move(table), request = std::move(request)]() -> Result<ScanPage> {
                if (auto ok = check(request); !ok) return tl::unexpected(ok.error());
                std::lock_guard lock(mutex_);
                const auto found = find(table);
                if (!found) return tl::unexpected(found.error());
                if (auto ok = check_filter(**found, request.cells); !ok) return tl::unexpected(ok.error());
                ScanPage page;
                for (auto at = (*found)->rows.lower_bound(request.start); at != (*found)->rows.end(); ++at) {
                  if (!request.stop.empty() && at->first >= request.stop) break;
                  Row row = select(at->first, at->second, request.cells);
                  if (row.empty()) continue;
                  if (page.rows.size() == request.max_rows) {
                    page.next = at->first;
                    break;
                  }
                  page.rows.push_back(std::move(row));
                }
                return page;
              });
}

void FakeTableStore::check_and_put(std::string table, CheckAndPut request, Completion<bool> done) {
  faults_.run(Call::kCheckAndPut, std::move(done),
              [this, table = std::move(table), request = std::move(request)]() -> Result<bool> {
                if (auto ok = check(request); !ok) return tl::unexpected(ok.error());
                std::lock_guard lock(mutex_);
                const auto found = find(table);
                if (!found) return tl::unexpected(found.error());
                if (auto ok = check_families(**found, request.put); !ok) return tl::unexpected(ok.error());
                if (auto ok = check_filter(**found, {request.family, {}, {}, 1}); !ok)
                  return tl::unexpected(ok.error());
                std::string now;
                if (const auto cells = (*found)->rows.find(request.row); cells != (*found)->rows.end()) {
                  const auto cell = cells->second.find({request.family, request.qualifier});
                  if (cell != cells->second.end()) now = cell->second.begin()->second;
                }
                if (now != request.expected.value_or("")) return false;
                apply(**found, request.put);
                return true;
              });
}

void FakeTableStore::ping(Completion<void> done) {
  faults_.run(Call::kPing, std::move(done), []() -> Result<void> { return {}; });
}

Result<FakeTableStore::Table*> FakeTableStore::find(const std::string& table) {
  const auto found = tables_.find(table);
  if (found == tables_.end()) return fail(ErrorCode::kNotFound, "there is no table " + table);
  return &found->second;
}

Result<void> FakeTableStore::check_families(const Table& table, const RowPut& put) {
  for (const auto& cell : put.cells) {
    if (table.family(cell.family) == nullptr)
      return fail(ErrorCode::kRefused, table.spec.name + " has no family " + cell.family);
  }
  return {};
}

Result<void> FakeTableStore::check_filter(const Table& table, const CellFilter& filter) {
  if (filter.family.empty() || table.family(filter.family) != nullptr) return {};
  return fail(ErrorCode::kRefused, table.spec.name + " has no family " + filter.family);
}

void FakeTableStore::apply(Table& table, const RowPut& put) {
  auto& cells = table.rows[put.row];
  for (const auto& cell : put.cells) {
    auto& versions = cells[{cell.family, cell.qualifier}];
    versions[cell.timestamp] = cell.value;
    const auto kept = static_cast<std::size_t>(table.family(cell.family)->versions);
    while (versions.size() > kept) versions.erase(std::prev(versions.end()));
  }
}

Row FakeTableStore::select(const std::string& key, const Cells& cells, const CellFilter& filter) {
  Row row{key, {}};
  for (const auto& [name, versions] : cells) {
    if (!filter.family.empty() && name.first != filter.family) continue;
    if (!filter.qualifiers.empty() &&
        std::find(filter.qualifiers.begin(), filter.qualifiers.end(), name.second) == filter.qualifiers.end()) {
      continue;
    }
    std::int32_t taken = 0;
    for (const auto& [timestamp, value] : versions) {
      if (taken == filter.versions) break;
      if (timestamp < filter.time.from || timestamp >= filter.time.to) continue;
      row.cells.push_back({name.first, name.second, timestamp, value});
      ++taken;
    }
  }
  return row;
}

}  // namespace guidepost::test
