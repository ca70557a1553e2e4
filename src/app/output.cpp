#include "app/output.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>

#include "base/log.hpp"

namespace guidepost::app {
namespace {

text::Look look_of(int fd) {
  text::Look look;
  look.terminal = isatty(fd) == 1;
  if (!look.terminal) return look;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  look.colour = (no_colour == nullptr || *no_colour == '\0') && term != nullptr && std::string_view(term) != "dumb";
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) look.width = size.ws_col;
  return look;
}

std::string painted(const text::Look& look, std::string_view code, std::string_view text) {
  return look.colour ? std::string(code) + std::string(text) + "\x1b[0m" : std::string(text);
}

}  // namespace

Streams own_streams() { return {0, 1, 2, look_of(1), look_of(2)}; }

void Output::write(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      if (fd == streams_.out) closed_ = true;
      return;
    }
  }
}

void Output::print(std::string_view text) {
  if (!closed()) write(streams_.out, text);
}

void Output::complain(std::string_view message) {
  // On the journal a complaint has the severity of an error; what another process passed is not ours to mark.
  const auto mark = streams_.err == STDERR_FILENO ? log::journal_mark(log::Level::kError) : "";
  write(streams_.err, std::string(mark) + red(streams_.err_look, "guidepost:") + " " + std::string(message) + "\n");
}

void Output::note(std::string_view text) { write(streams_.err, text); }

std::string bold(const text::Look& look, std::string_view text) { return painted(look, "\x1b[1m", text); }
std::string red(const text::Look& look, std::string_view text) { return painted(look, "\x1b[31m", text); }
std::string green(const text::Look& look, std::string_view text) { return painted(look, "\x1b[32m", text); }
std::string dim(const text::Look& look, std::string_view text) { return painted(look, "\x1b[2m", text); }

}  // namespace guidepost::app
