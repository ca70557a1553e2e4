#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/installation.hpp"
#include "app/node.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

std::string painted(const text::Look& look, InstallStep::Outcome outcome) {
  const auto word = text::pad_right(to_string(outcome), 6);
  const bool good = outcome == InstallStep::Outcome::kMade || outcome == InstallStep::Outcome::kThere;
  return outcome == InstallStep::Outcome::kThere ? word : good ? green(look, word) : red(look, word);
}

int run_init(Call& call) {
  auto steps = nlohmann::json::array();
  const auto told = [&](const InstallStep& step) {
    if (call.json()) {
      steps.push_back(
          {{"kind", step.kind}, {"name", step.name}, {"outcome", to_string(step.outcome)}, {"note", step.note}});
    } else {
      call.out.print(painted(call.out.look(), step.outcome) + "  " + step.kind + " " + text::pad_right(step.name, 32) +
                     "  " + step.note + "\n");
    }
  };
  auto config = call.node->config();
  config.names.version = call.node->names().version;
  const bool good =
      install(config, call.node->log(), call.node->tables(), inline_executor().wall(), told, call.cancelled);
  if (call.json()) call.out.print(nlohmann::json{{"good", good}, {"steps", std::move(steps)}}.dump() + "\n");
  return good ? 0 : 1;
}

}  // namespace

Command init_command() {
  return {
      .name = "init",
      .group = Group::kLookAfter,
      .summary = "makes topics and tables, and says what it made",
      .about =
          "Makes what is missing: the topics, the tables without a month, and those of this month and the next. What is\n"
          "there already is looked at and never changed. Embedded stores are made by whoever opens them first.",
      .operands = {},
      .flags = {},
      .examples = {{"once, and again whenever you like", "guidepost init --config config/cluster.toml"},
                   {"for a second installation on the same servers",
                    "guidepost init --config config/cluster.toml --set names.prefix=test."}},
      .place = Place::kStores,
      .run = run_init};
}

}  // namespace guidepost::app
