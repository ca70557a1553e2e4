// What one verification is about, and what it has found.
#pragma once

#include "verify/verify.hpp"

namespace guidepost::verify {

/// Shared by the parts of a verification. Thread: one owner.
class Findings {
 public:
  Findings(const VerifyOptions& options, VerifyReport& report) : options_(options), report_(report) {}
  void add(Difference difference) {
    ++report_.differences_total;
    if (report_.differences.size() < options_.max_differences) report_.differences.push_back(std::move(difference));
  }
  VerifyReport& report() { return report_; }
  const VerifyOptions& options() const { return options_; }
  /// D of a source; 0 where it is not known.
  Offset durable(SourceId source) const {
    for (const auto& s : options_.sources) {
      if (s.source == source) return s.durable;
    }
    return Offset{0};
  }
  /// Where the ledger of a source begins.
  Offset floor(SourceId source) const {
    for (const auto& s : options_.sources) {
      if (s.source == source) return s.floor;
    }
    return Offset{0};
  }

 private:
  const VerifyOptions& options_;
  VerifyReport& report_;
};

}  // namespace guidepost::verify
