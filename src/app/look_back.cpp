#include "app/look_back.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "app/ask.hpp"
#include "app/compared_versions.hpp"
#include "app/sources.hpp"
#include "base/text.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {
namespace {

/// Which version was read, and since when the one after it is.
struct ReadThen {
  std::uint32_t version = 1;
  TimeMs until = TimeMs::max();
};

Result<ReadThen> version_at(Node& node, TimeMs moment, const std::stop_token& cancelled) {
  // Who reads a version of his own choice is asked about that one.
  if (node.config().names.version != 0) return ReadThen{node.names().version};
  worker::VersionTable table(node.tables(), node.names());
  const auto all =
      ask<std::vector<worker::Publication>>([&](auto done) { table.publications(std::move(done)); }, cancelled);
  if (!all) return tl::unexpected(all.error());
  if (all->empty()) {
    const auto published = ask<worker::Published>([&](auto done) { table.published(std::move(done)); }, cancelled);
    if (!published) return tl::unexpected(published.error());
    if (published->number > 0)
      return fail(ErrorCode::kOutOfRange, "when the version that is read was published was not recorded");
    return ReadThen{node.names().version};
  }
  ReadThen then{all->front().what.previous, all->front().when};
  if (moment < all->front().when && all->front().what.number > 1) {
    return fail(ErrorCode::kOutOfRange, "which version was read is known since " + text::rfc3339(all->front().when));
  }
  for (const auto& publication : *all) {
    if (publication.when > moment) break;
    then = {publication.what.version, TimeMs::max()};
    const auto next = &publication + 1;
    if (next != all->data() + all->size()) then.until = next->when;
  }
  return then;
}

Result<query::CountedThen> counted_then(worker::StateTable& state, SourceId source, TimeMs moment, TimeMs now,
                                        const std::stop_token& cancelled) {
  const auto history =
      ask<worker::PositionHistory>([&](auto done) { state.history(source, std::move(done)); }, cancelled);
  if (!history) return tl::unexpected(history.error());
  if (!history->empty()) {
    return history->at(moment, now).map([](const worker::RecordedPosition& recorded) {
      return query::CountedThen{recorded.offset, recorded.at, recorded.by};
    });
  }
  const auto durable = ask<std::optional<worker::DurablePosition>>(
      [&](auto done) { state.durable(source, std::move(done)); }, cancelled);
  if (!durable) return tl::unexpected(durable.error());
  if (*durable)
    return fail(ErrorCode::kOutOfRange,
                fmt::format("what had been counted of source {} was not recorded", source.value));
  const auto floor = ask<Offset>([&](auto done) { state.floor(source, std::move(done)); }, cancelled);
  return floor.map([&](Offset offset) { return query::CountedThen{offset, moment, {}}; });
}

}  // namespace

Result<query::Then> look_back(Node& node, TimeMs moment, TimeMs now, const std::stop_token& cancelled) {
  const auto version = version_at(node, moment, cancelled);
  if (!version) return tl::unexpected(version.error());
  query::Then then{.moment = moment, .resolution = worker::resolution_at(moment, now), .names = node.names()};
  then.names.version = version->version;
  if (version->version != node.names().version) then.published = version->until;
  const auto stored = has_events(node, then.names, cancelled);
  if (!stored) return tl::unexpected(stored.error());
  then.stored = *stored || version->version == node.names().version;
  const auto sources = registered_sources(node, cancelled);
  if (!sources) return tl::unexpected(sources.error());
  worker::StateTable state(node.tables(), then.names);
  for (const auto& source : *sources) {
    auto counted = counted_then(state, source.number, moment, now, cancelled);
    if (!counted) return tl::unexpected(counted.error());
    then.sources[source.number] = *std::move(counted);
  }
  return then;
}

}  // namespace guidepost::app
