// Events are pieces of the body, in order, whatever the body is.
#include <cstdlib>

#include "app/split_events.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto* type : {"application/json", "application/x-ndjson"}) {
    const auto events = guidepost::app::split_events(type, body, 100);
    if (!events) continue;
    const char* at = body.data();
    if (events->empty() || events->size() > 100) std::abort();
    for (const auto event : *events) {
      if (event.data() < at || event.data() + event.size() > body.data() + body.size()) std::abort();
      at = event.data() + event.size();
    }
  }
  return 0;
}
