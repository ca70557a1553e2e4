// A command: its declaration, and the call that it runs with.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/cli.hpp"
#include "app/output.hpp"
#include "base/config.hpp"

namespace guidepost::app {

class Node;
class ServiceManager;

/// One call of a command.
struct Call {
  const Arguments& arguments;
  const LoadedConfig& config;
  Output& out;
  std::string directory;      ///< where the caller stands: relative paths begin there
  std::stop_token cancelled;  ///< the caller went away, or the process ends: stop soon
  Node* node = nullptr;       ///< the stores; null for commands that run without
  ServiceManager* manager = nullptr;  ///< of this process; null where the call came from another one

  std::string path(std::string_view given) const;  ///< a path of the caller's, absolute
  bool json() const { return arguments.has("--json"); }
};

/// Where a command runs.
enum class Place : std::uint8_t {
  kAlone,    ///< needs no stores
  kStores,   ///< in whoever holds the stores: this process, or the one that has the data folder
  kReads,    ///< as kStores, where there is something to look at: embedded stores are not made for it
  kDaemon,   ///< holds the stores itself until told to stop
};

enum class Group : std::uint8_t { kRun, kBringIn, kAsk, kLookAfter, kLookInside };

struct Command {
  std::string name;     ///< one word, or two (`bad list`)
  Group group = Group::kRun;
  std::string summary;  ///< one line
  std::string about;    ///< a paragraph or two, lines of at most 100 columns
  std::vector<Operand> operands;
  std::vector<Flag> flags;
  std::vector<Example> examples;
  Place place = Place::kStores;
  std::string endless_with = {};  ///< the flag with which it goes on until Ctrl-C, which is its good end; empty: none
  std::string alone_with = {};  ///< the switch with which it needs no stores, whatever `place` says
  std::function<int(Call&)> run;  ///< exit status; may throw UsageError
};

/// All commands, in the order of the overview.
const std::vector<Command>& commands();

/// The command that the first word, or the first two, name; null where none does.
const Command* find_command(const std::vector<std::string>& words);
/// The words after the command's name.
std::vector<std::string> rest_of(const Command& command, const std::vector<std::string>& words);

/// The end of a call that could not be done: says why. The exit status, 1.
int failed(Call& call, const Error& error);
/// The same, where an argument may be to blame: then throws UsageError.
int refused(Call& call, const Error& error);

/// Runs one: usage errors become a message and 2.
int run_command(const Command& command, Call& call);

}  // namespace guidepost::app
