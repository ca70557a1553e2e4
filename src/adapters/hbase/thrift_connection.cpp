#include "adapters/hbase/thrift_connection.hpp"

#include <hbase_wire/Gateway.h>
#include <sys/socket.h>
#include <thrift/TApplicationException.h>
#include <thrift/TOutput.h>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>
#include <thrift/transport/TTransportException.h>

#include <mutex>

#include "adapters/hbase/translate.hpp"
#include "base/log.hpp"

namespace guidepost::hbase {
namespace {

using apache::thrift::TApplicationException;
using apache::thrift::TConfiguration;
using apache::thrift::protocol::TProtocol;
using apache::thrift::protocol::TProtocolException;
using apache::thrift::transport::TTransport;
using apache::thrift::transport::TTransportException;

/// A socket that another thread may shut, though not close: the descriptor stays its owner's.
class Socket final : public apache::thrift::transport::TSocket {
 public:
  using TSocket::TSocket;
  void close() override {
    std::lock_guard lock(mutex_);
    TSocket::close();
  }
  void interrupt() {
    std::lock_guard lock(mutex_);
    if (const auto fd = getSocketFD(); fd >= 0) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  std::mutex mutex_;
};

/// What libthrift says of answers over its limits; it has no kind of exception for them.
bool says_too_large(std::string_view what) {
  return what.find("oversized frame") != std::string_view::npos ||
         what.find("MaxMessageSize reached") != std::string_view::npos;
}

Failure sort(const TTransportException& error) {
  const std::string what = error.what();
  if (says_too_large(what)) return sort_transport_error(TransportTrouble::kReplyTooLarge, what);
  switch (error.getType()) {
    case TTransportException::NOT_OPEN:
      // Also said when a send fails, and then the request did not get through whole; but not when a read does.
      return sort_transport_error(
          what.find("recv") == std::string::npos ? TransportTrouble::kNotConnected : TransportTrouble::kClosed, what);
    case TTransportException::TIMED_OUT:
      return sort_transport_error(TransportTrouble::kTimedOut, what);
    case TTransportException::CORRUPTED_DATA:
      return sort_transport_error(TransportTrouble::kGarbled, what);
    case TTransportException::UNKNOWN:
      if (what.find("Frame size") != std::string::npos) return sort_transport_error(TransportTrouble::kGarbled, what);
      return sort_transport_error(TransportTrouble::kClosed, what);
    default:
      return sort_transport_error(TransportTrouble::kClosed, what);
  }
}

/// The wall: runs one exchange, and lets nothing that is thrown get past it.
template <class Exchange>
auto behind_wall(Scope scope, Exchange&& exchange) -> Reply<decltype(exchange())> {
  try {
    if constexpr (std::is_void_v<decltype(exchange())>) {
      exchange();
      return {};
    } else {
      return exchange();
    }
  } catch (const wire::IOError& error) {
    return tl::unexpected(sort_io_error(scope, error.message, error.__isset.can_retry ? error.can_retry : true));
  } catch (const TApplicationException& error) {
    return tl::unexpected(sort_application_error(error.getType(), error.what()));
  } catch (const TTransportException& error) {
    return tl::unexpected(sort(error));
  } catch (const TProtocolException& error) {
    const auto trouble = error.getType() == TProtocolException::SIZE_LIMIT ? TransportTrouble::kReplyTooLarge
                                                                           : TransportTrouble::kGarbled;
    return tl::unexpected(sort_transport_error(trouble, error.what()));
  } catch (const std::exception& error) {
    return tl::unexpected(sort_transport_error(TransportTrouble::kClosed, error.what()));
  }
}

/// HBase answers as many rows as were asked for; anything else is no answer to our question.
[[noreturn]] void wrong_count(std::size_t asked, std::size_t answered) {
  throw TProtocolException(TProtocolException::INVALID_DATA, std::to_string(answered) + " rows were answered where " +
                                                                 std::to_string(asked) + " were asked for");
}

std::string java_pattern_of(const std::string& literal) {
  std::string pattern;
  for (const char c : literal) {
    if (c == '.' || c == '-') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

class ThriftConnection final : public Connection {
 public:
  ThriftConnection(const Endpoint& gateway, const WireOptions& options) : options_(options) {
    const auto limit = static_cast<int>(options.max_reply.value);
    const auto limits = std::make_shared<TConfiguration>(limit, limit);
    socket_ = std::make_shared<Socket>(gateway.host, gateway.port, limits);
    socket_->setConnTimeout(static_cast<int>(options.connect_timeout.count()));
    socket_->setSendTimeout(static_cast<int>(options.request_timeout.count()));
    socket_->setNoDelay(true);
    socket_->setKeepAlive(true);
    expect_within(options.greeting_timeout);
    std::shared_ptr<TTransport> transport;
    if (options.framing == Framing::kFramed) {
      transport = std::make_shared<apache::thrift::transport::TFramedTransport>(socket_, limits);
    } else {
      transport = std::make_shared<apache::thrift::transport::TBufferedTransport>(socket_, limits);
    }
    std::shared_ptr<TProtocol> protocol;
    if (options.protocol == WireProtocol::kCompact) {
      protocol = std::make_shared<apache::thrift::protocol::TCompactProtocol>(transport);
    } else {
      protocol = std::make_shared<apache::thrift::protocol::TBinaryProtocol>(transport);
    }
    client_ = std::make_unique<wire::GatewayClient>(protocol);
  }

  Reply<void> greet() {
    auto greeting = exchange(Scope::kTable, [&] {
      socket_->open();
      return client_->getThriftServerType();
    });
    if (!greeting) {
      // Nothing was asked of HBase yet, whatever went wrong.
      greeting.error().outcome = Outcome::kNotApplied;
      if (greeting.error().verdict == Verdict::kTooLarge) {
        greeting.error() = sort_transport_error(TransportTrouble::kGarbled, greeting.error().message);
        greeting.error().outcome = Outcome::kNotApplied;
      }
      return tl::unexpected(std::move(greeting.error()));
    }
    if (*greeting != wire::ServerType::THRIFT2) {
      return tl::unexpected(sort_application_error(TApplicationException::UNKNOWN_METHOD, "it calls itself Thrift1"));
    }
    expect_within(options_.request_timeout);
    return {};
  }

  Reply<void> put(const std::string& table, std::span<const RowPut> rows) override {
    return about_rows(table, rows.size() == 1 ? Scope::kOneRow : Scope::kBatch,
                      [&] { client_->putMultiple(qualified(table), to_wire(rows)); });
  }

  Reply<std::vector<Row>> get(const std::string& table, std::span<const RowGet> rows) override {
    return about_rows(table, rows.size() == 1 ? Scope::kOneRow : Scope::kBatch, [&] {
      std::vector<wire::RowResult> results;
      client_->getMultiple(results, qualified(table), to_wire(rows));
      if (results.size() != rows.size()) wrong_count(rows.size(), results.size());
      std::vector<Row> answer;
      answer.reserve(results.size());
      for (std::size_t i = 0; i < results.size(); ++i) answer.push_back(from_wire(std::move(results[i]), rows[i].row));
      return answer;
    });
  }

  Reply<std::vector<Row>> scan(const std::string& table, const RowRange& range) override {
    return about_rows(table, Scope::kBatch, [&] {
      std::vector<wire::RowResult> results;
      client_->getScannerResults(results, qualified(table), to_wire(range), static_cast<std::int32_t>(range.limit));
      if (results.size() > range.limit) wrong_count(range.limit, results.size());
      std::vector<Row> answer;
      answer.reserve(results.size());
      for (auto& result : results) answer.push_back(from_wire(std::move(result)));
      return answer;
    });
  }

  Reply<bool> check_and_put(const std::string& table, const CheckAndPut& request) override {
    // An empty value on the wire means "absent or empty": Thrift in C++ cannot leave it out.
    return about_rows(table, Scope::kOneRow, [&] {
      return client_->checkAndPut(qualified(table), request.row, request.family, request.qualifier,
                                  request.expected.value_or(""), to_wire(request.put));
    });
  }

  Reply<void> create_table(const TableSpec& spec) override {
    return exchange(Scope::kTable,
                    [&] { client_->createTable(describe(options_.table_namespace, spec), spec.split_keys); });
  }

  Reply<bool> table_available(const std::string& table) override {
    return exchange(Scope::kTable, [&] { return client_->isTableAvailable(named(table)); });
  }

  Reply<void> disable_table(const std::string& table) override {
    return exchange(Scope::kTable, [&] { client_->disableTable(named(table)); });
  }

  Reply<void> delete_table(const std::string& table) override {
    return exchange(Scope::kTable, [&] { client_->deleteTable(named(table)); });
  }

  Reply<std::vector<std::string>> list_tables(const std::string& prefix) override {
    return exchange(Scope::kTable, [&] {
      std::vector<wire::TableName> found;
      client_->getTableNamesByPattern(found, java_pattern_of(qualified(prefix)) + ".*", false);
      std::vector<std::string> names;
      for (auto& table : found) {
        const auto& space = table.ns == "default" ? std::string{} : table.ns;
        if (space == options_.table_namespace && table.name.starts_with(prefix)) names.push_back(std::move(table.name));
      }
      return names;
    });
  }

  Reply<void> probe() override {
    expect_within(options_.greeting_timeout);
    auto answer = exchange(Scope::kTable, [&] {
      std::string cluster;
      client_->getClusterId(cluster);
    });
    expect_within(options_.request_timeout);
    return answer;
  }

  Reply<void> ping() override {
    return exchange(Scope::kTable, [&] {
      // A row that is not there, of the catalog: only HBase itself can say so.
      wire::Get get;
      get.__set_row("-");
      std::vector<wire::RowResult> results;
      client_->getMultiple(results, "hbase:meta", {get});
    });
  }

  void interrupt() override { socket_->interrupt(); }

 private:
  template <class F>
  auto exchange(Scope scope, F&& f) -> Reply<decltype(f())> {
    return behind_wall(scope, std::forward<F>(f));
  }
  template <class F>
  auto about_rows(const std::string& table, Scope scope, F&& f) -> Reply<decltype(f())> {
    auto reply = exchange(scope, std::forward<F>(f));
    if (!reply && may_be_of_missing_table(reply.error(), table)) {
      const auto exists = exchange(Scope::kTable, [&] { return client_->tableExists(named(table)); });
      if (exists && !*exists) return tl::unexpected(table_missing(table));
    }
    return reply;
  }
  void expect_within(std::chrono::milliseconds time) { socket_->setRecvTimeout(static_cast<int>(time.count())); }
  std::string qualified(const std::string& table) const {
    return options_.table_namespace.empty() ? table : options_.table_namespace + ":" + table;
  }
  wire::TableName named(const std::string& table) const { return table_name(options_.table_namespace, table); }

  WireOptions options_;
  std::shared_ptr<Socket> socket_;  // shared, because Thrift's transports hold each other so
  std::unique_ptr<wire::GatewayClient> client_;
};

void to_our_log(const char* message) { log::debug("thrift", {{"message", message}}); }

}  // namespace

ThriftConnector::ThriftConnector(WireOptions options) : options_(std::move(options)) {
  // libthrift writes every refused connection to standard error, unless told where else.
  static std::once_flag once;
  std::call_once(once, [] { apache::thrift::GlobalOutput.setOutputFunction(to_our_log); });
}

Reply<std::unique_ptr<Connection>> ThriftConnector::connect(const Endpoint& gateway) {
  auto connection = std::make_unique<ThriftConnection>(gateway, options_);
  auto greeting = connection->greet();
  if (!greeting) {
    greeting.error().message = to_string(gateway) + ": " + greeting.error().message;
    return tl::unexpected(std::move(greeting.error()));
  }
  return connection;
}

}  // namespace guidepost::hbase
