#include "identity/refresh_lock.hpp"

#include <charconv>

#include "base/text.hpp"
#include "identity/compare_and_set.hpp"
#include "identity/runs.hpp"

namespace guidepost::identity {
namespace {

constexpr std::string_view kRow = "lock/refresh";
constexpr std::string_view kHolder = "holder";
constexpr std::string_view kFree = "free";

struct Holder {
  std::int64_t sequence = 0;
  TimeMs seen;
  std::string_view owner;  // empty: free
};

template <class Number>
bool take_number(std::string_view& text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

Result<Holder> parse(std::string_view text) {
  Holder holder;
  std::int64_t seen = 0;
  const bool numbered = take_number(text, holder.sequence);
  if (numbered && text == kFree) return holder;
  if (!numbered || !take_number(text, seen) || text.empty()) {
    return fail(ErrorCode::kCorrupt, "the refresh lock in the state table cannot be read");
  }
  holder.seen = from_unix_ms(seen);
  holder.owner = text;
  return holder;
}

}  // namespace

TimeMs RefreshLock::wall() const { return options_.wall ? options_.wall() : inline_executor().wall(); }

Result<void> RefreshLock::set(std::string_view rest) {
  const auto sequence = sequence_ + 1;
  std::string value = std::to_string(sequence) + " " + std::string(rest);
  CompareAndSet wanted{std::string(kRow), std::string(kStateFamily), std::string(kHolder), value_, {}};
  wanted.put = {wanted.row, {{wanted.family, wanted.qualifier, sequence, value}}};
  const auto other = compare_and_set(*tables_, table_, wanted, options_.patience);
  if (!other) return tl::unexpected(other.error());
  if (*other) return fail(ErrorCode::kCancelled, "the refresh lock was taken by another: " + text::escape(**other));
  value_ = std::move(value);
  sequence_ = sequence;
  return {};
}

Result<RefreshLock> RefreshLock::take(TableStore& tables, std::string state_table, RefreshLockOptions options) {
  RefreshLock lock(tables, std::move(state_table), std::move(options));
  RowGet get{std::string(kRow), {}};
  get.cells.family = kStateFamily;
  const auto rows = await_patiently<std::vector<Row>>(
      lock.options_.patience, [&](auto done) { tables.get(lock.table_, {get}, std::move(done)); });
  if (!rows) return tl::unexpected(rows.error());
  if (const auto* cell = rows->at(0).find(kStateFamily, kHolder)) {
    const auto holder = parse(cell->value);
    if (!holder) return tl::unexpected(holder.error());
    lock.value_ = cell->value;
    lock.sequence_ = holder->sequence;
    if (!holder->owner.empty()) {
      const auto silent = lock.wall() - holder->seen;
      const bool gone = lock.options_.owner_is_gone && lock.options_.owner_is_gone(holder->owner);
      if (!gone && silent < lock.options_.stale_after) {
        return fail(ErrorCode::kUnavailable, "another refresh is at work: " + text::escape(holder->owner) +
                                                 ", last seen " + text::duration(silent) +
                                                 " ago; it is taken to be dead after " +
                                                 text::duration(lock.options_.stale_after));
      }
      lock.taken_from_ = std::string(holder->owner);
    }
  }
  lock.last_beat_ = lock.wall();
  auto taken = lock.set(std::to_string(unix_ms(lock.last_beat_)) + " " + lock.options_.owner);
  if (!taken && taken.error().code == ErrorCode::kCancelled) {
    return fail(ErrorCode::kUnavailable, "another refresh has just begun");
  }
  if (!taken) return tl::unexpected(std::move(taken.error()));
  return lock;
}

Result<void> RefreshLock::beat() {
  const auto now = wall();
  if (now - last_beat_ < options_.stale_after / 4) return {};
  last_beat_ = now;
  return set(std::to_string(unix_ms(now)) + " " + options_.owner);
}

Result<void> RefreshLock::release() { return set(kFree); }

}  // namespace guidepost::identity
