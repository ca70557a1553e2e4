// Any bytes as a line of an access log, read alone and in an envelope.
#include <cstdint>

#include "base/assert.hpp"
#include "event/access_log.hpp"
#include "event/decoder.hpp"

using namespace guidepost;
using namespace guidepost::event;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Decoder decoder({});
  static Arena arena;
  arena.reset();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto line = parse_access_log(bytes);
  const auto received = line ? line->time : from_unix_ms(1'431'864'000'000);
  const auto value = wrap({received, "access_log", "shop", {}, {}, {}, 7}, bytes);
  const auto d = decoder.decode({Offset{1}, received, {}, value}, Partition{0}, arena);
  if (d.kind == RecordKind::kEvent) {
    GUIDEPOST_ASSERT(line && d.event.time == line->time);
    GUIDEPOST_ASSERT(d.event.text[Field::kType] == "page_view" || d.event.text[Field::kType] == "request");
    GUIDEPOST_ASSERT(d.event.text[Field::kUrl].find_first_of("?#") == std::string_view::npos);
  } else {
    GUIDEPOST_ASSERT(!line || d.bad.reason == Reason::kTooLarge || d.bad.reason == Reason::kFieldTooLong);
    GUIDEPOST_ASSERT(d.bad.bytes == bytes.substr(0, 65536));
  }
  return 0;
}
