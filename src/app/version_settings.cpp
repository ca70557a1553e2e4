#include "app/version_settings.hpp"

#include "app/ask.hpp"
#include "app/options.hpp"
#include "app/sources.hpp"
#include "worker/ingest/ingest_recovery.hpp"
#include "worker/ingest/ingest_rules.hpp"

namespace guidepost::app {

std::string_view to_string(Settings settings) {
  switch (settings) {
    case Settings::kNow:
      return "those of now";
    case Settings::kSince:
      return "those of now, others before";
    case Settings::kOthers:
      return "others";
    case Settings::kUnknown:
      break;
  }
  return "-";
}

Result<RulesHash> rules_of_now(const Node& node) {
  const auto options = ingest_options_of(node.config());
  const auto enricher = enrich::Enricher::open(options.enrich);
  if (!enricher) return tl::unexpected(enricher.error());
  return worker::rules_of(event::Decoder(options.limits), *enricher, options);
}

Result<std::map<Partition, event::Era>> eras_of(Node& node, std::uint32_t version, const std::stop_token& cancelled) {
  auto names = node.names();
  names.version = version;
  std::map<Partition, event::Era> eras;
  const auto topic = ask<std::optional<TopicState>>(
      [&](auto done) { node.log().describe_topic(names.raw_topic(), std::move(done)); }, cancelled);
  if (!topic) return tl::unexpected(topic.error());
  for (Partition p{0}; *topic && p.value < (*topic)->partitions; ++p.value) {
    const auto commit = ask<std::optional<Commit>>(
        [&](auto done) { node.log().committed(names.ingest_group(), {names.raw_topic(), p}, std::move(done)); },
        cancelled);
    if (!commit) return tl::unexpected(commit.error());
    const auto known = *commit ? worker::IngestCommit::decode((*commit)->metadata) : std::nullopt;
    // Where nothing was decided, by nothing.
    if (known && (*commit)->position > known->era.from) eras[p] = known->era;
  }
  return eras;
}

Result<Settings> settings_of(Node& node, std::uint32_t version, RulesHash now, const std::stop_token& cancelled) {
  const auto eras = eras_of(node, version, cancelled);
  if (!eras) return tl::unexpected(eras.error());
  if (eras->empty()) return Settings::kUnknown;
  const auto sources = registered_sources(node, cancelled);
  if (!sources) return tl::unexpected(sources.error());
  auto names = node.names();
  names.version = version;
  worker::StateTable state(node.tables(), names);
  bool others_before = false;
  for (const auto& [partition, era] : *eras) {
    if (era.rules != now) return Settings::kOthers;
    bool began_later = false;
    for (const auto& source : *sources) {  // the last one of the partition is the current one
      if (source.partition != partition || source.topic != names.raw_topic()) continue;
      const auto floor = ask<Offset>([&](auto done) { state.floor(source.number, std::move(done)); }, cancelled);
      if (!floor) return tl::unexpected(floor.error());
      began_later = era.from > *floor;
    }
    others_before |= began_later;
  }
  return others_before ? Settings::kSince : Settings::kNow;
}

}  // namespace guidepost::app
