#include "identity/compare_and_set.hpp"

#include <thread>

#include "base/assert.hpp"

namespace guidepost::identity {
namespace {

std::string new_value(const CompareAndSet& wanted) {
  for (const auto& cell : wanted.put.cells) {
    if (cell.family == wanted.family && cell.qualifier == wanted.qualifier) return cell.value;
  }
  GUIDEPOST_ASSERT(!"the put has the cell that is compared");
  return {};
}

Result<std::optional<std::string>> read_cell(TableStore& tables, const std::string& table, const CompareAndSet& wanted,
                                             const Patience& patience) {
  RowGet get{wanted.row, {}};
  get.cells.family = wanted.family;
  get.cells.qualifiers = {wanted.qualifier};
  auto rows =
      await_patiently<std::vector<Row>>(patience, [&](auto done) { tables.get(table, {get}, std::move(done)); });
  if (!rows) return tl::unexpected(std::move(rows.error()));
  const auto* cell = rows->at(0).find(wanted.family, wanted.qualifier);
  if (cell == nullptr) return std::nullopt;
  return cell->value;
}

}  // namespace

Result<std::optional<std::string>> compare_and_set(TableStore& tables, const std::string& table,
                                                   const CompareAndSet& wanted, const Patience& patience) {
  const auto until = Executor::Clock::now() + patience.give_up_after;
  const std::string ours = new_value(wanted);
  for (auto pause = patience.first_pause;; pause = Patience::longer(pause)) {
    const CheckAndPut request{wanted.row, wanted.family, wanted.qualifier, wanted.expected, wanted.put};
    const auto set = await<bool>([&](auto done) { tables.check_and_put(table, request, std::move(done)); });
    if (set && *set) return std::nullopt;
    if (!set && !set.error().retryable()) return tl::unexpected(set.error());
    // A lost answer, or a no that may be that of the adapter's own repeat: the cell says what happened.
    auto now = read_cell(tables, table, wanted, patience);
    if (!now) return tl::unexpected(std::move(now.error()));
    if (*now == ours) return std::nullopt;
    if (*now != wanted.expected) return now->value_or(std::string());
    if (Executor::Clock::now() + pause > until) {
      return fail(ErrorCode::kUnavailable, "the table store does not take a compare-and-set of " + wanted.row);
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace guidepost::identity
