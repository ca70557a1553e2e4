#include "app/counted.hpp"

#include "app/ask.hpp"
#include "worker/state_table.hpp"

namespace guidepost::app {

Result<std::vector<Offset>> raw_ends(EventLog& log, const Names& names) {
  const auto topic =
      await<std::optional<TopicState>>([&](auto done) { log.describe_topic(names.raw_topic(), std::move(done)); });
  if (!topic) return tl::unexpected(topic.error());
  if (!*topic)
    return fail(ErrorCode::kNotFound, "there is no topic " + names.raw_topic() + ": run `guidepost init` first");
  std::vector<Offset> ends;
  for (std::int32_t p = 0; p < (*topic)->partitions; ++p) {
    const auto bounds =
        await<LogBounds>([&](auto done) { log.bounds({names.raw_topic(), Partition{p}}, std::move(done)); });
    if (!bounds) return tl::unexpected(bounds.error());
    ends.push_back(bounds->end);
  }
  return ends;
}

Result<void> wait_until_counted(EventLog& log, TableStore& tables, const Names& names, const std::vector<Offset>& ends,
                                const std::function<void()>& flush, const std::function<void(std::uint64_t)>& progress,
                                const std::stop_token& cancelled) {
  worker::StateTable state(tables, names);
  const auto topic =
      await<std::optional<TopicState>>([&](auto done) { log.describe_topic(names.raw_topic(), std::move(done)); });
  if (!topic) return tl::unexpected(topic.error());
  const auto topic_id = *topic ? (*topic)->id : std::string();
  const auto missing_of = [&](std::int64_t done_to, std::size_t partition) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, ends[partition].value - done_to));
  };
  while (true) {
    const auto sources = await<std::vector<worker::Source>>([&](auto done) { state.sources(std::move(done)); });
    if (!sources && !sources.error().retryable()) return tl::unexpected(sources.error());
    std::vector<std::uint64_t> missing;
    missing.reserve(ends.size());
    for (const auto end : ends) missing.push_back(static_cast<std::uint64_t>(end.value));
    for (const auto& source : sources.value_or(std::vector<worker::Source>{})) {
      const auto at = static_cast<std::size_t>(source.partition.value);
      if (source.topic != names.raw_topic() || source.topic_id != topic_id || at >= ends.size()) continue;
      const auto durable = await<std::optional<worker::DurablePosition>>(
          [&](auto done) { state.durable(source.number, std::move(done)); });
      if (!durable && !durable.error().retryable()) return tl::unexpected(durable.error());
      if (!durable) continue;
      // Before anything is applied the source stands at its floor, which may be the end.
      const auto floor = *durable ? Result<Offset>((*durable)->offset)
                                  : await<Offset>([&](auto done) { state.floor(source.number, std::move(done)); });
      if (!floor && !floor.error().retryable()) return tl::unexpected(floor.error());
      if (floor) missing[at] = missing_of(floor->value, at);
    }
    std::uint64_t left = 0;
    for (const auto m : missing) left += m;
    progress(left);
    if (left == 0) return {};
    flush();
    if (!pause(std::chrono::milliseconds{50}, cancelled))
      return fail(ErrorCode::kCancelled, "stopped while waiting for the numbers");
  }
}

}  // namespace guidepost::app
