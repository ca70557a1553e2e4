// Bugs crash, loudly and also in release: a wrong number is worse than none.
#pragma once

namespace guidepost {

/// Logs and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace guidepost

#define GUIDEPOST_ASSERT(condition) \
  (static_cast<bool>(condition) ? void(0) : ::guidepost::assertion_failed(#condition, __FILE__, __LINE__))
