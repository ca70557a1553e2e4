#include "base/config_keys.hpp"

#include <arpa/inet.h>
#include <algorithm>
#include <array>
#include <charconv>

#include "base/config_values.hpp"
#include "base/names.hpp"

// The name of a key is the path of its member: written once, it cannot differ.
#define KEY(path) #path, +[](Config& c) -> auto& { return c.path; }
#define MERCHANT_KEY(path) #path, +[](MerchantConfig& c) -> auto& { return c.path; }

namespace guidepost::config {
namespace {

using namespace std::chrono_literals;
constexpr Millis kDay = 24h;

bool is_host_port(const std::string& s) { return parse_host_port(s).has_value(); }
bool is_slug(const std::string& s) { return is_merchant_slug(s); }
bool is_empty_or_slug(const std::string& s) { return s.empty() || is_slug(s); }
bool is_name(const std::string& s) {
  return s.size() <= 100 && std::all_of(s.begin(), s.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
         });
}
bool is_prefix(const std::string& s) { return is_name(s) && (s.empty() || (s.front() != '.' && s.front() != '-')); }
bool is_topic(const std::string& s) { return is_name(s) && !s.empty() && s != "." && s != ".."; }
bool is_set(const std::string& s) { return !s.empty(); }
bool is_domain(const std::string& s) {
  return !s.empty() && s.size() <= 253 && s.find_first_of("/:@ *?#") == std::string::npos && s.front() != '.' &&
         s.back() != '.';
}
bool is_network(const std::string& s) {
  std::array<unsigned char, 16> bytes{};
  const auto slash = s.find('/');
  const auto address = s.substr(0, slash);
  const bool six = inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
  if (!six && inet_pton(AF_INET, address.c_str(), bytes.data()) != 1) return false;
  if (slash == std::string::npos) return true;
  int bits = -1;
  const char* const end = s.data() + s.size();
  const auto read = std::from_chars(s.data() + slash + 1, end, bits);
  return read.ec == std::errc() && read.ptr == end && bits >= 0 && bits <= (six ? 128 : 32);
}
// Which codes there are, the room `event` knows.
bool is_empty_or_code(const std::string& s) {
  return s.empty() || (s.size() == 3 && std::all_of(s.begin(), s.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
}

const Shape kAddress{"an address HOST:PORT", is_host_port};
const Shape kAddresses{"a list of addresses HOST:PORT", is_host_port};
const Shape kCurrency{"a code of ISO 4217 like EUR, or empty", is_empty_or_code};
const Shape kFile{"a path, or empty for none"};
const Shape kWords{"a list of words", is_set};
const Shape kDomains{"a list of domains, such as shop.example", is_domain};
const Shape kNetworks{"a list of addresses and networks, such as 192.0.2.0/24", is_network};

std::vector<Key<Config>> outside_keys() {
  return {
      choice(KEY(log.level),
             {{"debug", log::Level::kDebug},
              {"info", log::Level::kInfo},
              {"warn", log::Level::kWarn},
              {"error", log::Level::kError}},
             "The least severity that is logged."),
      choice(KEY(log.format), {{"text", log::Format::kText}, {"json", log::Format::kJson}},
             "One line an event: key=value, or a JSON object."),

      choice(KEY(storage.kind), {{"embedded", StorageKind::kEmbedded}, {"cluster", StorageKind::kCluster}},
             "Where everything is kept: in a folder of this machine, or in Kafka and HBase."),
      text(KEY(storage.data), "The folder of the embedded stores; `--data` sets it.", {"a path", is_set}),
      flag(KEY(storage.sync), "Whether the embedded stores answer a write only after it is on the disk (fsync)."),
      flag(KEY(storage.accept_loss),
           "Whether embedded stores whose newest writes cannot be read open without them; for one start."),
      size(KEY(storage.cache), 1_MiB, Bytes{1ULL << 40}, "Memory for the embedded stores' blocks."),

      text(KEY(names.prefix),
           "Put before the names of all topics, groups and tables; sets installations apart on the same servers.",
           {"at most 100 of a-z 0-9 . _ -", is_prefix}),
      number(
          KEY(names.version), 0, 1'000'000,
          "The version of the outputs to work on and to read; 0: the published one, also when `replay` publishes another."),
      text(KEY(names.raw_topic), "The topic that events come in by, without the prefix.",
           {"a topic's name of a-z 0-9 . _ -", is_topic}),

      number(KEY(topics.partitions), 1, 10'000, "Partitions of the topics that `init` makes."),
      number(KEY(topics.replication), 1, 10, "Copies of each partition in Kafka."),
      duration(KEY(topics.retention), 1h, 3650 * kDay,
               "How long the topics that `init` makes keep records; longer than four times ingest.window_time."),
      size(KEY(topics.max_record), 64_KiB, 64_MiB, "The largest record of the topics that `init` makes."),

      list(KEY(kafka.brokers), "Kafka brokers to ask first.", kAddresses),
      choice(KEY(kafka.security),
             {{"plaintext", KafkaSecurity::kPlaintext},
              {"tls", KafkaSecurity::kTls},
              {"sasl_plaintext", KafkaSecurity::kSaslPlaintext},
              {"sasl_tls", KafkaSecurity::kSaslTls}},
             "How connections to Kafka are protected."),
      text(KEY(kafka.ca_file), "Certificates that the brokers' ones are checked with; empty: the system's.", kFile),
      text(KEY(kafka.certificate_file), "This client's certificate, where the brokers ask for one.", kFile),
      secret(KEY(kafka.key), "The key of this client's certificate, PEM."),
      choice(KEY(kafka.sasl_mechanism),
             {{"plain", SaslMechanism::kPlain},
              {"scram-sha-256", SaslMechanism::kScramSha256},
              {"scram-sha-512", SaslMechanism::kScramSha512}},
             "How this client proves who it is."),
      text(KEY(kafka.sasl_username), "Who this client is."),
      secret(KEY(kafka.sasl_password), "The password of kafka.sasl_username."),
      text(KEY(kafka.member),
           "A fixed name of this process in its consumer group, so that a restart keeps its partitions; empty: none.",
           {"at most 100 of a-z 0-9 . _ -", is_name}),
      duration(KEY(kafka.request_timeout), 1s, 10min, "How long one request to Kafka may take."),
      size(KEY(kafka.prefetch), 64_KiB, Bytes{1ULL << 30}, "Memory for records fetched ahead, for each partition."),

      list(KEY(hbase.gateways), "HBase Thrift2 gateways for data; with two or more one may be away.", kAddresses),
      list(KEY(hbase.ddl_gateways),
           "Gateways that tables are made by: unframed ones, for framed gateways spoil split keys.", kAddresses),
      flag(KEY(hbase.framed), "Whether hbase.gateways speak the framed transport (`-f`)."),
      flag(KEY(hbase.compact),
           "Whether the gateways speak the compact protocol (`-c`); hbase.ddl_gateways speak the binary one."),
      number(KEY(hbase.connections), 1, 256,
             "Connections to the gateways, together; each carries one request at a time."),
      duration(KEY(hbase.connect_timeout), 50ms, 1min, "How long connecting to a gateway may take."),
      duration(KEY(hbase.call_timeout), 1s, 10min, "How long one call may take; longer than HBase's own time-outs."),
      duration(KEY(hbase.deadline), 1s, 1h,
               "How long a call is tried again before its caller is told; stages then go on trying."),
      duration(KEY(hbase.idle), 1s, 55s,
               "After how long unused a connection is closed: gateways drop them at a minute."),
      number(KEY(hbase.batch_rows), 1, 10'000, "Rows of one call at most."),
      size(KEY(hbase.batch_bytes), 64_KiB, 32_MiB, "Bytes of one call at most; below the gateways' frame limit."),
      size(KEY(hbase.max_message), 16_MiB, 1024_MiB, "The largest answer that is read."),
      choice(KEY(hbase.compression),
             {{"none", TableCompression::kNone},
              {"snappy", TableCompression::kSnappy},
              {"lz4", TableCompression::kLz4},
              {"zstd", TableCompression::kZstd},
              {"gz", TableCompression::kGz}},
             "Compression of the tables that `init` makes."),
      number(KEY(hbase.regions), 1, 256, "Regions that `init` cuts the large tables into."),
  };
}

std::vector<Key<Config>> stage_keys() {
  return {
      number(KEY(ingest.block_events), 1, 100'000, "Events of a block at most."),
      size(KEY(ingest.block_bytes), 1_KiB, 1_MiB, "Bytes of a block about at most; below topics.max_record."),
      duration(KEY(ingest.block_time), 1ms, 1min, "After how long a block goes out though it is not full."),
      number(KEY(ingest.dedupe_window), 0, 1'000'000'000, "How many offsets back a repeated event is recognised."),
      duration(KEY(ingest.window_time), 1min, 365 * kDay, "How far back in the log's time that window reaches."),
      size(
          KEY(ingest.window_memory), 1_MiB, Bytes{1ULL << 40},
          "Memory for the windows of all partitions: 128 bytes an offset of ingest.dedupe_window at most, and sessions.memory; what may not fit is refused at start."),
      size(KEY(ingest.in_flight), 1_MiB, Bytes{16ULL << 30},
           "Blocks of a partition that the log has not acknowledged, at most."),
      duration(KEY(ingest.commit_interval), 10ms, 10min, "How often positions are committed."),
      number(KEY(ingest.threads), 1, 64, "Threads that partitions are spread over."),
      text(KEY(ingest.default_merchant), "The merchant of events that name none; empty: such events are bad.",
           {"a slug of 1-40 characters a-z 0-9 . _ -, or empty", is_empty_or_slug}),
      text(KEY(ingest.default_currency),
           "The currency of revenue that names none, where its merchant has none; empty: such revenue is bad.",
           kCurrency),
      text(
          KEY(ingest.accept_topic_id),
          "Where the raw topic was deleted and made again: the id of the new one that may be worked on, as `status` shows it."),
      flag(
          KEY(ingest.accept_cut_window),
          "Whether ingest goes on where the log lacks records that its windows may reach: repeats of those count as new, and their sessions begin anew."),

      duration(KEY(sessions.gap), 1min, 24h, "A session of a device ends where it does nothing for longer than this."),
      number(KEY(sessions.reach), 0, 1'000'000'000,
             "How many offsets back an event still meets those of its device; ingest.window_time limits it as well."),
      number(KEY(sessions.events), 1, 10'000,
             "Events of a device that a new one is compared with at most, the last ones."),
      number(
          KEY(sessions.bot_events), 0, 10'000,
          "A device is a bot while it does so many things within sessions.bot_window; at most sessions.events; 0: never."),
      duration(KEY(sessions.bot_window), 1s, 1h, "The time that goes with sessions.bot_events."),
      size(KEY(sessions.memory), 64_KiB, Bytes{64ULL << 30},
           "Memory of a partition for the events within reach; where they need more it is the newest that are kept."),

      size(KEY(aggregate.page_memory), 1_MiB, Bytes{1ULL << 40},
           "Memory for the pages of a partition; clean ones make room."),
      size(KEY(aggregate.in_flight), 64_KiB, Bytes{16ULL << 30},
           "Bytes of a partition on their way to the table store, at most."),
      duration(KEY(aggregate.commit_interval), 10ms, 10min, "How often positions are committed."),
      number(KEY(aggregate.threads), 1, 64, "Threads that partitions are spread over."),

      size(KEY(rollup.chunk_bytes), 1_KiB, 1_MiB, "Size of a chunk of a page over which the page splits."),
      number(KEY(rollup.max_bits), 0, 6,
             "A page has at most two to the power of this chunks of values, then new values fold into (other)."),
      number(KEY(rollup.min_dirty), 1, 100'000'000, "A page is written after this many changes,"),
      number(KEY(rollup.dirty_share), 1, 1'000'000, "or after one to this many of its events, whichever is more,"),
      duration(KEY(rollup.max_age), 10ms, 1h,
               "or when a change has waited for so long; on embedded stores 5s where nothing is set."),

      size(KEY(identity.cache), 64_KiB, Bytes{1ULL << 40}, "Memory for mappings looked up, of each thread."),
      choice(KEY(identity.claim), {{"never", Claim::kNever}, {"when_unmapped", Claim::kWhenUnmapped}},
             "When the customer that an event itself names is believed."),
      duration(KEY(identity.stitch_window), 0ms, 3650 * kDay,
               "How long before its first mapping an event still belongs to that customer."),
      duration(KEY(identity.refresh_lease), 1s, 1h,
               "After how long without a sign of life a refresh is taken to be dead by the next one."),

      text(KEY(enrich.geo_file),
           "A MaxMind-format file of countries, regions and cities by address; empty: the event's own country.", kFile),
      text(KEY(enrich.user_agent_file),
           "Another edition of uap-core's regexes.yaml than the one in the program; empty: that one.", kFile),
      size(KEY(enrich.user_agent_cache), 64_KiB, Bytes{1ULL << 30}, "Memory for agents looked up, of each thread."),
      list(KEY(enrich.bot_agents),
           "Words that, in whatever case, make a user agent a bot's, besides what uap-core knows as one.", kWords),
      list(KEY(enrich.bot_addresses), "Addresses and networks whose events are bots'.", kNetworks),
      flag(KEY(enrich.no_agent_is_bot), "Whether an event of a device without a user agent is a bot's."),
      list(KEY(enrich.search_domains), "Search engines, besides the known ones.", kDomains),
      list(KEY(enrich.social_domains), "Social networks, besides the known ones.", kDomains),
      list(KEY(enrich.mail_domains), "Mail readers, besides the known ones.", kDomains),
  };
}

std::vector<Key<Config>> edge_keys() {
  return {
      size(KEY(limits.event), 1_KiB, 1_MiB, "An event."),
      number(KEY(limits.url_bytes), 64, 65'536, "A url; what is longer is cut and flagged."),
      number(KEY(limits.id_bytes), 16, 1024, "An event's id, guid and customer."),
      number(KEY(limits.properties_keys), 0, 4096, "Keys of an event's properties."),
      size(KEY(limits.properties), 0_B, 256_KiB, "An event's properties."),
      number(KEY(limits.depth), 2, 64, "How deep an event's JSON may be nested."),
      duration(KEY(limits.max_age), 1min, 36500 * kDay,
               "How old an event may be when it arrives; older ones are bad (too_late)."),
      duration(KEY(limits.max_future), 0ms, 365 * kDay, "How far ahead of its arrival an event's time may be."),
      number(KEY(limits.http_events), 1, 100'000, "Events of one HTTP request."),
      size(KEY(limits.http_body), 1_KiB, 64_MiB, "The body of one HTTP request."),

      text(KEY(http.listen), "Where `up` takes events and questions; port 0: any free one.", kAddress),
      number(KEY(http.connections), 1, 100'000, "Open connections at most."),
      number(KEY(http.connections_per_address), 1, 100'000, "Open connections of one address at most."),
      number(KEY(http.threads), 1, 64, "Threads that read and answer."),
      size(KEY(http.in_flight), 1_MiB, Bytes{64ULL << 30},
           "Bytes of requests that wait for the log at most; more get 503."),
      duration(KEY(http.header_timeout), 100ms, 10min, "How long a request's head may take."),
      duration(KEY(http.body_timeout), 100ms, 10min, "How long a request's body may take."),
      duration(KEY(http.idle_timeout), 100ms, 1h, "How long a connection may wait for its next request."),
      duration(KEY(http.write_timeout), 100ms, 10min, "How long a peer may take to read an answer."),
      duration(KEY(http.log_timeout), 100ms, 10min, "How long events wait for the log before the sender gets 503."),

      choice(KEY(merchants.accept), {{"any", AcceptMerchants::kAny}, {"listed", AcceptMerchants::kListed}},
             "Whether events of merchants that are not listed are accepted."),
      list(KEY(merchants.listed), "The merchants accepted with `listed`, besides those with a section of their own.",
           {"a list of merchants", is_slug}),

      text(KEY(canary.merchant),
           "The merchant whose events `canary` sends; nobody else's. Its `shards` say how many partitions they go to.",
           {"a merchant, 1-40 characters of a-z, 0-9, '.', '_' and '-'", is_slug}),

      text(KEY(metrics.listen), "Where a daemon shows /metrics and /health; port 0: any free one, it is logged.",
           kAddress),

      duration(KEY(process.drain), 1s, 10min, "How long a daemon may take to finish its work after SIGTERM."),
  };
}

}  // namespace

const std::vector<Key<Config>>& keys() {
  static const auto all = [] {
    auto list = outside_keys();
    for (auto& more : {stage_keys(), edge_keys()}) list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

const std::vector<Key<MerchantConfig>>& merchant_keys() {
  static const std::vector<Key<MerchantConfig>> all{
      number(MERCHANT_KEY(shards), 1, 10'000,
             "Over how many partitions the merchant's events are spread; a change moves GUIDs."),
      text(MERCHANT_KEY(time_zone), "The time zone of the merchant's days where a question names none.",
           {"the name of a time zone", is_set}),
      list(MERCHANT_KEY(domains), "The merchant's own sites: coming from them or their subdomains is internal.",
           kDomains),
      text(MERCHANT_KEY(currency),
           "The currency of the merchant's revenue that names none; empty: ingest.default_currency.", kCurrency),
  };
  return all;
}

const std::vector<Section>& sections() {
  static const std::vector<Section> all{
      {"log", "The program's own log, on standard error."},
      {"storage", "Where events and results are kept."},
      {"names", "Names of topics, groups and tables."},
      {"topics", "What `init` makes."},
      {"kafka", "The event log of a cluster."},
      {"hbase", "The table store of a cluster."},
      {"ingest", "Deciding: windows and blocks."},
      {"sessions", "Visits: where one ends, and how far back events are remembered for them."},
      {"aggregate", "Applying: pages and flushes."},
      {"rollup", "Pages: when they split, and when they are written."},
      {"identity", "Who a GUID belongs to."},
      {"enrich", "What is added to events."},
      {"limits", "What is accepted, for everything that comes in."},
      {"http", "The listener."},
      {"merchants", "Which merchants are known."},
      {"canary", "Events of our own, sent to see that all get through."},
      {"metrics", "What a daemon tells of itself."},
      {"process", "The process."},
  };
  return all;
}

}  // namespace guidepost::config
