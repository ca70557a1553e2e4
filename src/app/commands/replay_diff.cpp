// `replay diff`: in which numbers, and by which events, two versions differ.
#include <fmt/format.h>
#include <charconv>

#include "app/commands/commands.hpp"
#include "app/commands/replay_diff_output.hpp"
#include "app/places.hpp"
#include "app/progress.hpp"

namespace guidepost::app {
namespace {

constexpr std::int64_t kMostListed = 1'000'000;

std::uint32_t version_of(std::string_view word) {
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), version);
  if (error != std::errc{} || end != word.data() + word.size() || version == 0)
    throw UsageError{fmt::format("'{}': expected a number as `replay list` shows it", text::escape(word))};
  return version;
}

query::DiffOptions options_of(const Call& call) {
  const auto& arguments = call.arguments;
  query::DiffOptions options;
  options.merchant = arguments.value("--merchant");
  if (options.merchant && !is_merchant_slug(*options.merchant))
    throw UsageError{"--merchant: expected a slug of 1-40 characters a-z 0-9 . _ -"};
  options.from = std::max(options.from, time_of(arguments, "--from").value_or(options.from));
  options.to = std::min(options.to, time_of(arguments, "--to").value_or(options.to));
  if (options.from >= options.to) throw UsageError{"--to: is not after --from; --to itself is not included"};
  const auto is_finer = [](TimeMs t) { return Bucket::of(t).start() != t; };
  if (!arguments.has("--events") && (is_finer(options.from) || is_finer(options.to)))
    throw UsageError{"--from, --to: expected a quarter of an hour; numbers are not kept any finer, --events are"};
  const auto limit = arguments.number("--limit", 0, kMostListed);
  if (limit) options.limit = static_cast<std::size_t>(*limit);
  options.cancelled = call.cancelled;
  return options;
}

/// Finds differences of either kind and shows them. `read` is what progress counts.
template <class Find>
int compare(Call& call, const ComparedVersions& compared, query::DiffOptions& options, std::string_view read,
            const Find& find) {
  Progress progress(call.out, fmt::format("versions {} and {}", compared.a, compared.b), std::string(read),
                    std::nullopt);
  options.progress = [&](std::uint64_t done) { progress.set(done); };
  const auto found = find();
  progress.finish();
  if (!found) {
    call.out.complain(found.error().message);
    return 1;
  }
  call.json() ? print_json(call, compared, *found) : print_text(call, compared, *found);
  return found->differs() && call.arguments.has("--exit-code") ? 1 : 0;
}

int run_replay_diff(Call& call) {
  auto options = options_of(call);
  auto& node = *call.node;
  const auto& words = call.arguments.operands();
  std::optional<std::uint32_t> a, b;
  if (words.size() == 2) a = version_of(words.front());
  if (!words.empty()) b = version_of(words.back());
  const auto compared = compare_versions(node, a, b, call.cancelled);
  if (!compared && compared.error().code == ErrorCode::kInvalidArgument) throw UsageError{compared.error().message};
  if (!compared) {
    call.out.complain(compared.error().message);
    return 1;
  }
  const query::VersionPair versions{node.tables(), compared->names_a, compared->names_b};
  if (!call.arguments.has("--events")) {
    return compare(call, *compared, options, "cells",
                   [&] { return query::diff_numbers(versions, compared->sources, options); });
  }
  return compare(call, *compared, options, "rows",
                 [&] { return query::diff_events(versions, compared->decided, options); });
}

}  // namespace

Command replay_diff_command() {
  return {
      .name = "replay diff",
      .group = Group::kLookAfter,
      .summary = "what differs between two versions: numbers, or events",
      .about =
          "Compares the numbers of every merchant and day (UTC), and lists those that differ, the largest difference first.\n"
          "--events compares event by event instead, and says what differs of each. Without operands it compares the\n"
          "published version with the newest other one that has caught up; with one, the published one with that.\n"
          "Exit status 0, also where they differ; with --exit-code 1 where they do.",
      .operands = {{"A", "a version as `replay list` shows it, by default the published one; the only one given is B",
                    Use::kOptional},
                   {"B", "the version that it is compared with", Use::kOptional}},
      .flags = {{"--events", "", "which events differ, and in what", Use::kOptional},
                {"--merchant", "M", "only this merchant's", Use::kOptional},
                {"--from", "T", "beginning, a date (UTC) or RFC 3339", Use::kOptional},
                {"--to", "T", "end, not included", Use::kOptional},
                {"--limit", "N", "list so many (40); all are counted", Use::kOptional},
                {"--exit-code", "", "exit status 1 where they differ", Use::kOptional}},
      .examples = {{"what publishing the version that was just made would change", "guidepost replay diff"},
                   {"one merchant's day, event by event",
                    "guidepost replay diff 1 2 --events --merchant shop --from 2025-01-31 --to 2025-02-01"},
                   {"for a script: whether anything differs", "guidepost replay diff 1 2 --exit-code --limit 0"}},
      .place = Place::kReads,
      .run = run_replay_diff};
}

}  // namespace guidepost::app
