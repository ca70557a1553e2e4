// Decodes one record's value, for tests.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/decoder.hpp"

namespace guidepost::test {

/// 2015-05-17T12:00:00Z: the log's time of every record that is decoded here.
inline constexpr TimeMs kNoon = from_unix_ms(1'431'864'000'000);

/// A decoder with the memory that its results point into; each record lies in memory of just its size,
/// so that the address sanitizer sees a byte read after it.
class DecodeOne {
 public:
  explicit DecodeOne(event::EventLimits limits = {}) : decoder_(std::move(limits)) {}
  event::Decoded operator()(std::string_view value, std::string_view key = {}) {
    values_.push_back(std::make_unique<char[]>(value.size()));
    std::copy(value.begin(), value.end(), values_.back().get());
    const LogRecord record{Offset{42}, kNoon, key, {values_.back().get(), value.size()}};
    return decoder_.decode(record, Partition{3}, arena_);
  }
  std::uint64_t rules() const { return decoder_.rules(); }

 private:
  event::Decoder decoder_;
  Arena arena_;
  std::vector<std::unique_ptr<char[]>> values_;
};

}  // namespace guidepost::test
