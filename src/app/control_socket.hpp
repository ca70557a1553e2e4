// DATA/control.sock: commands of other processes run in the one that holds the data folder, on their own streams,
// which they pass along with the call.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/output.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::app {

/// A call as it travels.
struct RemoteCall {
  std::vector<std::string> words;  ///< the command line without the program's name
  std::string directory;           ///< where the caller stands
  text::Look out_look;
  text::Look err_look;
};

/// Answers calls of the same user's processes. A caller that goes away cancels its command.
/// Thread: any. Blocks: the destructor, until no call runs any more (they are told to stop).
class ControlServer {
 public:
  /// Runs one call and gives its exit status. Thread: one of the server's, several at once.
  using Handler = std::function<int(const RemoteCall& call, Output& out, std::stop_token cancelled)>;

  /// Replaces a socket that nobody answers at: the caller holds the folder's lock. Once `ending` says so, the calls
  /// that run are cancelled. Errors: kFailed.
  static Result<std::unique_ptr<ControlServer>> start(const std::string& folder, Handler handler,
                                                      std::stop_token ending = {});
  ~ControlServer();

  /// Takes no more calls, lets those that run come to their end, and removes the socket. Blocks: yes.
  void finish();

 private:
  struct Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Has the folder's holder run `call` on `streams`; its exit status. `cancelled`: the command is told to stop, and its
/// status waited for. Blocks: as long as the command takes.
/// Errors: kUnavailable (nobody answers, or the holder is about to end, and nothing was run: try again), kFailed
/// (the holder ended in the middle).
Result<int> call_holder(const std::string& folder, const RemoteCall& call, const Streams& streams,
                        const std::stop_token& cancelled = {});

}  // namespace guidepost::app
