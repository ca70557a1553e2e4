#include "identity/refresh.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/counted.hpp"
#include "app/options.hpp"
#include "app/progress.hpp"
#include "app/sources.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "worker/ingest/ingest_recovery.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;

/// HOST:PID:RANDOM; containers may share the first two.
std::string new_owner() {
  std::random_device random;
  return fmt::format("{}:{}:{:08x}{:08x}", host_name(), getpid(), random(), random());
}

/// Whether that owner was a process of this machine that ended.
bool is_gone(std::string_view owner) {
  const auto last = owner.rfind(':');
  const auto first = owner.rfind(':', last - 1);
  if (last == std::string_view::npos || first == std::string_view::npos || owner.substr(0, first) != host_name())
    return false;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(owner.data() + first + 1, owner.data() + last, pid);
  return error == std::errc{} && end == owner.data() + last && pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

identity::RefreshOptions options_of(Call& call) {
  const auto& arguments = call.arguments;
  identity::RefreshOptions options;
  options.default_merchant = arguments.value_or("--merchant", "");
  if (!options.default_merchant.empty() && !is_merchant_slug(options.default_merchant)) {
    throw UsageError{"--merchant: expected a slug of 1-40 characters a-z 0-9 . _ -"};
  }
  options.id_bytes = call.node->config().limits.id_bytes;
  if (arguments.has("--full")) options.scope = identity::RefreshScope::kFull;
  if (arguments.has("--force")) options.max_vanished_percent = 100;
  options.max_bad_lines = static_cast<std::uint64_t>(arguments.number("--max-bad", 0, 1'000'000'000).value_or(0));
  if (options.max_bad_lines > 0 && arguments.has("--full"))
    throw UsageError{"--max-bad does not go with --full: whom a bad line names is not known"};
  options.lock.owner = new_owner();
  options.lock.stale_after = call.node->config().identity.refresh_lease;
  options.lock.owner_is_gone = is_gone;
  options.on_bad_line = [&call](const identity::BadLine& bad) {
    call.out.complain(fmt::format("line {}: {}", bad.line, bad.reason));
  };
  options.cancelled = call.cancelled;
  return options;
}

std::string_view phase_word(identity::RefreshProgress::Phase phase) {
  using Phase = identity::RefreshProgress::Phase;
  switch (phase) {
    case Phase::kReading:
      return "reading";
    case Phase::kComparing:
      return "comparing";
    case Phase::kRemoving:
      return "removing";
    case Phase::kPublishing:
      return "publishing";
  }
  return "";
}

/// The newest run whose marker ingest has passed. Errors: of the log.
Result<RunId> newest_passed(Call& call) {
  const auto names = call.node->names();
  const auto ends = raw_ends(call.node->log(), names);
  if (!ends && ends.error().code == ErrorCode::kNotFound) return RunId{0};
  if (!ends) return tl::unexpected(ends.error());
  RunId newest{0};
  for (std::size_t p = 0; p < ends->size(); ++p) {
    const TopicPartition partition{names.raw_topic(), Partition{static_cast<std::int32_t>(p)}};
    const auto commit = ask<std::optional<Commit>>(
        [&](auto done) { call.node->log().committed(names.ingest_group(), partition, std::move(done)); },
        call.cancelled);
    if (!commit) return tl::unexpected(commit.error());
    const auto known = *commit ? worker::IngestCommit::decode((*commit)->metadata) : std::nullopt;
    if (known) newest = std::max(newest, known->run);
  }
  return newest;
}

Result<identity::RefreshReport> load(Call& call, const identity::RefreshOptions& options, std::istream& file) {
  Progress progress(call.out, "refresh", "lines", std::nullopt);
  auto phase = identity::RefreshProgress::Phase::kReading;
  return identity::run_refresh(options, file, call.node->tables(), call.node->log(), call.node->names(),
                               [&](const identity::RefreshProgress& p) {
                                 if (p.phase != phase && call.out.error_look().terminal)
                                   progress.say(std::string(phase_word(p.phase)));
                                 phase = p.phase;
                                 progress.set(p.lines);
                               });
}

/// How many of the markers ingest has not passed yet. Errors: those of the store.
Result<std::size_t> not_passed(Call& call, RunId run, const std::vector<identity::MarkerPosition>& markers) {
  if (const auto looked = call.node->look_at_version(call.cancelled); !looked) return tl::unexpected(looked.error());
  const auto sources = source_standings(*call.node, call.cancelled);
  if (!sources) return tl::unexpected(sources.error());
  std::size_t waiting = 0;
  for (const auto& marker : markers) {
    const auto passed = std::any_of(sources->begin(), sources->end(), [&](const SourceStanding& s) {
      return s.current && s.source.partition == marker.partition && s.marker && s.marker->run >= run;
    });
    waiting += passed ? 0 : 1;
  }
  return waiting;
}

/// Waits until ingest has passed every marker: events from then on are resolved with the run. Exit status.
int wait_for_markers(Call& call, const identity::RefreshReport& report) {
  const auto total = report.markers.size();
  Progress progress(call.out, "markers passed", "partitions", total);
  for (auto pause = 20ms; !call.cancelled.stop_requested(); pause = std::min(pause * 2, 500ms)) {
    const auto waiting = not_passed(call, report.run, report.markers);
    if (!waiting && !waiting.error().retryable()) {
      call.out.complain(waiting.error().message);
      return 1;
    }
    if (waiting) progress.set(total - *waiting);
    if (waiting && *waiting == 0) return 0;
    if (const auto* workers = call.node->running_workers(); workers != nullptr && workers->failure()) {
      call.out.complain(workers->failure()->message);
      return 1;
    }
    std::this_thread::sleep_for(pause);
  }
  call.out.complain("stopped while waiting; the run is loaded and published");
  return 1;
}

void report_run(Call& call, const identity::RefreshReport& r) {
  const auto number = [](std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); };
  const auto& c = r.counts;
  if (call.json()) {
    auto aborted = nlohmann::json::array();
    for (const auto run : r.aborted) aborted.push_back(run.value);
    call.out.print(nlohmann::json{{"run", r.run.value},
                                  {"lines", c.lines},
                                  {"bad", c.bad},
                                  {"assigned", c.assigned},
                                  {"unmapped", c.unmapped},
                                  {"removed", c.removed},
                                  {"unchanged", c.unchanged},
                                  {"repeated", r.repeated},
                                  {"changed_guids", c.changed_guids},
                                  {"aborted", std::move(aborted)},
                                  {"markers", r.markers.size()}}
                       .dump() +
                   "\n");
    return;
  }
  for (const auto run : r.aborted)
    call.out.print(fmt::format("run {} of a refresh that died was aborted\n", run.value));
  call.out.print(fmt::format(
      "run {}: {} lines, {} devices changed ({} mapped, {} unmapped, {} removed, {} unchanged, {} repeated, {} bad)\n",
      r.run.value, number(c.lines), number(c.changed_guids), number(c.assigned), number(c.unmapped), number(c.removed),
      number(c.unchanged), number(r.repeated), number(c.bad)));
}

int run_refresh_command(Call& call) {
  const auto undo = call.arguments.number("--undo", 1, INT64_MAX);
  const auto& operands = call.arguments.operands();
  if (undo && !operands.empty()) throw UsageError{"refresh: --undo takes no FILE"};
  if (!undo && operands.empty()) throw UsageError{"refresh: FILE is missing"};
  auto options = options_of(call);
  if (const auto newest = newest_passed(call)) {
    options.after = *newest;
  } else {
    call.out.complain(newest.error().message);
    return 1;
  }
  std::ifstream file;
  if (!undo) {
    options.file_name = operands.front();
    file.open(call.path(operands.front()), std::ios::binary);
    if (!file) throw UsageError{"refresh: " + text::escape(operands.front()) + " cannot be read"};
  }
  if (call.node->config().storage.kind == StorageKind::kEmbedded) {
    if (const auto workers = call.node->workers(); !workers) {
      call.out.complain(workers.error().message);
      return 1;
    }
  }
  const auto report = undo ? identity::undo_run(options, RunId{static_cast<std::uint64_t>(*undo)}, call.node->tables(),
                                                call.node->log(), call.node->names())
                           : load(call, options, file);
  if (!report) {
    call.out.complain(report.error().message);
    return 1;
  }
  const int status = call.arguments.has("--no-wait") ? 0 : wait_for_markers(call, *report);
  report_run(call, *report);
  return status;
}

}  // namespace

Command refresh_command() {
  return {
      .name = "refresh",
      .group = Group::kBringIn,
      .summary = "mappings of devices to customers, as a numbered run",
      .about =
          "Loads a file of guid, customer, valid_from and merchant (CSV with a header line, or NDJSON: docs/identity.md) as\n"
          "one run, publishes it, and ends when every source has passed its marker: events from there on are resolved\n"
          "with it. A run is there whole or not at all; after a crash do it again.",
      .operands = {{"FILE", "CSV or NDJSON", Use::kOptional}},
      .flags = {{"--merchant", "M", "of lines that name none", Use::kOptional},
                {"--full", "", "the file is all there is: what it lacks is removed, for the merchants that it names",
                 Use::kOptional},
                {"--force", "", "also where over 20 % of what a merchant has would vanish", Use::kOptional},
                {"--max-bad", "N", "takes the file although up to N lines of it are bad", Use::kOptional},
                {"--undo", "RUN", "takes the newest run back instead", Use::kOptional},
                {"--no-wait", "", "ends when the markers are written", Use::kOptional}},
      .examples = {{"what is new", "guidepost refresh mappings.csv --merchant shop"},
                   {"everything there is", "guidepost refresh all.ndjson --full"},
                   {"as if run 7 had never been", "guidepost refresh --undo 7"}},
      .place = Place::kStores,
      .run = run_refresh_command};
}

}  // namespace guidepost::app
