#include "adapters/hbase/thrift_connection.hpp"

#include <gtest/gtest.h>
#include <hbase_wire/Gateway.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/server/TThreadedServer.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TServerSocket.h>

#include <future>
#include <thread>

namespace guidepost::hbase {
namespace {

using namespace std::chrono_literals;
using namespace apache::thrift;

/// What a gateway of these tests does.
struct Handler final : wire::GatewayNull {
  wire::ServerType::type getThriftServerType() override { return type; }
  void putMultiple(const std::string& table, const std::vector<wire::Put>& rows) override {
    std::lock_guard lock(mutex);
    puts = rows;
    put_table = table;
    if (error) throw *error;
  }
  void getMultiple(std::vector<wire::RowResult>& out, const std::string&, const std::vector<wire::Get>& gets) override {
    for (const auto& get : gets) {
      auto& row = out.emplace_back();
      if (get.row == "absent") continue;
      row.__set_row(get.row);
      wire::ColumnValue cell;
      cell.__set_family("f");
      cell.__set_qualifier("q");
      cell.__set_timestamp(5);
      cell.__set_value(std::string(value_bytes, 'x'));
      row.columns.push_back(cell);
    }
    if (short_by_one) out.pop_back();
  }
  bool tableExists(const wire::TableName&) override { return table_exists; }
  void getTableNamesByPattern(std::vector<wire::TableName>& out, const std::string& p, const bool) override {
    pattern = p;
    for (const auto* name : {"gp.b", "gp.a", "gpxa"}) {
      out.emplace_back().__set_name(name);
      out.back().__set_ns("default");
    }
  }
  void getClusterId(std::string&) override { release.wait(); }

  wire::ServerType::type type = wire::ServerType::THRIFT2;
  std::size_t value_bytes = 3;
  bool short_by_one = false;
  bool table_exists = true;
  std::optional<wire::IOError> error;
  std::string pattern;
  std::promise<void> let_go;
  std::shared_future<void> release = let_go.get_future().share();
  std::mutex mutex;
  std::vector<wire::Put> puts;
  std::string put_table;
};

/// A gateway in a thread of the test, framed and compact, or the opposite. Its connections must be gone before it is.
class Server {
 public:
  explicit Server(std::shared_ptr<Handler> handler, Framing framing = Framing::kFramed)
      : socket_(std::make_shared<transport::TServerSocket>("127.0.0.1", 0)),
        server_(std::make_shared<wire::GatewayProcessor>(std::move(handler)), socket_, transports(framing),
                protocols(framing)) {
    auto started = std::make_shared<Started>();
    auto listening = started->listening.get_future();
    server_.setServerEventHandler(started);
    thread_ = std::thread([this] { server_.serve(); });
    listening.wait();
  }
  ~Server() {
    server_.stop();
    thread_.join();
  }
  Endpoint endpoint() const { return {"127.0.0.1", static_cast<std::uint16_t>(socket_->getPort())}; }

 private:
  static std::shared_ptr<transport::TTransportFactory> transports(Framing framing) {
    if (framing == Framing::kFramed) return std::make_shared<transport::TFramedTransportFactory>();
    return std::make_shared<transport::TBufferedTransportFactory>();
  }
  static std::shared_ptr<protocol::TProtocolFactory> protocols(Framing framing) {
    if (framing == Framing::kFramed) return std::make_shared<protocol::TCompactProtocolFactory>();
    return std::make_shared<protocol::TBinaryProtocolFactory>();
  }
  struct Started final : server::TServerEventHandler {
    void preServe() override { listening.set_value(); }
    std::promise<void> listening;
  };
  std::shared_ptr<transport::TServerSocket> socket_;
  server::TThreadedServer server_;
  std::thread thread_;
};

class ThriftConnectionTest : public ::testing::Test {
 protected:
  Reply<std::unique_ptr<Connection>> connect(WireOptions options = {}) {
    return ThriftConnector(std::move(options)).connect(server.endpoint());
  }

  std::shared_ptr<Handler> handler = std::make_shared<Handler>();
  Server server{handler};
};

const std::vector<RowPut> kPut{{std::string("r\0w", 3), {{"f", "q", 7, "v"}}}};

TEST_F(ThriftConnectionTest, a_put_arrives_with_its_bytes_timestamps_and_a_synced_log) {
  auto connection = connect({.table_namespace = "space"});
  ASSERT_TRUE(connection) << connection.error().message;
  ASSERT_TRUE((*connection)->put("t", kPut));
  EXPECT_EQ(handler->put_table, "space:t");
  ASSERT_EQ(handler->puts.size(), 1U);
  EXPECT_EQ(handler->puts[0].row, std::string("r\0w", 3));
  EXPECT_EQ(handler->puts[0].columns[0].timestamp, 7);
  EXPECT_EQ(handler->puts[0].durability, wire::Durability::SYNC_WAL);
}

TEST_F(ThriftConnectionTest, rows_come_back_with_the_keys_asked_for_also_absent_ones) {
  auto connection = connect();
  const std::vector<RowGet> gets{{"a", {}}, {"absent", {}}};
  auto rows = (*connection)->get("t", gets);
  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[0].cells, (std::vector<Cell>{{"f", "q", 5, "xxx"}}));
  EXPECT_EQ((*rows)[1].key, "absent");
  EXPECT_TRUE((*rows)[1].empty());
}

TEST_F(ThriftConnectionTest, an_answer_of_another_length_is_no_answer) {
  handler->short_by_one = true;
  auto connection = connect();
  const std::vector<RowGet> gets{{"a", {}}, {"b", {}}};
  auto rows = (*connection)->get("t", gets);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().verdict, Verdict::kRetry);
  EXPECT_EQ(rows.error().connection, Reuse::kSpent);
}

TEST_F(ThriftConnectionTest, more_bytes_than_the_limit_of_a_message_go_over_a_connection_in_its_life) {
  auto connection = connect({.max_reply = 2000_B});
  const std::vector<RowGet> gets{{"a", {}}, {"b", {}}, {"c", {}}};
  for (int i = 0; i < 500; ++i) {
    auto rows = (*connection)->get("t", gets);
    ASSERT_TRUE(rows) << i << ": " << rows.error().message;
  }
}

TEST_F(ThriftConnectionTest, also_unframed_and_binary) {
  Server unframed(handler, Framing::kUnframed);
  WireOptions options{.framing = Framing::kUnframed, .protocol = WireProtocol::kBinary, .max_reply = 2000_B};
  auto connection = ThriftConnector(options).connect(unframed.endpoint());
  ASSERT_TRUE(connection) << connection.error().message;
  const std::vector<RowGet> gets{{"a", {}}, {"b", {}}, {"c", {}}};
  for (int i = 0; i < 500; ++i) {
    auto rows = (*connection)->get("t", gets);
    ASSERT_TRUE(rows) << i << ": " << rows.error().message;
  }
}

TEST_F(ThriftConnectionTest, a_reply_over_the_limit_is_told_from_a_broken_one) {
  handler->value_bytes = 200000;
  auto connection = connect({.max_reply = 100000_B});
  const std::vector<RowGet> gets{{"a", {}}};
  auto rows = (*connection)->get("t", gets);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().verdict, Verdict::kTooLarge) << rows.error().message;
  EXPECT_EQ(rows.error().connection, Reuse::kSpent);
}

TEST_F(ThriftConnectionTest, an_io_error_is_sorted_and_leaves_the_connection_usable) {
  handler->error.emplace();
  handler->error->__set_message("Failed 1 action: org.apache.hadoop.hbase.RegionTooBusyException: x: 1 time");
  handler->error->__set_can_retry(true);
  auto connection = connect();
  EXPECT_EQ((*connection)->put("t", kPut).error().reason, "overloaded");
  handler->error.reset();
  EXPECT_TRUE((*connection)->put("t", kPut));
}

TEST_F(ThriftConnectionTest, a_table_missing_is_found_out_where_the_error_says_only_its_name) {
  handler->error.emplace();
  handler->error->__set_message("Failed 1 action: gone: 1 time, servers with issues: null");
  handler->error->__set_can_retry(true);
  auto connection = connect();
  EXPECT_EQ((*connection)->put("gone", kPut).error().code, ErrorCode::kUnavailable) << "it is there";
  handler->table_exists = false;
  EXPECT_EQ((*connection)->put("gone", kPut).error().code, ErrorCode::kNotFound);
}

TEST_F(ThriftConnectionTest, tables_are_listed_by_their_literal_prefix) {
  auto connection = connect();
  auto names = (*connection)->list_tables("gp.");
  ASSERT_TRUE(names);
  EXPECT_EQ(handler->pattern, "gp\\..*");
  EXPECT_EQ(*names, (std::vector<std::string>{"gp.b", "gp.a"}));
}

TEST_F(ThriftConnectionTest, the_older_gateway_is_refused_at_the_door) {
  handler->type = wire::ServerType::THRIFT1;
  auto connection = connect();
  ASSERT_FALSE(connection);
  EXPECT_NE(connection.error().message.find("thrift2"), std::string::npos);
}

TEST_F(ThriftConnectionTest, another_framing_is_noticed_at_the_door) {
  auto connection = connect({.framing = Framing::kUnframed, .greeting_timeout = 200ms});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().outcome, Outcome::kNotApplied);
  EXPECT_EQ(connection.error().verdict, Verdict::kRetry);
}

TEST_F(ThriftConnectionTest, a_gateway_that_stays_silent_times_out) {
  auto connection = connect({.greeting_timeout = 100ms});
  ASSERT_TRUE(connection);
  auto probe = (*connection)->probe();
  ASSERT_FALSE(probe);
  EXPECT_EQ(probe.error().reason, "timed_out");
  handler->let_go.set_value();
}

TEST_F(ThriftConnectionTest, an_interrupt_ends_a_request_under_way) {
  auto connection = connect({.greeting_timeout = 60s});
  ASSERT_TRUE(connection);
  auto probe = std::async(std::launch::async, [&] { return (*connection)->probe(); });
  (*connection)->interrupt();
  auto answer = probe.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().connection, Reuse::kSpent);
  handler->let_go.set_value();
}

TEST(ThriftConnector, says_where_nobody_listens) {
  transport::TServerSocket taken("127.0.0.1", 0);
  taken.listen();
  const Endpoint nobody{"127.0.0.1", static_cast<std::uint16_t>(taken.getPort())};
  taken.close();
  auto connection = ThriftConnector({}).connect(nobody);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().reason, "not_connected");
  EXPECT_EQ(connection.error().outcome, Outcome::kNotApplied);
  EXPECT_NE(connection.error().message.find(to_string(nobody)), std::string::npos);
}

}  // namespace
}  // namespace guidepost::hbase
