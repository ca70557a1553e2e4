#include "app/commands/sending.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/counted.hpp"
#include "app/node.hpp"
#include "app/progress.hpp"
#include "app/sources.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace guidepost::app {

std::string merchant_option(const Arguments& arguments, std::string_view flag, std::string_view otherwise) {
  auto merchant = arguments.value_or(flag, otherwise);
  if (!merchant.empty() && !is_merchant_slug(merchant)) {
    throw UsageError{
        fmt::format("{}: expected 1-40 characters of a-z, 0-9, '.', '_' and '-', got '{}'", flag, merchant)};
  }
  return merchant;
}

namespace {

/// Of everything; nothing where it cannot be read now.
std::optional<event::LedgerCounts> ledger(Call& call) {
  if (!call.node->look_at_version(call.cancelled)) return std::nullopt;
  const auto sources = source_standings(*call.node, call.cancelled);
  if (!sources) return std::nullopt;
  event::LedgerCounts all;
  for (const auto& source : *sources) all += source.ledger;
  return all;
}

Result<std::unique_ptr<RecordSink>> elsewhere(Call& call) {
  const auto& arguments = call.arguments;
  if (arguments.has("--to") && arguments.has("--out")) throw UsageError{"--to and --out: only one place at a time"};
  if (const auto path = arguments.value("--out")) return file_sink(call.path(*path));
  if (const auto url = arguments.value("--to")) {
    const auto connections = arguments.number("--connections", 1, 64).value_or(2);
    auto sink = http_sink(*url, static_cast<int>(connections));
    if (!sink && sink.error().code == ErrorCode::kInvalidArgument) throw UsageError{"--to: " + sink.error().message};
    return sink;
  }
  return std::unique_ptr<RecordSink>();
}

}  // namespace

Result<Sending> open_sink(Call& call) {
  auto other = elsewhere(call);
  if (!other) return tl::unexpected(other.error());
  if (*other) return Sending{std::move(*other), std::nullopt};
  auto& node = *call.node;
  const auto topic = ask<std::optional<TopicState>>(
      [&](auto done) { node.log().describe_topic(node.names().raw_topic(), std::move(done)); }, call.cancelled);
  if (!topic) return tl::unexpected(topic.error());
  if (!*topic)
    return fail(ErrorCode::kNotFound, "there is no topic " + node.names().raw_topic() + ": run `guidepost init` first");
  if (node.config().storage.kind == StorageKind::kEmbedded) {
    if (auto workers = node.workers(); !workers) return tl::unexpected(workers.error());
  }
  const auto shards = [&merchants = node.config().merchant](std::string_view merchant) {
    const auto found = merchants.find(std::string(merchant));
    return found == merchants.end() ? 1U : found->second.shards;
  };
  return Sending{log_sink(node.log(), node.names().raw_topic(), (*topic)->partitions, shards), ledger(call)};
}

namespace {

/// Waits until everything in the log is counted. Exit status.
int wait_for_counts(Call& call) {
  auto& node = *call.node;
  if (const auto looked = node.look_at_version(call.cancelled); !looked) {
    call.out.complain(looked.error().message);
    return 1;
  }
  const auto ends = raw_ends(node.log(), node.names());
  if (!ends) {
    call.out.complain(ends.error().message);
    return 1;
  }
  Progress progress(call.out, "counting", "events", std::nullopt);
  std::optional<std::uint64_t> first;
  const auto counted = wait_until_counted(
      node.log(), node.tables(), node.names(), *ends,
      [&] {
        if (auto* workers = node.running_workers()) workers->flush();
      },
      [&](std::uint64_t left) {
        if (!first) first = left;
        progress.set(*first > left ? *first - left : 0);
      },
      call.cancelled);
  if (!counted) {
    call.out.complain(counted.error().message);
    return 1;
  }
  progress.finish();
  return 0;
}

}  // namespace

int report_sent(Call& call, std::string_view verb, const Sent& sent, const Sending& sending,
                std::chrono::steady_clock::duration took) {
  const auto number = [](std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); };
  const auto seconds = std::chrono::duration<double>(took).count();
  const auto rate = seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(sent.records) / seconds) : 0;
  if (!call.json()) {
    call.out.print(fmt::format(
        "{} {} records in {:.1f} s ({} a second){}\n", verb, number(sent.records), seconds, number(rate),
        sent.refused > 0 ? fmt::format(", {} of them refused at first sight", number(sent.refused)) : std::string()));
  }
  nlohmann::json told{{"records", sent.records}, {"refused", sent.refused}, {"seconds", seconds}};
  int status = 0;
  const bool own_log = !call.arguments.has("--to") && !call.arguments.has("--out");
  if (own_log && !call.arguments.has("--no-wait")) {
    status = wait_for_counts(call);
    const auto after = status == 0 && sending.before ? ledger(call) : std::nullopt;
    if (after) {
      // Of everything that came in meanwhile: others may send, too.
      const auto counted = after->counted - sending.before->counted;
      const auto bad = after->bad - sending.before->bad;
      const auto duplicate = after->duplicate - sending.before->duplicate;
      told.update({{"counted", counted}, {"bad", bad}, {"duplicate", duplicate}});
      if (!call.json())
        call.out.print(fmt::format("{} counted, {} bad{}, {} duplicate\n", number(counted), number(bad),
                                   bad > 0 ? " (`guidepost bad list --by-reason`)" : "", number(duplicate)));
    }
  }
  if (call.json()) call.out.print(told.dump() + "\n");
  return status;
}

}  // namespace guidepost::app
