#include "verify/verify.hpp"

#include <algorithm>
#include <map>

#include "verify/compare.hpp"
#include "verify/findings.hpp"
#include "verify/ledger_check.hpp"
#include "verify/merchants.hpp"
#include "verify/slice_recount.hpp"
#include "verify/stored_pages.hpp"
#include "verify/stored_rows.hpp"

namespace guidepost::verify {
namespace {

// Event times are of 2000-2099.
constexpr TimeMs kFirst = from_unix_ms(946'684'800'000);
constexpr TimeMs kEnd = from_unix_ms(4'102'444'800'000);

/// Pages and rows of one merchant, slice by slice.
class MerchantCheck {
 public:
  MerchantCheck(TableStore& tables, const Names& names, std::string merchant, Findings& findings)
      : merchant_(std::move(merchant)),
        findings_(findings),
        pages_(tables, names, merchant_, findings),
        rows_(tables, names, merchant_, findings),
        ledger_(tables, names, merchant_, findings) {}

  Result<void> run(const std::function<void(const VerifyProgress&)>& progress);

 private:
  Result<std::optional<Bucket>> next_slice(Bucket from, Bucket to);
  Result<void> check_slice(Bucket from, Bucket& to);
  bool with_ledger() const { return !findings_.options().from && !findings_.options().to; }

  std::string merchant_;
  Findings& findings_;
  StoredPages pages_;
  StoredRows rows_;
  LedgerCheck ledger_;
};

Bucket ceil_bucket(TimeMs time) {
  const auto bucket = Bucket::of(time);
  return bucket.start() == time ? bucket : Bucket{bucket.value + 1};
}

Bucket next_day(Bucket bucket) {
  return Bucket::of(std::chrono::floor<std::chrono::days>(bucket.start()) + std::chrono::days{1});
}

Result<void> MerchantCheck::run(const std::function<void(const VerifyProgress&)>& progress) {
  ++findings_.report().merchants;
  const auto& options = findings_.options();
  const auto from = Bucket::of(std::max(kFirst, options.from.value_or(kFirst)));
  const auto to = ceil_bucket(std::min(kEnd, options.to.value_or(kEnd)));
  auto going = with_ledger() ? ledger_.load() : Result<void>{};
  if (going) going = pages_.open();
  if (going) going = rows_.open();
  Bucket at = from;
  while (going && at < to) {
    const auto start = next_slice(at, to);
    if (!start) return tl::unexpected(start.error());
    if (!*start) break;
    Bucket end = std::min(to, next_day(**start));
    going = check_slice(**start, end);
    at = end;
    if (progress) progress({merchant_, at.start(), findings_.report()});
  }
  if (going && with_ledger()) going = ledger_.read_bad();
  if (going && with_ledger()) ledger_.finish();
  return going;
}

/// The first bucket that has a page or a row.
Result<std::optional<Bucket>> MerchantCheck::next_slice(Bucket from, Bucket to) {
  auto page = pages_.next(from, to);
  if (!page) return page;
  const auto row = rows_.next(from.start(), to.start());
  if (!row) return tl::unexpected(row.error());
  if (!*row) return *page;
  const auto bucket = Bucket::of(**row);
  return *page ? std::min(**page, bucket) : bucket;
}

Result<void> MerchantCheck::check_slice(Bucket from, Bucket& to) {
  // Pages first, then rows: what a page counts was in its row before.
  const auto pages = pages_.read(from, to, findings_.options().slice_events);
  if (!pages) return tl::unexpected(pages.error());
  SliceRecount recount(*pages, from.start(), to.start(), findings_);
  auto going =
      rows_.read(from.start(), to.start(), findings_.options().session_gap, [&](const event::StoredEvent& stored) {
        const bool inside = stored.event.time >= from.start() && stored.event.time < to.start();
        if (inside && with_ledger()) ledger_.add(stored);
        recount.add(stored, inside);
      });
  if (!going) return going;
  recount.finish(merchant_);
  const PageRecount nothing;
  for (const auto& [key, page] : *pages) {
    const auto found = recount.pages().find(key);
    compare_page(merchant_, key.first, key.second, page, found == recount.pages().end() ? nothing : found->second,
                 findings_);
  }
  return {};
}

}  // namespace

Result<VerifyReport> run(const VerifyOptions& options, TableStore& tables, const Names& names,
                         const std::function<void(const VerifyProgress&)>& progress) {
  VerifyReport report;
  Findings findings(options, report);
  report.ledger_by_merchant = !options.from && !options.to;
  std::set<std::string> merchants;
  if (options.merchant) {
    merchants.insert(*options.merchant);
  } else {
    auto found = merchants_of(tables, names, findings);
    if (!found) return tl::unexpected(std::move(found.error()));
    merchants = std::move(*found);
  }
  for (const auto& merchant : merchants) {
    auto checked = MerchantCheck(tables, names, merchant, findings).run(progress);
    if (!checked) return tl::unexpected(std::move(checked.error()));
  }
  if (auto checked = check_totals(tables, names, findings); !checked) return tl::unexpected(std::move(checked.error()));
  return report;
}

}  // namespace guidepost::verify
