#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/node.hpp"

namespace guidepost::app {
namespace {

/// What the names of the installation's tables begin with, in the order in which they are to be saved while daemons run.
/// `state` says up to which position all the others have everything: saved first, it promises no more than they hold. What
/// is counted comes before what it is counted from.
std::vector<std::string> stems(const Names& names) {
  return {names.state(),      names.all_rollups(), names.prefix + "ledger_v",
          names.all_events(), names.all_indexes(), names.prefix + "bad_v",
          names.mapping()};
}

int run_tables(Call& call) {
  auto list = nlohmann::json::array();
  for (const auto& stem : stems(call.node->names())) {
    const auto found = ask<std::vector<std::string>>(
        [&](auto done) { call.node->tables().list_tables(stem, std::move(done)); }, call.cancelled);
    if (!found) {
      call.out.complain(found.error().message);
      return 1;
    }
    for (const auto& table : *found) {
      if (!stem.ends_with("_v") && table != stem) continue;  // somebody else's, whose name begins so
      list.push_back(table);
      if (!call.json()) call.out.print(table + "\n");
    }
  }
  if (call.json()) call.out.print(list.dump() + "\n");
  return 0;
}

}  // namespace

Command tables_command() {
  return {
      .name = "tables",
      .group = Group::kLookInside,
      .summary = "lists the tables of this installation",
      .about =
          "A name a line, of all versions and months, in the order in which they are to be saved while daemons run:\n"
          "deploy/cluster/backup does so.",
      .operands = {},
      .flags = {},
      .examples = {{"all", "guidepost tables --config config/cluster.toml"},
                   {"for a program", "guidepost tables --json"}},
      .place = Place::kReads,
      .run = run_tables};
}

}  // namespace guidepost::app
