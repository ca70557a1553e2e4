// Any words are a setting, or a mistake that is told in one printable line.
#include <cstdlib>

#include "base/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string words(reinterpret_cast<const char*>(data), size);
  const auto loaded = guidepost::load_config({.file = {}, .environment = {}, .sets = {words}});
  if (loaded) {
    static_cast<void>(guidepost::effective_config(*loaded));
    return 0;
  }
  for (const auto& mistake : loaded.error()) {
    for (const char c : mistake) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
    }
  }
  return 0;
}
