#include "identity/mapping.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::identity {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "mapping: " + std::string(what));
}

std::string hash_input(std::string_view merchant, std::string_view guid) {
  std::string key;
  key.reserve(merchant.size() + 1 + guid.size());
  key.append(merchant).push_back('\0');
  key.append(guid);
  return key;
}

/// One valid_from as of a view: goes over a history group by group.
class EffectiveValues {
 public:
  EffectiveValues(History history, const MappingView& view) : left_(history), view_(view) {}

  /// The newest value that counts of the next valid_from that has one and was not removed; nullptr at the end.
  const Assignment* next() {
    while (!left_.empty()) {
      const TimeMs valid_from = left_.front().valid_from;
      const Assignment* newest = nullptr;
      while (!left_.empty() && left_.front().valid_from == valid_from) {
        if (newest == nullptr && counts(view_, left_.front().run)) newest = &left_.front();
        left_ = left_.subspan(1);
      }
      if (newest != nullptr && newest->kind != Assignment::Kind::kRemoved) return newest;
    }
    return nullptr;
  }

 private:
  History left_;
  const MappingView& view_;
};

bool within(std::chrono::milliseconds window, TimeMs earlier, TimeMs later) {
  // Unsigned: the distance of two times may not fit a signed number, and `later` is later.
  const auto distance = static_cast<std::uint64_t>(unix_ms(later)) - static_cast<std::uint64_t>(unix_ms(earlier));
  return window.count() >= 0 && distance <= static_cast<std::uint64_t>(window.count());
}

}  // namespace

bool counts(const MappingView& view, RunId run) {
  return run <= view.run && !std::binary_search(view.aborted.begin(), view.aborted.end(), run);
}

Resolution resolve(History history, const MappingView& view, TimeMs time, std::string_view claimed,
                   const ResolveRules& rules) {
  const Assignment* last_before = nullptr;
  const Assignment* first_after = nullptr;
  EffectiveValues values(history, view);
  while (const auto* value = values.next()) {
    if (value->valid_from > time) {
      first_after = value;
      break;
    }
    last_before = value;
  }
  using Kind = Assignment::Kind;
  if (last_before != nullptr) {
    if (last_before->kind == Kind::kCustomer) return {last_before->customer, event::ResolvedBy::kMap};
  } else if (first_after != nullptr && first_after->kind == Kind::kCustomer &&
             within(rules.stitch_window, time, first_after->valid_from)) {
    return {first_after->customer, event::ResolvedBy::kStitch};
  }
  if (rules.claim == ClaimPolicy::kWhenUnmapped && !claimed.empty()) return {claimed, event::ResolvedBy::kClaim};
  return {};
}

const Assignment* assignment_at(History history, const MappingView& view, TimeMs valid_from) {
  EffectiveValues values(history, view);
  while (const auto* value = values.next()) {
    if (value->valid_from == valid_from) return value;
    if (value->valid_from > valid_from) break;
  }
  return nullptr;
}

std::uint64_t guid_hash(std::string_view merchant, std::string_view guid) { return hash64(hash_input(merchant, guid)); }

TableSpec mapping_table(std::string name, std::size_t regions) {
  GUIDEPOST_ASSERT(regions >= 1 && regions <= 256);
  TableSpec spec;
  spec.name = std::move(name);
  FamilySpec family;
  family.name = kMappingFamily;
  family.versions = FamilySpec::kAllVersions;
  spec.families.push_back(std::move(family));
  for (std::size_t i = 1; i < regions; ++i) {
    ByteWriter key;
    key.be16(static_cast<std::uint16_t>(65536 * i / regions));
    spec.split_keys.push_back(std::move(key).take());
  }
  return spec;
}

std::string mapping_row(std::string_view merchant, std::string_view guid) {
  const auto key = hash_input(merchant, guid);
  ByteWriter out;
  out.reserve(2 + key.size());
  out.be16(static_cast<std::uint16_t>(hash64(key) >> 48));
  out.bytes(key);
  return std::move(out).take();
}

std::string mapping_qualifier(TimeMs valid_from) {
  ByteWriter out;
  out.be64(static_cast<std::uint64_t>(unix_ms(valid_from)) ^ kSignBit);
  return std::move(out).take();
}

CellPut mapping_cell(const Assignment& assignment) {
  CellPut cell;
  cell.family = kMappingFamily;
  cell.qualifier = mapping_qualifier(assignment.valid_from);
  cell.timestamp = static_cast<std::int64_t>(assignment.run.value);
  cell.value.push_back(static_cast<char>(assignment.kind));
  if (assignment.kind == Assignment::Kind::kCustomer) cell.value.append(assignment.customer);
  return cell;
}

Result<MappingRowKey> parse_mapping_row(std::string_view row) {
  const auto zero = row.find('\0', 2);
  if (row.size() < 4 || zero == row.npos || zero == 2) return corrupt("a row key is not hash, merchant, 0x00, guid");
  return MappingRowKey{row.substr(2, zero - 2), row.substr(zero + 1)};
}

Result<std::vector<Assignment>> history_of(const Row& row) {
  std::vector<Assignment> history;
  history.reserve(row.cells.size());
  for (const auto& cell : row.cells) {
    if (cell.family != kMappingFamily) continue;
    if (cell.qualifier.size() != 8 || cell.timestamp < 0 || cell.value.empty())
      return corrupt("a cell is none of ours");
    Assignment value;
    value.valid_from = from_unix_ms(static_cast<std::int64_t>(ByteReader(cell.qualifier).be64() ^ kSignBit));
    value.run = RunId{static_cast<std::uint64_t>(cell.timestamp)};
    value.kind = static_cast<Assignment::Kind>(cell.value[0]);
    if (value.kind > Assignment::Kind::kRemoved) return corrupt("a cell of a kind that this program does not know");
    value.customer = std::string_view(cell.value).substr(1);
    if ((value.kind == Assignment::Kind::kCustomer) == value.customer.empty())
      return corrupt("a cell is cut or too long");
    history.push_back(value);
  }
  const auto in_order = [](const Assignment& a, const Assignment& b) {
    return a.valid_from < b.valid_from || (a.valid_from == b.valid_from && a.run > b.run);
  };
  for (std::size_t i = 1; i < history.size(); ++i) {
    if (!in_order(history[i - 1], history[i])) return corrupt("cells are out of order");
  }
  return history;
}

}  // namespace guidepost::identity
