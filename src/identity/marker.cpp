// Bytes of markers and of lists of changed GUIDs.
#include <algorithm>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {
namespace {

constexpr std::uint8_t kMarkerVersion = 1;
constexpr std::uint8_t kChangedVersion = 1;
constexpr std::size_t kChecksumBytes = 4;

tl::unexpected<Error> corrupt(std::string_view what) { return fail(ErrorCode::kCorrupt, std::string(what)); }

std::string sealed(ByteWriter out) {
  out.fixed32(crc32(out.view()));
  return std::move(out).take();
}

/// The bytes between version and checksum.
Result<std::string_view> opened(std::string_view value, std::uint8_t version, std::string_view what) {
  if (value.size() < 1 + kChecksumBytes) return corrupt(std::string(what) + ": too short");
  const auto body = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(body.size())).fixed32() != crc32(body))
    return corrupt(std::string(what) + ": the checksum does not fit");
  if (static_cast<std::uint8_t>(body[0]) != version)
    return corrupt(std::string(what) + ": a version that this program does not know");
  return body.substr(1);
}

}  // namespace

std::string encode_marker(const RunMarker& marker) {
  ByteWriter out;
  out.u8(kMarkerVersion);
  out.varint(marker.run.value);
  out.varint(marker.aborted.size());
  std::uint64_t last = 0;
  for (const RunId run : marker.aborted) {
    GUIDEPOST_ASSERT(run.value > last && run < marker.run);
    out.varint(run.value - last);
    last = run.value;
  }
  return sealed(std::move(out));
}

Result<RunMarker> decode_marker(std::string_view value) {
  const auto body = opened(value, kMarkerVersion, "run marker");
  if (!body) return tl::unexpected(body.error());
  ByteReader in(*body);
  RunMarker marker;
  marker.run = RunId{in.varint()};
  const auto count = in.varint();
  if (!in.ok() || count > in.remaining()) return corrupt("run marker: it does not end where it should");
  marker.aborted.reserve(static_cast<std::size_t>(count));
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto step = in.varint();
    if (step == 0 || step >= marker.run.value - last) return corrupt("run marker: aborted runs are out of order");
    last += step;
    marker.aborted.push_back(RunId{last});
  }
  if (!in.ok() || !in.at_end()) return corrupt("run marker: it does not end where it should");
  return marker;
}

std::string changed_qualifier(std::uint32_t cell) {
  auto digits = std::to_string(cell);
  return "changed/" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

std::string encode_changed(std::span<const std::uint64_t> hashes) {
  GUIDEPOST_ASSERT(hashes.size() <= kHashesPerCell);
  ByteWriter out;
  out.reserve(1 + hashes.size() * 8 + kChecksumBytes);
  out.u8(kChangedVersion);
  for (const auto hash : hashes) out.fixed64(hash);
  return sealed(std::move(out));
}

Result<std::vector<std::uint64_t>> decode_changed(std::string_view value) {
  const auto body = opened(value, kChangedVersion, "changed GUIDs");
  if (!body) return tl::unexpected(body.error());
  if (body->size() % 8 != 0) return corrupt("changed GUIDs: a hash is cut");
  std::vector<std::uint64_t> hashes(body->size() / 8);
  ByteReader in(*body);
  for (auto& hash : hashes) hash = in.fixed64();
  if (!std::is_sorted(hashes.begin(), hashes.end())) return corrupt("changed GUIDs: out of order");
  return hashes;
}

}  // namespace guidepost::identity
