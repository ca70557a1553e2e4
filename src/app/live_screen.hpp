// A text that is shown in place of its predecessor, as `top` does.
#pragma once

#include <string>

#include "app/output.hpp"

namespace guidepost::app {

/// Has the terminal's second screen while it lives, so that what was there before comes back; leaves the last text on the
/// first one. Only where the output is a terminal.
class LiveScreen {
 public:
  explicit LiveScreen(Output& out);
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;
  /// Lines that fit into the terminal.
  void show(std::string text);

 private:
  Output& out_;
  std::string last_;
};

}  // namespace guidepost::app
