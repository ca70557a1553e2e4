// Mapping files: any bytes are lines, bad lines or a refused header, in bounded memory, and it ends.
#include <sstream>

#include "base/assert.hpp"
#include "identity/mapping_file.hpp"
#include "identity/runs.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace guidepost;
  using namespace guidepost::identity;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::istringstream in(bytes);
  MappingFile file(in, {"shop", 128});
  std::uint64_t last_line = 0;
  for (;;) {
    const auto item = file.next();
    if (!item || !*item) break;
    if (const auto* bad = std::get_if<BadLine>(&**item)) {
      GUIDEPOST_ASSERT(bad->line > last_line && !bad->reason.empty());
      last_line = bad->line;
      continue;
    }
    const auto& line = std::get<MappingLine>(**item);
    GUIDEPOST_ASSERT(line.line > last_line);
    GUIDEPOST_ASSERT(!line.guid.empty() && line.guid.size() <= 128 && line.customer.size() <= 128);
    GUIDEPOST_ASSERT(merchant_slug(line.merchant) == line.merchant);
    last_line = line.line;
  }
  // The formats of the log and the state table, on the same bytes.
  if (const auto marker = decode_marker(bytes)) GUIDEPOST_ASSERT(decode_marker(encode_marker(*marker)) == *marker);
  (void)decode_changed(bytes);
  return 0;
}
