#include "adapters/hbase/hbase_table_store.hpp"

#include <algorithm>
#include <random>

#include "adapters/hbase/requests.hpp"
#include "adapters/hbase/workers.hpp"
#include "base/assert.hpp"

namespace guidepost::hbase {
namespace {

constexpr std::size_t kDdlConnections = 2;

PoolOptions pool_of(const HBaseOptions& options, const std::vector<Endpoint>& gateways) {
  auto pool = options.pool;
  pool.gateways = gateways;
  return pool;
}

WireOptions ddl_wire(const HBaseOptions& options) {
  auto wire = options.wire;
  if (options.ddl_gateways.empty()) return wire;
  wire.framing = Framing::kUnframed;
  wire.protocol = options.ddl_protocol;
  return wire;
}

/// Names that HBase would take, as part of "namespace:table" and of a pattern.
Result<void> check_table(const std::string& table) {
  const bool fits = !table.empty() && std::all_of(table.begin(), table.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
  if (fits) return {};
  return fail(ErrorCode::kInvalidArgument, "'" + table + "' is no name of a table");
}

template <class T>
Result<void> check_all(const std::string& table, const std::vector<T>& rows) {
  auto ok = check_table(table);
  for (auto row = rows.begin(); ok && row != rows.end(); ++row) ok = check(*row);
  return ok;
}

}  // namespace

struct HBaseTableStore::Impl {
  explicit Impl(HBaseOptions o)
      : options(std::move(o)),
        data(Workers::Options{.name = "hbase", .threads = options.connections, .retry = options.retry},
             pool_of(options, options.gateways), options.wire, meters),
        tables(Workers::Options{.name = "hbase-ddl", .threads = kDdlConnections, .retry = options.retry},
               pool_of(options, options.ddl_gateways.empty() ? options.gateways : options.ddl_gateways),
               ddl_wire(options), meters) {}

  HBaseOptions options;
  Meters meters;
  RowWeights weights;
  Workers data;
  Workers tables;
};

HBaseTableStore::HBaseTableStore(HBaseOptions options) {
  GUIDEPOST_ASSERT(!options.gateways.empty() && options.connections > 0);
  impl_ = std::make_unique<Impl>(std::move(options));
}

HBaseTableStore::~HBaseTableStore() = default;

void HBaseTableStore::create_table(TableSpec spec, Completion<void> done) {
  if (auto ok = check(spec); !ok) return done(tl::unexpected(ok.error()));
  if (!spec.split_keys.empty() && impl_->options.ddl_gateways.empty() &&
      impl_->options.wire.framing == Framing::kFramed) {
    return done(fail(
        ErrorCode::kRefused,
        "table " + spec.name +
            " is to be split, and HBase garbles split keys over a framed gateway: configure an unframed one for tables"));
  }
  impl_->tables.submit(create_table_request(std::move(spec), std::move(done)));
}

void HBaseTableStore::drop_table(std::string table, Completion<void> done) {
  if (auto ok = check_table(table); !ok) return done(tl::unexpected(ok.error()));
  impl_->tables.submit(drop_table_request(std::move(table), std::move(done)));
}

void HBaseTableStore::list_tables(std::string prefix, Completion<std::vector<std::string>> done) {
  if (auto ok = check_table(prefix.empty() ? "a" : prefix); !ok) return done(tl::unexpected(ok.error()));
  impl_->tables.submit(list_tables_request(std::move(prefix), std::move(done)));
}

void HBaseTableStore::put(std::string table, std::vector<RowPut> rows, Completion<void> done) {
  const auto& limits = impl_->options.batches;
  if (auto ok = check_all(table, rows); !ok) return done(tl::unexpected(ok.error()));
  for (const auto& row : rows) {
    if (const auto size = wire_size(row); size > limits.request_bytes.value) {
      return done(fail(ErrorCode::kInvalidArgument, "a put of " + std::to_string(size) + " bytes is over the " +
                                                        std::to_string(limits.request_bytes.value) + " of a request"));
    }
  }
  if (rows.empty()) return done({});
  const bool in_order = rows.size() > 1 && repeats_a_row(rows);
  auto batches = cut(std::move(rows), limits.put_rows, std::min(limits.put_bytes, limits.request_bytes));
  impl_->data.submit(put_requests(std::move(table), std::move(batches), std::move(done)),
                     in_order ? RequestQueue::Order::kOneByOne : RequestQueue::Order::kAny);
}

void HBaseTableStore::get(std::string table, std::vector<RowGet> rows, Completion<std::vector<Row>> done) {
  const auto& limits = impl_->options.batches;
  if (auto ok = check_all(table, rows); !ok) return done(tl::unexpected(ok.error()));
  if (rows.empty()) return done(std::vector<Row>{});
  const auto at_most = std::min(limits.get_rows, impl_->weights.rows_within(table, limits.reply_bytes));
  auto batches = cut(std::move(rows), at_most, std::min(limits.put_bytes, limits.request_bytes));
  impl_->data.submit(get_requests(std::move(table), std::move(batches), impl_->weights, std::move(done)));
}

void HBaseTableStore::scan(std::string table, ScanRequest request, Completion<ScanPage> done) {
  if (auto ok = check_table(table); !ok) return done(tl::unexpected(ok.error()));
  if (auto ok = check(request); !ok) return done(tl::unexpected(ok.error()));
  if (!request.stop.empty() && request.start >= request.stop) return done(ScanPage{});
  impl_->data.submit(scan_request(std::move(table), std::move(request), impl_->weights,
                                  impl_->options.batches.reply_bytes, std::move(done)));
}

void HBaseTableStore::check_and_put(std::string table, CheckAndPut request, Completion<bool> done) {
  if (auto ok = check_table(table); !ok) return done(tl::unexpected(ok.error()));
  if (auto ok = check(request); !ok) return done(tl::unexpected(ok.error()));
  impl_->data.submit(check_and_put_request(std::move(table), std::move(request), std::move(done)));
}

void HBaseTableStore::ping(Completion<void> done) { impl_->data.submit(ping_request(std::move(done))); }

}  // namespace guidepost::hbase
