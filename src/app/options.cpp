#include "app/options.hpp"

#include <unistd.h>

#include <algorithm>

namespace guidepost::app {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

Names names_of(const Config& config) {
  return {.prefix = config.names.prefix,
          .version = std::max(1U, config.names.version),
          .raw_topic_name = config.names.raw_topic};
}

namespace {

TopicSpec topic_of(const Config& config, std::string name) {
  return {.name = std::move(name),
          .partitions = static_cast<std::int32_t>(config.topics.partitions),
          .replication = static_cast<std::int16_t>(config.topics.replication),
          .retention = config.topics.retention,
          .max_record = config.topics.max_record,
          .log_append_time = true};
}

enrich::EnrichOptions enrich_options_of(const Config& config) {
  enrich::EnrichOptions options{.geo_file = config.enrich.geo_file,
                                .user_agent_file = config.enrich.user_agent_file,
                                .user_agent_cache = config.enrich.user_agent_cache,
                                .bot_agents = config.enrich.bot_agents,
                                .bot_addresses = config.enrich.bot_addresses,
                                .no_agent_is_bot = config.enrich.no_agent_is_bot,
                                .domains = {.search = config.enrich.search_domains,
                                            .social = config.enrich.social_domains,
                                            .mail = config.enrich.mail_domains,
                                            .of_merchants = {}}};
  for (const auto& [slug, settings] : config.merchant) {
    if (!settings.domains.empty()) options.domains.of_merchants[slug] = settings.domains;
  }
  return options;
}

}  // namespace

TopicSpec raw_topic_of(const Config& config) { return topic_of(config, names_of(config).raw_topic()); }
TopicSpec resolved_topic_of(const Config& config) { return topic_of(config, names_of(config).resolved_topic()); }

worker::TableOptions table_options_of(const Config& config) {
  worker::TableOptions options;
  switch (config.hbase.compression) {
    case TableCompression::kNone:
      options.compression = Compression::kNone;
      break;
    case TableCompression::kSnappy:
      options.compression = Compression::kSnappy;
      break;
    case TableCompression::kLz4:
      options.compression = Compression::kLz4;
      break;
    case TableCompression::kZstd:
      options.compression = Compression::kZstd;
      break;
    case TableCompression::kGz:
      options.compression = Compression::kGz;
      break;
  }
  options.regions = static_cast<int>(config.hbase.regions);
  return options;
}

worker::RoleOptions ingest_role_of(const Config& config) {
  return {.names = names_of(config), .member = config.kafka.member, .threads = static_cast<int>(config.ingest.threads)};
}

worker::RoleOptions aggregate_role_of(const Config& config) {
  return {
      .names = names_of(config), .member = config.kafka.member, .threads = static_cast<int>(config.aggregate.threads)};
}

event::EventLimits event_limits_of(const Config& config) {
  event::EventLimits limits{.event = config.limits.event,
                            .url_chars = config.limits.url_bytes,
                            .id_bytes = config.limits.id_bytes,
                            .properties_keys = config.limits.properties_keys,
                            .properties = config.limits.properties,
                            .depth = config.limits.depth,
                            .max_age = config.limits.max_age,
                            .max_future = config.limits.max_future,
                            .default_merchant = config.ingest.default_merchant,
                            .listed_merchants = {},
                            .merchant_currencies = {},
                            .default_currency = config.ingest.default_currency};
  for (const auto& [slug, settings] : config.merchant) {
    if (!settings.currency.empty()) limits.merchant_currencies.emplace(slug, settings.currency);
  }
  if (config.merchants.accept == AcceptMerchants::kListed) {
    limits.listed_merchants = config.merchants.listed;
    for (const auto& [slug, settings] : config.merchant) limits.listed_merchants.push_back(slug);
    std::sort(limits.listed_merchants.begin(), limits.listed_merchants.end());
  }
  return limits;
}

worker::IngestOptions ingest_options_of(const Config& config) {
  const auto claim =
      config.identity.claim == Claim::kNever ? identity::ClaimPolicy::kNever : identity::ClaimPolicy::kWhenUnmapped;
  worker::IngestOptions options;
  options.limits = event_limits_of(config);
  options.enrich = enrich_options_of(config);
  options.resolve = {.stitch_window = config.identity.stitch_window, .claim = claim};
  options.dedupe_offsets = static_cast<std::int64_t>(config.ingest.dedupe_window);
  options.dedupe_horizon = std::chrono::floor<std::chrono::seconds>(config.ingest.window_time);
  options.sessions = {.gap = config.sessions.gap,
                      .offsets = static_cast<std::int64_t>(config.sessions.reach),
                      .horizon = options.dedupe_horizon,
                      .memory = config.sessions.memory,
                      .events = config.sessions.events,
                      .bot_events = config.sessions.bot_events,
                      .bot_window = config.sessions.bot_window};
  options.block = {
      .events = config.ingest.block_events,
      .bytes = config.ingest.block_bytes,
      .age = config.ingest.block_time,
      .encoded = Bytes{config.topics.max_record.value - std::min(config.topics.max_record.value / 8, (64_KiB).value)}};
  static_assert(worker::kHorizonsRead == kWindowsKept);
  options.max_unacknowledged = config.ingest.in_flight;
  options.commit_interval = config.ingest.commit_interval;
  options.accept_topic_id = config.ingest.accept_topic_id;
  options.accept_cut_window = config.ingest.accept_cut_window;
  options.mapping_cache = config.identity.cache;
  return options;
}

worker::AggregateOptions aggregate_options_of(const Config& config) {
  worker::AggregateOptions options;
  options.page = {.chunk_bytes = config.rollup.chunk_bytes,
                  .max_bits = static_cast<std::uint8_t>(config.rollup.max_bits)};
  options.flush = {
      .min_dirty = config.rollup.min_dirty, .dirty_share = config.rollup.dirty_share, .max_age = config.rollup.max_age};
  options.page_memory = config.aggregate.page_memory;
  options.max_outstanding = config.aggregate.in_flight;
  options.commit_interval = config.aggregate.commit_interval;
  options.tables = table_options_of(config);
  options.writer = config.kafka.member.empty() ? host_name() : config.kafka.member;
  return options;
}

http::ServerOptions server_options_of(const Config& config, const std::string& address) {
  const auto where = parse_host_port(address).value();
  http::ServerOptions options;
  options.host = where.host;
  options.port = where.port;
  options.limits.body = config.limits.http_body;
  options.threads = config.http.threads;
  options.connections = config.http.connections;
  options.connections_per_address = config.http.connections_per_address;
  options.in_flight = config.http.in_flight;
  options.header_timeout = config.http.header_timeout;
  options.body_timeout = config.http.body_timeout;
  options.idle_timeout = config.http.idle_timeout;
  options.write_timeout = config.http.write_timeout;
  return options;
}

}  // namespace guidepost::app
