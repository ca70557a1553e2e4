// The one place that opens sketch images, with the library that defines them.
#include <algorithm>
#include <hll.hpp>

#include "verify/compare.hpp"

namespace guidepost::verify {
namespace {

constexpr std::uint8_t kLgK = 12;

Result<double> union_estimate(const std::vector<const rollup::StoredSketch*>& sketches) {
  try {
    datasketches::hll_union all(kLgK);
    for (const auto* sketch : sketches) {
      if (!sketch->image.empty()) {
        const auto read = datasketches::hll_sketch::deserialize(sketch->image.data(), sketch->image.size());
        if (sketches.size() == 1) return read.get_estimate();
        all.update(read);
      }
      for (const auto hash : sketch->hashes) all.update(hash);
    }
    return all.get_estimate();
  } catch (const std::exception& e) {
    return fail(ErrorCode::kCorrupt, std::string("a sketch cannot be read: ") + e.what());
  }
}

}  // namespace

Result<SketchEstimate> estimate(const std::vector<const rollup::StoredSketch*>& sketches) {
  SketchEstimate out;
  out.exact = std::all_of(sketches.begin(), sketches.end(), [](const auto* s) { return s->image.empty(); });
  if (!out.exact) {
    const auto count = union_estimate(sketches);
    if (!count) return tl::unexpected(count.error());
    out.count = *count;
    return out;
  }
  for (const auto* sketch : sketches) out.hashes.insert(out.hashes.end(), sketch->hashes.begin(), sketch->hashes.end());
  std::sort(out.hashes.begin(), out.hashes.end());
  out.hashes.erase(std::unique(out.hashes.begin(), out.hashes.end()), out.hashes.end());
  out.count = static_cast<double>(out.hashes.size());
  return out;
}

}  // namespace guidepost::verify
