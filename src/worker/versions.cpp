#include "worker/versions.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "worker/state_table.hpp"

namespace guidepost::worker {
namespace {

constexpr std::string_view kPublishedRow = "published";
constexpr std::string_view kPublicationPrefix = "at";
constexpr std::string_view kVersionPrefix = "version/";
constexpr std::string_view kVersionEnd = "version0";  // the first key behind all of them
constexpr std::string_view kMarkersAlone = "as logged";

CellFilter newest() { return {.family = std::string(kStateFamily), .qualifiers = {}, .time = {}, .versions = 1}; }

std::string version_row(std::uint32_t version) { return fmt::format("{}{:08}", kVersionPrefix, version); }

/// All of `text` as a number.
template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::string words(const Published& p) { return fmt::format("{} {} {}", p.number, p.version, p.previous); }

/// Takes what words() wrote off the front of `text`.
std::optional<Published> take_published(std::string_view& text) {
  std::array<std::string_view, 3> parts;
  for (auto& part : parts) {
    part = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  Published published;
  const bool good = read_number(parts[0], published.number) && read_number(parts[1], published.version) &&
                    read_number(parts[2], published.previous) && published.version != 0;
  return good ? std::optional(published) : std::nullopt;
}

Result<Published> published_of(const Row& row) {
  const auto* cell = row.find(kStateFamily, "version");
  if (cell == nullptr) return Published{};
  std::string_view text = cell->value;
  const auto published = take_published(text);
  if (!published || !text.empty())
    return fail(ErrorCode::kCorrupt, "the state row `published` does not say which version is read");
  return *published;
}

/// Publications share so many cells, one after the other.
std::string publication_cell(std::uint64_t number) {
  return fmt::format("{}{:02}", kPublicationPrefix, number % kPublicationsKept);
}

Result<std::vector<Publication>> publications_of(const Row& row) {
  std::vector<Publication> all;
  for (const auto& cell : row.cells) {
    if (!cell.qualifier.starts_with(kPublicationPrefix)) continue;
    std::string_view text = cell.value;
    const auto what = take_published(text);
    std::int64_t ms = 0;
    if (!what || !read_number(text, ms))
      return fail(ErrorCode::kCorrupt, "the state row `published` does not say when what was published");
    all.push_back({*what, from_unix_ms(ms)});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.what.number < b.what.number; });
  return all;
}

CellPut cell(std::string_view qualifier, std::string value) {
  return {std::string(kStateFamily), std::string(qualifier), 0, std::move(value)};
}

std::optional<TimeMs> time_in(const Row& row, std::string_view qualifier) {
  std::int64_t ms = 0;
  const auto* found = row.find(kStateFamily, qualifier);
  return found != nullptr && read_number(found->value, ms) ? std::optional(from_unix_ms(ms)) : std::nullopt;
}

Result<VersionRecord> version_of(const Row& row) {
  const auto corrupt = [&] { return fail(ErrorCode::kCorrupt, "the state row " + row.key + " is no version"); };
  VersionRecord record;
  const auto* from = row.find(kStateFamily, "from");
  const auto* mapping = row.find(kStateFamily, "mapping");
  const auto made = time_in(row, "made");
  if (!read_number(std::string_view(row.key).substr(kVersionPrefix.size()), record.version) || from == nullptr ||
      mapping == nullptr || !made) {
    return corrupt();
  }
  if (mapping->value != kMarkersAlone) {
    RunId run;
    if (!read_number(mapping->value, run.value)) return corrupt();
    record.least_run = run;
  }
  for (const auto& [qualifier, to] : {std::pair("base", &record.base), std::pair("rest", &record.rest)}) {
    const auto* found = row.find(kStateFamily, qualifier);
    if (found == nullptr || found->value.empty()) continue;
    std::uint32_t version = 0;
    if (!read_number(found->value, version) || version >= record.version) return corrupt();
    *to = version;
  }
  for (const auto& [qualifier, to] : {std::pair("merchant", &record.merchant), std::pair("until", &record.until)}) {
    if (const auto* found = row.find(kStateFamily, qualifier); found != nullptr && !found->value.empty())
      *to = found->value;
  }
  record.from = from->value;
  record.made = *made;
  record.planned = time_in(row, "planned");
  record.copied = time_in(row, "copied");
  if (const auto* found = row.find(kStateFamily, "filled_by"); found != nullptr) {
    RulesHash rules;
    if (!read_number(found->value, rules.value)) return corrupt();
    record.filled_by = rules;
  }
  record.filled = time_in(row, "filled");
  record.caught_up = time_in(row, "caught_up");
  record.dropped = time_in(row, "dropped");
  return record;
}

std::vector<CellPut> cells_of(const VersionRecord& record) {
  return {cell("made", std::to_string(unix_ms(record.made))),
          cell("from", record.from),
          cell("base", record.base ? std::to_string(*record.base) : std::string()),
          cell("merchant", record.merchant.value_or("")),
          cell("until", record.until.value_or("")),
          cell("rest", record.rest ? std::to_string(*record.rest) : std::string()),
          cell("mapping", record.least_run ? std::to_string(record.least_run->value) : std::string(kMarkersAlone))};
}

}  // namespace

void VersionTable::published(Completion<Published> done) {
  tables_.get(table_, {{std::string(kPublishedRow), newest()}},
              {inline_executor(), [done = std::move(done)](Result<std::vector<Row>> rows) mutable {
                 if (!rows) return done(tl::unexpected(rows.error()));
                 done(published_of(rows->front()));
               }});
}

void VersionTable::publish(const Published& seen, std::uint32_t version, TimeMs when, Completion<bool> done) {
  const Published next{seen.number + 1, version, seen.version};
  const auto number = static_cast<std::int64_t>(next.number);
  CheckAndPut request{.row = std::string(kPublishedRow),
                      .family = std::string(kStateFamily),
                      .qualifier = "version",
                      .expected = seen.number == 0 ? std::nullopt : std::optional(words(seen)),
                      .put = {std::string(kPublishedRow),
                              {{std::string(kStateFamily), "version", number, words(next)},
                               {std::string(kStateFamily), publication_cell(next.number), number,
                                fmt::format("{} {}", words(next), unix_ms(when))}}}};
  tables_.check_and_put(table_, std::move(request), std::move(done));
}

void VersionTable::publications(Completion<std::vector<Publication>> done) {
  tables_.get(table_, {{std::string(kPublishedRow), newest()}},
              {inline_executor(), [done = std::move(done)](Result<std::vector<Row>> rows) mutable {
                 if (!rows) return done(tl::unexpected(rows.error()));
                 done(publications_of(rows->front()));
               }});
}

struct VersionTable::Listing : std::enable_shared_from_this<Listing> {
  Listing(TableStore& t, std::string name, Completion<std::vector<VersionRecord>> d)
      : tables(t), table(std::move(name)), done(std::move(d)) {}

  TableStore& tables;
  std::string table;
  Completion<std::vector<VersionRecord>> done;
  std::vector<VersionRecord> found;

  void read(std::string from) {
    tables.scan(table, {std::move(from), std::string(kVersionEnd), newest()},
                {inline_executor(), [self = shared_from_this()](Result<ScanPage> page) {
                   if (!page) return self->done(tl::unexpected(page.error()));
                   for (const auto& row : page->rows) {
                     auto version = version_of(row);
                     if (!version) return self->done(tl::unexpected(version.error()));
                     self->found.push_back(std::move(*version));
                   }
                   if (page->next.empty()) return self->done(std::move(self->found));
                   self->read(std::move(page->next));
                 }});
  }
};

void VersionTable::versions(Completion<std::vector<VersionRecord>> done) {
  std::make_shared<Listing>(tables_, table_, std::move(done))->read(std::string(kVersionPrefix));
}

void VersionTable::version(std::uint32_t number, Completion<std::optional<VersionRecord>> done) {
  tables_.get(table_, {{version_row(number), newest()}},
              {inline_executor(), [done = std::move(done)](Result<std::vector<Row>> rows) mutable {
                 if (!rows) return done(tl::unexpected(rows.error()));
                 if (rows->front().empty()) return done(std::optional<VersionRecord>());
                 auto version = version_of(rows->front());
                 if (!version) return done(tl::unexpected(version.error()));
                 done(std::optional(std::move(*version)));
               }});
}

void VersionTable::make(const VersionRecord& record, Completion<bool> done) {
  const auto row = version_row(record.version);
  CheckAndPut request{.row = row,
                      .family = std::string(kStateFamily),
                      .qualifier = "made",
                      .expected = std::nullopt,
                      .put = {row, cells_of(record)}};
  tables_.check_and_put(table_, std::move(request), std::move(done));
}

void VersionTable::set_planned(const VersionRecord& record, TimeMs when, Completion<void> done) {
  auto cells = cells_of(record);
  cells.push_back(cell("planned", std::to_string(unix_ms(when))));
  tables_.put(table_, {{version_row(record.version), std::move(cells)}}, std::move(done));
}

void VersionTable::set_copied(std::uint32_t version, TimeMs when, Completion<void> done) {
  tables_.put(table_, {{version_row(version), {cell("copied", std::to_string(unix_ms(when)))}}}, std::move(done));
}

void VersionTable::set_filled_by(std::uint32_t version, RulesHash rules, Completion<void> done) {
  tables_.put(table_, {{version_row(version), {cell("filled_by", std::to_string(rules.value))}}}, std::move(done));
}

void VersionTable::set_filled(std::uint32_t version, TimeMs when, Completion<void> done) {
  tables_.put(table_, {{version_row(version), {cell("filled", std::to_string(unix_ms(when)))}}}, std::move(done));
}

void VersionTable::set_caught_up(std::uint32_t version, TimeMs when, Completion<void> done) {
  tables_.put(table_, {{version_row(version), {cell("caught_up", std::to_string(unix_ms(when)))}}}, std::move(done));
}

void VersionTable::set_dropped(std::uint32_t version, TimeMs when, Completion<void> done) {
  tables_.put(table_, {{version_row(version), {cell("dropped", std::to_string(unix_ms(when)))}}}, std::move(done));
}

void VersionTable::set_floor(std::uint32_t version, SourceId source, Offset floor, std::string commit,
                             Completion<void> done) {
  tables_.put(table_,
              {{position_row(version, source),
                {cell("floor", std::to_string(floor.value)), cell("commit", std::move(commit))}}},
              std::move(done));
}

}  // namespace guidepost::worker
