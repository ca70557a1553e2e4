#include "verify/ledger_check.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/text.hpp"
#include "verify/scans.hpp"

namespace guidepost::verify {
namespace {

constexpr std::string_view kLedger = "ledger";
constexpr std::chrono::milliseconds kPause{100};

struct Totals {
  event::LedgerCounts counts;
  Offset position;
};
using TotalsBySource = std::map<SourceId, Totals>;

/// What one scan of the ledger gave.
struct Seen {
  std::vector<Difference> differences;
  bool settled = true;  ///< none is of a source whose ledger is ahead of what D was before the scan
};

double number(std::uint64_t n) { return static_cast<double>(n); }

/// One row: its total against its merchants.
void check_row(const Row& row, TotalsBySource& totals, std::vector<Difference>& differences) {
  const auto key = event::parse_ledger_row(row.key);
  if (!key) {
    return differences.push_back(
        {"", {}, {}, std::string(kLedger), "", text::escape(row.key), key.error().message, 0, 0});
  }
  event::LedgerCounts total, sum;
  auto& source = totals[key->source];
  for (const auto& cell : row.cells) {
    const auto counts = event::decode_ledger(cell.value);
    if (!counts) {
      differences.push_back(
          {cell.qualifier, key->source, key->day, std::string(kLedger), "", "", counts.error().message, 0, 0});
      continue;
    }
    (cell.qualifier == event::kLedgerTotal ? total : sum) += *counts;
    source.position = std::max(source.position, Offset{cell.timestamp});
  }
  const auto compare = [&](std::string_view what, std::uint64_t stored, std::uint64_t recounted) {
    if (stored == recounted) return;
    differences.push_back({"", key->source, key->day, std::string(kLedger), "", "",
                           std::string(what) + " of all merchants", number(stored), number(recounted)});
  };
  compare("counted", total.counted, sum.counted);
  compare("bad", total.bad, sum.bad);
  compare("duplicate", total.duplicate, sum.duplicate);
  source.counts += total;
}

Result<Seen> totals_once(TableStore& tables, const Names& names, const std::vector<SourceState>& sources,
                         const Patience& patience) {
  Seen seen;
  auto& differences = seen.differences;
  TotalsBySource totals;
  ScanRequest request;
  request.cells.family = event::kLedgerFamily;
  const auto scanned = run_scans(tables, {{names.ledger(), request, ScanExtent::kAll}}, patience,
                                 [&](std::size_t, const Row& row) -> Result<void> {
                                   check_row(row, totals, differences);
                                   return {};
                                 });
  if (!scanned) return tl::unexpected(scanned.error());
  for (const auto& source : sources) {
    auto& total = totals[source.source];
    total.position = std::max(total.position, source.floor);
    const auto differ = [&](std::string_view what, double stored, double recounted) {
      differences.push_back(
          {"", source.source, {}, std::string(kLedger), "", "", std::string(what), stored, recounted});
    };
    if (total.position < source.durable) {
      differ("position (below what is durable)", static_cast<double>(total.position.value),
             static_cast<double>(source.durable.value));
    }
    const auto received = static_cast<std::uint64_t>(total.position - source.floor);
    if (total.counts.received() != received) {
      differ("counted + bad + duplicate + skipped + lost, against position - floor", number(total.counts.received()),
             number(received));
    }
  }
  for (const auto& difference : differences) {
    const auto known = std::find_if(sources.begin(), sources.end(),
                                    [&](const SourceState& source) { return source.source == difference.source; });
    const auto durable = known == sources.end() ? Offset{0} : known->durable;
    const auto total = totals.find(difference.source);
    if (total != totals.end() && total->second.position > durable) seen.settled = false;
  }
  return seen;
}

}  // namespace

Result<void> check_totals(TableStore& tables, const Names& names, Findings& findings) {
  const auto& options = findings.options();
  const auto until = Executor::Clock::now() + options.settle;
  for (;;) {
    // D first: what a put below it has written is in the scan, whole.
    auto sources = options.sources_now ? options.sources_now() : options.sources;
    if (!sources) return tl::unexpected(std::move(sources.error()));
    auto seen = totals_once(tables, names, *sources, options.patience);
    if (!seen) return tl::unexpected(std::move(seen.error()));
    if (seen->settled || Executor::Clock::now() + kPause > until) {
      for (auto& difference : seen->differences) findings.add(std::move(difference));
      return {};
    }
    std::this_thread::sleep_for(kPause);
  }
}

Result<void> LedgerCheck::load() {
  ScanRequest request;
  request.cells.family = event::kLedgerFamily;
  request.cells.qualifiers = {merchant_};
  return run_scans(tables_, {{names_.ledger(), request, ScanExtent::kAll}}, findings_.options().patience,
                   [&](std::size_t, const Row& row) -> Result<void> {
                     const auto key = event::parse_ledger_row(row.key);
                     if (!key) return {};  // told by check_totals
                     for (const auto& cell : row.cells) {
                       const auto counts = event::decode_ledger(cell.value);
                       if (counts) cells_[{key->source, key->day}] = {true, Offset{cell.timestamp}, *counts};
                     }
                     return {};
                   });
}

void LedgerCheck::add(SourceId source, TimeMs record_time, Offset offset, std::uint64_t Counted::* kind,
                      FirstOffsets Counted::* rows) {
  if (offset < findings_.floor(source)) return;  // the version has taken it over, and did not count it
  auto& cell = cells_[{source, std::chrono::floor<std::chrono::days>(record_time)}];
  if (offset < cell.position) {
    ++(cell.*kind);
    (cell.*rows).add(offset);
  } else if (offset < findings_.durable(source)) {
    ++cell.behind;
    cell.behind_rows.add(offset);
  }
}

Result<void> LedgerCheck::read_bad() {
  ScanRequest request;
  request.start = merchant_ + std::string(1, '\0');
  request.stop = merchant_ + std::string(1, '\1');
  request.cells.family = event::kBadFamily;
  request.cells.qualifiers = {"reason"};  // not the bytes
  return run_scans(
      tables_, {{names_.bad(), request, ScanExtent::kAll}}, findings_.options().patience,
      [&](std::size_t, const Row& row) -> Result<void> {
        ++findings_.report().bad_rows;
        const auto key = event::parse_bad_row_key(row.key);
        if (key) {
          add(key->source, key->received, key->offset, &Counted::bad, &Counted::bad_rows);
        } else {
          findings_.add({merchant_, {}, {}, "bad row", "", text::escape(row.key), key.error().message, 0, 0});
        }
        return {};
      });
}

void LedgerCheck::finish() {
  for (const auto& [key, cell] : cells_) {
    const auto& [source, day] = key;
    const auto compare = [&](std::string measure, std::uint64_t stored, std::uint64_t recounted,
                             const FirstOffsets& rows) {
      if (stored == recounted) return;
      findings_.add({merchant_, source, day, std::string(kLedger), "", "", std::move(measure), number(stored),
                     number(recounted), rows});
    };
    if (cell.stored) findings_.report().ledger_cells += 1;
    compare("counted", cell.counts.counted, cell.events, cell.event_rows);
    compare("bad", cell.counts.bad, cell.bad, cell.bad_rows);
    compare("rows below D that it does not count", 0, cell.behind, cell.behind_rows);
    compare("skipped (only the total may have it)", cell.counts.skipped, 0, {});
    compare("lost (only the total may have it)", cell.counts.lost, 0, {});
  }
}

}  // namespace guidepost::verify
