#include "identity/mapping_writer.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/assert.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {
namespace {

using Kind = Assignment::Kind;

/// What is wanted of one GUID.
struct Wanted {
  std::string row;
  std::uint64_t hash;
  struct Value {
    TimeMs valid_from;
    Kind kind;
    std::string customer;
  };
  std::vector<Value> values;
};

struct Batch {
  std::vector<Wanted> rows;
  std::unordered_map<std::string, std::size_t> index;  // by row key
  std::size_t lines = 0;
  std::size_t bytes = 0;
  std::vector<RowPut> puts;
  Executor::Clock::time_point give_up;
  std::chrono::milliseconds pause{};
};

bool says_so(const Assignment* now, const Wanted::Value& wanted) {
  if (now == nullptr) return wanted.kind == Kind::kRemoved;
  return now->kind == wanted.kind && now->customer == wanted.customer;
}

/// Hashes of changed GUIDs in bounded memory.
class ChangedGuids {
 public:
  void add(std::uint64_t hash) {
    ++added_;
    if (over_) return;
    hashes_.push_back(hash);
    if (hashes_.size() >= 2 * kMaxListedGuids) compact();
  }
  std::optional<std::vector<std::uint64_t>> take() {
    compact();
    if (over_) return std::nullopt;
    added_ = hashes_.size();
    return std::move(hashes_);
  }
  std::uint64_t count() const { return added_; }

 private:
  void compact() {
    std::sort(hashes_.begin(), hashes_.end());
    hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
    if (hashes_.size() <= kMaxListedGuids) return;
    over_ = true;
    hashes_ = {};
  }

  std::vector<std::uint64_t> hashes_;
  std::uint64_t added_ = 0;
  bool over_ = false;
};

}  // namespace

struct MappingWriter::Impl {
  Impl(TableStore& t, CallerExecutor& e, MappingWriterOptions o) : tables(t), executor(e), options(std::move(o)) {}

  TableStore& tables;
  CallerExecutor& executor;
  MappingWriterOptions options;
  Batch current;
  // Rows of batches in flight. A row is never in two: what the second found would depend on the first.
  std::unordered_set<std::uint64_t> busy;
  std::size_t in_flight = 0;
  std::optional<Error> error;
  MappingWriterCounts counts;
  ChangedGuids changed;

  void wait_below(std::size_t batches) {
    executor.run_until([&] { return in_flight < batches; });
  }
  Result<void> outcome() const {
    if (error) return tl::unexpected(*error);
    return {};
  }
  void start_current();
  void read(std::shared_ptr<Batch> batch);
  void decide(std::shared_ptr<Batch> batch, const std::vector<Row>& rows);
  void add_put(Batch& batch, const Wanted& wanted, History history);
  void write(std::shared_ptr<Batch> batch);
  void ended(const Batch& batch);
  void failed(std::shared_ptr<Batch> batch, Error e, void (Impl::*again)(std::shared_ptr<Batch>));
};

MappingWriter::MappingWriter(TableStore& tables, CallerExecutor& executor, MappingWriterOptions options)
    : impl_(std::make_unique<Impl>(tables, executor, std::move(options))) {}

MappingWriter::~MappingWriter() {
  if (!impl_->error) impl_->error = Error{ErrorCode::kCancelled, "the writer was given up"};
  impl_->wait_below(1);
}

Result<void> MappingWriter::add(std::string_view merchant, std::string_view guid, TimeMs valid_from, Kind kind,
                                std::string_view customer) {
  auto& self = *impl_;
  if (self.error) return self.outcome();
  auto row = mapping_row(merchant, guid);
  auto at = self.current.index.find(row);
  if (at == self.current.index.end()) {
    const auto hash = guid_hash(merchant, guid);
    if (self.busy.contains(hash)) self.wait_below(1);
    self.current.bytes += 2 * row.size();
    at = self.current.index.emplace(row, self.current.rows.size()).first;
    self.current.rows.push_back({std::move(row), hash, {}});
  }
  auto& values = self.current.rows[at->second].values;
  std::erase_if(values, [&](const auto& value) {
    if (value.valid_from != valid_from) return false;
    ++self.counts.repeated;
    return true;
  });
  values.push_back({valid_from, kind, std::string(customer)});
  self.current.bytes += sizeof(Wanted::Value) + customer.size();
  ++self.current.lines;
  if (self.current.lines >= self.options.batch_lines || self.current.bytes >= self.options.batch_bytes.value) {
    self.start_current();
    self.wait_below(self.options.batches_in_flight);
  }
  return self.outcome();
}

Result<void> MappingWriter::finish() {
  if (!impl_->error && !impl_->current.rows.empty()) impl_->start_current();
  impl_->wait_below(1);
  return impl_->outcome();
}

MappingWriterCounts MappingWriter::counts() const { return impl_->counts; }

std::optional<std::vector<std::uint64_t>> MappingWriter::take_changed() { return impl_->changed.take(); }

std::uint64_t MappingWriter::changed_guids() const { return impl_->changed.count(); }

void MappingWriter::Impl::start_current() {
  auto batch = std::make_shared<Batch>(std::exchange(current, {}));
  for (const auto& row : batch->rows) busy.insert(row.hash);
  batch->give_up = executor.now() + options.patience.give_up_after;
  batch->pause = options.patience.first_pause;
  ++in_flight;
  read(std::move(batch));
}

void MappingWriter::Impl::read(std::shared_ptr<Batch> batch) {
  std::vector<RowGet> gets;
  gets.reserve(batch->rows.size());
  for (const auto& row : batch->rows) {
    RowGet get{row.row, {}};
    get.cells.family = kMappingFamily;
    get.cells.versions = FamilySpec::kAllVersions;
    gets.push_back(std::move(get));
  }
  tables.get(options.table, std::move(gets),
             Completion<std::vector<Row>>(executor, [this, batch](Result<std::vector<Row>> rows) mutable {
               if (!rows) return failed(std::move(batch), std::move(rows.error()), &Impl::read);
               decide(std::move(batch), *rows);
             }));
}

void MappingWriter::Impl::decide(std::shared_ptr<Batch> batch, const std::vector<Row>& rows) {
  GUIDEPOST_ASSERT(rows.size() == batch->rows.size());
  for (std::size_t i = 0; i < rows.size() && !error; ++i) {
    const auto history = history_of(rows[i]);
    if (history) {
      add_put(*batch, batch->rows[i], *history);
    } else {
      error = history.error();
    }
  }
  if (error || batch->puts.empty()) return ended(*batch);
  write(std::move(batch));
}

void MappingWriter::Impl::add_put(Batch& batch, const Wanted& wanted, History history) {
  RowPut put{wanted.row, {}};
  for (const auto& value : wanted.values) {
    if (says_so(assignment_at(history, options.view, value.valid_from), value)) {
      ++counts.unchanged;
      continue;
    }
    put.cells.push_back(mapping_cell({value.valid_from, options.view.run, value.kind, value.customer}));
    ++(value.kind == Kind::kCustomer   ? counts.assigned
       : value.kind == Kind::kUnmapped ? counts.unmapped
                                       : counts.removed);
  }
  if (put.cells.empty()) return;
  changed.add(wanted.hash);
  batch.puts.push_back(std::move(put));
}

void MappingWriter::Impl::write(std::shared_ptr<Batch> batch) {
  auto puts = batch->puts;  // kept: an unknown outcome is repeated unchanged
  tables.put(options.table, std::move(puts), Completion<void>(executor, [this, batch](Result<void> done) mutable {
               if (!done) return failed(std::move(batch), std::move(done.error()), &Impl::write);
               ended(*batch);
             }));
}

void MappingWriter::Impl::ended(const Batch& batch) {
  for (const auto& row : batch.rows) busy.erase(row.hash);
  --in_flight;
  if (!error && options.go_on && !options.go_on()) error = Error{ErrorCode::kCancelled, "the refresh was stopped"};
}

void MappingWriter::Impl::failed(std::shared_ptr<Batch> batch, Error e, void (Impl::*again)(std::shared_ptr<Batch>)) {
  if (error || !e.retryable() || executor.now() + batch->pause > batch->give_up) {
    if (!error) error = std::move(e);
    return ended(*batch);
  }
  const auto pause = std::exchange(batch->pause, Patience::longer(batch->pause));
  executor.post_after(pause, [this, again, batch = std::move(batch)]() mutable {
    if (error) return ended(*batch);
    (this->*again)(std::move(batch));
  });
}

}  // namespace guidepost::identity
