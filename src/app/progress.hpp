// How far long work is: a bar on a terminal, a plain line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "app/output.hpp"

namespace guidepost::app {

/// On standard error, so that standard output stays clean. On a terminal one line is drawn again at most ten times a
/// second; else a line every five seconds. The destructor ends the line.
/// Thread: the command's. Blocks: as long as the reader.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  /// `what` is being counted (`events`); `total` of it where that is known.
  Progress(Output& out, std::string title, std::string what, std::optional<std::uint64_t> total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void set(std::uint64_t done);
  void add(std::uint64_t more) { set(done_ + more); }
  /// Says something in between without spoiling the bar.
  void say(std::string_view line);
  /// Shows the last state and ends the line.
  void finish();
  std::uint64_t done() const { return done_; }
  Clock::duration elapsed() const { return Clock::now() - started_; }

 private:
  void draw();

  Output& out_;
  std::string title_;
  std::string what_;
  std::optional<std::uint64_t> total_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point drawn_{};
  std::uint64_t done_ = 0;
  bool drawn_once_ = false;
  bool finished_ = false;
};

/// The text of a progress line: title, bar, share, rate, what is left. `width` columns at most.
std::string progress_line(std::string_view title, std::string_view what, std::uint64_t done,
                          std::optional<std::uint64_t> total, std::chrono::milliseconds elapsed,
                          const text::Look& look);

}  // namespace guidepost::app
