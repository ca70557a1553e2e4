#include "identity/resolver.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/assert.hpp"
#include "identity/resolver_metrics.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {
namespace {

// Cells of changed GUIDs read by one get: 1 MiB.
constexpr std::uint32_t kChangedCellsPerGet = 16;

/// A batch of which some rows are being read.
struct PendingLookup {
  std::vector<HistoryShare> shares;  // empty where the key was missed
  struct Missed {
    std::uint64_t hash;
    std::string row;
    std::vector<std::size_t> places;  // in the batch
  };
  std::vector<Missed> missed;  // as the rows of the get
  std::uint64_t generation = 0;
  UniqueFunction<void(Result<Histories>)> done;
};

/// A marker whose run is being read.
struct PendingMarker {
  RunRecord record;
  std::uint32_t next_cell = 0;
  UniqueFunction<void(Result<MappingView>)> done;
};

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Resolver::Impl> {
  Impl(ResolverOptions o, TableStore& t, Executor& e)
      : options(std::move(o)), tables(t), owner(e), cache(options.cache) {}

  ResolverOptions options;
  TableStore& tables;
  Executor& owner;
  HistoryCache cache;
  bool closed = false;
  /// Counts the calls of pass_marker. A row read before one was called may lack what that run wrote,
  /// so it serves its own batch (of records before the marker) and is not cached.
  std::uint64_t generation = 0;
  RunId passed;  ///< the cache is right for all runs up to this one
  std::uint64_t lookups = 0, hits = 0, misses = 0;
  std::vector<std::uint64_t> hashes;  // of the batch at hand
  ResolverMetrics shown;

  ResolverStats stats() const;
  void lookup(std::span<const GuidKey> keys, UniqueFunction<void(Result<Histories>)> done);
  void read_missed(std::span<const GuidKey> keys, PendingLookup pending, const std::vector<std::size_t>& missed_places);
  void got_rows(PendingLookup pending, Result<std::vector<Row>> rows);

  void pass_marker(RunId run, UniqueFunction<void(Result<MappingView>)> done);
  void got_run(RunId run, PendingMarker pending, Result<std::vector<Row>> rows);
  void forget_changed(PendingMarker pending);
  void got_changed(PendingMarker pending, Result<std::vector<Row>> rows);
  void passed_it(PendingMarker pending);

  static Histories histories(std::vector<HistoryShare> shares) {
    Histories out;
    out.shares_ = std::move(shares);
    return out;
  }
  tl::unexpected<Error> cancelled() const { return fail(ErrorCode::kCancelled, "the resolver was closed"); }

  /// Starts a get whose answer comes to `then` on the owner's executor.
  template <class Then>
  void get(const std::string& table, std::vector<RowGet> gets, Then then) {
    tables.get(table, std::move(gets),
               Completion<std::vector<Row>>(
                   owner, [self = shared_from_this(), then = std::move(then)](Result<std::vector<Row>> rows) mutable {
                     if (self->closed) rows = self->cancelled();
                     then(*self, std::move(rows));
                   }));
  }
};

Resolver::Resolver(ResolverOptions options, TableStore& tables, Executor& owner)
    : impl_(std::make_shared<Impl>(std::move(options), tables, owner)) {}

Resolver::~Resolver() { impl_->closed = true; }

void Resolver::lookup(std::span<const GuidKey> keys, UniqueFunction<void(Result<Histories>)> done) {
  impl_->lookup(keys, std::move(done));
}

void Resolver::pass_marker(RunId run, UniqueFunction<void(Result<MappingView>)> done) {
  impl_->pass_marker(run, std::move(done));
}

ResolverStats Resolver::stats() const { return impl_->stats(); }

ResolverStats Resolver::Impl::stats() const {
  ResolverStats s;
  s.lookups = lookups;
  s.hits = hits;
  s.misses = misses;
  s.evictions = cache.evictions();
  s.forgotten = cache.forgotten();
  s.entries = cache.entries();
  s.bytes = cache.bytes();
  return s;
}

void Resolver::Impl::lookup(std::span<const GuidKey> keys, UniqueFunction<void(Result<Histories>)> done) {
  hashes.clear();
  for (const auto& key : keys) {
    hashes.push_back(HistoryCache::hash_of(key));
    cache.prefetch(hashes.back());
  }
  PendingLookup pending;
  pending.shares.reserve(keys.size());
  std::vector<std::size_t> missed_places;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    pending.shares.push_back(cache.find(keys[i], hashes[i]));
    if (!pending.shares.back()) missed_places.push_back(i);
  }
  lookups += keys.size();
  hits += keys.size() - missed_places.size();
  shown.show(stats());
  pending.done = std::move(done);
  if (!missed_places.empty()) return read_missed(keys, std::move(pending), missed_places);
  owner.post([pending = std::move(pending)]() mutable { pending.done(histories(std::move(pending.shares))); });
}

void Resolver::Impl::read_missed(std::span<const GuidKey> keys, PendingLookup pending,
                                 const std::vector<std::size_t>& missed_places) {
  std::vector<RowGet> gets;
  std::unordered_map<std::string, std::size_t> get_of_row;  // a key twice in the batch is read once
  for (const std::size_t place : missed_places) {
    const auto [at, is_new] = get_of_row.try_emplace(mapping_row(keys[place].merchant, keys[place].guid), gets.size());
    if (is_new) {
      RowGet get{at->first, {}};
      get.cells.family = kMappingFamily;
      get.cells.versions = FamilySpec::kAllVersions;
      gets.push_back(std::move(get));
      pending.missed.push_back({hashes[place], at->first, {}});
    }
    pending.missed[at->second].places.push_back(place);
  }
  misses += gets.size();
  pending.generation = generation;
  get(options.mapping_table, std::move(gets), [pending = std::move(pending)](Impl& self, auto rows) mutable {
    self.got_rows(std::move(pending), std::move(rows));
  });
}

void Resolver::Impl::got_rows(PendingLookup pending, Result<std::vector<Row>> rows) {
  if (!rows) return pending.done(tl::unexpected(std::move(rows.error())));
  GUIDEPOST_ASSERT(rows->size() == pending.missed.size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const Row& row = (*rows)[i];
    auto& missed = pending.missed[i];
    const auto key = parse_mapping_row(missed.row);
    const auto history = history_of(row);
    GUIDEPOST_ASSERT(key);
    if (!history) return pending.done(tl::unexpected(history.error()));
    const auto share = HistoryShare::make({key->merchant, key->guid}, missed.hash, *history);
    for (const std::size_t place : missed.places) pending.shares[place] = share;
    if (pending.generation == generation) cache.insert(share);
  }
  shown.show(stats());
  pending.done(histories(std::move(pending.shares)));
}

void Resolver::Impl::pass_marker(RunId run, UniqueFunction<void(Result<MappingView>)> done) {
  ++generation;
  if (run.value == 0) {  // before any marker nothing is mapped
    owner.post([done = std::move(done)]() mutable { done(MappingView{}); });
    return;
  }
  PendingMarker pending;
  pending.done = std::move(done);
  get(options.state_table, {run_get(run)}, [run, pending = std::move(pending)](Impl& self, auto rows) mutable {
    self.got_run(run, std::move(pending), std::move(rows));
  });
}

void Resolver::Impl::got_run(RunId run, PendingMarker pending, Result<std::vector<Row>> rows) {
  if (!rows) return pending.done(tl::unexpected(std::move(rows.error())));
  auto record = parse_run(run, rows->at(0));
  if (!record && record.error().code != ErrorCode::kNotFound)
    return pending.done(tl::unexpected(std::move(record.error())));
  if (!record || record->status != RunStatus::kComplete) {
    return pending.done(
        fail(ErrorCode::kInvalidArgument, "the marker of mapping run " + std::to_string(run.value) +
                                              " is in the log, but the run is " +
                                              (record ? std::string(to_string(record->status)) : "not recorded")));
  }
  pending.record = std::move(*record);
  if (run <= passed || cache.entries() == 0) return passed_it(std::move(pending));
  // Runs between the last one passed and this one of which no marker came here (a new partition, a shared
  // resolver): what they changed is in no list at hand, unless they never counted.
  const auto& aborted = pending.record.marker.aborted;
  bool all_listed = !pending.record.forget_all;
  for (std::uint64_t between = passed.value + 1; between < run.value && all_listed; ++between) {
    all_listed = std::binary_search(aborted.begin(), aborted.end(), RunId{between});
  }
  if (!all_listed) {
    cache.forget_all();
    return passed_it(std::move(pending));
  }
  forget_changed(std::move(pending));
}

void Resolver::Impl::forget_changed(PendingMarker pending) {
  if (pending.next_cell == pending.record.changed_cells) return passed_it(std::move(pending));
  RowGet cells{run_row(pending.record.run), {}};
  cells.cells.family = kStateFamily;
  const auto end = std::min(pending.next_cell + kChangedCellsPerGet, pending.record.changed_cells);
  for (; pending.next_cell < end; ++pending.next_cell)
    cells.cells.qualifiers.push_back(changed_qualifier(pending.next_cell));
  get(options.state_table, {std::move(cells)}, [pending = std::move(pending)](Impl& self, auto rows) mutable {
    self.got_changed(std::move(pending), std::move(rows));
  });
}

void Resolver::Impl::got_changed(PendingMarker pending, Result<std::vector<Row>> rows) {
  if (!rows) return pending.done(tl::unexpected(std::move(rows.error())));
  const auto& cells = rows->at(0).cells;
  const auto first = (pending.next_cell - 1) / kChangedCellsPerGet * kChangedCellsPerGet;
  if (cells.size() != pending.next_cell - first) {
    return pending.done(fail(ErrorCode::kCorrupt, "mapping run " + std::to_string(pending.record.run.value) +
                                                      ": a cell of its changed GUIDs is missing"));
  }
  for (const auto& cell : cells) {
    const auto changed = decode_changed(cell.value);
    if (!changed) return pending.done(tl::unexpected(changed.error()));
    cache.forget(*changed);
  }
  forget_changed(std::move(pending));
}

void Resolver::Impl::passed_it(PendingMarker pending) {
  passed = std::max(passed, pending.record.run);
  shown.show(stats());
  pending.done(MappingView{pending.record.run, std::move(pending.record.marker.aborted)});
}

}  // namespace guidepost::identity
