// What a user agent's text says: program, system, kind of device, and whether it is a bot.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/result.hpp"

namespace guidepost::enrich {

inline constexpr std::string_view kUnknown = "(unknown)";

/// Every text is valid UTF-8 without control characters, at most kMaxFamily bytes, and never empty.
struct Agent {
  std::string browser{kUnknown};
  std::string os{kUnknown};
  std::string_view device_class = kUnknown;
  bool bot = false;
};

/// Longer texts are looked at up to here: real ones are shorter, and the time is linear in what is looked at.
inline constexpr std::size_t kMaxAgent = 512;
inline constexpr std::size_t kMaxFamily = 64;

/// The part of a user agent that is looked at.
inline std::string_view looked_at(std::string_view user_agent) { return user_agent.substr(0, kMaxAgent); }

/// Thread: any, once open. Blocks: open reads and compiles a file's patterns; those of the program itself are compiled
/// at the first agent.
class UserAgents {
 public:
  /// `file` is a regexes.yaml in place of the one that the program was built with; empty: none. An agent that contains
  /// one of `bot_words`, in whatever case, is a bot. Errors: kNotFound, kCorrupt.
  static Result<UserAgents> open(const std::string& file, std::vector<std::string> bot_words);
  UserAgents(UserAgents&&) noexcept;
  UserAgents& operator=(UserAgents&&) noexcept;
  ~UserAgents();

  /// Some ten microseconds; for a hostile text up to a millisecond.
  Agent recognise(std::string_view user_agent) const;
  /// Hash of the patterns.
  std::uint64_t content_hash() const;

 private:
  struct Impl;
  explicit UserAgents(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::enrich
