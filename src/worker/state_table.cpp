#include "worker/state_table.hpp"

#include <fmt/format.h>
#include <charconv>

namespace guidepost::worker {
namespace {

constexpr std::string_view kSourcePrefix = "source/";
constexpr std::string_view kSourceEnd = "source0";  // the first key behind all of them
constexpr std::string_view kCounterRow = "sources";

std::string floor_row(SourceId source) { return fmt::format("floor/{:08}", source.value); }

std::string marker_row(SourceId source) { return fmt::format("marker/{:08}", source.value); }

/// The number in a cell; nothing where the cell is absent or no number.
std::optional<std::int64_t> number(const Row& row, std::string_view qualifier) {
  const Cell* cell = row.find(kStateFamily, qualifier);
  if (cell == nullptr) return std::nullopt;
  std::int64_t value = 0;
  const auto* end = cell->value.data() + cell->value.size();
  const auto [at, error] = std::from_chars(cell->value.data(), end, value);
  if (error != std::errc{} || at != end) return std::nullopt;
  return value;
}

std::string text(const Row& row, std::string_view qualifier) {
  const Cell* cell = row.find(kStateFamily, qualifier);
  return cell == nullptr ? std::string() : cell->value;
}

CellPut cell(std::string_view qualifier, std::int64_t timestamp, std::string value) {
  return {std::string(kStateFamily), std::string(qualifier), timestamp, std::move(value)};
}

CellFilter newest() { return {.family = std::string(kStateFamily), .qualifiers = {}, .time = {}, .versions = 1}; }

Result<Source> source_of(const Row& row) {
  const auto n = number(row, "number");
  const auto partition = number(row, "partition");
  if (!n || !partition) return fail(ErrorCode::kCorrupt, "the state row " + row.key + " is no source");
  return Source{SourceId{static_cast<std::uint32_t>(*n)}, text(row, "topic"), text(row, "topic_id"),
                Partition{static_cast<std::int32_t>(*partition)}};
}

std::string text_of(const event::Era& era) { return fmt::format("{:016x} {}", era.rules.value, era.from.value); }

std::optional<event::Era> era_of(std::string_view text) {
  event::Era era;
  const auto* end = text.data() + text.size();
  const auto rules = std::from_chars(text.data(), end, era.rules.value, 16);
  if (rules.ec != std::errc{} || rules.ptr == end) return std::nullopt;
  if (std::from_chars(rules.ptr + 1, end, era.from.value).ec != std::errc{}) return std::nullopt;
  return era;
}

/// Gets one row and gives what `read` makes of it to `done`.
template <class T, class Read>
void get_row(TableStore& tables, const Names& names, std::string row, Read read, Completion<T> done) {
  tables.get(
      names.state(), {{std::move(row), newest()}},
      {inline_executor(), [read = std::move(read), done = std::move(done)](Result<std::vector<Row>> rows) mutable {
         if (!rows) return done(tl::unexpected(rows.error()));
         done(read(rows->front()));
       }});
}

}  // namespace

std::string position_row(std::uint32_t version, SourceId source) {
  return fmt::format("position/v{}/{:08}", version, source.value);
}

/// One attempt to give a source its number. Numbers are taken by compare-and-set on one counter; a
/// crash between the counter and the source's row leaves a number unused, which costs nothing.
/// Whoever loses a race starts over and finds the row. It owns what it needs: answers may come after
/// the state table's owner has gone.
struct StateTable::Registration : std::enable_shared_from_this<Registration> {
  Registration(TableStore& t, Names n, Source s, Offset f, Completion<Source> d)
      : tables(t), names(std::move(n)), source(std::move(s)), floor(f), done(std::move(d)) {}

  TableStore& tables;
  Names names;
  Source source;
  Offset floor;
  Completion<Source> done;

  std::string row() const {
    return fmt::format("{}{}/{}/{:05}", kSourcePrefix, source.topic, source.topic_id, source.partition.value);
  }

  void look_up() {
    tables.get(names.state(), {{row(), newest()}},
               {inline_executor(), [self = shared_from_this()](Result<std::vector<Row>> rows) {
                  if (!rows) return self->done(tl::unexpected(rows.error()));
                  if (!rows->front().empty()) return self->done(source_of(rows->front()));
                  self->take_number();
                }});
  }

  void take_number() {
    auto read_next = [](const Row& r) -> Result<std::int64_t> { return number(r, "next").value_or(1); };
    get_row<std::int64_t>(tables, names, std::string(kCounterRow), read_next,
                          {inline_executor(), [self = shared_from_this()](Result<std::int64_t> next) {
                             if (!next) return self->done(tl::unexpected(next.error()));
                             self->take(*next);
                           }});
  }

  void take(std::int64_t next) {
    source.number = SourceId{static_cast<std::uint32_t>(next)};
    CheckAndPut request{.row = std::string(kCounterRow),
                        .family = std::string(kStateFamily),
                        .qualifier = "next",
                        .expected = next == 1 ? std::nullopt : std::optional(std::to_string(next)),
                        .put = {std::string(kCounterRow), {cell("next", next, std::to_string(next + 1))}}};
    tables.check_and_put(names.state(), std::move(request),
                         {inline_executor(), [self = shared_from_this()](Result<bool> taken) {
                            if (!taken) return self->done(tl::unexpected(taken.error()));
                            if (*taken) return self->write_floor();
                            self->take_number();
                          }});
  }

  // The floor comes before the source's row: a source that can be found has one.
  void write_floor() {
    tables.put(names.state(), {{floor_row(source.number), {cell("floor", 0, std::to_string(floor.value))}}},
               {inline_executor(), [self = shared_from_this()](Result<void> put) {
                  if (!put) return self->done(tl::unexpected(put.error()));
                  self->claim_row();
                }});
  }

  void claim_row() {
    CheckAndPut claim{
        .row = row(),
        .family = std::string(kStateFamily),
        .qualifier = "number",
        .expected = std::nullopt,
        .put = {row(),
                {cell("number", 0, std::to_string(source.number.value)), cell("topic", 0, source.topic),
                 cell("topic_id", 0, source.topic_id), cell("partition", 0, std::to_string(source.partition.value))}}};
    tables.check_and_put(names.state(), std::move(claim),
                         {inline_executor(), [self = shared_from_this()](Result<bool> mine) {
                            if (!mine) return self->done(tl::unexpected(mine.error()));
                            if (*mine) return self->done(self->source);
                            self->look_up();
                          }});
  }
};

void StateTable::register_source(std::string topic, std::string topic_id, Partition partition, Offset floor,
                                 Completion<Source> done) {
  Source wanted{SourceId{0}, std::move(topic), std::move(topic_id), partition};
  std::make_shared<Registration>(tables_, names_, std::move(wanted), floor, std::move(done))->look_up();
}

/// Reads the registry page by page. Like a registration, it owns what it needs.
struct StateTable::Listing : std::enable_shared_from_this<Listing> {
  Listing(TableStore& t, std::string name, Completion<std::vector<Source>> d)
      : tables(t), table(std::move(name)), done(std::move(d)) {}

  TableStore& tables;
  std::string table;
  Completion<std::vector<Source>> done;
  std::vector<Source> found;

  void read(std::string from) {
    tables.scan(table, {std::move(from), std::string(kSourceEnd), newest()},
                {inline_executor(), [self = shared_from_this()](Result<ScanPage> page) {
                   if (!page) return self->done(tl::unexpected(page.error()));
                   for (const auto& row : page->rows) {
                     auto source = source_of(row);
                     if (!source) return self->done(tl::unexpected(source.error()));
                     self->found.push_back(std::move(*source));
                   }
                   if (page->next.empty()) return self->done(std::move(self->found));
                   self->read(std::move(page->next));
                 }});
  }
};

void StateTable::sources(Completion<std::vector<Source>> done) {
  std::make_shared<Listing>(tables_, names_.state(), std::move(done))->read(std::string(kSourcePrefix));
}

void StateTable::floor(SourceId source, Completion<Offset> done) {
  beginning(source, {inline_executor(), [done = std::move(done)](Result<Beginning> found) mutable {
                       if (!found) return done(tl::unexpected(found.error()));
                       done(found->floor);
                     }});
}

void StateTable::beginning(SourceId source, Completion<Beginning> done) {
  std::vector<RowGet> rows{{position_row(names_.version, source), newest()}, {floor_row(source), newest()}};
  tables_.get(names_.state(), std::move(rows),
              {inline_executor(), [source, done = std::move(done)](Result<std::vector<Row>> found) mutable {
                 if (!found) return done(tl::unexpected(found.error()));
                 const auto& of_version = (*found)[0];
                 const auto registered = number((*found)[1], "floor");
                 const auto floor = number(of_version, "floor");
                 if (!floor && !registered)
                   return done(fail(ErrorCode::kCorrupt,
                                    fmt::format("source {} has no floor in the state table", source.value)));
                 Beginning beginning{Offset{floor.value_or(registered.value_or(0))}, {}, {}};
                 if (const auto* commit = of_version.find(kStateFamily, "commit")) beginning.commit = commit->value;
                 beginning.known_from = beginning.commit.empty() ? beginning.floor : Offset{registered.value_or(0)};
                 done(std::move(beginning));
               }});
}

void StateTable::durable(SourceId source, Completion<std::optional<DurablePosition>> done) {
  auto read = [](const Row& row) -> Result<std::optional<DurablePosition>> {
    const auto offset = number(row, "offset");
    if (!offset) return std::optional<DurablePosition>();
    DurablePosition position{Offset{*offset}, from_unix_ms(number(row, "record_time").value_or(0))};
    // One of a lower position says nothing of this one.
    const auto* era = row.find(kStateFamily, "era");
    if (era != nullptr && era->timestamp == *offset) position.era = era_of(era->value);
    return std::optional(position);
  };
  get_row<std::optional<DurablePosition>>(tables_, names_, position_row(names_.version, source), read, std::move(done));
}

void StateTable::put_durable(SourceId source, DurablePosition position, const Writer& writer, Completion<void> done) {
  const auto at = position.offset.value;
  RowPut row{
      position_row(names_.version, source),
      {cell("offset", at, std::to_string(at)), cell("record_time", at, std::to_string(unix_ms(position.record_time)))}};
  if (position.era) row.cells.push_back(cell("era", at, text_of(*position.era)));
  RowPut history{history_row(names_.version, source), history_cells({writer.now, position.offset, writer.name})};
  if (writer.began) history.cells.push_back(history_begin({writer.now, *writer.began, writer.name}));
  tables_.put(names_.state(), {std::move(row), std::move(history)}, std::move(done));
}

void StateTable::history(SourceId source, Completion<PositionHistory> done) {
  get_row<PositionHistory>(tables_, names_, history_row(names_.version, source), PositionHistory::parse,
                           std::move(done));
}

void StateTable::passed_marker(SourceId source, Completion<std::optional<PassedMarker>> done) {
  auto read = [](const Row& row) -> Result<std::optional<PassedMarker>> {
    const auto run = number(row, "run");
    if (!run) return std::optional<PassedMarker>();
    return PassedMarker{RunId{static_cast<std::uint64_t>(*run)}, Offset{row.find(kStateFamily, "run")->timestamp}};
  };
  get_row<std::optional<PassedMarker>>(tables_, names_, marker_row(source), read, std::move(done));
}

void StateTable::put_passed_marker(SourceId source, PassedMarker marker, Completion<void> done) {
  tables_.put(names_.state(),
              {{marker_row(source), {cell("run", marker.offset.value, std::to_string(marker.run.value))}}},
              std::move(done));
}

void StateTable::gaps(Completion<std::vector<Gap>> done) {
  GapTable(tables_, names_.state()).list(names_.version, std::move(done));
}

void StateTable::record_gap(const Gap& gap, Completion<void> done) {
  GapTable(tables_, names_.state()).record(names_.version, gap, std::move(done));
}

}  // namespace guidepost::worker
