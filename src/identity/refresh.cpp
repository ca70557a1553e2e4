#include "identity/refresh.hpp"

#include <algorithm>
#include <map>

#include "base/caller_executor.hpp"
#include "identity/full_sweep.hpp"
#include "identity/mapping_writer.hpp"
#include "identity/run_registry.hpp"

namespace guidepost::identity {
namespace {

constexpr std::uint64_t kProgressEveryLines = 1000;

/// What refresh and undo do around their own work: lock, dead runs, the claim, completing, publishing.
class RunInProgress {
 public:
  RunInProgress(const RefreshOptions& options, TableStore& tables, EventLog& log, const Names& names)
      : options_(options),
        tables_(tables),
        log_(log),
        names_(names),
        registry_(tables, names.state(), options.patience) {}

  Result<void> take_lock();
  Result<void> abort_dead_runs();
  Result<void> claim(RunRecord record);
  Result<void> complete();
  Result<void> publish();
  /// The end of a run that came to nothing: its cells stay, unseen.
  void give_up();

  Result<void> step(std::string_view name) {
    if (options_.at_step && !options_.at_step(name)) {
      stopped_ = true;
      return fail(ErrorCode::kCancelled, "the refresh was stopped at: " + std::string(name));
    }
    return go_on();
  }
  Result<void> beat() {
    if (auto going = go_on(); !going) return going;
    return lock_->beat();
  }
  TimeMs wall() const { return options_.lock.wall ? options_.lock.wall() : inline_executor().wall(); }

  RunRecord& record() { return record_; }
  const std::vector<RunRecord>& runs() const { return runs_; }
  RunRegistry& registry() { return registry_; }
  RefreshReport& report() { return report_; }
  /// The runs below this one that do not count.
  std::vector<RunId> not_counting() const;

 private:
  Result<void> go_on() const {
    if (complete_ || !options_.cancelled.stop_requested()) return {};  // what is complete is published as well
    return fail(ErrorCode::kCancelled, "the refresh was stopped; nothing of it is seen");
  }

  const RefreshOptions& options_;
  TableStore& tables_;
  EventLog& log_;
  const Names& names_;
  RunRegistry registry_;
  std::optional<RefreshLock> lock_;
  std::vector<RunRecord> runs_;  // before this one
  RunRecord record_;             // run 0: not claimed yet
  bool complete_ = false;
  bool stopped_ = false;  // as if the process had died
  RefreshReport report_;
};

Result<void> RunInProgress::take_lock() {
  auto lock = RefreshLock::take(tables_, names_.state(), options_.lock);
  if (!lock) return tl::unexpected(std::move(lock.error()));
  lock_ = std::move(*lock);
  return step("lock");
}

Result<void> RunInProgress::abort_dead_runs() {
  auto runs = registry_.all();
  if (!runs) return tl::unexpected(std::move(runs.error()));
  for (const auto& run : *runs) {
    if (run.status != RunStatus::kStarted) continue;
    if (auto aborted = registry_.abort(run); !aborted) return aborted;
    report_.aborted.push_back(run.run);
  }
  if (auto going = step("aborted_dead"); !going) return going;
  // Every run's marker is in every partition before the next run begins: no partition ever skips one. Asked
  // after the aborting: what was complete by then, whoever completed it, is published here.
  if (auto published = publish_latest_marker(tables_, log_, names_, options_.patience); !published) {
    return tl::unexpected(std::move(published.error()));
  }
  if (auto going = step("marker_repeated"); !going) return going;
  runs = registry_.all();
  if (!runs) return tl::unexpected(std::move(runs.error()));
  runs_ = std::move(*runs);
  return {};
}

Result<void> RunInProgress::claim(RunRecord record) {
  record.owner = options_.lock.owner;
  record.started = wall();
  auto claimed = registry_.claim(std::move(record), options_.after);
  if (!claimed) return tl::unexpected(std::move(claimed.error()));
  record_ = std::move(*claimed);
  report_.run = record_.run;
  return step("claimed");
}

std::vector<RunId> RunInProgress::not_counting() const {
  auto runs = runs_;
  runs.push_back(record_);
  runs.back().status = RunStatus::kComplete;  // as it will be when this holds
  return aborted_as_of(runs, record_.run);
}

Result<void> RunInProgress::complete() {
  record_.finished = wall();
  record_.marker = {record_.run, not_counting()};
  report_.counts = record_.counts;
  if (auto completed = registry_.complete(record_); !completed) return completed;
  complete_ = true;
  return step("completed");
}

Result<void> RunInProgress::publish() {
  auto published = publish_latest_marker(tables_, log_, names_, options_.patience);
  if (!published) {
    return fail(published.error().code,
                "run " + std::to_string(record_.run.value) +
                    " is complete, but not every partition has its marker yet (the next refresh or "
                    "`init` writes it): " +
                    published.error().message);
  }
  report_.markers = std::move(published->markers);
  if (auto going = step("published"); !going) return going;
  return lock_->release();
}

void RunInProgress::give_up() {
  if (stopped_) return;
  // Best efforts: what cannot be said now, the next refresh finds out.
  if (record_.run.value != 0 && !complete_) (void)registry_.abort(record_);
  if (lock_) (void)lock_->release();
}

/// Reads a file into a run.
class FileRefresh {
 public:
  FileRefresh(const RefreshOptions& options, std::istream& file, TableStore& tables, const Names& names,
              const RefreshProgressFunction& progress, RunInProgress& run)
      : options_(options),
        tables_(tables),
        table_(names.mapping()),
        progress_(progress),
        run_(run),
        lines_(file, {options.default_merchant, options.id_bytes}),
        in_file_(options.full_memory) {}

  Result<void> load();

 private:
  Result<void> read_file(MappingWriter& writer);
  Result<void> take(const MappingLine& line, MappingWriter& writer);
  void refuse(const BadLine& line);
  Result<void> check_bad_lines() const;
  Result<void> remove_vanished(MappingWriter& writer);
  Result<void> check_vanished(const Sweep& sweep) const;
  MappingWriterOptions writer_options();
  void tell(RefreshProgress::Phase phase, std::uint64_t table_rows = 0) const;

  const RefreshOptions& options_;
  TableStore& tables_;
  std::string table_;
  const RefreshProgressFunction& progress_;
  RunInProgress& run_;
  MappingFile lines_;
  RunCounts counts_;
  std::optional<BadLine> first_bad_;
  std::optional<Error> stopped_;  // by a step or the lock, while a batch ended
  AssignmentSet in_file_;
  std::map<std::string, SweepCounts, std::less<>> merchants_;
};

void FileRefresh::tell(RefreshProgress::Phase phase, std::uint64_t table_rows) const {
  if (progress_) progress_({phase, counts_.lines, lines_.bytes_read(), table_rows});
}

MappingWriterOptions FileRefresh::writer_options() {
  MappingWriterOptions options;
  options.table = table_;
  options.view = {run_.record().run, run_.not_counting()};
  options.batch_lines = options_.batch_lines;
  options.batches_in_flight = options_.batches_in_flight;
  options.patience = options_.patience;
  options.go_on = [this] {
    auto going = run_.step("batch");
    if (going) going = run_.beat();
    if (!going) stopped_ = std::move(going.error());
    return !stopped_;
  };
  return options;
}

Result<void> FileRefresh::load() {
  CallerExecutor executor;
  MappingWriter writer(tables_, executor, writer_options());
  auto loaded = read_file(writer);
  if (loaded && options_.scope == RefreshScope::kFull) loaded = remove_vanished(writer);
  if (stopped_) return tl::unexpected(*stopped_);
  if (!loaded) return loaded;

  const auto written = writer.counts();
  counts_.assigned = written.assigned;
  counts_.unmapped = written.unmapped;
  counts_.removed = written.removed;
  counts_.unchanged = written.unchanged;
  run_.report().repeated = written.repeated;
  auto& record = run_.record();
  const auto changed = writer.take_changed();
  counts_.changed_guids = writer.changed_guids();
  record.counts = counts_;
  record.forget_all = !changed;
  if (changed) {
    if (auto listed = run_.registry().list_changed(record, *changed); !listed) return listed;
  }
  return run_.step("listed");
}

Result<void> FileRefresh::read_file(MappingWriter& writer) {
  if (options_.scope == RefreshScope::kFull && !options_.default_merchant.empty()) {
    merchants_.emplace(*merchant_slug(options_.default_merchant), SweepCounts{});
  }
  for (;;) {
    const auto item = lines_.next();
    if (!item) return tl::unexpected(item.error());
    if (!*item) break;
    ++counts_.lines;
    if (const auto* bad = std::get_if<BadLine>(&**item)) {
      refuse(*bad);
    } else if (counts_.bad <= options_.max_bad_lines) {  // else only the other bad lines are of interest
      if (auto taken = take(std::get<MappingLine>(**item), writer); !taken) return taken;
    }
    if (counts_.lines % kProgressEveryLines == 0) {
      tell(RefreshProgress::Phase::kReading);
      if (auto beaten = run_.beat(); !beaten) return beaten;
    }
  }
  tell(RefreshProgress::Phase::kReading);
  if (auto checked = check_bad_lines(); !checked) return checked;
  return writer.finish();
}

Result<void> FileRefresh::take(const MappingLine& line, MappingWriter& writer) {
  if (options_.scope == RefreshScope::kFull) {
    if (!merchants_.contains(line.merchant)) merchants_.emplace(line.merchant, SweepCounts{});
    if (!in_file_.add(line.merchant, line.guid, line.valid_from)) {
      return fail(ErrorCode::kInvalidArgument,
                  "a full refresh of so many lines needs more memory than it may take; load it in "
                  "parts by merchant, or raise the limit");
    }
  }
  using Kind = Assignment::Kind;
  return writer.add(line.merchant, line.guid, line.valid_from,
                    line.customer.empty() ? Kind::kUnmapped : Kind::kCustomer, line.customer);
}

void FileRefresh::refuse(const BadLine& line) {
  ++counts_.bad;
  if (!first_bad_) first_bad_ = line;
  if (options_.on_bad_line) options_.on_bad_line(line);
}

Result<void> FileRefresh::check_bad_lines() const {
  if (counts_.bad <= options_.max_bad_lines) return {};
  return fail(ErrorCode::kInvalidArgument, std::to_string(counts_.bad) + " of " + std::to_string(counts_.lines) +
                                               " lines are bad (line " + std::to_string(first_bad_->line) + ": " +
                                               first_bad_->reason + "); nothing was changed");
}

Result<void> FileRefresh::remove_vanished(MappingWriter& writer) {
  if (merchants_.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a full refresh from an empty file needs a merchant to be full about");
  }
  in_file_.seal();
  Sweep sweep{
      table_,           {RunId{run_.record().run.value - 1}, run_.not_counting()}, in_file_, merchants_, {}, {}, 2000,
      options_.patience};
  const auto each_page = [&](RefreshProgress::Phase phase) {
    return [this, phase](std::uint64_t rows) -> Result<void> {
      tell(phase, rows);
      return run_.beat();
    };
  };
  sweep.on_page = each_page(RefreshProgress::Phase::kComparing);
  if (auto swept = run_sweep(tables_, sweep); !swept) return swept;
  if (auto going = run_.step("sweep"); !going) return going;
  if (auto checked = check_vanished(sweep); !checked) return checked;
  const bool any =
      std::any_of(sweep.merchants.begin(), sweep.merchants.end(), [](const auto& m) { return m.second.vanished > 0; });
  if (any) {
    sweep.on_page = each_page(RefreshProgress::Phase::kRemoving);
    sweep.on_vanished = [&](const MappingRowKey& key, TimeMs valid_from) {
      return writer.add(key.merchant, key.guid, valid_from, Assignment::Kind::kRemoved, {});
    };
    if (auto swept = run_sweep(tables_, sweep); !swept) return swept;
    if (auto finished = writer.finish(); !finished) return finished;
  }
  return run_.step("swept");
}

Result<void> FileRefresh::check_vanished(const Sweep& sweep) const {
  for (const auto& [merchant, counts] : sweep.merchants) {
    if (counts.vanished * 100 <= counts.existing * std::uint64_t{options_.max_vanished_percent}) continue;
    return fail(ErrorCode::kInvalidArgument, "the file lacks " + std::to_string(counts.vanished) + " of the " +
                                                 std::to_string(counts.existing) + " mappings of merchant " + merchant +
                                                 ", over " + std::to_string(options_.max_vanished_percent) +
                                                 " %: refused without --force; nothing was changed");
  }
  return {};
}

Result<RefreshReport> refused(RunInProgress& run, Error error) {
  run.give_up();
  return tl::unexpected(std::move(error));
}

/// Why `target` cannot be undone now; empty: it can.
std::string cannot_undo(const std::vector<RunRecord>& runs, RunId target) {
  auto marked = runs;
  mark_undone(marked);
  const auto it = std::find_if(marked.begin(), marked.end(), [&](const RunRecord& r) { return r.run == target; });
  const auto name = "run " + std::to_string(target.value);
  if (it == marked.end()) return "there is no " + name;
  if (it->status != RunStatus::kComplete) return name + " is " + std::string(to_string(it->status)) + " already";
  // Later runs did not write what this one had said already, and an undo was about the state that it found.
  const auto later = std::find_if(it + 1, marked.end(), [&](const RunRecord& r) {
    return r.status == RunStatus::kComplete && (!r.undoes || it->undoes);
  });
  if (later != marked.end()) {
    return "run " + std::to_string(later->run.value) + " came after " + name + " and builds on it: undo that one first";
  }
  return {};
}

}  // namespace

Result<RefreshReport> run_refresh(const RefreshOptions& options, std::istream& file, TableStore& tables, EventLog& log,
                                  const Names& names, const RefreshProgressFunction& progress) {
  if (options.scope == RefreshScope::kFull && options.max_bad_lines > 0) {
    return fail(ErrorCode::kInvalidArgument, "a full refresh cannot pass over bad lines: whom they name is unknown");
  }
  if (!options.default_merchant.empty() && !merchant_slug(options.default_merchant)) {
    return fail(ErrorCode::kInvalidArgument, "the default merchant is not 1-40 characters of a-z, 0-9, `.`, `_`, `-`");
  }
  RunInProgress run(options, tables, log, names);
  auto going = run.take_lock();
  if (going) going = run.abort_dead_runs();
  RunRecord record;
  record.file = options.file_name;
  if (going) going = run.claim(std::move(record));
  if (going) going = FileRefresh(options, file, tables, names, progress, run).load();
  if (going) going = run.complete();
  if (going && progress) progress({RefreshProgress::Phase::kPublishing, run.record().counts.lines, 0, 0});
  if (going) going = run.publish();
  if (!going) return refused(run, std::move(going.error()));
  return run.report();
}

Result<RefreshReport> undo_run(const RefreshOptions& options, RunId target, TableStore& tables, EventLog& log,
                               const Names& names) {
  RunInProgress run(options, tables, log, names);
  auto going = run.take_lock();
  if (going) going = run.abort_dead_runs();
  if (going) {
    if (auto reason = cannot_undo(run.runs(), target); !reason.empty()) {
      going = fail(ErrorCode::kInvalidArgument, std::move(reason));
    }
  }
  RunRecord record;
  record.undoes = target;
  if (going) going = run.claim(std::move(record));
  if (going) going = run.complete();
  if (going) going = run.publish();
  if (!going) return refused(run, std::move(going.error()));
  return run.report();
}

}  // namespace guidepost::identity
