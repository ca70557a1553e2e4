#include "app/live_screen.hpp"

#include <utility>

namespace guidepost::app {

LiveScreen::LiveScreen(Output& out) : out_(out) { out_.print("\x1b[?1049h\x1b[?25l"); }

LiveScreen::~LiveScreen() { out_.print("\x1b[?25h\x1b[?1049l" + last_); }

void LiveScreen::show(std::string text) {
  last_ = std::move(text);
  // Over the text before, not over an emptied screen: that would flicker.
  std::string painted = "\x1b[H";
  for (const char c : last_) painted += c == '\n' ? std::string("\x1b[K\r\n") : std::string(1, c);
  out_.print(painted + "\x1b[J");
}

}  // namespace guidepost::app
