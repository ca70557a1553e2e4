#include "verify/verify.hpp"
#include "worker/versions.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/gaps.hpp"
#include "app/places.hpp"
#include "app/progress.hpp"
#include "app/sources.hpp"
#include "base/names.hpp"

namespace guidepost::app {
namespace {

/// Of so many differences the rows behind them are printed: more are no help to a person.
constexpr std::size_t kWithRows = 5;

std::string number(std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); }

nlohmann::json json_of(const verify::Difference& d) {
  nlohmann::json json{{"merchant", d.merchant}, {"source", d.source.value},       {"dimension", d.dimension},
                      {"traffic", d.traffic},   {"value", text::escape(d.value)}, {"measure", d.measure},
                      {"stored", d.stored},     {"recounted", d.recounted}};
  if (d.time) json["time"] = text::rfc3339(*d.time);
  auto rows = nlohmann::json::array();
  for (const auto offset : d.rows.shown()) rows.push_back(to_string(Position{d.source, offset}));
  json["rows"] = std::move(rows);
  json["more_rows"] = d.rows.more();
  return json;
}

void print_json(Call& call, const verify::VerifyReport& r, const std::vector<worker::Gap>& gaps) {
  auto differences = nlohmann::json::array();
  for (const auto& d : r.differences) differences.push_back(json_of(d));
  call.out.print(nlohmann::json{{"agrees", r.agrees()},
                                {"merchants", r.merchants},
                                {"pages", r.pages},
                                {"cells", r.cells},
                                {"folded", r.folded},
                                {"rows", r.rows},
                                {"bad_rows", r.bad_rows},
                                {"uncounted", r.uncounted},
                                {"ledger_cells", r.ledger_cells},
                                {"differences_total", r.differences_total},
                                {"differences", std::move(differences)},
                                {"gaps", app::json_of(gaps)}}
                     .dump() +
                 "\n");
}

/// A line of the first rows that were counted again, as `block show` and `bad show` take them; empty where there are none.
std::string rows_behind(const verify::Difference& d) {
  if (d.rows.shown().empty()) return {};
  std::string line = "  recounted from";
  for (const auto offset : d.rows.shown()) line += " " + to_string(Position{d.source, offset});
  return line + (d.rows.more() ? " and more" : "");
}

bool nothing_seen(const verify::VerifyReport& r) {
  return r.rows == 0 && r.bad_rows == 0 && r.pages == 0 && r.ledger_cells == 0;
}

void print_report(Call& call, const verify::VerifyReport& r) {
  const auto& look = call.out.look();
  for (std::size_t i = 0; i < r.differences.size(); ++i) {
    call.out.print(verify::to_string(r.differences[i]) + "\n");
    if (const auto rows = rows_behind(r.differences[i]); i < kWithRows && !rows.empty())
      call.out.print(dim(look, rows) + "\n");
  }
  if (r.differences_total > r.differences.size())
    call.out.print("... and " + number(r.differences_total - r.differences.size()) + " more\n");
  call.out.print(fmt::format(
      "recounted {} event rows and {} bad rows of {} merchant{}: {} numbers in {} pages, {} cells of the ledger\n",
      number(r.rows), number(r.bad_rows), number(r.merchants), r.merchants == 1 ? "" : "s", number(r.cells),
      number(r.pages), number(r.ledger_cells)));
  if (r.uncounted > 0) call.out.print(number(r.uncounted) + " rows are newer than the pages yet\n");
  if (r.agrees() && nothing_seen(r)) {
    call.out.print("there was nothing to recount\n");
    return;
  }
  call.out.print(r.agrees() ? green(look, "everything agrees") + "\n"
                            : red(look, number(r.differences_total) + " differences") + "\n");
}

Result<std::vector<verify::SourceState>> source_states(Call& call) {
  const auto sources = source_standings(*call.node, call.cancelled);
  if (!sources) return tl::unexpected(sources.error());
  std::vector<verify::SourceState> states;
  for (const auto& s : *sources) states.push_back({s.source.number, s.floor, s.durable ? s.durable->offset : s.floor});
  return states;
}

int run_verify(Call& call) {
  verify::VerifyOptions options;
  options.merchant = call.arguments.value("--merchant");
  options.session_gap = longest_session_gap(*call.node, call.node->names().version, call.cancelled);
  if (options.merchant && !is_merchant_slug(*options.merchant))
    throw UsageError{"--merchant: expected a slug of 1-40 characters a-z 0-9 . _ -"};
  options.from = time_of(call.arguments, "--from");
  if (const auto last = duration_of(call.arguments, "--last")) {
    if (options.from) throw UsageError{"--last is short for --from: only one of them"};
    options.from = inline_executor().wall() - *last;
  }
  options.to = time_of(call.arguments, "--to");
  if (options.from && options.to && *options.to <= *options.from)
    throw UsageError{"--to: expected a time after --from"};
  auto sources = source_states(call);
  if (!sources) return failed(call, sources.error());
  options.sources = *std::move(sources);
  options.sources_now = [&] { return source_states(call); };

  Progress progress(call.out, "verify", "rows", std::nullopt);
  const auto report = verify::run(options, call.node->tables(), call.node->names(),
                                  [&](const verify::VerifyProgress& p) { progress.set(p.so_far.rows); });
  progress.finish();
  if (!report) return failed(call, report.error());
  if (options.merchant && !options.from && !options.to && nothing_seen(*report))
    return failed(call, {ErrorCode::kNotFound, "there is no merchant " + *options.merchant + " here"});
  // They agree with what was counted; what never was is told beside it.
  const auto gaps = gaps_read(*call.node, call.cancelled);
  if (!gaps) return failed(call, gaps.error());
  if (call.json()) {
    print_json(call, *report, *gaps);
  } else {
    for (const auto& gap : *gaps) call.out.print(line_of(gap) + "\n");
    print_report(call, *report);
  }
  return report->agrees() ? 0 : 1;
}

}  // namespace

Command verify_command() {
  return {
      .name = "verify",
      .group = Group::kAsk,
      .summary = "recounts with separate code and compares with the rollups",
      .about =
          "Counts stored events and bad rows again, by code that shares nothing with the fold, and compares page by page,\n"
          "each up to its own position, and with the ledger. Nothing has to stand still for it. Exit status 1 where they differ.",
      .operands = {},
      .flags = {{"--merchant", "M", "only this merchant's", Use::kOptional},
                {"--from", "T", "only events from this time on, a date (UTC) or RFC 3339", Use::kOptional},
                {"--to", "T", "only events before", Use::kOptional},
                {"--last", "D", "the same as --from so long ago: 1h, 2d", Use::kOptional}},
      .examples = {{"everything", "guidepost verify"},
                   {"what a timer runs every hour", "guidepost verify --last 2h"},
                   {"one merchant's day", "guidepost verify --merchant shop --from 2025-01-31 --to 2025-02-01"}},
      .place = Place::kReads,
      .run = run_verify};
}

}  // namespace guidepost::app
