// Ids, positions and times that must not be mixed up.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace guidepost {

/// Milliseconds since the Unix epoch, UTC. The only wall-clock type of the project.
using TimeMs = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr TimeMs from_unix_ms(std::int64_t ms) { return TimeMs{std::chrono::milliseconds{ms}}; }
constexpr std::int64_t unix_ms(TimeMs t) { return t.time_since_epoch().count(); }

/// A number with a meaning: two tags never mix, the raw number is asked for by name.
template <class Tag, class Rep>
struct Id {
  Rep value{};
  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;
};

/// Place of a record in one partition of a log. A *position* is an offset up to which (not
/// including) something has been done.
struct Offset : Id<struct OffsetTag, std::int64_t> {
  using Id::Id;
  constexpr Offset operator+(std::int64_t n) const { return Offset{value + n}; }
  constexpr Offset operator-(std::int64_t n) const { return Offset{value - n}; }
  constexpr std::int64_t operator-(Offset other) const { return value - other.value; }
  constexpr auto operator<=>(const Offset&) const = default;
};

/// Number of a partition of a topic, from 0.
using Partition = Id<struct PartitionTag, std::int32_t>;

/// One partition of one raw topic, by its small number in the registry of sources.
using SourceId = Id<struct SourceTag, std::uint32_t>;

/// One refresh of the mapping. 0: no run, nothing is mapped.
using RunId = Id<struct RunTag, std::uint64_t>;

/// Hash of everything that decides besides the log: code's rule number, stage configuration, geo
/// and user agent files. Blocks and pages carry it.
using RulesHash = Id<struct RulesTag, std::uint64_t>;

/// A number of bytes, where a bare number could be a number of something else.
struct Bytes : Id<struct BytesTag, std::uint64_t> {
  using Id::Id;
  constexpr auto operator<=>(const Bytes&) const = default;
};
constexpr Bytes operator""_B(unsigned long long n) { return Bytes{n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return Bytes{n * 1024}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return Bytes{n * 1024 * 1024}; }

/// 15 minutes, UTC, counted from the epoch: the base of all rollups.
struct Bucket : Id<struct BucketTag, std::int32_t> {
  using Id::Id;
  static constexpr std::chrono::minutes kSpan{15};
  static constexpr Bucket of(TimeMs t) {
    return Bucket{static_cast<std::int32_t>(std::chrono::floor<std::chrono::minutes>(t).time_since_epoch() / kSpan)};
  }
  constexpr TimeMs start() const { return TimeMs{std::chrono::milliseconds{kSpan} * value}; }
  constexpr auto operator<=>(const Bucket&) const = default;
};

}  // namespace guidepost

template <class Tag, class Rep>
struct std::hash<guidepost::Id<Tag, Rep>> {
  std::size_t operator()(guidepost::Id<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
template <>
struct std::hash<guidepost::Offset> {
  std::size_t operator()(guidepost::Offset o) const noexcept { return std::hash<std::int64_t>{}(o.value); }
};
template <>
struct std::hash<guidepost::Bucket> {
  std::size_t operator()(guidepost::Bucket b) const noexcept { return std::hash<std::int32_t>{}(b.value); }
};
