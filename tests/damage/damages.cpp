#include "damage/damages.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "guidepost/rollup/page_format.hpp"
#include "worker/tables.hpp"

namespace guidepost::test {
namespace {

using rollup::Dimension;
using rollup::StoredChunk;
using rollup::StoredEntry;
using Kind = StoredTables::Kind;
using Rows = std::vector<Row>;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Pages ------------------------------------------------------------------------------------------

/// The first chunk that `damage` can be done to, written as the program would write it: only what it says is wrong.
bool in_a_chunk(StoredTables& tables, const std::function<bool(StoredChunk&)>& damage) {
  return tables.change(Kind::kRollups, [&](Rows& rows) {
    for (auto& row : rows) {
      for (auto& cell : row.cells) {
        auto chunk = must(rollup::decode_chunk(cell.value));
        if (!damage(chunk)) continue;
        cell.value = rollup::encode_chunk(chunk);
        cell.timestamp = chunk.position.value;
        return true;
      }
    }
    return false;
  });
}

bool in_an_entry(StoredTables& tables, const std::function<bool(StoredEntry&)>& damage) {
  return in_a_chunk(
      tables, [&](StoredChunk& chunk) { return std::any_of(chunk.entries.begin(), chunk.entries.end(), damage); });
}

bool raise_counter(StoredTables& tables) {
  return in_an_entry(tables, [](StoredEntry& entry) { return ++entry.counters[0] > 0; });
}

bool raise_revenue(StoredTables& tables) {
  return in_an_entry(tables, [](StoredEntry& entry) { return !entry.money.empty() && ++entry.money[0].revenue != 0; });
}

bool raise_sessions(StoredTables& tables) {
  return in_an_entry(tables, [](StoredEntry& entry) {
    return entry.dimension == Dimension::kExitPage &&
           ++entry.counters[static_cast<std::size_t>(rollup::Counter::kSessions)] > 0;
  });
}

bool forget_device(StoredTables& tables) {
  return in_an_entry(tables, [](StoredEntry& entry) {
    auto& hashes = entry.distinct[0].hashes;
    if (hashes.empty()) return false;
    hashes.pop_back();
    return true;
  });
}

bool take_another_device(StoredTables& tables) {
  return in_an_entry(tables, [](StoredEntry& entry) {
    auto& hashes = entry.distinct[0].hashes;
    return !hashes.empty() && (hashes.back() ^= 1) > 0 && std::is_sorted(hashes.begin(), hashes.end());
  });
}

bool flip_byte(StoredTables& tables) {
  return tables.change(Kind::kRollups, [](Rows& rows) {
    if (rows.empty()) return false;
    auto& value = rows.front().cells.front().value;
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
    return true;
  });
}

bool swap_chunks(StoredTables& tables) {
  return tables.change(Kind::kRollups, [](Rows& rows) {
    for (auto& row : rows) {
      if (row.cells.size() < 2) continue;
      std::swap(row.cells[0].value, row.cells[1].value);
      std::swap(row.cells[0].timestamp, row.cells[1].timestamp);
      return true;
    }
    return false;
  });
}

bool lose_page(StoredTables& tables) {
  return tables.change(Kind::kRollups, [](Rows& rows) {
    if (rows.empty()) return false;
    rows.erase(rows.begin());
    return true;
  });
}

/// The page says that it holds what lies below the last event that it counts.
bool lower_position(StoredTables& tables) {
  std::map<std::tuple<std::string, Bucket, SourceId>, Offset> last;
  for (const auto& row : tables.rows(Kind::kEvents)) {
    const auto key = must(event::parse_event_row_key(row.key));
    auto& offset = last[{std::string(key.merchant), Bucket::of(key.time), key.source}];
    offset = std::max(offset, key.offset);
  }
  return tables.change(Kind::kRollups, [&](Rows& rows) {
    for (auto& row : rows) {
      const auto page = must(rollup::parse_page_row(row.key));
      for (auto& cell : row.cells) {
        const auto source = must(rollup::parse_page_qualifier(cell.qualifier)).second;
        auto chunk = must(rollup::decode_chunk(cell.value));
        chunk.position = std::min(chunk.position, last[{page.merchant, page.bucket, source}]);
        cell.value = rollup::encode_chunk(chunk);
        cell.timestamp = chunk.position.value;
      }
      return true;
    }
    return false;
  });
}

bool raise_label(StoredTables& tables) {
  return tables.change(Kind::kRollups, [](Rows& rows) { return !rows.empty() && ++rows[0].cells[0].timestamp > 0; });
}

// Rows -------------------------------------------------------------------------------------------

bool lose_row(StoredTables& tables) {
  return tables.change(Kind::kEvents, [](Rows& rows) {
    if (rows.empty()) return false;
    rows.erase(rows.begin());
    return true;
  });
}

/// The last event once more, at an offset that is no event's.
bool double_row(StoredTables& tables) {
  return tables.change(Kind::kEvents, [](Rows& rows) {
    std::map<SourceId, std::set<Offset>> taken;
    const auto key_of = [](const Row& row) { return must(event::parse_event_row_key(row.key)); };
    for (const auto& row : rows) taken[key_of(row).source].insert(key_of(row).offset);
    const auto last = std::max_element(rows.begin(), rows.end(),
                                       [&](const Row& a, const Row& b) { return key_of(a).offset < key_of(b).offset; });
    if (last == rows.end()) return false;
    auto copy = *last;
    auto key = key_of(*last);
    const auto& offsets = taken[key.source];
    key.offset = *offsets.begin();
    while (offsets.contains(key.offset)) key.offset = key.offset + 1;
    copy.key = event::event_row_key(key);
    // A change of sessions is about the event itself, or about one below it, which the copy may be.
    std::erase_if(copy.cells, [](const Cell& cell) { return cell.qualifier == event::kSessionChanges; });
    rows.push_back(std::move(copy));
    return true;
  });
}

/// Changes, or removes, one cell of one event row.
bool in_a_cell(StoredTables& tables, std::string_view family, std::string_view qualifier,
               const std::function<bool(std::string&)>& keeps) {
  return tables.change(Kind::kEvents, [&](Rows& rows) {
    for (auto& row : rows) {
      for (auto cell = row.cells.begin(); cell != row.cells.end(); ++cell) {
        if (cell->family != family || cell->qualifier != qualifier) continue;
        if (!keeps(cell->value)) row.cells.erase(cell);
        return true;
      }
    }
    return false;
  });
}

bool change_country(StoredTables& tables) {
  return in_a_cell(tables, "geo_data", "country", [](std::string& value) {
    value = "ZZ";
    return true;
  });
}

bool forget_session(StoredTables& tables) {
  return in_a_cell(tables, "click_data", event::kSessionChanges, [](std::string&) { return false; });
}

bool garble_row(StoredTables& tables) {
  return in_a_cell(tables, "identity", "resolved_by", [](std::string& value) {
    value = "guessed";
    return true;
  });
}

bool lose_bad_row(StoredTables& tables) {
  return tables.change(Kind::kBad, [](Rows& rows) {
    if (rows.empty()) return false;
    rows.erase(rows.begin());
    return true;
  });
}

// The ledger -------------------------------------------------------------------------------------

bool in_the_ledger(StoredTables& tables, bool (*meant)(const Cell&),
                   const std::function<void(event::LedgerCounts&)>& damage) {
  return tables.change(Kind::kLedger, [&](Rows& rows) {
    for (auto& row : rows) {
      for (auto& cell : row.cells) {
        if (!meant(cell)) continue;
        auto counts = must(event::decode_ledger(cell.value));
        damage(counts);
        cell.value = event::encode_ledger(counts);
        return true;
      }
    }
    return false;
  });
}

bool raise_ledger(StoredTables& tables) {
  return in_the_ledger(
      tables, [](const Cell& cell) { return cell.qualifier != event::kLedgerTotal; },
      [](event::LedgerCounts& counts) { ++counts.counted; });
}

bool raise_ledger_total(StoredTables& tables) {
  return in_the_ledger(
      tables, [](const Cell& cell) { return cell.qualifier == event::kLedgerTotal; },
      [](event::LedgerCounts& counts) { ++counts.skipped; });
}

constexpr Damage kDamages[] = {
    {"counter", "a counter of a page is one too high", "events: stored", raise_counter},
    {"revenue", "a sum of money is a cent too high", "revenue in", raise_revenue},
    {"sessions", "a page has one exit too many", "exit_page", raise_sessions},
    {"device-lost", "a count of devices lacks one", "devices: stored", forget_device},
    {"device-other", "a count of devices has another one", "devices (as many, but others)", take_another_device},
    {"byte", "a chunk of a page has a flipped bit", "page", flip_byte},
    {"chunks", "two chunks of a page have changed places", "a chunk is in another's cell", swap_chunks},
    {"page-lost", "a page is gone", "rows below D that no page counts", lose_page},
    {"position", "a page says that it is complete up to another position than it is", "page: events", lower_position},
    {"label", "a page's cell is labelled with another position than it says", "timestamp is not its position",
     raise_label},
    {"row-lost", "an event row is gone", "page: events", lose_row},
    {"row-doubled", "an event row is there again under another offset", "page: events", double_row},
    {"row-country", "an event row has another country than was counted", "country", change_country},
    {"row-session", "an event row does not say what it changed about sessions", "sessions: stored", forget_session},
    {"row-garbled", "an event row has a word in it that is none", "row `", garble_row},
    {"bad-row-lost", "a bad row is gone", "ledger: bad", lose_bad_row},
    {"ledger", "a merchant's cell of the ledger is one too high", "ledger: counted", raise_ledger},
    {"ledger-total", "a source's total is one too high", "against position - floor", raise_ledger_total},
};

}  // namespace

std::span<const Damage> damages() { return kDamages; }

std::vector<TableSpec> StoredTables::specs(Kind kind) {
  if (kind == Kind::kBad) return {worker::bad_table(names_, {})};
  if (kind == Kind::kLedger) return {worker::ledger_table(names_, {})};
  const auto stem = kind == Kind::kEvents ? names_.all_events() : names_.all_rollups();
  const auto spec = kind == Kind::kEvents ? worker::events_table : worker::rollups_table;
  const auto listed =
      must(await<std::vector<std::string>>([&](auto done) { tables_.list_tables(stem, std::move(done)); }));
  std::vector<TableSpec> all;
  for (const auto month : months_in(listed, [&](Month m) { return spec(names_, m, {}).name; }))
    all.push_back(spec(names_, month, {}));
  return all;
}

std::vector<Row> StoredTables::read(const std::string& table) {
  std::vector<Row> all;
  ScanRequest request;
  do {
    auto page = must(await<ScanPage>([&](auto done) { tables_.scan(table, request, std::move(done)); }));
    std::move(page.rows.begin(), page.rows.end(), std::back_inserter(all));
    request.start = std::move(page.next);
  } while (!request.start.empty());
  return all;
}

/// Nothing is deleted from tables of the port, and nothing of a lower timestamp is seen: the table is made anew.
void StoredTables::replace(const TableSpec& spec, const std::vector<Row>& rows) {
  must(await<void>([&](auto done) { tables_.drop_table(spec.name, std::move(done)); }));
  must(await<void>([&](auto done) { tables_.create_table(spec, std::move(done)); }));
  std::vector<RowPut> puts;
  for (const auto& row : rows) {
    RowPut put{row.key, {}};
    for (const auto& cell : row.cells) put.cells.push_back({cell.family, cell.qualifier, cell.timestamp, cell.value});
    puts.push_back(std::move(put));
  }
  must(await<void>([&](auto done) { tables_.put(spec.name, std::move(puts), std::move(done)); }));
}

std::vector<Row> StoredTables::rows(Kind kind) {
  std::vector<Row> all;
  for (const auto& spec : specs(kind)) {
    auto rows = read(spec.name);
    std::move(rows.begin(), rows.end(), std::back_inserter(all));
  }
  return all;
}

bool StoredTables::change(Kind kind, const std::function<bool(std::vector<Row>&)>& damage) {
  for (const auto& spec : specs(kind)) {
    auto rows = read(spec.name);
    if (!damage(rows)) continue;
    replace(spec, rows);
    return true;
  }
  return false;
}

}  // namespace guidepost::test
