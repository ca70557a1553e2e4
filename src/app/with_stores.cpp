#include "app/with_stores.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

#include "app/control_socket.hpp"
#include "app/data_folder.hpp"
#include "app/node.hpp"
#include "app/service_manager.hpp"
#include "app/signals.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;

/// Runs a command line of another process in this one.
int run_for_other(const RemoteCall& remote, const LoadedConfig& config, Node& node, Output& out,
                  const std::stop_token& cancelled) {
  try {
    const Command* command = find_command(remote.words);
    if (command == nullptr || (command->place != Place::kStores && command->place != Place::kReads))
      throw UsageError{unknown_command(commands(), remote.words.empty() ? "" : remote.words[0])};
    const auto arguments = parse_arguments(*command, rest_of(*command, remote.words));
    // It would seem to be obeyed.
    if (arguments.has("--set")) {
      throw UsageError{"--set has no effect beside the process that has " + config.config.storage.data +
                       ", whose settings hold: start that one with it, or stop it and run this alone"};
    }
    if (arguments.has("--config")) {
      out.complain("note: the settings in force are those of the process that has " + config.config.storage.data);
    }
    Call call{arguments, config, out, remote.directory, cancelled, &node};
    return run_command(*command, call);
  } catch (const UsageError& wrong) {
    out.complain(wrong.message);
    return 2;
  } catch (const std::exception& failure) {
    out.complain(failure.what());
    return 1;
  }
}

/// Opens the stores and runs the command in this process; on embedded stores others are answered meanwhile.
int run_here(const Asked& asked, Output& out) {
  std::stop_source stop;
  ServiceManager manager = ServiceManager::of_environment();
  Reload reload(asked.config.config, asked.load);
  const bool daemon = asked.command.place == Place::kDaemon;
  const Signals signals([&] { stop.request_stop(); },
                        [&] {
                          if (daemon) manager.reload([&] { reload.run(); });
                        });
  auto node = Node::open(asked.config, asked.open);
  if (!node) {
    out.complain(node.error().message);
    return 1;
  }
  std::unique_ptr<ControlServer> server;
  if (asked.config.config.storage.kind == StorageKind::kEmbedded) {
    auto started = ControlServer::start(
        asked.config.config.storage.data,
        [&](const RemoteCall& remote, Output& to, const std::stop_token& cancelled) {
          return run_for_other(remote, asked.config, **node, to, cancelled);
        },
        stop.get_token());
    if (!started) {
      out.complain(started.error().message);
      return 1;
    }
    server = std::move(*started);
  }
  const auto arguments = parse_arguments(asked.command, rest_of(asked.command, asked.words));
  Call call{arguments, asked.config, out, asked.directory, stop.get_token(), node->get(), &manager};
  const int status = run_command(asked.command, call);
  if (server) server->finish();
  if (const auto closed = (*node)->close(); !closed) {
    out.complain(closed.error().message);
    return status == 0 ? 1 : status;
  }
  return status;
}

/// Says once, after a while, whom is being waited for.
class Patience {
 public:
  Patience(Output& out, const std::string& folder) : out_(out), folder_(folder) {}
  void wait() {
    std::this_thread::sleep_for(20ms);
    if (told_ || std::chrono::steady_clock::now() - since_ < 2s) return;
    told_ = true;
    const auto holder = holder_of(folder_);
    if (holder)
      out_.complain("waiting for `guidepost " + holder->command + "` (process " + std::to_string(holder->pid) +
                    "), which has " + folder_);
  }

 private:
  Output& out_;
  const std::string& folder_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  bool told_ = false;
};

int run_embedded(const Asked& asked, Output& out) {
  const auto& folder = asked.config.config.storage.data;
  std::error_code none;
  if (asked.command.place == Place::kReads && !std::filesystem::exists(folder + "/log", none)) {
    out.complain("there is no data in " + folder +
                 ": `guidepost up`, `init`, `import` and `generate` make it (--data says where)");
    return 1;
  }
  const RemoteCall remote{asked.words, asked.directory, out.look(), out.error_look()};
  const auto& endless_with = asked.command.endless_with;
  const bool endless =
      !endless_with.empty() && parse_arguments(asked.command, rest_of(asked.command, asked.words)).has(endless_with);
  for (Patience patience(out, folder);; patience.wait()) {
    const auto lock = DataLock::take(folder, asked.command.name);
    if (lock) return run_here(asked, out);
    if (lock.error().code != ErrorCode::kUnavailable) {
      out.complain(lock.error().message);
      return 1;
    }
    if (asked.command.place == Place::kDaemon) {
      const auto holder = holder_of(folder);
      if (!holder || holder->command != asked.command.name) continue;
      out.complain("`guidepost " + holder->command + "` runs in " + folder + " already (process " +
                   std::to_string(holder->pid) + ")");
      return 1;
    }
    // Ctrl-C ends other commands at once; this one first puts the terminal in order.
    std::stop_source stop;
    std::optional<Signals> signals;
    if (endless) signals.emplace([&] { stop.request_stop(); });
    const auto status = call_holder(folder, remote, out.streams(), stop.get_token());
    if (status) return *status;
    if (stop.stop_requested()) return 0;
    if (status.error().code == ErrorCode::kUnavailable) continue;
    out.complain(status.error().message);
    return 1;
  }
}

}  // namespace

int run_with_stores(const Asked& asked, Output& out) {
  return asked.config.config.storage.kind == StorageKind::kEmbedded ? run_embedded(asked, out) : run_here(asked, out);
}

}  // namespace guidepost::app
