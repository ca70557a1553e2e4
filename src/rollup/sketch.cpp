#include "rollup/sketch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include <hll.hpp>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "rollup/chunk_codec.hpp"
#include "rollup/sketch_image.hpp"

namespace guidepost::rollup {
namespace {

constexpr int kMaxRegister = 63;
constexpr double kMaxHip = 1e300;  // no update makes infinity of it

std::size_t coupons_at(std::string_view image) { return image[kModeAt] == kSetMode ? kSetStart : kAuxStart; }

/// DataSketches writes coupons in the order of its hash table, which depends on history.
void sort_coupons(std::string& image) {
  const auto start = coupons_at(image);
  std::array<std::uint32_t, kRegisters> coupons;
  const auto count = (image.size() - start) / sizeof(std::uint32_t);
  GUIDEPOST_ASSERT(count <= coupons.size());
  std::memcpy(coupons.data(), image.data() + start, count * sizeof(std::uint32_t));
  std::sort(coupons.begin(), coupons.begin() + static_cast<std::ptrdiff_t>(count));
  std::memcpy(image.data() + start, coupons.data(), count * sizeof(std::uint32_t));
}

bool coupons_ascend(std::string_view image, std::size_t start) {
  std::uint32_t last = 0;
  for (auto at = start; at < image.size(); at += sizeof last) {
    const auto coupon = read_at<std::uint32_t>(image, at);
    if (coupon <= last) return false;
    last = coupon;
  }
  return true;
}

bool is_canonical_set(std::string_view image) {
  const auto count = read_at<std::uint32_t>(image, kSetCountAt);
  if (count == 0 || count > kMaxSet || image.size() != kSetStart + count * sizeof(std::uint32_t)) return false;
  for (auto at = kSetStart; at < image.size(); at += sizeof(std::uint32_t)) {
    if (read_at<std::uint32_t>(image, at) >> kCouponBits == 0) return false;  // a coupon's register is 1 or more
  }
  return coupons_ascend(image, kSetStart);
}

/// How many registers have each nibble.
std::array<std::uint32_t, 16> nibbles_of(std::string_view image) {
  std::array<std::uint32_t, 256> pairs{};
  for (std::size_t i = kArrayStart; i < kAuxStart; ++i) ++pairs[byte_at(image, i)];
  std::array<std::uint32_t, 16> nibbles{};
  for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
    nibbles[pair & 15] += pairs[pair];
    nibbles[pair >> 4] += pairs[pair];
  }
  return nibbles;
}

/// The estimators' sums of 2^-register, below 32 and from there on. Exact: doubles have bits enough.
struct InverseSums {
  double low = 0;
  double high = 0;
  void add(int value, double times) { (value < 32 ? low : high) += std::ldexp(times, -value); }
};

bool is_canonical_array(std::string_view image) {
  if (image.size() < kAuxStart) return false;
  const auto aux_count = read_at<std::uint32_t>(image, kAuxCountAt);
  if (aux_count > kRegisters || image.size() != kAuxStart + aux_count * sizeof(std::uint32_t)) return false;
  const int cur_min = byte_at(image, kCurMinAt);
  const auto hip = read_at<double>(image, kHipAt);
  if (!std::isfinite(hip) || hip < 0 || hip > kMaxHip || cur_min > kMaxRegister) return false;
  const auto nibbles = nibbles_of(image);
  if (nibbles[0] == 0 || nibbles[0] != read_at<std::uint32_t>(image, kNumAtCurMinAt)) return false;
  if (nibbles[kException] != aux_count || !coupons_ascend(image, kAuxStart)) return false;
  InverseSums sums;
  for (int n = 0; n < kException; ++n) sums.add(cur_min + n, nibbles[static_cast<std::size_t>(n)]);
  std::array<bool, kRegisters> seen{};
  for (auto at = kAuxStart; at < image.size(); at += sizeof(std::uint32_t)) {
    const auto coupon = read_at<std::uint32_t>(image, at);
    const auto slot = coupon & ((1U << kCouponBits) - 1);
    const auto value = static_cast<int>(coupon >> kCouponBits);
    if (slot >= kRegisters || seen[slot] || value - cur_min < kException) return false;
    seen[slot] = true;
    sums.add(value, 1);
    const auto pair = byte_at(image, kArrayStart + slot / 2);
    if (((slot & 1) != 0 ? pair >> 4 : pair & 15) != kException) return false;
  }
  return read_at<double>(image, kKxq0At) == sums.low && read_at<double>(image, kKxq1At) == sums.high;
}

datasketches::hll_sketch read_image(std::string_view image) {
  // Aligned: the library reads coupons as integers where they are.
  std::vector<std::uint32_t> aligned((image.size() + 3) / 4);
  std::memcpy(aligned.data(), image.data(), image.size());
  return datasketches::hll_sketch::deserialize(aligned.data(), image.size());
}

}  // namespace

/// One stream as HLL_4.
struct DistinctCount::Dense {
  explicit Dense(datasketches::hll_sketch s) : sketch(std::move(s)), bytes(sketch.get_compact_serialization_bytes()) {}
  datasketches::hll_sketch sketch;
  std::uint32_t bytes;  ///< of the sketch's image

  std::string image() const {
    const auto written = sketch.serialize_compact();
    std::string image(written.begin(), written.end());
    sort_coupons(image);
    return image;
  }
};

std::uint64_t distinct_hash(std::string_view id) { return hash64(id) & ((std::uint64_t{1} << 48) - 1); }

bool is_canonical_image(std::string_view image) {
  if (image.size() < kSetStart) return false;
  const bool set = image[kModeAt] == kSetMode;
  if (!set && image[kModeAt] != kArrayMode) return false;  // the target type, in the next bits, is 0: HLL_4
  const bool header = image[0] == (set ? 3 : 10) && image[1] == 1 && image[2] == 7 && image[3] == kLgK &&
                      (byte_at(image, kFlagsAt) & ~kOutOfOrderFlag) == kCompactFlag;
  return header && (set ? is_canonical_set(image) : is_canonical_array(image));
}

DistinctCount::DistinctCount(DistinctCount&& other) noexcept
    : one_(std::exchange(other.one_, 0)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 1)) {}

DistinctCount& DistinctCount::operator=(DistinctCount&& other) noexcept {
  if (this != &other) {
    reset();
    one_ = std::exchange(other.one_, 0);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 1);
  }
  return *this;
}

void DistinctCount::reset() {
  if (dense()) {
    delete dense_;
  } else if (capacity_ > 1) {
    delete[] list_;
  }
  one_ = 0;
  size_ = 0;
  capacity_ = 1;
}

DistinctCount DistinctCount::clone() const {
  DistinctCount copy;
  if (dense()) {
    copy.dense_ = new Dense(dense_->sketch);
    copy.size_ = kDense;
    return copy;
  }
  if (capacity_ == 1) {
    copy.one_ = one_;
  } else {
    copy.list_ = new std::uint64_t[capacity_];
    std::copy_n(list_, size_, copy.list_);
  }
  copy.size_ = size_;
  copy.capacity_ = capacity_;
  return copy;
}

std::span<const std::uint64_t> DistinctCount::hashes() const {
  if (dense()) return {};
  return {capacity_ == 1 ? &one_ : list_, size_};
}

int DistinctCount::add(std::uint64_t hash) {
  if (dense()) {
    dense_->sketch.update(hash);
    const auto before = std::exchange(dense_->bytes, dense_->sketch.get_compact_serialization_bytes());
    if (dense_->bytes == before) return 0;
    return static_cast<int>(sketch_image_bytes(dense_->bytes)) - static_cast<int>(sketch_image_bytes(before));
  }
  const auto present = hashes();
  const auto at = std::lower_bound(present.begin(), present.end(), hash);
  if (at != present.end() && *at == hash) return 0;
  const auto before = stored_bytes();
  insert(static_cast<std::size_t>(at - present.begin()), hash);
  return static_cast<int>(stored_bytes()) - static_cast<int>(before);
}

void DistinctCount::insert(std::size_t at, std::uint64_t hash) {
  if (size_ == StoredSketch::kInlineMax) {
    make_dense(hash);
    return;
  }
  if (size_ == capacity_) {
    const auto capacity = static_cast<std::uint16_t>(capacity_ == 1 ? 4 : capacity_ * 2);
    auto* list = new std::uint64_t[capacity];
    std::copy_n(hashes().data(), size_, list);
    if (capacity_ > 1) delete[] list_;
    list_ = list;
    capacity_ = capacity;
  }
  auto* list = capacity_ == 1 ? &one_ : list_;
  std::memmove(list + at + 1, list + at, (size_ - at) * sizeof(std::uint64_t));
  list[at] = hash;
  ++size_;
}

void DistinctCount::make_dense(std::uint64_t last) {
  datasketches::hll_sketch sketch(kLgK, datasketches::HLL_4);
  for (auto hash : hashes()) sketch.update(hash);
  sketch.update(last);
  reset();
  dense_ = new Dense(std::move(sketch));
  size_ = kDense;
}

std::uint64_t DistinctCount::estimate() const {
  if (!dense()) return size_;
  return static_cast<std::uint64_t>(std::llround(std::min(dense_->sketch.get_estimate(), kMaxEstimate)));
}

std::string DistinctCount::image() const { return dense() ? dense_->image() : std::string{}; }

StoredSketch DistinctCount::store() const {
  const auto list = hashes();
  return {{list.begin(), list.end()}, image()};
}

Result<DistinctCount> DistinctCount::load(const StoredSketch& stored) {
  DistinctCount count;
  if (!stored.image.empty()) {
    if (!is_canonical_image(stored.image))
      return fail(ErrorCode::kCorrupt, "a distinct count holds an image that is no HLL_4 sketch of lgK 12");
    count.dense_ = new Dense(read_image(stored.image));
    count.size_ = kDense;
    return count;
  }
  if (stored.hashes.size() > StoredSketch::kInlineMax)
    return fail(ErrorCode::kCorrupt, "a distinct count lists too many hashes");
  for (auto hash : stored.hashes) count.add(hash);
  return count;
}

std::size_t DistinctCount::stored_bytes() const {
  return dense() ? sketch_image_bytes(dense_->bytes) : sketch_list_bytes(size_);
}

std::size_t DistinctCount::memory_bytes() const {
  if (dense()) return sizeof(Dense) + 2 * kRegisters;  // a set grows to 2 KiB, the array has 2 KiB, objects around
  return capacity_ == 1 ? 0 : capacity_ * sizeof(std::uint64_t);
}

}  // namespace guidepost::rollup
