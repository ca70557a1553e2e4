#include "app/command.hpp"

#include <filesystem>

#include "app/commands/commands.hpp"
#include "app/node.hpp"

namespace guidepost::app {

std::string Call::path(std::string_view given) const {
  return (std::filesystem::path(directory) / std::filesystem::path(given)).lexically_normal().string();
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all{
      up_command(),           collect_command(),     ingest_command(),      aggregate_command(),  //
      import_command(),       generate_command(),    refresh_command(),  //
      query_command(),        journey_command(),     verify_command(),      bad_list_command(),
      bad_show_command(),  //
      replay_command(),       replay_diff_command(), replay_list_command(), replay_undo_command(),
      replay_drop_command(),  init_command(),        backup_command(),      restore_command(),
      status_command(),       gap_list_command(),    gap_accept_command(),  canary_command(),
      check_config_command(),  //
      page_show_command(),    block_show_command(),  tables_command(),
  };
  return all;
}

const Command* find_command(const std::vector<std::string>& words) {
  const Command* found = nullptr;
  for (const auto& command : commands()) {
    const auto space = command.name.find(' ');
    const bool first = !words.empty() && words[0] == command.name.substr(0, space);
    const bool second = space == std::string::npos || (words.size() > 1 && words[1] == command.name.substr(space + 1));
    if (first && second) found = &command;
  }
  return found;
}

std::vector<std::string> rest_of(const Command& command, const std::vector<std::string>& words) {
  const std::ptrdiff_t taken = command.name.find(' ') == std::string::npos ? 1 : 2;
  return {words.begin() + taken, words.end()};
}

int failed(Call& call, const Error& error) {
  call.out.complain(error.message);
  return 1;
}

int refused(Call& call, const Error& error) {
  if (error.code == ErrorCode::kInvalidArgument) throw UsageError{error.message};
  return failed(call, error);
}

int run_command(const Command& command, Call& call) {
  try {
    // What is brought in goes into the log, whatever is read: without a table store as well. What goes on looks by itself,
    // again and again, and tells what it cannot reach.
    const bool goes_on = !command.endless_with.empty() && call.arguments.has(command.endless_with);
    const bool reads = command.group != Group::kBringIn && !goes_on &&
                       (command.place == Place::kStores || command.place == Place::kReads);
    if (call.node != nullptr && reads) {
      if (const auto looked = call.node->look_at_version(call.cancelled); !looked) return failed(call, looked.error());
    }
    return command.run(call);
  } catch (const UsageError& wrong) {
    call.out.complain(wrong.message + "\n`guidepost " + command.name + " --help` tells more");
    return 2;
  }
}

}  // namespace guidepost::app
