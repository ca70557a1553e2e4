#include "adapters/embedded/embedded_table_store.hpp"

#include <rocksdb/convenience.h>
#include <algorithm>
#include <variant>

#include "adapters/embedded/rocks.hpp"
#include "adapters/embedded/table_catalog.hpp"
#include "adapters/embedded/table_reads.hpp"
#include "adapters/embedded/work_queues.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost {

using embedded::StoredTable;

namespace {

constexpr std::size_t kBatchBytes = std::size_t{8} * 1024 * 1024;
constexpr std::size_t kMaxFamilies = 100;
constexpr std::string_view kNextNumber = "n";  // key in meta: the next table's number, be32
constexpr std::string_view kTables = "t/";     // prefix in meta: tables by name

struct CreateOp {
  TableSpec spec;
  Completion<void> done;
};
struct DropOp {
  std::string table;
  Completion<void> done;
};
struct PutOp {
  std::string table;
  std::vector<RowPut> rows;
  Completion<void> done;
};
struct CheckOp {
  std::string table;
  CheckAndPut request;
  Completion<bool> done;
};
struct CheckpointOp {
  std::filesystem::path to;
  Completion<void> done;
};
using Op = std::variant<CreateOp, DropOp, PutOp, CheckOp, CheckpointOp>;

tl::unexpected<Error> no_table(const std::string& table) {
  return fail(ErrorCode::kNotFound, "there is no table " + table);
}

Result<void> check_families(const StoredTable& table, const RowPut& put) {
  for (const auto& cell : put.cells) {
    if (!table.family(cell.family))
      return fail(ErrorCode::kRefused, "table " + table.name + " has no family " + cell.family);
  }
  return {};
}

}  // namespace

struct EmbeddedTableStore::Impl {
  Impl(embedded::Rocks opened, std::shared_ptr<embedded::TableCatalog> tables, const embedded::StoreOptions& options)
      : rocks(std::move(opened)),
        catalog(std::move(tables)),
        readers("tables-read", options.read_threads),
        writer("tables-write", [this](std::deque<Op> ops) { write(std::move(ops)); }) {}

  ~Impl() {
    const auto refuse = [](Op& op) {
      std::visit([](auto& one) { one.done(fail(ErrorCode::kCancelled, "the table store was closed")); }, op);
    };
    writer.close(refuse);
    // The last reads may lead their askers to writes: they end while there is a writer to refuse these.
    readers.close();
    writer.close(refuse);
  }

  /// Puts that wait for one write.
  struct Batch {
    rocksdb::WriteBatch writes;
    std::vector<Completion<void>> answers;
  };

  void write(std::deque<Op> ops) {
    Batch batch;
    for (auto& op : ops) {
      if (auto* one = std::get_if<PutOp>(&op)) {
        add(*one, batch);
        continue;
      }
      flush(batch);  // what came before is seen by what comes after
      if (auto* one = std::get_if<CheckOp>(&op)) one->done(check_and_write(*one));
      if (auto* one = std::get_if<CreateOp>(&op)) one->done(create(one->spec));
      if (auto* one = std::get_if<DropOp>(&op)) one->done(drop(one->table));
      if (auto* one = std::get_if<CheckpointOp>(&op)) one->done(rocks.checkpoint(one->to));
    }
    flush(batch);
  }

  void add(PutOp& op, Batch& batch) {
    const auto table = catalog->find(op.table);
    if (!table) return op.done(no_table(op.table));
    for (const auto& row : op.rows) {
      if (auto ok = check_families(*table, row); !ok) return op.done(ok);
    }
    Result<void> earlier;  // parts of this put that were written before its last
    for (const auto& row : op.rows) {
      append(*table, row, batch.writes);
      if (batch.writes.GetDataSize() < kBatchBytes) continue;
      if (earlier = flush(batch); !earlier) return op.done(earlier);
    }
    batch.answers.push_back(std::move(op.done));
  }

  static void append(const StoredTable& table, const RowPut& put, rocksdb::WriteBatch& writes,
                     rocksdb::ColumnFamilyHandle* bulk) {
    const std::string prefix = embedded::row_prefix(table.number, put.row);
    std::string key;
    for (const auto& cell : put.cells) {
      key = prefix;
      embedded::append_cell(key, *table.family(cell.family), cell.qualifier, cell.timestamp);
      writes.Put(bulk, key, cell.value);
    }
  }
  void append(const StoredTable& table, const RowPut& put, rocksdb::WriteBatch& writes) const {
    append(table, put, writes, rocks.bulk);
  }

  Result<void> flush(Batch& batch) {
    Result<void> result;
    if (batch.writes.Count() > 0) result = rocks.commit(batch.writes);
    for (auto& done : std::exchange(batch.answers, {})) done(result);
    batch.writes.Clear();
    return result;
  }

  Result<bool> check_and_write(const CheckOp& op) {
    const auto table = catalog->find(op.table);
    if (!table) return no_table(op.table);
    if (auto ok = check_families(*table, op.request.put); !ok) return tl::unexpected(ok.error());
    const auto filter = embedded::resolve(*table, {op.request.family, {op.request.qualifier}, {}, 1});
    if (!filter) return tl::unexpected(filter.error());
    const auto row = embedded::read_row(rocks, *table, op.request.row, *filter);
    if (!row) return tl::unexpected(row.error());
    const std::string now = row->empty() ? std::string() : row->cells.front().value;
    if (now != op.request.expected.value_or("")) return false;
    rocksdb::WriteBatch writes;
    append(*table, op.request.put, writes);
    if (auto ok = rocks.commit(writes); !ok) {
      // A write that failed half-way may be found whole by a later recovery.
      if (ok.error().retryable()) return fail(ErrorCode::kTimedOut, ok.error().message);
      return tl::unexpected(ok.error());
    }
    return true;
  }

  Result<void> create(const TableSpec& spec) {
    if (catalog->find(spec.name)) return fail(ErrorCode::kAlreadyExists, "table " + spec.name + " exists");
    StoredTable table{spec.name, next_number, spec.families};
    std::sort(table.families.begin(), table.families.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    rocksdb::WriteBatch writes;
    writes.Put(rocks.meta, std::string(kTables) + spec.name, embedded::encode_table(table));
    writes.Put(rocks.meta, embedded::slice(kNextNumber), embedded::table_prefix(next_number + 1));
    if (auto ok = rocks.commit(writes); !ok) return ok;
    ++next_number;
    catalog->add(std::move(table));
    return {};
  }

  Result<void> drop(const std::string& name) {
    const auto table = catalog->find(name);
    if (!table) return no_table(name);
    const std::string begin = embedded::table_prefix(table->number);
    const std::string end = after_prefix(begin);
    rocksdb::WriteBatch writes;
    writes.Delete(rocks.meta, std::string(kTables) + name);
    writes.DeleteRange(rocks.bulk, begin, end);
    if (auto ok = rocks.commit(writes); !ok) return ok;
    catalog->remove(name);
    // Frees the disk now, as far as whole files are concerned; the rest goes when files are merged.
    const rocksdb::Slice first(begin);
    const rocksdb::Slice last(end);
    rocksdb::RangePtr range(&first, &last);
    rocksdb::DeleteFilesInRanges(rocks.db.get(), rocks.bulk, &range, 1, false);
    return {};
  }

  /// Reads what there is. Errors: kCorrupt, kFailed.
  Result<void> load() {
    std::string value;
    if (const auto status = rocks.db->Get({}, rocks.meta, embedded::slice(kNextNumber), &value); status.ok()) {
      next_number = ByteReader(value).be32();
    } else if (!status.IsNotFound()) {
      return tl::unexpected(embedded::to_error(status, "open"));
    }
    const std::unique_ptr<rocksdb::Iterator> at(rocks.db->NewIterator({}, rocks.meta));
    for (at->Seek(embedded::slice(kTables)); at->Valid() && at->key().starts_with(embedded::slice(kTables));
         at->Next()) {
      auto table =
          embedded::decode_table(embedded::view(at->key()).substr(kTables.size()), embedded::view(at->value()));
      if (!table || table->number >= next_number)
        return fail(ErrorCode::kCorrupt, "a table's description cannot be read");
      catalog->add(std::move(*table));
    }
    if (!at->status().ok()) return tl::unexpected(embedded::to_error(at->status(), "open"));
    return {};
  }

  embedded::Rocks rocks;
  std::shared_ptr<embedded::TableCatalog> catalog;
  embedded::TableNumber next_number = 1;  // the writer's
  embedded::ReadPool readers;
  embedded::WriteQueue<Op> writer;
};

EmbeddedTableStore::EmbeddedTableStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EmbeddedTableStore::~EmbeddedTableStore() = default;

Result<std::unique_ptr<EmbeddedTableStore>> EmbeddedTableStore::open(const embedded::StoreOptions& options,
                                                                     rocksdb::Env* env) {
  auto catalog = std::make_shared<embedded::TableCatalog>();
  embedded::RocksSpec spec{"table_store", "cells", embedded::make_version_filter(catalog), embedded::make_row_prefix(),
                           env};
  auto rocks = embedded::open_rocks(options, std::move(spec));
  if (!rocks) return tl::unexpected(rocks.error());
  auto impl = std::make_unique<Impl>(std::move(*rocks), std::move(catalog), options);
  if (auto ok = impl->load(); !ok) return tl::unexpected(ok.error());
  return std::unique_ptr<EmbeddedTableStore>(new EmbeddedTableStore(std::move(impl)));
}

void EmbeddedTableStore::create_table(TableSpec spec, Completion<void> done) {
  if (auto ok = check(spec); !ok) return done(ok);
  if (spec.families.size() > kMaxFamilies)
    return done(fail(ErrorCode::kInvalidArgument, "table " + spec.name + " has over 100 families"));
  impl_->writer.push(CreateOp{std::move(spec), std::move(done)});
}

void EmbeddedTableStore::drop_table(std::string table, Completion<void> done) {
  impl_->writer.push(DropOp{std::move(table), std::move(done)});
}

void EmbeddedTableStore::list_tables(std::string prefix, Completion<std::vector<std::string>> done) {
  done(impl_->catalog->names(prefix));
}

void EmbeddedTableStore::put(std::string table, std::vector<RowPut> rows, Completion<void> done) {
  for (const auto& row : rows) {
    if (auto ok = check(row); !ok) return done(ok);
  }
  impl_->writer.push(PutOp{std::move(table), std::move(rows), std::move(done)});
}

void EmbeddedTableStore::get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) {
  for (const auto& row : rows) {
    if (auto ok = check(row); !ok) return done(tl::unexpected(ok.error()));
  }
  impl_->readers.run(
      [impl = impl_.get(), table = std::move(table), rows = std::move(rows), done = std::move(done)]() mutable {
        done([&]() -> Result<std::vector<Row>> {
          const auto stored = impl->catalog->find(table);
          if (!stored) return no_table(table);
          std::vector<Row> result;
          result.reserve(rows.size());
          for (const auto& row : rows) {
            const auto filter = embedded::resolve(*stored, row.cells);
            if (!filter) return tl::unexpected(filter.error());
            auto read = embedded::read_row(impl->rocks, *stored, row.row, *filter);
            if (!read) return tl::unexpected(read.error());
            result.push_back(std::move(*read));
          }
          return result;
        }());
      });
}

void EmbeddedTableStore::scan(std::string table, ScanRequest request, Completion<ScanPage> done) {
  if (auto ok = check(request); !ok) return done(tl::unexpected(ok.error()));
  impl_->readers.run(
      [impl = impl_.get(), table = std::move(table), request = std::move(request), done = std::move(done)]() mutable {
        done([&]() -> Result<ScanPage> {
          const auto stored = impl->catalog->find(table);
          if (!stored) return no_table(table);
          const auto filter = embedded::resolve(*stored, request.cells);
          if (!filter) return tl::unexpected(filter.error());
          return embedded::read_page(impl->rocks, *stored, request, *filter);
        }());
      });
}

void EmbeddedTableStore::check_and_put(std::string table, CheckAndPut request, Completion<bool> done) {
  if (auto ok = check(request); !ok) return done(tl::unexpected(ok.error()));
  impl_->writer.push(CheckOp{std::move(table), std::move(request), std::move(done)});
}

void EmbeddedTableStore::ping(Completion<void> done) { done({}); }

void EmbeddedTableStore::checkpoint(std::filesystem::path to, Completion<void> done) {
  impl_->writer.push(CheckpointOp{std::move(to), std::move(done)});
}

void EmbeddedTableStore::compact() {
  const rocksdb::CompactRangeOptions options;
  impl_->rocks.db->CompactRange(options, impl_->rocks.bulk, nullptr, nullptr);
}

}  // namespace guidepost
