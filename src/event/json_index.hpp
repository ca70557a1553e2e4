// Where the tokens of a JSON text are: simdjson's first stage, which picks the machine's widest
// instructions at run time. (Its on-demand parser is compiled for one machine, and does not look at
// what it skips.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace guidepost::event {

/// Thread: one owner. Blocks: never. Allocates only for a text larger than any before.
class JsonIndex {
 public:
  static constexpr std::size_t kPadding = 64;  ///< readable bytes after the text
  static constexpr std::size_t kMaxText = std::size_t{4} * 1024 * 1024;

  JsonIndex();
  ~JsonIndex();
  JsonIndex(JsonIndex&&) noexcept;
  JsonIndex& operator=(JsonIndex&&) noexcept;

  /// False where the text is empty, over kMaxText, not UTF-8, or has a string that does not end or
  /// holds a bare control character. `text[size]` must be 0, kPadding bytes after it readable.
  bool build(const char* text, std::size_t size);
  /// Start of each token: a bracket, colon, comma, the opening quote of a string, the first byte of
  /// anything else that is not white space. One more follows, equal to the text's size.
  const std::uint32_t* tokens() const { return tokens_; }
  std::size_t count() const { return count_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  const std::uint32_t* tokens_ = nullptr;
  std::size_t count_ = 0;
};

bool is_utf8(std::string_view bytes);

}  // namespace guidepost::event
