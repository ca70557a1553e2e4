#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/places.hpp"
#include "app/sources.hpp"
#include "guidepost/event/block.hpp"
#include "worker/chain.hpp"

namespace guidepost::app {
namespace {

struct FoundBlock {
  event::Block block;
  Offset resolved;
  std::size_t bytes = 0;
};

/// The block that decided about the offset: of those that cover it, the first that went on from the ones before it.
/// Errors: kNotFound, kCorrupt, those of the log.
Result<FoundBlock> find_block(Call& call, const worker::Source& source, const Position& wanted) {
  auto& log = call.node->log();
  const TopicPartition partition{call.node->names().resolved_topic(), source.partition};
  const auto bounds = ask<LogBounds>([&](auto done) { log.bounds(partition, std::move(done)); }, call.cancelled);
  if (!bounds) return tl::unexpected(bounds.error());
  const auto reader = log.read(partition, bounds->begin);
  std::optional<Offset> chain;
  std::optional<event::Era> era;
  for (Offset at = bounds->begin; at < bounds->end;) {
    const auto batch =
        ask<std::unique_ptr<LogBatch>>([&](auto done) { reader->fetch({}, std::move(done)); }, call.cancelled);
    if (!batch) return tl::unexpected(batch.error());
    for (const auto& record : (*batch)->records()) {
      auto block = event::Block::decode(record.value);
      if (!block) return tl::unexpected(block.error());
      const auto& d = block->decisions();
      if (d.source != wanted.source) continue;
      const auto how = chain ? worker::fit(*chain, era, d) : worker::Fit::kGoesOn;
      if (how == worker::Fit::kPassed || how == worker::Fit::kOtherEra) continue;
      chain = d.to;
      era = d.era;
      if (d.from <= wanted.offset && wanted.offset < d.to)
        return FoundBlock{std::move(*block), record.offset, record.value.size()};
    }
    at = (*batch)->next();
  }
  return fail(ErrorCode::kNotFound,
              "no block covers " + to_string(wanted) + ": it is not decided yet, or the resolved log has forgotten it");
}

nlohmann::json json_of(const event::Accepted& e) {
  nlohmann::json json{{"offset", e.offset.value},
                      {"outcome", "accepted"},
                      {"time", text::rfc3339(e.time)},
                      {"record_time", text::rfc3339(e.record_time)},
                      {"resolved_by", event::to_string(e.resolved_by)},
                      {"traffic", event::to_string(e.traffic)}};
  for (std::size_t f = 0; f < event::kFieldCount; ++f) {
    const auto field = static_cast<event::Field>(f);
    if (!e.text[field].empty()) json["fields"][std::string(event::spec(field).name)] = text::escape(e.text[field]);
  }
  return json;
}

nlohmann::json json_of(const event::Bad& b) {
  return {{"offset", b.offset.value},
          {"outcome", "bad"},
          {"record_time", text::rfc3339(b.record_time)},
          {"merchant", b.merchant},
          {"reason", event::to_string(b.reason)},
          {"field", b.field},
          {"size", b.full_size},
          {"bytes", json_bytes(b.bytes)}};
}

/// The outcomes of the block, by offset; only one where `only` names it.
nlohmann::json outcomes(const event::Decisions& d, std::optional<Offset> only) {
  auto list = nlohmann::json::array();
  const auto wanted = [&](Offset o) { return !only || *only == o; };
  for (const auto& e : d.accepted) {
    if (wanted(e.offset)) list.push_back(json_of(e));
  }
  for (const auto& b : d.bad) {
    if (wanted(b.offset)) list.push_back(json_of(b));
  }
  for (const auto& u : d.duplicates) {
    if (wanted(u.offset))
      list.push_back({{"offset", u.offset.value},
                      {"outcome", "duplicate"},
                      {"record_time", text::rfc3339(u.record_time)},
                      {"merchant", u.merchant}});
  }
  for (const auto& s : d.skipped) {
    if (wanted(s.offset))
      list.push_back(
          {{"offset", s.offset.value}, {"outcome", "skipped"}, {"record_time", text::rfc3339(s.record_time)}});
  }
  for (const auto& s : d.lost) {
    if (wanted(s.offset))
      list.push_back({{"offset", s.offset.value}, {"outcome", "lost"}, {"record_time", text::rfc3339(s.record_time)}});
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a["offset"] < b["offset"]; });
  return list;
}

void print_outcome(Call& call, const nlohmann::json& o) {
  call.out.print(
      bold(call.out.look(), fmt::format("{}  {}", o["offset"].get<std::int64_t>(), o["outcome"].get<std::string>())) +
      "\n");
  const auto line = [&](std::string_view name, const nlohmann::json& value) {
    const auto shown = value.is_string() ? value.get<std::string>() : value.dump();
    if (!shown.empty()) call.out.print("  " + text::pad_right(name, 18) + "  " + shown + "\n");
  };
  for (const auto& [name, value] : o.items()) {
    if (name == "fields") {
      for (const auto& [field, text] : value.items()) line(field, text);
    } else if (name != "offset" && name != "outcome") {
      line(name, value);
    }
  }
}

int run_block_show(Call& call) {
  const auto wanted = parse_position(call.arguments.operands().front());
  const auto sources = registered_sources(*call.node, call.cancelled);
  if (!sources) return failed(call, sources.error());
  const auto source =
      std::find_if(sources->begin(), sources->end(), [&](const auto& s) { return s.number == wanted.source; });
  if (source == sources->end())
    return failed(call, {ErrorCode::kNotFound,
                         "there is no source " + std::to_string(wanted.source.value) + ": `status` lists them"});
  const auto found = find_block(call, *source, wanted);
  if (!found) return failed(call, found.error());

  const auto& d = found->block.decisions();
  const auto list = outcomes(d, call.arguments.has("--all") ? std::nullopt : std::optional(wanted.offset));
  if (call.json()) {
    call.out.print(nlohmann::json{{"source", d.source.value},
                                  {"from", d.from.value},
                                  {"to", d.to.value},
                                  {"rules", fmt::format("{:016x}", d.era.rules.value)},
                                  {"rules_from", d.era.from.value},
                                  {"run", d.run.value},
                                  {"resolved_offset", found->resolved.value},
                                  {"bytes", found->bytes},
                                  {"accepted", d.accepted.size()},
                                  {"bad", d.bad.size()},
                                  {"duplicates", d.duplicates.size()},
                                  {"skipped", d.skipped.size()},
                                  {"lost", d.lost.size()},
                                  {"outcomes", list}}
                       .dump() +
                   "\n");
    return 0;
  }
  call.out.print(fmt::format("block of source {} [{}, {})  at {} offset {}  {}\n", d.source.value, d.from.value,
                             d.to.value, call.node->names().resolved_topic(), found->resolved.value,
                             text::bytes(found->bytes)));
  call.out.print(fmt::format(
      "{} accepted, {} bad, {} duplicates, {} skipped, {} lost; mapping run {}; rules {:016x} from {} on\n\n",
      d.accepted.size(), d.bad.size(), d.duplicates.size(), d.skipped.size(), d.lost.size(), d.run.value,
      d.era.rules.value, d.era.from.value));
  for (const auto& outcome : list) print_outcome(call, outcome);
  return 0;
}

}  // namespace

Command block_show_command() {
  return {
      .name = "block show",
      .group = Group::kLookInside,
      .summary = "what was decided about a raw offset",
      .about =
          "Finds the block of the resolved log that decided about the offset, and prints what it says about it: every\n"
          "decided field, or why it was refused. Reads the partition from its beginning.",
      .operands = {{"SOURCE:OFFSET", "a source, as `status` lists them, and a raw offset", Use::kRequired}},
      .flags = {{"--all", "", "prints everything that the block decides", Use::kOptional}},
      .examples = {{"one event", "guidepost block show 1:1234"},
                   {"its whole block, for a machine", "guidepost block show 1:1234 --all --json"}},
      .place = Place::kReads,
      .run = run_block_show};
}

}  // namespace guidepost::app
