#include "sim/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "base/text.hpp"
#include "guidepost/event/block.hpp"
#include "identity/refresh.hpp"
#include "sim/world.hpp"
#include "verify/verify.hpp"
#include "worker/aggregate/aggregate_metrics.hpp"
#include "worker/chain.hpp"
#include "worker/gap_table.hpp"
#include "worker/state_table.hpp"

namespace guidepost::sim {
namespace {

using namespace std::chrono_literals;
using test::Process;
using test::World;
using LogCall = test::FakeEventLog::Call;
using TableCall = test::FakeTableStore::Call;

constexpr std::string_view kMiddle = "in the middle";
constexpr std::string_view kEnd = "at the end";
constexpr TimeMs kFirstEvent = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

template <class T, class Start>
T wait(Start start) {
  auto result = await<T>(std::move(start));
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

worker::IngestOptions ingest_options(const History& history, bool other_rules) {
  worker::IngestOptions options;
  options.block = {.events = static_cast<std::size_t>(history.block_events),
                   .bytes = Bytes{4096},
                   .age = 50ms,
                   .encoded = Bytes{history.split_pages ? 900U : 9000U}};  // some go out in pieces
  options.commit_interval = 100ms;
  options.dedupe_offsets = history.dedupe_offsets;
  options.sessions = {.gap = std::chrono::minutes{other_rules ? 9 : 5},
                      .offsets = history.session_offsets,
                      .memory = Bytes{14'000},
                      .events = 3,
                      .bot_events = 3,
                      .bot_window = 20min};
  options.accept_cut_window = history.retention;  // what lies before a gap goes as well
  if (history.small_memory) options.max_unacknowledged = Bytes{600};
  if (other_rules) options.limits.url_chars = 12;
  return options;
}

worker::AggregateOptions aggregate_options(const History& history) {
  worker::AggregateOptions options;
  options.flush = {.min_dirty = 2, .dirty_share = 64, .max_age = 400ms};
  options.commit_interval = 150ms;
  options.look_for_missing = 2s;
  if (history.split_pages) {
    options.page.chunk_bytes = Bytes{700};
    options.page_put = Bytes{300};
  }
  if (history.small_memory) options.page_memory = Bytes{20'000};
  return options;
}

/// Records of websites, each drawn by itself: late, repeated near and far, refused, holes, with claims.
class Stream {
 public:
  explicit Stream(World& world, int partitions) : world_(world), sent_(static_cast<std::size_t>(partitions)) {}

  void write(Dice dice, Met& met) {
    for (auto left = 1 + dice.below(6); left > 0; --left) {
      ++met.records;
      const Partition partition{static_cast<std::int32_t>(dice.below(sent_.size()))};
      auto& sent = sent_[static_cast<std::size_t>(partition.value)];
      const auto p = dice.below(100);
      if (p < 4) {
        world_.raw("{\"type\": broken", partition);
      } else if (p < 8) {
        world_.log.append_hole({world_.names.raw_topic(), partition}, 1 + static_cast<std::int64_t>(dice.below(3)));
      } else if (p < 20 && !sent.empty()) {
        world_.raw(sent[dice.below(sent.size())], partition);
      } else {
        sent.push_back(event(dice));
        world_.raw(sent.back(), partition);
      }
    }
  }

 private:
  std::string event(Dice& dice) {
    const auto claim = dice.chance(30) ? fmt::format(R"("customer":"c-{}",)", dice.below(4)) : std::string();
    const auto money = dice.chance(15)
                           ? fmt::format(R"("type":"purchase","revenue":"{}.50","currency":"EUR",)", dice.below(90))
                           : std::string(R"("type":"page_view",)");
    const auto received = kFirstEvent + 24h + std::chrono::seconds{dice.below(9000)};
    const auto time = kFirstEvent + std::chrono::minutes{dice.below(dice.chance(50) ? 20 : 90)};
    return fmt::format(
        R"({{"received":"{}","event":{{{}{}"event_id":"{:x}","time":"{}","merchant":"{}","guid":"g-{}","url":"https://s.example/p/{}","country":"{}"}}}})",
        text::rfc3339(received), claim, money, dice.below(1 << 20), text::rfc3339(time),
        dice.chance(80) ? "shop" : "kiosk", dice.below(12), dice.below(30), dice.chance(70) ? "DE" : "US");
  }

  World& world_;
  std::vector<std::vector<std::string>> sent_;  // by partition
};

void refresh(World& world, Dice dice) {
  identity::RefreshOptions options;
  options.lock.owner = "owner";
  options.default_merchant = "shop";
  std::string file = "guid,customer\n";
  for (auto left = 1 + dice.below(4); left > 0; --left)
    file += fmt::format("g-{},customer-{}\n", dice.below(12), dice.below(5));
  std::istringstream in(file);
  if (auto loaded = identity::run_refresh(options, in, world.tables, world.log, world.names, {}); !loaded)
    throw std::runtime_error(loaded.error().message);
}

/// One history under way.
class Play {
 public:
  explicit Play(const History& history)
      : history_(history), world_(history.partitions), stream_(world_, history.partitions) {}

  Outcome run() {
    start(false);
    for (const auto& step : history_.steps) {
      Dice dice(step.dice);
      take(step.what, dice);
      for (auto left = dice.below(40); left > 0 && world_.executor.run_one(); --left) {
      }
      if (dice.chance(33)) world_.executor.advance(std::chrono::milliseconds{dice.below(200)});
    }
    // A page that goes out in pieces is whole again only when its writer had time.
    if (auto wrong = history_.split_pages ? "" : disagreement(kMiddle); !wrong.empty()) return done(std::move(wrong));
    heal();
    if (auto wrong = finish(world_, alive_, [this] { accept_all(); }); !wrong.empty()) return done(std::move(wrong));
    if (auto wrong = undecided(); !wrong.empty()) return done(std::move(wrong));
    look_for_lost();
    if (!unasked_.empty()) return done(unasked_);
    if (auto wrong = disagreement(kEnd); !wrong.empty()) return done(std::move(wrong));
    if (!history_.two_rules && !history_.retention) return done(difference_to_calm());
    return done({});
  }

 private:
  void start(bool other_rules) {
    alive_.push_back(
        std::make_unique<Process>(world_, ingest_options(history_, other_rules), aggregate_options(history_)));
  }

  void take(What what, Dice& dice) {
    auto& tables = world_.tables.faults();
    const auto when = dice.chance(50) ? test::When::kBeforeApplying : test::When::kAfterApplying;
    switch (what) {
      case What::kWrite:
        return stream_.write(Dice(dice.roll()), met_);
      case What::kKill:
        if (alive_.empty()) return;
        ++met_.kills;
        alive_.erase(alive_.begin() + static_cast<std::ptrdiff_t>(dice.below(alive_.size())));
        return;
      case What::kStart:
        if (alive_.size() < 3) start(history_.two_rules && dice.chance(50));
        return;
      case What::kZombie:
        if (alive_.empty() || zombies_.size() >= 2) return;
        ++met_.zombies;
        alive_.back()->become_zombie(dice.chance(50));
        zombies_.push_back(std::move(alive_.back()));
        alive_.pop_back();
        return take_away(dice);
      case What::kTakeAway:
        return take_away(dice);
      case What::kTableFault: {
        constexpr std::array kCalls{TableCall::kPut, TableCall::kGet, TableCall::kCheckAndPut};
        return tables.fail_next(kCalls[dice.below(kCalls.size())], 1 + static_cast<int>(dice.below(3)),
                                ErrorCode::kTimedOut, when);
      }
      case What::kFlakyPuts:
        for (int i = 0; i < 8; ++i)
          tables.fail_after(TableCall::kPut, static_cast<int>(dice.below(3)), ErrorCode::kTimedOut, when);
        return;
      case What::kLogFault: {
        constexpr std::array kCalls{LogCall::kAppend, LogCall::kFetch, LogCall::kCommit, LogCall::kCommitted,
                                    LogCall::kBounds};
        const auto call = kCalls[dice.below(kCalls.size())];
        const bool dies = call == LogCall::kAppend && dice.chance(20);  // the producer, which is replaced
        return world_.log.faults().fail_next(call, 1, dies ? ErrorCode::kFailed : ErrorCode::kTimedOut, when);
      }
      case What::kHoldPuts:
        return tables.hold(TableCall::kPut, when);
      case What::kLandPuts:
        while (const auto held = tables.held(TableCall::kPut)) {
          const auto which = dice.below(held);
          if (dice.chance(33)) {
            ++met_.lost_puts;
            tables.lose_at(TableCall::kPut, which);
          } else {
            tables.release_at(TableCall::kPut, which);
          }
        }
        return tables.release(TableCall::kPut);
      case What::kHoldBlocks:
        // All before they are stored: a log keeps the order in which it is given records.
        return world_.log.faults().hold(LogCall::kAppend, test::When::kBeforeApplying);
      case What::kLandBlocks:
        return world_.log.faults().release(LogCall::kAppend);
      case What::kRefresh: {
        // Its own calls go by no fault: what a refresh does about them is tested where it is.
        const Undisturbed calm(world_);
        ++met_.markers;
        saved_ = nullptr;  // whose mappings would be gone afterwards, but not the decisions by them
        return refresh(world_, Dice(dice.roll()));
      }
      case What::kBackUp:
        // Which sources there are is known by then, as in an installation that is worth a backup.
        if (sources().size() == static_cast<std::size_t>(history_.partitions)) saved_ = world_.tables.save();
        return;
      case What::kRestore:
        if (!saved_) return;
        ++met_.restores;
        alive_.clear();
        zombies_.clear();
        while (tables.held(TableCall::kPut) > 0) tables.lose_at(TableCall::kPut, 0);
        return saved_();
      case What::kRetain:
        return retain(dice);
      case What::kAccept:
        return accept_all();
      case What::kTime:
        return world_.executor.advance(std::chrono::milliseconds{dice.below(2000)});
      case What::kCount:
        return;
    }
  }

  void take_away(Dice& dice) {
    const Partition partition{static_cast<std::int32_t>(dice.below(static_cast<std::uint64_t>(history_.partitions)))};
    const auto which = dice.below(3);
    if (which != 0) world_.log.lose(world_.names.ingest_group(), {world_.names.raw_topic(), partition});
    if (which != 1) world_.log.lose(world_.names.aggregate_group(), {world_.names.resolved_topic(), partition});
  }

  /// Takes records from the raw log, up to any of those that it has.
  void retain(Dice& dice) {
    const Partition partition{static_cast<std::int32_t>(dice.below(static_cast<std::uint64_t>(history_.partitions)))};
    const TopicPartition raw{world_.names.raw_topic(), partition};
    const auto bounds = world_.log.bounds_of(raw);
    const auto left = static_cast<std::uint64_t>(bounds.end - bounds.begin);
    // Where nothing was read of it yet, it begins later: nothing is missing.
    if (left == 0 || sources().size() < static_cast<std::size_t>(history_.partitions)) return;
    saved_ = nullptr;  // for what is lost to them would have to be decided again
    world_.log.truncate_before(raw, bounds.begin + static_cast<std::int64_t>(1 + dice.below(left)));
  }

  void accept_all() {
    if (!history_.retention) return;
    look_for_lost();
    const Undisturbed calm(world_);
    worker::GapTable table(world_.tables, world_.names.state());
    for (const auto& gap :
         wait<std::vector<worker::Gap>>([&](auto d) { table.list(world_.names.version, std::move(d)); })) {
      if (gap.accepted) continue;
      wait<void>(
          [&](auto d) { table.accept(world_.names.version, gap, {world_.executor.wall(), "owner"}, std::move(d)); });
      accepted_.push_back(gap);
      met_.given_up += static_cast<std::uint64_t>(gap.count());
    }
  }

  /// What was decided to be lost, and no operator had given up by then.
  void look_for_lost() {
    for (std::int32_t p = 0; p < world_.partitions; ++p) {
      for (const auto& [at, record] : world_.log.stored({world_.names.resolved_topic(), Partition{p}})) {
        const auto block = event::Block::decode(record.value);
        for (const auto& lost : block->decisions().lost) {
          const auto asked = std::any_of(accepted_.begin(), accepted_.end(), [&](const worker::Gap& gap) {
            return gap.source == block->decisions().source && gap.from <= lost.offset && lost.offset < gap.to;
          });
          if (!asked && unasked_.empty())
            unasked_ = fmt::format("offset {} of partition {} is lost, and nobody gave it up", lost.offset.value, p);
        }
      }
    }
  }

  void heal() {
    auto& tables = world_.tables.faults();
    tables.release(TableCall::kPut);
    for (const auto call : {TableCall::kPut, TableCall::kGet, TableCall::kCheckAndPut}) tables.heal(call);
    for (const auto call : {LogCall::kAppend, LogCall::kFetch, LogCall::kCommit, LogCall::kCommitted, LogCall::kBounds})
      world_.log.faults().heal(call);
    world_.log.faults().release(LogCall::kAppend);
    zombies_.clear();
    if (alive_.empty()) start(false);
    // What came back from a backup looks as if it were done, until it is held against what was decided.
    if (met_.restores > 0) world_.executor.advance(10s);
  }

  /// Lets time pass until everything is counted; what is left when that takes too long.
  static std::string finish(
      World& world, const std::vector<std::unique_ptr<Process>>& processes,
      const std::function<void()>& every_second = [] {}) {
    std::string left;
    for (auto second = 0s; second < 180s; ++second) {
      world.executor.advance(1s);
      every_second();
      left = leftovers(world, processes);
      if (left.empty()) break;
    }
    return left;
  }

  static std::string leftovers(World& world, const std::vector<std::unique_ptr<Process>>& processes) {
    for (const auto& process : processes) {
      for (const auto& failure : process->failures()) return "a partition gave up: " + failure.message;
    }
    for (std::int32_t p = 0; p < world.partitions; ++p) {
      const std::pair<std::string, TopicPartition> ends[] = {
          {world.names.ingest_group(), {world.names.raw_topic(), Partition{p}}},
          {world.names.aggregate_group(), {world.names.resolved_topic(), Partition{p}}}};
      for (const auto& [group, partition] : ends) {
        const auto end = world.log.bounds_of(partition).end;
        const auto commit = world.log.commit_of(group, partition);
        const auto at = commit ? commit->position : Offset{0};
        if (at != end) return fmt::format("{} stands at {} of {} in partition {}", group, at.value, end.value, p);
      }
    }
    return {};
  }

  /// Commits promise that everything below them is counted.
  std::string undecided() {
    const Undisturbed calm(world_);
    worker::StateTable state(world_.tables, world_.names);
    for (const auto& source : sources()) {
      const auto durable = wait<std::optional<worker::DurablePosition>>(
          [&](auto done) { state.durable(source.number, std::move(done)); });
      const auto counted = durable ? durable->offset : Offset{0};
      const auto end = world_.log.bounds_of({source.topic, source.partition}).end;
      if (counted != end)
        return fmt::format("source {} is counted up to {} of {}", source.number.value, counted.value, end.value);
    }
    return {};
  }

  /// For as long as it is there, calls go through.
  class Undisturbed {
   public:
    explicit Undisturbed(World& world) : tables_(world.tables.faults()), log_(world.log.faults()) {}

   private:
    test::Faults<TableCall>::Suspended tables_;
    test::Faults<LogCall>::Suspended log_;
  };

  std::vector<worker::Source> sources() {
    const Undisturbed calm(world_);
    worker::StateTable state(world_.tables, world_.names);
    auto all = wait<std::vector<worker::Source>>([&](auto done) { state.sources(std::move(done)); });
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return all;
  }

  /// In the order in which they came: which of them sorts first is seen.
  void number_sources_as_here(World& other) {
    worker::StateTable state(other.tables, other.names);
    for (const auto& source : sources()) {
      wait<worker::Source>([&](auto done) {
        state.register_source(source.topic, source.topic_id, source.partition, Offset{0}, std::move(done));
      });
    }
  }

  std::string disagreement(std::string_view when) {
    const Undisturbed calm(world_);
    worker::StateTable state(world_.tables, world_.names);
    verify::VerifyOptions options;
    options.session_gap = 9min;
    options.settle = 0ms;  // nothing goes on while it looks
    for (const auto& source : sources()) {
      const auto floor = wait<Offset>([&](auto done) { state.floor(source.number, std::move(done)); });
      const auto durable = wait<std::optional<worker::DurablePosition>>(
          [&](auto done) { state.durable(source.number, std::move(done)); });
      options.sources.push_back({source.number, floor, durable ? durable->offset : floor});
    }
    auto report = verify::run(options, world_.tables, world_.names, {});
    if (!report) return fmt::format("verify {}: {}", when, report.error().message);
    // The rows of a ledger are put together, and may land one by one.
    if (when == kMiddle) std::erase_if(report->differences, [](const auto& d) { return d.merchant.empty(); });
    if (report->differences.empty()) return {};
    return fmt::format("verify {}: {} differences, the first: {}", when, report->differences_total,
                       verify::to_string(report->differences.front()));
  }

  std::string difference_to_calm() {
    World world(history_.partitions);
    world_.copy_input(world);
    number_sources_as_here(world);
    std::vector<std::unique_ptr<Process>> one;
    one.push_back(std::make_unique<Process>(world, ingest_options(history_, false), aggregate_options(history_)));
    if (auto left = finish(world, one); !left.empty()) return "undisturbed: " + left;
    const auto expected = test::readable(world.tables, world.names);
    const auto difference = test::first_difference(test::readable(world_.tables, world_.names), expected);
    return difference.empty() ? difference : "other numbers than an undisturbed run: " + difference;
  }

  Outcome done(std::string wrong) { return {std::move(wrong), met_}; }

  const History& history_;
  World world_;
  Stream stream_;
  std::vector<std::unique_ptr<Process>> alive_;
  std::vector<std::unique_ptr<Process>> zombies_;
  std::function<void()> saved_;  // brings the tables back
  std::vector<worker::Gap> accepted_;
  std::string unasked_;  // what is lost and was not given up
  Met met_;
};

}  // namespace

void Met::add(const Met& other) {
  records += other.records;
  kills += other.kills;
  zombies += other.zombies;
  lost_puts += other.lost_puts;
  blocks_passed += other.blocks_passed;
  blocks_trimmed += other.blocks_trimmed;
  gaps += other.gaps;
  eras += other.eras;
  pages_continued += other.pages_continued;
  restores += other.restores;
  markers += other.markers;
  given_up += other.given_up;
}

Outcome run(const History& history) {
  auto& metrics = worker::aggregate_metrics();
  const auto passed = metrics.blocks_passed.value();
  const auto trimmed = metrics.blocks_trimmed.value();
  const auto gaps = metrics.gaps.value();
  const auto eras = metrics.blocks_of_other_eras.value();
  const auto continued = metrics.pages_continued.value();
  auto outcome = Play(history).run();
  const auto since = [](const metrics::Counter& counter, double before) {
    return static_cast<std::uint64_t>(counter.value() - before);
  };
  outcome.met.blocks_passed = since(metrics.blocks_passed, passed);
  outcome.met.blocks_trimmed = since(metrics.blocks_trimmed, trimmed);
  outcome.met.gaps = since(metrics.gaps, gaps);
  // Blocks are never missing where the tables are not older than the commits, and each is stored that is sent.
  const bool log_fails = std::any_of(history.steps.begin(), history.steps.end(),
                                     [](const Step& step) { return step.what == What::kLogFault; });
  if (outcome.wrong.empty() && outcome.met.restores == 0 && !log_fails && outcome.met.gaps > 0)
    outcome.wrong = fmt::format("{} gaps", outcome.met.gaps);
  outcome.met.eras = since(metrics.blocks_of_other_eras, eras);
  outcome.met.pages_continued = since(metrics.pages_continued, continued);
  return outcome;
}

}  // namespace guidepost::sim
