// A Connection over Apache Thrift: the only place that knows sockets, framing and generated code.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "adapters/hbase/connection.hpp"
#include "guidepost/base/ids.hpp"

namespace guidepost::hbase {

enum class Framing : std::uint8_t { kFramed, kUnframed };
enum class WireProtocol : std::uint8_t { kCompact, kBinary };

/// How one speaks with a gateway. Nothing of it is negotiated: it must be what the gateway was started with.
struct WireOptions {
  Framing framing = Framing::kFramed;
  WireProtocol protocol = WireProtocol::kCompact;
  std::string table_namespace{};  ///< HBase's namespace of all tables; empty: the default one
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds greeting_timeout{5000};  ///< a gateway out of threads accepts and stays silent
  /// Longer than the gateway's hbase.client.operation.timeout (30 s in our configuration), so that it
  /// is the gateway that gives up first, with a reason.
  std::chrono::milliseconds request_timeout{40000};
  Bytes max_reply = 256_MiB;
};

/// Thread: any. Connections hold a copy of what they need.
class ThriftConnector final : public Connector {
 public:
  explicit ThriftConnector(WireOptions options);
  Reply<std::unique_ptr<Connection>> connect(const Endpoint& gateway) override;

 private:
  WireOptions options_;
};

}  // namespace guidepost::hbase
