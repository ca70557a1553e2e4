#include "app/decide_again.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "app/ask.hpp"
#include "app/options.hpp"
#include "base/caller_executor.hpp"
#include "base/patience.hpp"
#include "identity/resolver.hpp"
#include "worker/ingest/decider.hpp"
#include "worker/ingest/ingest_recovery.hpp"
#include "worker/ingest/ingest_rules.hpp"

namespace guidepost::app {
namespace {

using event::Field;

constexpr std::chrono::minutes kGiveUpAfter{10};
constexpr std::size_t kNoKey = SIZE_MAX;

}  // namespace

struct DecideAgain::Impl {
  Impl(Node& n, worker::IngestOptions o, enrich::Enricher e, std::stop_token c)
      : node(n), options(std::move(o)), cancelled(std::move(c)), decoder(options.limits), enricher(std::move(e)) {
    const auto names = node.names();
    resolver.emplace(
        identity::ResolverOptions{
            .mapping_table = names.mapping(), .state_table = names.state(), .cache = options.mapping_cache},
        node.tables(), executor);
  }

  Result<void> run(const AgainFrom& part, const Wanted& wanted, const Visit& visit);
  template <class T, class Start>
  Result<T> patiently(Start start);
  template <class T, class Start>
  Result<T> own(Start start);
  Result<void> pass_marker(RunId run);
  Result<void> resolve(const Wanted& wanted);
  Result<void> stretch(const AgainFrom& part, std::span<const LogRecord> records, Offset end, Offset& at,
                       const Wanted& wanted, const Visit& visit);

  Node& node;
  worker::IngestOptions options;
  std::stop_token cancelled;
  event::Decoder decoder;
  enrich::Enricher enricher;
  CallerExecutor executor;
  std::optional<identity::Resolver> resolver;  // behind its executor
  std::optional<worker::Decider> decider;
  event::Era era;
  identity::MappingView view;
  Arena arena;
  worker::Undecided undecided;
  std::vector<identity::GuidKey> keys;
  std::vector<std::size_t> key_of;  // accepted event -> its key
};

/// Hours of work are not given up for a store that is away for a minute.
template <class T, class Start>
Result<T> DecideAgain::Impl::patiently(Start start) {
  const auto until = Executor::Clock::now() + kGiveUpAfter;
  for (auto wait = std::chrono::milliseconds{50};; wait = Patience::longer(wait)) {
    Result<T> result = start();
    if (result || !result.error().retryable() || Executor::Clock::now() > until || !pause(wait, cancelled))
      return result;
  }
}

/// Waits for an answer of the resolver, which belongs to this thread.
template <class T, class Start>
Result<T> DecideAgain::Impl::own(Start start) {
  return patiently<T>([&] {
    std::optional<Result<T>> answer;
    start([&answer](Result<T> result) { answer.emplace(std::move(result)); });
    executor.run_until([&] { return answer.has_value(); });
    return std::move(*answer);
  });
}

Result<void> DecideAgain::Impl::pass_marker(RunId run) {
  auto passed = own<identity::MappingView>([&](auto done) { resolver->pass_marker(run, std::move(done)); });
  // Whoever wrote a marker of a run that there is not, no refresh did: ingest passes over it too.
  if (!passed && passed.error().code == ErrorCode::kInvalidArgument) return {};
  if (!passed) return tl::unexpected(passed.error());
  view = std::move(*passed);
  return {};
}

Result<void> DecideAgain::Impl::resolve(const Wanted& wanted) {
  keys.clear();
  key_of.clear();
  for (const auto& accepted : undecided.accepted) {
    const bool device = (accepted.flags & event::kNoDevice) == 0;
    const bool asked = device && view.run > RunId{0} && wanted(accepted);
    key_of.push_back(asked ? keys.size() : kNoKey);
    if (asked) keys.push_back({accepted.text[Field::kMerchant], accepted.text[Field::kGuid]});
  }
  identity::Histories histories;
  if (!keys.empty()) {
    auto found = own<identity::Histories>([&](auto done) { resolver->lookup(keys, std::move(done)); });
    if (!found) return tl::unexpected(found.error());
    histories = std::move(*found);
  }
  const identity::History nothing;
  for (std::size_t i = 0; i < undecided.accepted.size(); ++i) {
    auto& accepted = undecided.accepted[i];
    const auto history = key_of[i] == kNoKey ? nothing : histories[key_of[i]];
    const auto resolution =
        identity::resolve(history, view, accepted.time, accepted.text[Field::kClaimedCustomer], options.resolve);
    accepted.text[Field::kCustomer] = arena.copy(resolution.customer);
    accepted.resolved_by = resolution.by;
  }
  return {};
}

/// Decides up to the next marker at most, from `at`, which moves on.
Result<void> DecideAgain::Impl::stretch(const AgainFrom& part, std::span<const LogRecord> records, Offset end,
                                        Offset& at, const Wanted& wanted, const Visit& visit) {
  decider->decide(records, at, end, arena, undecided);
  const auto from = std::exchange(at, undecided.next);
  if (from < part.from) return {};  // only so that the windows know it
  if (auto resolved = resolve(wanted); !resolved) return resolved;
  if (undecided.marker && undecided.marker->run > view.run) {
    if (auto passed = pass_marker(undecided.marker->run); !passed) return passed;
  }
  event::Decisions decisions;
  decisions.source = part.source;
  decisions.from = from;
  decisions.to = at;
  decisions.era = era;
  decisions.run = view.run;
  decisions.accepted = std::move(undecided.accepted);
  decisions.bad = std::move(undecided.bad);
  decisions.duplicates = std::move(undecided.duplicates);
  decisions.skipped = std::move(undecided.skipped);
  decisions.changes = std::move(undecided.changes);
  decisions.earlier = std::move(undecided.subjects);
  std::erase_if(decisions.earlier, [&](const event::Accepted& e) { return e.offset >= from; });
  event::sort_subjects(decisions.earlier);
  return visit(decisions, records);
}

Result<void> DecideAgain::Impl::run(const AgainFrom& part, const Wanted& wanted, const Visit& visit) {
  // As IngestRecovery does at the floor of a version.
  const auto commit = worker::IngestCommit::decode(part.commit);
  const auto rules = worker::rules_of(decoder, enricher, options);
  era = commit && commit->era.rules == rules ? commit->era : event::Era{rules, part.from};
  view = {};
  if (auto passed = pass_marker(std::max(commit ? commit->run : RunId{0}, options.least_run)); !passed) return passed;
  decider.emplace(decoder, enricher, options, part.partition, era.from);
  const auto reach = options.dedupe_offsets + 2 * options.sessions.offsets;
  auto at = std::max(part.begin, Offset{std::max<std::int64_t>(part.from.value - reach, 0)});
  const auto reader = node.log().read({node.names().raw_topic(), part.partition}, at);
  const FetchLimits limits{options.block.events, options.block.bytes, std::chrono::milliseconds{500}};
  while (at < part.to) {
    const auto batch = patiently<std::unique_ptr<LogBatch>>([&] {
      return ask<std::unique_ptr<LogBatch>>([&](auto done) { reader->fetch(limits, std::move(done)); }, cancelled);
    });
    if (!batch) return tl::unexpected(batch.error());
    if (cancelled.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
    arena.reset();
    std::span records((*batch)->records());
    while (at < std::min((*batch)->next(), part.to)) {
      // A stretch is of one side of the beginning, and ends with the part.
      const auto border = at < part.from ? part.from : part.to;
      const auto end = std::min((*batch)->next(), border);
      const auto behind = std::find_if(records.begin(), records.end(),
                                       [&](const LogRecord& record) { return record.offset >= border; });
      const auto these = records.first(static_cast<std::size_t>(behind - records.begin()));
      if (auto done = stretch(part, these, end, at, wanted, visit); !done) return done;
      records = records.subspan(undecided.records_taken);
    }
  }
  return {};
}

DecideAgain::DecideAgain(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DecideAgain::~DecideAgain() = default;

Result<std::unique_ptr<DecideAgain>> DecideAgain::open(Node& node, RunId least_run, std::stop_token cancelled) {
  auto options = ingest_options_of(node.config());
  options.least_run = least_run;
  auto enricher = enrich::Enricher::open(options.enrich);
  if (!enricher) return tl::unexpected(enricher.error());
  return std::unique_ptr<DecideAgain>(
      new DecideAgain(std::make_unique<Impl>(node, std::move(options), std::move(*enricher), std::move(cancelled))));
}

Result<void> DecideAgain::run(const AgainFrom& part, const Wanted& wanted, const Visit& visit) {
  return impl_->run(part, wanted, visit);
}

RulesHash DecideAgain::rules() const { return worker::rules_of(impl_->decoder, impl_->enricher, impl_->options); }

event::Decoded DecideAgain::decode(const LogRecord& record, Partition partition) {
  return impl_->decoder.decode(record, partition, impl_->arena);
}

}  // namespace guidepost::app
