// One page as stored against the same page counted again.
#pragma once

#include <string>

#include "verify/findings.hpp"
#include "verify/recount.hpp"
#include "verify/stored_pages.hpp"

namespace guidepost::verify {

/// `recount` has the rows below the page's position.
void compare_page(const std::string& merchant, Bucket bucket, SourceId source, const StoredPage& page,
                  const PageRecount& recount, Findings& findings);

/// What a set of stored sketches counts together. Images are read by DataSketches itself.
struct SketchEstimate {
  double count = 0;
  bool exact = true;
  std::vector<std::uint64_t> hashes;  ///< ascending, while exact
};
/// Errors: kCorrupt.
Result<SketchEstimate> estimate(const std::vector<const rollup::StoredSketch*>& sketches);

}  // namespace guidepost::verify
