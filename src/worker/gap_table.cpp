#include "worker/gap_table.hpp"

#include <fmt/format.h>
#include <charconv>
#include <memory>
#include <utility>

#include "worker/state_table.hpp"

namespace guidepost::worker {
namespace {

std::string prefix_of(std::uint32_t version) { return fmt::format("gap/v{}/", version); }

std::string row_of(std::uint32_t version, const Gap& gap) {
  return fmt::format("{}{:08}/{:020}", prefix_of(version), gap.source.value, gap.first.value);
}

CellPut cell(std::string_view qualifier, std::int64_t timestamp, std::string value) {
  return {std::string(kStateFamily), std::string(qualifier), timestamp, std::move(value)};
}

/// Takes a number off the front of `text`, and one character behind it where more follows.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  if (!text.empty()) text.remove_prefix(1);
  return value;
}

/// The cells of one row.
class GapCells {
 public:
  explicit GapCells(const Row& row) : row_(row) {}

  std::string_view text(std::string_view qualifier) const {
    const Cell* cell = row_.find(kStateFamily, qualifier);
    return cell == nullptr ? std::string_view() : cell->value;
  }
  std::optional<std::int64_t> number(std::string_view qualifier) const {
    auto value = text(qualifier);
    const auto n = take_number(value);
    return value.empty() ? n : std::nullopt;
  }

 private:
  const Row& row_;
};

Result<Gap> gap_of(const Row& row, std::size_t prefix) {
  const auto corrupt = [&] { return fail(ErrorCode::kCorrupt, "the state row " + row.key + " is no gap"); };
  auto key = std::string_view(row.key).substr(prefix);
  const auto source = take_number(key);
  const auto first = take_number(key);
  const GapCells cells(row);
  const auto from = cells.number("from");
  const auto to = cells.number("to");
  const auto after = cells.number("after");
  const auto before = cells.number("before");
  const auto seen = cells.number("seen");
  const auto cause = cells.text("cause");
  if (!source || !first || !from || !to || !after || !before || !seen) return corrupt();
  if (cause != to_string(GapCause::kRetention) && cause != to_string(GapCause::kCut)) return corrupt();
  Gap gap{.source = SourceId{static_cast<std::uint32_t>(*source)},
          .first = Offset{*first},
          .from = Offset{*from},
          .to = Offset{*to},
          .cause = cause == to_string(GapCause::kCut) ? GapCause::kCut : GapCause::kRetention,
          .after = from_unix_ms(*after),
          .before = from_unix_ms(*before),
          .seen = from_unix_ms(*seen),
          .accepted = {}};
  if (auto word = cells.text("accepted"); !word.empty()) {
    const auto up_to = take_number(word);
    const auto at = take_number(word);
    if (!up_to || !at) return corrupt();
    gap.to = Offset{*up_to};
    gap.accepted = Gap::Acceptance{from_unix_ms(*at), std::string(word)};
  }
  return gap;
}

}  // namespace

std::string_view to_string(GapCause cause) { return cause == GapCause::kCut ? "cut" : "retention"; }

std::string to_string(const Gap& gap) {
  return fmt::format("{}:{}-{}", gap.source.value, gap.from.value, gap.to.value);
}

/// Reads them page by page. It owns what it needs: answers may come after the table's owner has gone.
struct GapTable::Listing : std::enable_shared_from_this<Listing> {
  Listing(TableStore& t, std::string state, std::string p, Completion<std::vector<Gap>> d)
      : tables(t), table(std::move(state)), prefix(std::move(p)), done(std::move(d)) {}

  TableStore& tables;
  std::string table;
  std::string prefix;  // ends with `/`
  Completion<std::vector<Gap>> done;
  std::vector<Gap> found;

  void read(std::string from) {
    auto end = prefix;
    end.back() = '/' + 1;
    CellFilter newest{.family = std::string(kStateFamily), .qualifiers = {}, .time = {}, .versions = 1};
    tables.scan(table, {std::move(from), std::move(end), std::move(newest)},
                {inline_executor(), [self = shared_from_this()](Result<ScanPage> page) {
                   if (!page) return self->done(tl::unexpected(page.error()));
                   for (const auto& row : page->rows) {
                     auto gap = gap_of(row, self->prefix.size());
                     if (!gap) return self->done(tl::unexpected(gap.error()));
                     if (gap->count() > 0) self->found.push_back(std::move(*gap));
                   }
                   if (page->next.empty()) return self->done(std::move(self->found));
                   self->read(std::move(page->next));
                 }});
  }
};

void GapTable::list(std::uint32_t version, Completion<std::vector<Gap>> done) {
  const auto prefix = prefix_of(version);
  std::make_shared<Listing>(tables_, state_, prefix, std::move(done))->read(prefix);
}

// Timestamps are what they say of the log: whoever comes late with less is not heard.
void GapTable::record(std::uint32_t version, const Gap& gap, Completion<void> done) {
  const auto from = gap.from.value;
  const auto to = gap.to.value;
  RowPut row{row_of(version, gap),
             {cell("from", from, std::to_string(from)), cell("after", from, std::to_string(unix_ms(gap.after))),
              cell("to", to, std::to_string(to)), cell("before", to, std::to_string(unix_ms(gap.before))),
              cell("cause", 0, std::string(to_string(gap.cause))), cell("seen", 0, std::to_string(unix_ms(gap.seen)))}};
  tables_.put(state_, {std::move(row)}, std::move(done));
}

void GapTable::accept(std::uint32_t version, const Gap& gap, Gap::Acceptance acceptance, Completion<void> done) {
  const auto to = gap.to.value;
  auto word = fmt::format("{} {} {}", to, unix_ms(acceptance.at), acceptance.by);
  tables_.put(state_, {{row_of(version, gap), {cell("accepted", to, std::move(word))}}}, std::move(done));
}

}  // namespace guidepost::worker
