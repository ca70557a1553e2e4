#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/page_text.hpp"
#include "app/places.hpp"
#include "base/names.hpp"
#include "guidepost/rollup/page_format.hpp"

namespace guidepost::app {
namespace {

struct Cells {
  SourceId source;
  rollup::StoredChunk chunk;
  std::size_t bytes = 0;
};

/// `MERCHANT/TIME`: the bucket that holds the time.
rollup::PageKey parse_page(const std::string& word) {
  const auto slash = word.find('/');
  if (slash == std::string::npos || !is_merchant_slug(word.substr(0, slash))) {
    throw UsageError{"page show: expected MERCHANT/TIME, for instance shop/2025-01-31T12:00:00Z, got '" +
                     text::escape(word) + "'"};
  }
  return {.merchant = word.substr(0, slash),
          .span = rollup::Span::kBucket,
          .bucket = Bucket::of(parse_time("page show", word.substr(slash + 1))),
          .source = {}};
}

void print_chunk(Call& call, const Cells& cell, std::size_t top) {
  const auto& chunk = cell.chunk;
  call.out.print(bold(call.out.look(), fmt::format("source {} chunk {}", cell.source.value, chunk.id.chunk)) +
                 fmt::format("  position {}  first offset {}  rules {:016x}  version {}  {}\n", chunk.position.value,
                             chunk.first_offset.value, chunk.rules.value, chunk.version, text::bytes(cell.bytes)));
  if (chunk.id.chunk == 0)
    call.out.print(fmt::format("  {} contributions; values are in {} chunks\n", chunk.events, 1U << chunk.valid_bits));
  const auto shown = page_table(chunk, top);
  if (!shown.table.empty()) call.out.print(shown.table.render(call.out.look()));
  if (shown.left_out > 0) call.out.print(fmt::format("  ... and {} more values: --top shows them\n", shown.left_out));
}

nlohmann::json json_of(const Cells& cell) {
  return {{"source", cell.source.value},
          {"bits", cell.chunk.id.bits},
          {"chunk", cell.chunk.id.chunk},
          {"position", cell.chunk.position.value},
          {"first_offset", cell.chunk.first_offset.value},
          {"rules", fmt::format("{:016x}", cell.chunk.rules.value)},
          {"version", cell.chunk.version},
          {"valid_bits", cell.chunk.valid_bits},
          {"events", cell.chunk.events},
          {"bytes", cell.bytes},
          {"entries", page_entries_json(cell.chunk)}};
}

/// Errors: kNotFound, kCorrupt, those of the store.
Result<std::vector<Cells>> read_page(Call& call, const rollup::PageKey& key) {
  const auto table = call.node->names().rollups(Month::of(key.bucket.start()));
  const auto rows = ask<std::vector<Row>>(
      [&](auto done) { call.node->tables().get(table, {{rollup::page_row(key), {}}}, std::move(done)); },
      call.cancelled);
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Cells> cells;
  for (const auto& cell : rows->front().cells) {
    const auto name = rollup::parse_page_qualifier(cell.qualifier);
    if (!name) return tl::unexpected(name.error());
    auto chunk = rollup::decode_chunk(cell.value);
    if (!chunk) return tl::unexpected(chunk.error());
    cells.push_back({name->second, std::move(*chunk), cell.value.size()});
  }
  if (cells.empty())
    return fail(ErrorCode::kNotFound,
                "there is no page of " + key.merchant + " at " + text::rfc3339(key.bucket.start()));
  return cells;
}

int run_page_show(Call& call) {
  const auto key = parse_page(call.arguments.operands().front());
  const auto top = static_cast<std::size_t>(call.arguments.number("--top", 1, 1'000'000).value_or(10));
  const auto cells = read_page(call, key);
  if (!cells) {
    call.out.complain(cells.error().message);
    return 1;
  }
  if (call.json()) {
    auto chunks = nlohmann::json::array();
    for (const auto& cell : *cells) chunks.push_back(json_of(cell));
    call.out.print(nlohmann::json{{"merchant", key.merchant},
                                  {"bucket", text::rfc3339(key.bucket.start())},
                                  {"chunks", std::move(chunks)}}
                       .dump() +
                   "\n");
    return 0;
  }
  call.out.print(key.merchant + ", 15 minutes from " + text::rfc3339(key.bucket.start()) + "\n");
  for (const auto& cell : *cells) print_chunk(call, cell, top);
  return 0;
}

}  // namespace

Command page_show_command() {
  return {
      .name = "page show",
      .group = Group::kLookInside,
      .summary = "decodes the stored page of 15 minutes of a merchant",
      .about =
          "Prints every cell of the page's row: each source has its own, and where the page has split, each chunk.\n"
          "Cells of an older split are shown too; chunk 0 says which ones are valid. With --json money is in the smallest\n"
          "unit of its currency; users that are estimated are shown as the size of their sketch.",
      .operands = {{"MERCHANT/TIME", "the page that holds the time, a date (UTC) or RFC 3339", Use::kRequired}},
      .flags = {{"--top", "N", "at most so many values of a dimension, by default 10", Use::kOptional}},
      .examples = {{"one page", "guidepost page show shop/2025-01-31T12:07:00Z"},
                   {"for a machine", "guidepost page show shop/2025-01-31T12:00:00Z --json"}},
      .place = Place::kReads,
      .run = run_page_show};
}

}  // namespace guidepost::app
