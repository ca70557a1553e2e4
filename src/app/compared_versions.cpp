#include "app/compared_versions.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "app/ask.hpp"
#include "app/sources.hpp"
#include "app/version_settings.hpp"
#include "query/contents.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {
namespace {

class Comparison {
 public:
  Comparison(Node& node, const std::stop_token& cancelled)
      : node_(node), cancelled_(cancelled), versions_(node.tables(), node.names()) {}

  Result<void> choose(std::optional<std::uint32_t> a, std::optional<std::uint32_t> b) {
    const auto published = ask<worker::Published>([&](auto done) { versions_.published(std::move(done)); }, cancelled_);
    if (!published) return tl::unexpected(published.error());
    compared_.published = published->version;
    auto all =
        ask<std::vector<worker::VersionRecord>>([&](auto done) { versions_.versions(std::move(done)); }, cancelled_);
    if (!all) return tl::unexpected(all.error());
    all_ = std::move(*all);
    compared_.a = a.value_or(published->version);
    const auto other = b ? Result<std::uint32_t>(*b) : newest_other_than(compared_.a);
    if (!other) return tl::unexpected(other.error());
    compared_.b = *other;
    if (compared_.a == compared_.b)
      return fail(ErrorCode::kInvalidArgument, fmt::format("{0} and {0} are the same version", compared_.a));
    for (const auto version : {compared_.a, compared_.b}) {
      const auto has = has_events(node_, names_of(version), cancelled_);
      if (!has) return tl::unexpected(has.error());
      if (*has) continue;
      return fail(ErrorCode::kNotFound,
                  fmt::format("version {} has no events: `guidepost replay list` shows which there are", version));
    }
    compared_.names_a = names_of(compared_.a);
    compared_.names_b = names_of(compared_.b);
    return {};
  }

  Result<void> look_how_far() {
    const auto sources = registered_sources(node_, cancelled_);
    if (!sources) return tl::unexpected(sources.error());
    const auto topic = ask<std::optional<TopicState>>(
        [&](auto done) { node_.log().describe_topic(node_.names().raw_topic(), std::move(done)); }, cancelled_);
    if (!topic) return tl::unexpected(topic.error());
    const auto eras_a = eras_of(node_, compared_.a, cancelled_);
    if (!eras_a) return tl::unexpected(eras_a.error());
    const auto eras_b = eras_of(node_, compared_.b, cancelled_);
    if (!eras_b) return tl::unexpected(eras_b.error());
    compared_.run_a = least_run_of(compared_.a);
    compared_.run_b = least_run_of(compared_.b);
    for (const auto& source : *sources) {
      if (*topic && (*topic)->id == source.topic_id) {
        if (const auto era = eras_a->find(source.partition); era != eras_a->end() && !has_part(compared_.a))
          compared_.eras_a[source.number] = era->second;
        if (const auto era = eras_b->find(source.partition); era != eras_b->end() && !has_part(compared_.b))
          compared_.eras_b[source.number] = era->second;
      }
      const auto a = counted_below(compared_.a, source.number);
      if (!a) return tl::unexpected(a.error());
      const auto b = counted_below(compared_.b, source.number);
      if (!b) return tl::unexpected(b.error());
      compared_.sources.push_back(source.number);
      // A version that lacks what is of a topic that is no more will never have it: that is a difference.
      const bool grows = *topic && (*topic)->id == source.topic_id;
      compared_.decided[source.number] = grows ? std::min(*a, *b) : std::max(*a, *b);
      if (!grows) continue;
      compared_.only_a += std::max<std::int64_t>(0, *a - *b);
      compared_.only_b += std::max<std::int64_t>(0, *b - *a);
    }
    return {};
  }

  ComparedVersions take() && { return std::move(compared_); }

 private:
  Names names_of(std::uint32_t version) const {
    auto names = node_.names();
    names.version = version;
    return names;
  }

  /// Whether only a part was decided again: its blocks have the rules of the rest.
  bool has_part(std::uint32_t version) const {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const auto& record) { return record.version == version && record.rest; });
  }

  std::optional<RunId> least_run_of(std::uint32_t version) const {
    const auto known =
        std::find_if(all_.begin(), all_.end(), [&](const auto& record) { return record.version == version; });
    return known == all_.end() ? std::nullopt : known->least_run;
  }

  Result<std::uint32_t> newest_other_than(std::uint32_t version) {
    for (auto it = all_.rbegin(); it != all_.rend(); ++it) {
      if (it->caught_up && !it->dropped && it->version != version) return it->version;
    }
    const auto first =
        version == 1 ? Result<bool>(false) : has_events(node_, names_of(1), cancelled_);  // which has no row
    if (!first) return tl::unexpected(first.error());
    if (*first) return 1;
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no version beside {} that has caught up: `guidepost replay` makes one", version));
  }

  Result<Offset> counted_below(std::uint32_t version, SourceId source) {
    worker::StateTable state(node_.tables(), names_of(version));
    const auto position = ask<std::optional<worker::DurablePosition>>(
        [&](auto done) { state.durable(source, std::move(done)); }, cancelled_);
    if (!position) return tl::unexpected(position.error());
    if (*position) return (*position)->offset;
    return ask<Offset>([&](auto done) { state.floor(source, std::move(done)); }, cancelled_);
  }

  Node& node_;
  const std::stop_token& cancelled_;
  worker::VersionTable versions_;
  std::vector<worker::VersionRecord> all_;
  ComparedVersions compared_;
};

}  // namespace

Result<bool> has_events(Node& node, const Names& names, const std::stop_token& cancelled) {
  const auto months =
      query::months_of(node.tables(), names.all_events(), [&](Month month) { return names.events(month); });
  if (!months) return tl::unexpected(months.error());
  ScanRequest request;
  request.max_rows = 1;
  for (const auto month : *months) {
    const auto page =
        ask<ScanPage>([&](auto done) { node.tables().scan(names.events(month), request, std::move(done)); }, cancelled);
    if (!page) return tl::unexpected(page.error());
    if (!page->rows.empty()) return true;
  }
  return false;
}

Result<ComparedVersions> compare_versions(Node& node, std::optional<std::uint32_t> a, std::optional<std::uint32_t> b,
                                          const std::stop_token& cancelled) {
  Comparison comparison(node, cancelled);
  if (const auto chosen = comparison.choose(a, b); !chosen) return tl::unexpected(chosen.error());
  if (const auto looked = comparison.look_how_far(); !looked) return tl::unexpected(looked.error());
  return std::move(comparison).take();
}

}  // namespace guidepost::app
