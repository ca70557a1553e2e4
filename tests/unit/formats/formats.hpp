// Every stored format, each with an example in tests/golden.
#pragma once

#include <ostream>
#include <vector>

#include "support/golden.hpp"

namespace guidepost::test {

struct Format {
  const char* name;                  ///< of its file: tests/golden/NAME.hex
  const char* document;              ///< that describes it, and names the file
  Golden (*write)();                 ///< the example as today's program writes it; none: it is only read any more
  void (*read)(const Golden& bytes);  ///< expects that today's program finds in the bytes what was put there
};

/// How GoogleTest names one that failed.
inline void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

/// By the rooms that write them. The one list: a format that is not in it has no golden bytes.
std::vector<Format> event_formats();
std::vector<Format> rollup_formats();
std::vector<Format> identity_formats();
std::vector<Format> worker_formats();
std::vector<Format> embedded_formats();
std::vector<Format> app_formats();

}  // namespace guidepost::test
