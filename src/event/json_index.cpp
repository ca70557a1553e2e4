#include "event/json_index.hpp"

#include <simdjson.h>
#include <algorithm>

#include "base/assert.hpp"

namespace guidepost::event {
namespace {

constexpr std::size_t kUsual = std::size_t{128} * 1024;  // capacity that is kept after larger texts

}  // namespace

struct JsonIndex::Impl {
  simdjson::dom::parser parser{kMaxText};
};

JsonIndex::JsonIndex() : impl_(std::make_unique<Impl>()) {}
JsonIndex::~JsonIndex() = default;
JsonIndex::JsonIndex(JsonIndex&&) noexcept = default;
JsonIndex& JsonIndex::operator=(JsonIndex&&) noexcept = default;

bool JsonIndex::build(const char* text, std::size_t size) {
  count_ = 0;
  if (size == 0 || size > kMaxText) return false;
  auto& implementation = impl_->parser.implementation;
  const auto capacity = implementation ? implementation->capacity() : 0;
  if (capacity < size || (capacity > kUsual && size <= kUsual)) {
    // The parser's own allocate would also make room for a document tree, which nobody builds here.
    implementation.reset();
    const auto failed = simdjson::get_active_implementation()->create_dom_parser_implementation(std::max(size, kUsual),
                                                                                                1, implementation);
    GUIDEPOST_ASSERT(failed == simdjson::SUCCESS);
  }
  if (implementation->stage1(reinterpret_cast<const std::uint8_t*>(text), size, simdjson::stage1_mode::regular) !=
      simdjson::SUCCESS) {
    return false;
  }
  tokens_ = implementation->structural_indexes.get();
  count_ = implementation->n_structural_indexes;
  return true;
}

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

}  // namespace guidepost::event
