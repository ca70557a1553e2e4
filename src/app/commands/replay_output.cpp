#include "app/commands/replay_output.hpp"

#include <fmt/format.h>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/commands/replay_diff_output.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

/// Below it a normal distribution is none.
constexpr std::uint64_t kManyDevices = 12;

std::string number(std::uint64_t n) { return text::thousands(static_cast<std::int64_t>(n)); }

nlohmann::json json_of(const ReplayPlan& plan, const PagesFound& pages) {
  auto parts = nlohmann::json::array();
  for (const auto& part : plan.parts) {
    const auto of_current = [&](nlohmann::json value) { return part.current ? std::move(value) : nlohmann::json(); };
    parts.push_back({{"source", part.source.number.value},
                     {"partition", part.source.partition.value},
                     {"current", part.current},
                     {"from", of_current(part.start.from.value)},
                     {"received", of_current(text::rfc3339(part.start.time))},
                     {"to", of_current(part.raw.end.value)},
                     {"until", of_current(part.until.value)},
                     {"later", part.start.later},
                     {"before", part.kept}});
  }
  return {{"published", plan.versions.published.version},
          {"next_version", plan.versions.next},
          {"records", plan.records()},
          {"decided_again", plan.counted_again()},
          {"merchant", plan.scope.merchant ? nlohmann::json(*plan.scope.merchant) : nlohmann::json()},
          {"before", plan.kept()},
          {"pages", {{"whole", pages.whole}, {"divided", pages.divided}}},
          {"gone", json_of(gone_of(plan))},
          {"sources", std::move(parts)}};
}

/// Where the scope ends, in each partition that the log has.
std::string ends_of(const ReplayPlan& plan) {
  std::string ends;
  for (const auto& part : plan.parts) {
    if (!part.current) continue;
    ends += fmt::format("{}{} of partition {}", ends.empty() ? "" : ", ", std::min(part.until, part.counted).value,
                        part.source.partition.value);
  }
  return ends;
}

/// A share as it was asked for: `1 %`, `0.25 %`.
std::string share_words(double share) { return fmt::format("{:.6g} %", share * 100); }

/// `31,200 +- 9,100`: what more is said than the sample can know would be false.
std::string estimate(const SampledNumber& of) {
  const auto rounded = [](double value) { return text::thousands(std::llround(value)); };
  if (of.margin == 0) return rounded(of.in_all);
  // To the second digit of the margin.
  const auto unit = std::pow(10, std::max(0.0, std::floor(std::log10(of.margin)) - 1));
  const auto to_unit = [&](double value) { return rounded(std::round(value / unit) * unit); };
  return to_unit(of.in_all) + " +- " + to_unit(of.margin);
}

nlohmann::ordered_json json_of(const SampledNumber& of) {
  return {{"what", of.what},
          {"in_sample", of.in_sample},
          {"devices", of.devices},
          {"in_all", std::llround(of.in_all)},
          {"margin", std::llround(of.margin)}};
}

}  // namespace

std::string mapping_words(const std::optional<RunId>& least_run) {
  return least_run ? fmt::format("run {} or later", least_run->value) : std::string("by the markers in the log alone");
}

std::string text_of(const std::vector<GoneRange>& gone, std::uint32_t published) {
  std::string lines;
  for (const auto& range : gone) {
    lines += fmt::format(
        "partition {}: offsets [{}, {}), {} records, cannot be decided again, for the log no longer holds "
        "what that needs: they stay as version {} counts them\n",
        range.partition.value, range.from.value, range.to.value, text::thousands(range.to - range.from), published);
  }
  return lines;
}

nlohmann::json json_of(const std::vector<GoneRange>& gone) {
  auto ranges = nlohmann::json::array();
  for (const auto& range : gone)
    ranges.push_back({{"partition", range.partition.value}, {"from", range.from.value}, {"to", range.to.value}});
  return ranges;
}

void print_text(Call& call, const ReplayPlan& plan, const ReplayWish& wish, const PagesFound& pages) {
  call.out.print(fmt::format("version {} is published; a replay would make version {} beside it\n\n",
                             plan.versions.published.version, plan.versions.next));
  text::Table table({{"source", text::Align::kRight},
                     {"topic", text::Align::kLeft},
                     {"partition", text::Align::kRight},
                     {"from", text::Align::kRight},
                     {"received", text::Align::kLeft},
                     {"to", text::Align::kRight},
                     {"records", text::Align::kRight},
                     {"before it", text::Align::kRight}});
  for (const auto& part : plan.parts) {
    const auto of_current = [&](std::string text) { return part.current ? std::move(text) : std::string("-"); };
    table.add({std::to_string(part.source.number.value), text::escape(part.source.topic),
               std::to_string(part.source.partition.value), of_current(std::to_string(part.start.from.value)),
               of_current(text::rfc3339(part.start.time)), of_current(std::to_string(part.raw.end.value)),
               number(static_cast<std::uint64_t>(part.records())), number(static_cast<std::uint64_t>(part.kept))});
  }
  call.out.print(table.render(call.out.look()));
  call.out.print(fmt::format("\n{} records to read", number(plan.records())));
  if (wish.rate > 0) {
    std::int64_t longest = 0;
    for (const auto& part : plan.parts) longest = std::max(longest, part.records());
    call.out.print(fmt::format(", at {} a second and partition: about {} s", number(wish.rate),
                               number(static_cast<std::uint64_t>(longest) / wish.rate)));
  }
  call.out.print(fmt::format("; customers: {}\n", mapping_words(wish.latest_mapping ? plan.latest_run : std::nullopt)));
  if (!plan.scope.whole()) {
    call.out.print(fmt::format(
        "of these, {} below offset {} are decided again{}; the others stay as version {} decided "
        "them\n",
        number(plan.counted_again()), ends_of(plan),
        plan.scope.merchant ? " where they are " + *plan.scope.merchant + "'s" : "", plan.versions.published.version));
  }
  for (const auto& part : plan.parts) {
    if (!part.start.later) continue;
    call.out.print(
        fmt::format("partition {} begins later than asked for: to decide what is before offset {}, records are "
                    "needed that the log no longer holds\n",
                    part.source.partition.value, part.start.from.value));
  }
  call.out.print(text_of(gone_of(plan), plan.versions.published.version));
  if (plan.kept() > 0) {
    call.out.print(
        fmt::format("{} records before them stay as version {} counts them: {} pages are taken over whole, and of "
                    "{} that go on behind the beginning the earlier part is counted again from the rows\n",
                    number(plan.kept()), plan.versions.published.version, number(pages.whole), number(pages.divided)));
  }
  if (plan.versions.unfinished) {
    call.out.print(fmt::format("version {} of an earlier replay has not caught up: --execute goes on with it\n",
                               plan.versions.unfinished->version));
  }
  call.out.print("nothing was done; --execute does it, --publish then lets everybody read it\n");
}

void print_text(Call& call, const ReplayPlan& plan, const ReplaySample& sample, double share) {
  const auto& look = call.out.look();
  const auto version = plan.versions.published.version;
  call.out.print(
      fmt::format("{} records were decided again by the settings of now; {} events of a sample of {} devices ({}) were "
                  "compared with version {}\n",
                  number(sample.records), number(sample.events), number(sample.devices), share_words(share), version));
  if (sample.differing.in_sample == 0) {
    call.out.print(green(look, "nothing differs") + " in them");
    // Where each of so many would have been seen with that chance, 3 / share unseen ones are 1 in 20 samples.
    if (share < 1)
      call.out.print(fmt::format(": of all devices, hardly more than {} have anything that does (95 %)",
                                 number(static_cast<std::uint64_t>(std::ceil(3 / share)))));
    call.out.print("\nnothing was done\n");
    return;
  }
  text::Table table({{"would differ", text::Align::kLeft},
                     {"in the sample", text::Align::kRight},
                     {"devices", text::Align::kRight},
                     {"in all, about", text::Align::kRight}});
  const auto add = [&](const SampledNumber& of, std::string name, bool more) {
    table.add({std::move(name), (more && of.in_sample > 0 ? "+" : "") + text::thousands(of.in_sample),
               number(of.devices), (more && of.in_sample > 0 ? "+" : "") + estimate(of)});
  };
  add(sample.differing, "events", false);
  for (const auto& part : sample.parts) add(part, "  " + part.what, false);
  for (const auto& of : sample.net) {
    if (of.devices > 0) add(of, of.what + ", more or fewer", true);
  }
  call.out.print("\n" + table.render(look));
  if (share < 1) {
    call.out.print("\nof 20 samples of other devices, 19 would be within +-");
    call.out.print(sample.differing.devices < kManyDevices
                       ? "; here so few devices differ that it is a guess: take a larger share\n"
                       : "\n");
  }
  if (!sample.examples.empty()) call.out.print(fmt::format("\nfor instance (version {} -> now):\n", version));
  for (const auto& event : sample.examples) call.out.print(text_of(event));
  call.out.print("\nnothing was done\n");
}

void print_json(Call& call, const ReplayPlan& plan, const PagesFound& pages) {
  call.out.print(json_of(plan, pages).dump() + "\n");
}

void print_json(Call& call, const ReplayPlan& plan, const ReplaySample& sample, double share) {
  nlohmann::ordered_json json{{"published", plan.versions.published.version},
                              {"share", share},
                              {"records", sample.records},
                              {"events", sample.events},
                              {"devices", sample.devices},
                              {"differing", json_of(sample.differing)}};
  for (const auto& [name, numbers] : {std::pair("parts", &sample.parts), std::pair("net", &sample.net)}) {
    json[name] = nlohmann::ordered_json::array();
    for (const auto& of : *numbers) json[name].push_back(json_of(of));
  }
  json["examples"] = nlohmann::ordered_json::array();
  for (const auto& event : sample.examples) json["examples"].push_back(json_of(event));
  call.out.print(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace guidepost::app
