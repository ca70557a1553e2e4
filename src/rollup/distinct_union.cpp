#include "rollup/distinct_union.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <hll.hpp>

#include "rollup/sketch_image.hpp"

namespace guidepost::rollup {
namespace {

constexpr std::uint32_t kKeyMask = (1U << kCouponBits) - 1;

std::uint32_t coupon_of(std::uint64_t hash) {
  HashState state;
  datasketches::HllUtil<>::hash(&hash, sizeof hash, datasketches::DEFAULT_SEED, state);
  return datasketches::HllUtil<>::coupon(state);
}

double estimate_of_coupons(std::size_t count) {
  const auto n = static_cast<double>(count);
  return std::max(datasketches::CubicInterpolation<>::usingXAndYTables(n), n);
}

double inverse_power(std::uint8_t value) { return std::ldexp(1.0, -value); }

}  // namespace

/// The coupons of few hashes. The table is DataSketches': where one stands says when its register is raised, which HIP
/// estimates depend on.
class DistinctUnion::Coupons {
 public:
  Coupons() : table_(std::size_t{1} << kFirstBits) {}
  explicit Coupons(std::string_view image) : Coupons() {
    for (auto at = kSetStart; at < image.size(); at += sizeof(std::uint32_t)) add(read_at<std::uint32_t>(image, at));
  }

  void add(std::uint32_t coupon) {
    auto& place = find(coupon);
    if (place == coupon) return;
    place = coupon;
    ++count_;
    if (4 * count_ > 3 * table_.size() && count_ <= kMaxSet) grow();
  }
  std::size_t size() const { return count_; }
  bool full() const { return count_ > kMaxSet; }
  std::size_t memory_bytes() const { return sizeof *this + table_.capacity() * sizeof(std::uint32_t); }
  template <class Visit>
  void each(Visit visit) const {
    for (const auto coupon : table_) {
      if (coupon != 0) visit(coupon);
    }
  }
  /// As an image has them.
  Coupons ascending() const {
    std::vector<std::uint32_t> sorted;
    sorted.reserve(count_);
    each([&](std::uint32_t coupon) { sorted.push_back(coupon); });
    std::sort(sorted.begin(), sorted.end());
    Coupons copy;
    for (const auto coupon : sorted) copy.add(coupon);
    return copy;
  }

 private:
  static constexpr int kFirstBits = 5;

  std::uint32_t& find(std::uint32_t coupon) {
    const auto mask = static_cast<std::uint32_t>(table_.size() - 1);
    const auto stride = ((coupon & kKeyMask) >> std::countr_zero(table_.size())) | 1;
    auto at = coupon & mask;
    while (table_[at] != 0 && table_[at] != coupon) at = (at + stride) & mask;
    return table_[at];
  }
  void grow() {
    const auto old = std::exchange(table_, std::vector<std::uint32_t>(table_.size() * 2));
    for (const auto coupon : old) {
      if (coupon != 0) find(coupon) = coupon;
    }
  }

  std::vector<std::uint32_t> table_;
  std::size_t count_ = 0;
};

/// One byte a register. While it goes on from one stream, its estimate is the running sum of HIP; from the first union with
/// another array on it is a function of the registers.
class DistinctUnion::Registers {
 public:
  explicit Registers(const Coupons& coupons) {
    coupons.each([&](std::uint32_t coupon) { add(coupon); });
    hip_ = estimate_of_coupons(coupons.size());
  }
  explicit Registers(std::string_view image) {
    raise(image);
    ordered_ = (byte_at(image, kFlagsAt) & kOutOfOrderFlag) == 0;
    hip_ = read_at<double>(image, kHipAt);
    kxq0_ = read_at<double>(image, kKxq0At);
    kxq1_ = read_at<double>(image, kKxq1At);
  }

  void add(std::uint32_t coupon) {
    auto& place = values_[coupon & (kRegisters - 1)];
    const auto value = static_cast<std::uint8_t>(coupon >> kCouponBits);
    if (value <= place) return;
    if (ordered_) {
      hip_ += static_cast<double>(kRegisters) / (kxq0_ + kxq1_);
      (place < 32 ? kxq0_ : kxq1_) -= inverse_power(place);
      (value < 32 ? kxq0_ : kxq1_) += inverse_power(value);
    }
    place = value;
  }
  void merge(std::string_view image) {
    raise(image);
    ordered_ = false;
  }
  void merge(const Registers& others) {
    for (std::size_t i = 0; i < kRegisters; ++i) values_[i] = std::max(values_[i], others.values_[i]);
    ordered_ = false;
  }

  double estimate() const { return ordered_ ? hip_ : composite_estimate(); }

 private:
  void raise(std::string_view image) {
    const auto least = byte_at(image, kCurMinAt);
    const auto* pairs = image.data() + kArrayStart;
    auto* values = values_.data();
    for (std::size_t i = 0; i < kRegisters / 2; ++i) {
      // Where the value is an exception, it is at least as much as its nibble says.
      const auto pair = static_cast<std::uint8_t>(pairs[i]);
      values[2 * i] = std::max(values[2 * i], static_cast<std::uint8_t>(least + (pair & 15)));
      values[2 * i + 1] = std::max(values[2 * i + 1], static_cast<std::uint8_t>(least + (pair >> 4)));
    }
    for (auto at = kAuxStart; at < image.size(); at += sizeof(std::uint32_t)) {
      const auto coupon = read_at<std::uint32_t>(image, at);
      auto& place = values_[coupon & (kRegisters - 1)];
      place = std::max(place, static_cast<std::uint8_t>(coupon >> kCouponBits));
    }
  }

  /// Of a union, as DataSketches has it: from an image of HLL_8.
  double composite_estimate() const {
    std::array<std::uint32_t, 64> counts{};
    for (const auto value : values_) ++counts[value & 63];
    double kxq0 = 0;
    double kxq1 = 0;
    for (std::uint8_t value = 0; value < counts.size(); ++value)
      (value < 32 ? kxq0 : kxq1) += counts[value] * inverse_power(value);
    constexpr char kOfEightBits = kArrayMode | (2 << 2);
    std::array<char, kArrayStart + kRegisters> image{10, 1,           7, kLgK, 0, kCompactFlag | kOutOfOrderFlag,
                                                     0,  kOfEightBits};
    std::memcpy(image.data() + kKxq0At, &kxq0, sizeof kxq0);
    std::memcpy(image.data() + kKxq1At, &kxq1, sizeof kxq1);
    std::memcpy(image.data() + kNumAtCurMinAt, counts.data(), sizeof counts[0]);
    std::memcpy(image.data() + kArrayStart, values_.data(), kRegisters);
    return datasketches::hll_sketch::deserialize(image.data(), image.size()).get_composite_estimate();
  }

  std::array<std::uint8_t, kRegisters> values_{};
  bool ordered_ = true;
  double hip_ = 0;
  double kxq0_ = kRegisters;  // sums of 2^-value, of values below 32 and from there on
  double kxq1_ = 0;
};

DistinctUnion::DistinctUnion() = default;
DistinctUnion::DistinctUnion(DistinctUnion&& other) noexcept { swap(other); }
DistinctUnion& DistinctUnion::operator=(DistinctUnion&& other) noexcept {
  swap(other);
  return *this;
}
DistinctUnion::~DistinctUnion() = default;

void DistinctUnion::swap(DistinctUnion& other) noexcept {
  std::swap(few_, other.few_);
  std::swap(settled_, other.settled_);
  std::swap(memory_, other.memory_);
  std::swap(coupons_, other.coupons_);
  std::swap(registers_, other.registers_);
}

void DistinctUnion::add(std::uint64_t hash) {
  const auto capacity = few_.capacity();
  few_.push_back(hash);
  if (few_.capacity() != capacity) measure();
  if (few_.size() == settled_ + kMaxWaiting) settle();
}

void DistinctUnion::settle() const {
  if (few_.size() == settled_) return;
  if (!is_sketch() && few_.size() <= StoredSketch::kInlineMax) {  // all may stay: their order is no matter
    const auto waiting = few_.begin() + settled_;
    std::sort(waiting, few_.end());
    std::array<std::uint64_t, StoredSketch::kInlineMax> all;
    few_.assign(all.begin(),
                std::set_union(few_.begin(), waiting, waiting, std::unique(waiting, few_.end()), all.begin()));
    settled_ = static_cast<std::uint32_t>(few_.size());
    return;
  }
  std::array<std::uint64_t, kMaxWaiting> came;
  const auto end = std::copy(few_.begin() + settled_, few_.end(), came.begin());
  few_.resize(settled_);
  std::for_each(came.begin(), end, [this](std::uint64_t hash) { add_settled(hash); });
  measure();
}

void DistinctUnion::add_settled(std::uint64_t hash) const {
  if (is_sketch()) return add_coupon(coupon_of(hash));
  const auto at = std::lower_bound(few_.begin(), few_.end(), hash);
  if (at != few_.end() && *at == hash) return;
  if (few_.size() < StoredSketch::kInlineMax) {
    few_.insert(at, hash);
    ++settled_;
    return;
  }
  coupons_ = std::make_unique<Coupons>();
  for (const auto one : take_few()) add_coupon(coupon_of(one));
  add_coupon(coupon_of(hash));
}

void DistinctUnion::add_coupon(std::uint32_t coupon) const {
  if (registers_) return registers_->add(coupon);
  coupons_->add(coupon);
  if (coupons_->full()) registers_ = std::make_unique<Registers>(*std::exchange(coupons_, nullptr));
}

std::vector<std::uint64_t> DistinctUnion::take_few() const {
  settled_ = 0;
  return std::exchange(few_, {});
}

void DistinctUnion::merge(const ReadSketch& page) {
  if (!page.image.empty()) return merge_image(page.image);
  for (std::size_t i = 0; i < page.size(); ++i) add(page[i]);
}

void DistinctUnion::merge_image(std::string_view image) {
  settle();
  if (image[kModeAt] == kSetMode) {
    unite(Coupons(image));
  } else if (registers_) {
    registers_->merge(image);
  } else {
    unite(Registers(image));
  }
  measure();
}

void DistinctUnion::unite(const Coupons& others) {
  const auto few = take_few();
  if (is_sketch()) {
    others.each([&](std::uint32_t coupon) { add_coupon(coupon); });
  } else {
    coupons_ = std::make_unique<Coupons>(others);
  }
  for (const auto hash : few) add_coupon(coupon_of(hash));
}

void DistinctUnion::unite(const Registers& others) {
  if (registers_) return registers_->merge(others);
  registers_ = std::make_unique<Registers>(others);
  // A stream that goes on: the better estimator survives.
  if (const auto coupons = std::exchange(coupons_, nullptr))
    coupons->each([&](std::uint32_t coupon) { add_coupon(coupon); });
  for (const auto hash : take_few()) add_coupon(coupon_of(hash));
}

void DistinctUnion::merge(const DistinctUnion& other) {
  settle();
  other.settle();
  const bool empty = !is_sketch() && few_.empty();
  if (other.registers_) {
    unite(*other.registers_);
  } else if (other.coupons_) {
    unite(empty ? *other.coupons_ : other.coupons_->ascending());
  } else {
    for (const auto hash : other.few_) add(hash);
  }
  measure();
}

std::uint64_t DistinctUnion::estimate() const {
  settle();
  if (!is_sketch()) return few_.size();
  const auto estimate = registers_ ? registers_->estimate() : estimate_of_coupons(coupons_->size());
  return static_cast<std::uint64_t>(std::llround(std::min(estimate, kMaxEstimate)));
}

void DistinctUnion::measure() const {
  const auto bytes = few_.capacity() * sizeof(std::uint64_t) + (coupons_ ? coupons_->memory_bytes() : 0) +
                     (registers_ ? sizeof(Registers) : 0);
  memory_ = static_cast<std::uint32_t>(bytes);
}

}  // namespace guidepost::rollup
