#include "app/installation.hpp"

#include <fmt/format.h>
#include <optional>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "base/text.hpp"
#include "identity/publish.hpp"
#include "worker/tables.hpp"

namespace guidepost::app {
namespace {

using Outcome = InstallStep::Outcome;

class Installer {
 public:
  Installer(const Config& config, EventLog& log, TableStore& tables,
            const std::function<void(const InstallStep&)>& told, const std::stop_token& cancelled)
      : config_(config), log_(log), tables_(tables), told_(told), cancelled_(cancelled) {}

  bool run(TimeMs now) {
    const auto raw = topic(raw_topic_of(config_));
    if (raw) {
      auto wanted = resolved_topic_of(config_);
      wanted.partitions = raw->partitions;  // block and record have the same partition
      const auto resolved = topic(wanted);
      if (resolved && resolved->partitions < raw->partitions) {
        tell({"topic", resolved->name, Outcome::kWrong,
              fmt::format("has {} partitions where {} has {}: give it as many", resolved->partitions, raw->name,
                          raw->partitions)});
      }
    }
    for (const auto& spec : worker::all_tables(names_of(config_), now, table_options_of(config_))) table(spec);
    if (good_) marker();
    return good_;
  }

 private:
  void tell(const InstallStep& step) {
    good_ &= step.outcome == Outcome::kMade || step.outcome == Outcome::kThere;
    told_(step);
  }

  /// Partitions that were added know no run yet: events in them would stay anonymous.
  void marker() {
    const auto published =
        identity::publish_latest_marker(tables_, log_, names_of(config_), {.give_up_after = std::chrono::seconds{30}});
    if (!published) return tell({"marker", "mapping", Outcome::kFailed, published.error().message});
    if (!published->run || published->markers.empty()) return;
    tell({"marker", fmt::format("run {}", published->run->value), Outcome::kMade,
          fmt::format("in {} partitions", published->markers.size())});
  }

  /// The topic as it is now; nothing where it cannot be had.
  std::optional<TopicState> topic(const TopicSpec& wanted) {
    const auto found = ask<std::optional<TopicState>>(
        [&](auto done) { log_.describe_topic(wanted.name, std::move(done)); }, cancelled_);
    if (!found) {
      tell({"topic", wanted.name, Outcome::kFailed, found.error().message});
      return std::nullopt;
    }
    if (*found) {
      check(**found);
      return *found;
    }
    const auto made = ask<TopicState>([&](auto done) { log_.create_topic(wanted, std::move(done)); }, cancelled_);
    if (made) {
      tell({"topic", wanted.name, Outcome::kMade, describe(*made)});
      return *made;
    }
    if (made.error().code == ErrorCode::kAlreadyExists) return topic(wanted);  // someone else made it just now
    tell({"topic", wanted.name, Outcome::kFailed, made.error().message});
    return std::nullopt;
  }

  static std::string describe(const TopicState& topic) {
    return fmt::format("{} partition{}, kept {}", topic.partitions, topic.partitions == 1 ? "" : "s",
                       topic.retention.count() < 0 ? "for ever" : text::duration(topic.retention));
  }

  void check(const TopicState& topic) {
    if (!topic.log_append_time) {
      return tell({"topic", topic.name, Outcome::kWrong,
                   "its records carry their senders' time: set message.timestamp.type=LogAppendTime"});
    }
    if (topic.drops_early) {
      return tell({"topic", topic.name, Outcome::kWrong,
                   "it drops records by their key or their size: set cleanup.policy=delete and retention.bytes=-1"});
    }
    if (topic.retention.count() >= 0 && topic.retention <= kWindowsKept * config_.ingest.window_time) {
      return tell({"topic", topic.name, Outcome::kWrong,
                   fmt::format("keeps records {}, which must be over four times ingest.window_time ({})",
                               text::duration(topic.retention), text::duration(config_.ingest.window_time))});
    }
    tell({"topic", topic.name, Outcome::kThere, describe(topic)});
  }

  void table(const TableSpec& spec) {
    const auto made = ask<void>([&](auto done) { tables_.create_table(spec, std::move(done)); }, cancelled_);
    std::string families;
    for (const auto& family : spec.families) families += (families.empty() ? "families " : ", ") + family.name;
    if (made) return tell({"table", spec.name, Outcome::kMade, families});
    if (made.error().code == ErrorCode::kAlreadyExists) return tell({"table", spec.name, Outcome::kThere, families});
    tell({"table", spec.name, Outcome::kFailed, made.error().message});
  }

  const Config& config_;
  EventLog& log_;
  TableStore& tables_;
  const std::function<void(const InstallStep&)>& told_;
  const std::stop_token& cancelled_;
  bool good_ = true;
};

}  // namespace

std::string_view to_string(InstallStep::Outcome outcome) {
  switch (outcome) {
    case Outcome::kMade:
      return "made";
    case Outcome::kThere:
      return "there";
    case Outcome::kWrong:
      return "wrong";
    case Outcome::kFailed:
      return "failed";
  }
  return "";
}

bool install(const Config& config, EventLog& log, TableStore& tables, TimeMs now,
             const std::function<void(const InstallStep&)>& told, const std::stop_token& cancelled) {
  return Installer(config, log, tables, told, cancelled).run(now);
}

}  // namespace guidepost::app
