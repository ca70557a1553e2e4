#include "identity/full_sweep.hpp"

#include <algorithm>

#include "guidepost/base/codec.hpp"

namespace guidepost::identity {
namespace {

std::uint64_t hash_of(std::string_view row, TimeMs valid_from) {
  return hash64(row, static_cast<std::uint64_t>(unix_ms(valid_from)));
}

Result<void> look_at(const Row& row, Sweep& sweep) {
  const auto key = parse_mapping_row(row.key);
  if (!key) return tl::unexpected(key.error());
  const auto counts = sweep.merchants.find(key->merchant);
  if (counts == sweep.merchants.end()) return {};
  const auto history = history_of(row);
  if (!history) return tl::unexpected(history.error());
  for (std::size_t i = 0; i < history->size(); ++i) {
    const TimeMs valid_from = (*history)[i].valid_from;
    if (i > 0 && (*history)[i - 1].valid_from == valid_from) continue;  // older runs on the same valid_from
    if (assignment_at(*history, sweep.view, valid_from) == nullptr) continue;
    ++counts->second.existing;
    if (sweep.file.contains(row.key, valid_from)) continue;
    ++counts->second.vanished;
    if (!sweep.on_vanished) continue;
    if (auto told = sweep.on_vanished(*key, valid_from); !told) return told;
  }
  return {};
}

}  // namespace

bool AssignmentSet::add(std::string_view merchant, std::string_view guid, TimeMs valid_from) {
  // A vector that grows holds old and new for a moment: 1.5 times the old size at worst, if it grows by half.
  if (hashes_.size() == hashes_.capacity()) {
    const auto more = std::max<std::size_t>(1024, hashes_.size() + hashes_.size() / 2);
    if ((hashes_.size() + more) * sizeof(std::uint64_t) > limit_) return false;
    hashes_.reserve(more);
  }
  hashes_.push_back(hash_of(mapping_row(merchant, guid), valid_from));
  return true;
}

void AssignmentSet::seal() { std::sort(hashes_.begin(), hashes_.end()); }

bool AssignmentSet::contains(std::string_view row, TimeMs valid_from) const {
  return std::binary_search(hashes_.begin(), hashes_.end(), hash_of(row, valid_from));
}

Result<void> run_sweep(TableStore& tables, Sweep& sweep) {
  for (auto& [merchant, counts] : sweep.merchants) counts = {};
  ScanRequest request;
  request.cells.family = kMappingFamily;
  request.cells.versions = FamilySpec::kAllVersions;
  request.max_rows = sweep.page_rows;
  std::uint64_t rows = 0;
  do {
    auto page = await_patiently<ScanPage>(sweep.patience,
                                          [&](auto done) { tables.scan(sweep.table, request, std::move(done)); });
    if (!page) return tl::unexpected(std::move(page.error()));
    for (const auto& row : page->rows) {
      if (auto seen = look_at(row, sweep); !seen) return seen;
    }
    rows += page->rows.size();
    if (sweep.on_page) {
      if (auto told = sweep.on_page(rows); !told) return told;
    }
    request.start = std::move(page->next);
  } while (!request.start.empty());
  return {};
}

}  // namespace guidepost::identity
