#include "app/progress.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace guidepost::app {

std::string progress_line(std::string_view title, std::string_view what, std::uint64_t done,
                          std::optional<std::uint64_t> total, std::chrono::milliseconds elapsed,
                          const text::Look& look) {
  const double seconds = std::max(0.001, static_cast<double>(elapsed.count()) / 1000);
  const double rate = static_cast<double>(done) / seconds;
  const auto count = text::thousands(static_cast<std::int64_t>(done));
  const auto pace = fmt::format("{} {}/s", text::thousands(static_cast<std::int64_t>(rate)), what);
  if (!total || *total == 0) return fmt::format("{}  {} {}  {}", title, count, what, pace);

  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(*total));
  std::string left;
  if (done < *total && done > 0) {
    const auto ms = static_cast<double>(*total - done) / rate * 1000;
    left = "  " + text::duration(std::chrono::milliseconds{static_cast<std::int64_t>(ms) / 1000 * 1000}) + " left";
  }
  const auto numbers = fmt::format("{:3.0f} %  {} of {}  {}{}", share * 100, count,
                                   text::thousands(static_cast<std::int64_t>(*total)), pace, left);
  const auto taken = text::display_width(title) + text::display_width(numbers) + 6;
  if (!look.terminal || taken + 10 > look.width) return fmt::format("{}  {}", title, numbers);
  const auto width = std::min<std::size_t>(30, look.width - taken);
  return fmt::format("{} ▕{}▏ {}", title, text::pad_right(text::bar(share, 1, width), width), numbers);
}

Progress::Progress(Output& out, std::string title, std::string what, std::optional<std::uint64_t> total)
    : out_(out), title_(std::move(title)), what_(std::move(what)), total_(total), drawn_(started_) {}

Progress::~Progress() { finish(); }

void Progress::set(std::uint64_t done) {
  done_ = done;
  const auto pause = out_.error_look().terminal ? std::chrono::milliseconds{100} : std::chrono::milliseconds{5000};
  if (const auto now = Clock::now(); now - drawn_ >= pause) {
    drawn_ = now;
    draw();
  }
}

void Progress::say(std::string_view line) {
  const bool terminal = out_.error_look().terminal;
  out_.note((terminal && drawn_once_ ? "\r\x1b[K" : "") + std::string(line) + "\n");
  if (terminal && drawn_once_) draw();
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (!drawn_once_) return;  // short work needs no bar
  draw();
  if (out_.error_look().terminal) out_.note("\n");
}

void Progress::draw() {
  const auto& look = out_.error_look();
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_);
  const auto line = progress_line(title_, what_, done_, total_, elapsed, look);
  out_.note(look.terminal ? "\r" + text::fit(line, look.width) + "\x1b[K" : line + "\n");
  drawn_once_ = true;
}

}  // namespace guidepost::app
