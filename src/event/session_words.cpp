#include "event/session_words.hpp"

#include <fmt/format.h>
#include <array>
#include <charconv>
#include <utility>

#include "base/assert.hpp"

namespace guidepost::event {
namespace {

constexpr std::string_view kSelf = "self";
constexpr std::string_view kBetween = "; ";
constexpr std::string_view kMs = "ms=";
using Count = std::int8_t SessionChange::*;
constexpr std::array<std::pair<std::string_view, Count>, 4> kCounts{{{"session", &SessionChange::sessions},
                                                                     {"bounce", &SessionChange::bounces},
                                                                     {"exit", &SessionChange::exits},
                                                                     {"dwell", &SessionChange::dwells}}};

/// Takes what comes before `border` off the front of `text`, and the border.
std::string_view take(std::string_view& text, std::string_view border) {
  const auto at = text.find(border);
  const auto word = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + border.size());
  return word;
}

bool read_number(std::string_view word, std::int64_t& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc{} && end == word.data() + word.size();
}

bool read_subject(std::string_view word, Offset cause, TimeMs time, StoredChange& out) {
  out.change.cause = cause;
  if (word == kSelf) {
    out.change.subject = cause;
    out.subject_time = time;
    return true;
  }
  std::int64_t offset = 0;
  std::int64_t ms = 0;
  if (!read_number(take(word, "@"), offset) || !read_number(word, ms) || offset < 0 || offset >= cause.value)
    return false;
  out.change.subject = Offset{offset};
  out.subject_time = from_unix_ms(ms);
  return true;
}

bool read_change(std::string_view word, SessionChange& change) {
  if (word.starts_with(kMs)) return read_number(word.substr(kMs.size()), change.dwell_ms);
  for (const auto& [name, count] : kCounts) {
    if (word.size() != 1 + name.size() || word.substr(1) != name || (word[0] != '+' && word[0] != '-')) continue;
    change.*count = word[0] == '+' ? 1 : -1;
    return true;
  }
  return false;
}

}  // namespace

std::string session_words(const Decisions& decisions, std::span<const SessionChange> changes) {
  std::string words;
  for (const auto& change : changes) {
    if (!words.empty()) words += kBetween;
    const auto* subject = decisions.subject(change);
    GUIDEPOST_ASSERT(subject != nullptr);
    words += change.subject == change.cause ? std::string(kSelf)
                                            : fmt::format("{}@{}", change.subject.value, unix_ms(subject->time));
    for (const auto& [name, count] : kCounts) {
      if (change.*count != 0) words += fmt::format(" {}{}", change.*count > 0 ? '+' : '-', name);
    }
    if (change.dwell_ms != 0) words += fmt::format(" {}{}", kMs, change.dwell_ms);
  }
  return words;
}

bool read_session_words(std::string_view words, Offset cause, TimeMs time, std::vector<StoredChange>& out) {
  while (!words.empty()) {
    auto item = take(words, kBetween);
    auto& stored = out.emplace_back();
    if (!read_subject(take(item, " "), cause, time, stored)) return false;
    while (!item.empty()) {
      if (!read_change(take(item, " "), stored.change)) return false;
    }
  }
  return true;
}

}  // namespace guidepost::event
