#include <map>
#include <stdexcept>

#include "adapters/hbase/hbase_table_store.hpp"
#include "adapters/kafka/kafka_event_log.hpp"
#include "app/stores.hpp"

namespace guidepost::app {
namespace {

std::string_view protocol_of(KafkaSecurity security) {
  switch (security) {
    case KafkaSecurity::kPlaintext:
      return "plaintext";
    case KafkaSecurity::kTls:
      return "ssl";
    case KafkaSecurity::kSaslPlaintext:
      return "sasl_plaintext";
    case KafkaSecurity::kSaslTls:
      return "sasl_ssl";
  }
  return "plaintext";
}

std::string_view mechanism_of(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::kPlain:
      return "PLAIN";
    case SaslMechanism::kScramSha256:
      return "SCRAM-SHA-256";
    case SaslMechanism::kScramSha512:
      return "SCRAM-SHA-512";
  }
  return "PLAIN";
}

/// Errors: of the secrets.
Result<std::map<std::string, std::string>> security_of(const Config& config) {
  const auto& kafka = config.kafka;
  std::map<std::string, std::string> settings{{"security.protocol", std::string(protocol_of(kafka.security))}};
  if (!kafka.ca_file.empty()) settings["ssl.ca.location"] = kafka.ca_file;
  if (!kafka.certificate_file.empty()) settings["ssl.certificate.location"] = kafka.certificate_file;
  if (!kafka.key.reference.empty()) {
    auto key = kafka.key.read();
    if (!key) return tl::unexpected(key.error());
    settings["ssl.key.pem"] = *std::move(key);
  }
  if (kafka.security == KafkaSecurity::kSaslPlaintext || kafka.security == KafkaSecurity::kSaslTls) {
    auto password = kafka.sasl_password.read();
    if (!password) return tl::unexpected(password.error());
    settings["sasl.mechanism"] = mechanism_of(kafka.sasl_mechanism);
    settings["sasl.username"] = kafka.sasl_username;
    settings["sasl.password"] = *std::move(password);
  }
  return settings;
}

Result<std::unique_ptr<EventLog>> open_kafka(const Config& config) {
  auto security = security_of(config);
  if (!security) return tl::unexpected(security.error());
  kafka::KafkaOptions options;
  for (const auto& broker : config.kafka.brokers) options.brokers += (options.brokers.empty() ? "" : ",") + broker;
  options.security = *std::move(security);
  options.prefetch_per_partition = config.kafka.prefetch;
  options.max_record = config.topics.max_record;
  options.request_timeout = config.kafka.request_timeout;
  try {
    return std::make_unique<kafka::KafkaEventLog>(std::move(options));
  } catch (const std::invalid_argument& wrong) {
    return fail(ErrorCode::kInvalidArgument, wrong.what());
  }
}

std::vector<hbase::Endpoint> endpoints_of(const std::vector<std::string>& addresses) {
  std::vector<hbase::Endpoint> endpoints;
  for (const auto& address : addresses) {
    const auto where = parse_host_port(address).value();  // the configuration takes nothing else
    endpoints.push_back({where.host, where.port});
  }
  return endpoints;
}

std::unique_ptr<TableStore> open_hbase(const Config& config) {
  const auto& from = config.hbase;
  hbase::HBaseOptions options;
  options.gateways = endpoints_of(from.gateways);
  options.ddl_gateways = endpoints_of(from.ddl_gateways);
  options.wire.framing = from.framed ? hbase::Framing::kFramed : hbase::Framing::kUnframed;
  options.wire.protocol = from.compact ? hbase::WireProtocol::kCompact : hbase::WireProtocol::kBinary;
  options.wire.connect_timeout = from.connect_timeout;
  options.wire.request_timeout = from.call_timeout;
  options.wire.max_reply = from.max_message;
  options.connections = from.connections;
  options.batches.put_rows = from.batch_rows;
  options.batches.put_bytes = from.batch_bytes;
  options.retry.deadline = from.deadline;
  options.pool.max_idle = from.idle;
  return std::make_unique<hbase::HBaseTableStore>(std::move(options));
}

}  // namespace

Result<Stores> open_cluster_stores(const Config& config) {
  auto log = open_kafka(config);
  if (!log) return tl::unexpected(log.error());
  Stores stores;
  stores.log = std::move(*log);
  stores.tables = open_hbase(config);
  return stores;
}

}  // namespace guidepost::app
