// The configuration: one TOML file with a section per concern, every key overridable by `--set section.key=value`
// and by GUIDEPOST_SECTION__KEY. Keys are registered once (config_keys.cpp): from there come parsing, messages,
// the effective configuration and docs/configuration.md.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/log.hpp"
#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost {

using Millis = std::chrono::milliseconds;

/// A secret is never in the configuration, only where it is to be found: `file:/path`, `env:NAME`, or
/// `credential:NAME`, a file in the folder that the service manager names in CREDENTIALS_DIRECTORY; empty: none.
struct Secret {
  std::string reference;
  /// The secret, without a newline at its end. Blocks: reads a file. Errors: kNotFound, kInvalidArgument (empty).
  Result<std::string> read() const;
  bool operator==(const Secret&) const = default;
};

enum class StorageKind : std::uint8_t { kEmbedded, kCluster };
enum class KafkaSecurity : std::uint8_t { kPlaintext, kTls, kSaslPlaintext, kSaslTls };
enum class SaslMechanism : std::uint8_t { kPlain, kScramSha256, kScramSha512 };
enum class TableCompression : std::uint8_t { kNone, kSnappy, kLz4, kZstd, kGz };
enum class Claim : std::uint8_t { kNever, kWhenUnmapped };
enum class AcceptMerchants : std::uint8_t { kAny, kListed };

/// `[merchant.<slug>]`: settings of one merchant, until the catalog takes over.
struct MerchantConfig {
  std::uint32_t shards = 1;
  std::string time_zone = "UTC";
  std::vector<std::string> domains;
  std::string currency;
};

/// Words of bots that their makers' agents have, and people's have not.
std::vector<std::string> default_bot_agents();

/// Topics keep records for longer than this many times ingest.window_time: what ingest reads again after a restart.
inline constexpr int kWindowsKept = 4;

/// Every key with its default. Help and ranges: config_keys.cpp; for people: docs/configuration.md.
struct Config {
  struct {
    log::Level level = log::Level::kInfo;
    log::Format format = log::Format::kText;
  } log;
  struct {
    StorageKind kind = StorageKind::kEmbedded;
    std::string data = "guidepost-data";
    bool sync = true;
    bool accept_loss = false;
    Bytes cache = 64_MiB;
  } storage;
  struct {
    std::string prefix;
    std::uint32_t version = 0;
    std::string raw_topic = "clicks.raw";
  } names;
  struct {
    std::uint32_t partitions = 4;
    std::uint32_t replication = 1;
    Millis retention = std::chrono::hours{24 * 7};
    Bytes max_record = 2_MiB;
  } topics;
  struct {
    std::vector<std::string> brokers{"127.0.0.1:9092"};
    KafkaSecurity security = KafkaSecurity::kPlaintext;
    std::string ca_file;
    std::string certificate_file;
    Secret key;
    SaslMechanism sasl_mechanism = SaslMechanism::kScramSha512;
    std::string sasl_username;
    Secret sasl_password;
    std::string member;
    Millis request_timeout = std::chrono::seconds{10};
    Bytes prefetch = 4_MiB;
  } kafka;
  struct {
    std::vector<std::string> gateways{"127.0.0.1:9090"};
    std::vector<std::string> ddl_gateways{"127.0.0.1:9091"};
    bool framed = true;
    bool compact = true;
    std::uint32_t connections = 8;
    Millis connect_timeout = std::chrono::seconds{2};
    Millis call_timeout = std::chrono::seconds{40};
    Millis deadline = std::chrono::seconds{60};
    Millis idle = std::chrono::seconds{45};
    std::uint32_t batch_rows = 500;
    Bytes batch_bytes = 1_MiB;
    Bytes max_message = 256_MiB;
    TableCompression compression = TableCompression::kNone;
    std::uint32_t regions = 1;
  } hbase;
  struct {
    std::uint32_t block_events = 1000;
    Bytes block_bytes = Bytes{512 * 1024};
    Millis block_time = Millis{200};
    std::uint64_t dedupe_window = 1'000'000;
    Millis window_time = std::chrono::hours{24};
    Bytes window_memory = 2048_MiB;
    Bytes in_flight = 16_MiB;
    Millis commit_interval = std::chrono::seconds{1};
    std::uint32_t threads = 1;
    std::string default_merchant;
    std::string default_currency;
    std::string accept_topic_id;
    bool accept_cut_window = false;
  } ingest;
  struct {
    Millis gap = std::chrono::minutes{30};
    std::uint64_t reach = 1'000'000;
    std::uint32_t events = 256;
    std::uint32_t bot_events = 240;
    Millis bot_window = std::chrono::minutes{1};
    Bytes memory = 64_MiB;
  } sessions;
  struct {
    Bytes page_memory = 256_MiB;
    Bytes in_flight = 32_MiB;
    Millis commit_interval = std::chrono::seconds{1};
    std::uint32_t threads = 1;
  } aggregate;
  struct {
    Bytes chunk_bytes = 64_KiB;
    std::uint32_t max_bits = 6;
    std::uint64_t min_dirty = 64;
    std::uint64_t dirty_share = 8;
    Millis max_age = std::chrono::seconds{60};
  } rollup;
  struct {
    Bytes cache = 64_MiB;
    Claim claim = Claim::kWhenUnmapped;
    Millis stitch_window = std::chrono::hours{24 * 30};
    Millis refresh_lease = std::chrono::minutes{1};
  } identity;
  struct {
    std::string geo_file;
    std::string user_agent_file;
    Bytes user_agent_cache = 16_MiB;
    std::vector<std::string> bot_agents = default_bot_agents();
    std::vector<std::string> bot_addresses;
    bool no_agent_is_bot = true;
    std::vector<std::string> search_domains;
    std::vector<std::string> social_domains;
    std::vector<std::string> mail_domains;
  } enrich;
  struct {
    Bytes event = 64_KiB;
    std::uint32_t url_bytes = 2048;
    std::uint32_t id_bytes = 128;
    std::uint32_t properties_keys = 64;
    Bytes properties = 8_KiB;
    std::uint32_t depth = 8;
    Millis max_age = std::chrono::hours{24 * 7};
    Millis max_future = std::chrono::minutes{10};
    std::uint32_t http_events = 1000;
    Bytes http_body = 1_MiB;
  } limits;
  struct {
    std::string listen = "127.0.0.1:8080";
    std::uint32_t connections = 1000;
    std::uint32_t connections_per_address = 100;
    std::uint32_t threads = 1;
    Bytes in_flight = 64_MiB;
    Millis header_timeout = std::chrono::seconds{5};
    Millis body_timeout = std::chrono::seconds{10};
    Millis idle_timeout = std::chrono::seconds{30};
    Millis write_timeout = std::chrono::seconds{15};
    Millis log_timeout = std::chrono::seconds{10};
  } http;
  struct {
    AcceptMerchants accept = AcceptMerchants::kAny;
    std::vector<std::string> listed;
  } merchants;
  std::map<std::string, MerchantConfig> merchant;
  struct {
    std::string merchant = "guidepost-canary";
  } canary;
  struct {
    std::string listen = "127.0.0.1:0";
  } metrics;
  struct {
    Millis drain = std::chrono::seconds{30};
  } process;
};

/// Where settings come from, weakest first: defaults, file, environment, sets.
struct ConfigSources {
  std::optional<std::string> file;                              ///< path of a TOML file
  std::vector<std::pair<std::string, std::string>> environment; ///< variables whose names begin with GUIDEPOST_
  std::vector<std::string> sets;                                ///< `section.key=value`
};

/// The process's variables that begin with GUIDEPOST_.
std::vector<std::pair<std::string, std::string>> guidepost_environment();

struct LoadedConfig {
  Config config;
  std::map<std::string, std::string> origins;  ///< key -> `FILE:LINE`, `--set`, the variable; absent: default
};

/// Every mistake, one line each: `FILE:LINE: section.key: expected ..., got ...`.
using ConfigErrors = std::vector<std::string>;

/// Blocks: reads the file. Errors: all mistakes at once; nothing is half-applied.
tl::expected<LoadedConfig, ConfigErrors> load_config(const ConfigSources& sources);

/// The effective configuration as a TOML file that would give it again, saying where each changed key came from.
std::string effective_config(const LoadedConfig& loaded);

/// The keys, `section.key` or `merchant.<slug>.key`, in which the two differ.
std::vector<std::string> changed_keys(const Config& one, const Config& other);

/// docs/configuration.md: every key with type, range, default and meaning.
std::string config_reference();

/// Splits `HOST:PORT` (`[::1]:8080` too). Errors: kInvalidArgument.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
Result<HostPort> parse_host_port(std::string_view text);

/// Reads `200ms`, `15s`, `10m`, `24h`, `7d`; nothing where it is none.
std::optional<Millis> parse_duration(std::string_view text);

}  // namespace guidepost
