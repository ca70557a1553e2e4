#include "identity/publish.hpp"

#include <algorithm>

#include "base/caller_executor.hpp"
#include "identity/run_registry.hpp"

namespace guidepost::identity {
namespace {

/// Appends the marker to the partitions [from, to), all at once.
Result<std::vector<MarkerPosition>> append_markers(EventLog& log, const std::string& topic, const RunMarker& marker,
                                                   std::int32_t from, std::int32_t to, const Patience& patience) {
  ProducerOptions options;
  options.give_up_after = patience.give_up_after;
  CallerExecutor executor;
  const auto producer = log.producer(options);
  std::vector<MarkerPosition> markers;
  std::optional<Error> error;
  std::int32_t open = to - from;
  for (std::int32_t p = from; p < to; ++p) {
    const Partition partition{p};
    NewRecord record{{topic, partition}, std::string(kControlKey), encode_marker(marker), std::nullopt};
    producer->append(std::move(record), Completion<Offset>(executor, [&, partition](Result<Offset> offset) {
                       --open;
                       if (offset) {
                         markers.push_back({partition, *offset});
                       } else if (!error) {
                         error = std::move(offset.error());
                       }
                     }));
  }
  executor.run_until([&] { return open == 0; });
  if (error) return tl::unexpected(std::move(*error));
  std::sort(markers.begin(), markers.end(), [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return markers;
}

}  // namespace

Result<Published> publish_latest_marker(TableStore& tables, EventLog& log, const Names& names,
                                        const Patience& patience) {
  RunRegistry registry(tables, names.state(), patience);
  const auto runs = registry.all();
  if (!runs) return tl::unexpected(runs.error());
  const auto latest =
      std::find_if(runs->rbegin(), runs->rend(), [](const RunRecord& r) { return r.status == RunStatus::kComplete; });
  Published published;
  if (latest == runs->rend()) return published;
  published.run = latest->run;

  const auto topic = await_patiently<std::optional<TopicState>>(
      patience, [&](auto done) { log.describe_topic(names.raw_topic(), std::move(done)); });
  if (!topic) return tl::unexpected(topic.error());
  if (!*topic)
    return fail(ErrorCode::kNotFound, "there is no topic " + names.raw_topic() + ": `guidepost init` makes it");
  const auto have = registry.published(latest->run, (*topic)->id);
  if (!have) return tl::unexpected(have.error());
  if (*have >= (*topic)->partitions) return published;
  auto markers = append_markers(log, names.raw_topic(), latest->marker, *have, (*topic)->partitions, patience);
  if (!markers) return tl::unexpected(std::move(markers.error()));
  published.markers = std::move(*markers);
  if (auto noted = registry.set_published(latest->run, (*topic)->id, (*topic)->partitions); !noted) {
    return tl::unexpected(std::move(noted.error()));
  }
  return published;
}

}  // namespace guidepost::identity
