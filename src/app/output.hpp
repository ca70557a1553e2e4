// Where a command reads and writes. Not the process's own streams: a command also runs inside the process that
// holds the data folder, on descriptors that its caller passed.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/text.hpp"

namespace guidepost::app {

/// The three streams of a command and what their other ends can show. The descriptors stay the caller's.
struct Streams {
  int in = 0;
  int out = 1;
  int err = 2;
  text::Look out_look;
  text::Look err_look;
};

/// The process's own streams. Colour only on a terminal, and never with NO_COLOR or TERM=dumb.
Streams own_streams();

/// Thread: any, one call at a time (a command's main thread and its progress are one). Blocks: as long as the reader.
class Output {
 public:
  explicit Output(Streams streams) : streams_(streams) {}

  /// To standard output.
  void print(std::string_view text);
  /// To standard error, with the program's name before it and a newline after.
  void complain(std::string_view message);
  /// To standard error, as it is.
  void note(std::string_view text);

  int in() const { return streams_.in; }
  const text::Look& look() const { return streams_.out_look; }
  const text::Look& error_look() const { return streams_.err_look; }
  const Streams& streams() const { return streams_; }
  /// Whether the reader of standard output went away (`| head`): nothing more needs to be printed.
  bool closed() const { return closed_.load(std::memory_order_relaxed); }

 private:
  void write(int fd, std::string_view text);

  Streams streams_;
  std::atomic<bool> closed_ = false;
};

/// Words around text that a terminal shows in bold, red, green or dim; as it is without colour.
std::string bold(const text::Look& look, std::string_view text);
std::string red(const text::Look& look, std::string_view text);
std::string green(const text::Look& look, std::string_view text);
std::string dim(const text::Look& look, std::string_view text);

}  // namespace guidepost::app
