#include <limits>

#include "guidepost/base/codec.hpp"
#include "guidepost/rollup/page_format.hpp"

namespace guidepost::rollup {

std::string_view to_string(Dimension d) {
  switch (d) {
    case Dimension::kTotal:
      return "total";
    case Dimension::kType:
      return "type";
    case Dimension::kUrl:
      return "url";
    case Dimension::kCountry:
      return "country";
    case Dimension::kUrlCountry:
      return "url,country";
    case Dimension::kReferrerDomain:
      return "referrer_domain";
    case Dimension::kDeviceClass:
      return "device_class";
    case Dimension::kBrowser:
      return "browser";
    case Dimension::kOs:
      return "os";
    case Dimension::kCampaign:
      return "campaign";
    case Dimension::kChannel:
      return "channel";
    case Dimension::kProduct:
      return "product";
    case Dimension::kEntryPage:
      return "entry_page";
    case Dimension::kExitPage:
      return "exit_page";
    case Dimension::kCount:
      break;
  }
  return "unknown";
}

bool is_chunked(Dimension d) {
  switch (d) {
    case Dimension::kUrl:
    case Dimension::kUrlCountry:
    case Dimension::kProduct:
    case Dimension::kEntryPage:
    case Dimension::kExitPage:
      return true;
    default:
      return false;
  }
}

std::string page_row(std::string_view merchant, Span span, Bucket bucket) {
  ByteWriter row;
  row.reserve(merchant.size() + 7);
  row.u8(static_cast<std::uint8_t>(hash64(merchant) >> 56));
  row.bytes(merchant);
  row.u8(0);
  row.u8(static_cast<std::uint8_t>(span));
  row.be32(static_cast<std::uint32_t>(bucket.value));
  return std::move(row).take();
}

std::string page_row(const PageKey& key) { return page_row(key.merchant, key.span, key.bucket); }

std::string page_qualifier(ChunkId chunk, SourceId source) {
  ByteWriter name;
  name.u8(chunk.bits);
  name.u8(chunk.chunk);
  name.be32(source.value);
  return std::move(name).take();
}

Result<PageKey> parse_page_row(std::string_view row) {
  constexpr std::size_t kAround = 1 + 1 + 1 + 4;
  const auto no_page = [] { return fail(ErrorCode::kCorrupt, "a row key is not that of a page"); };
  if (row.size() <= kAround) return no_page();
  const auto merchant = row.substr(1, row.size() - kAround);
  if (merchant.find('\0') != std::string_view::npos) return no_page();
  ByteReader tail(row.substr(1 + merchant.size()));
  const auto zero = tail.u8();
  const auto span = tail.u8();
  const auto bucket = tail.be32();
  if (zero != 0 || span > static_cast<std::uint8_t>(Span::kDay) || bucket > std::numeric_limits<std::int32_t>::max())
    return no_page();
  PageKey key{std::string(merchant), static_cast<Span>(span), Bucket{static_cast<std::int32_t>(bucket)}, SourceId{}};
  if (page_row(key) != row) return no_page();  // the salt
  return key;
}

Result<std::pair<ChunkId, SourceId>> parse_page_qualifier(std::string_view qualifier) {
  ByteReader in(qualifier);
  const ChunkId chunk{in.u8(), in.u8()};
  const SourceId source{in.be32()};
  if (!in.ok() || !in.at_end() || !is_chunk(chunk))
    return fail(ErrorCode::kCorrupt, "a qualifier is not that of a page's chunk");
  return std::pair{chunk, source};
}

bool is_chunk(ChunkId id) {
  if (id.chunk == 0) return id.bits == 0;
  return id.bits <= kMaxBits && id.chunk <= (1U << id.bits);
}

}  // namespace guidepost::rollup
