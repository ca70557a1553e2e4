// Folding one accepted event, or a change of sessions, into a page.
#include <algorithm>
#include <span>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "rollup/contribution.hpp"
#include "rollup/page_state.hpp"

namespace guidepost::rollup {
namespace {

using event::Field;

/// The entries that an event touches: at most one of each dimension.
struct Touched {
  std::array<Value, static_cast<std::size_t>(Dimension::kCount)> values;
  std::size_t count = 0;
  void add(const Value& value) { values[count++] = value; }
  std::span<const Value> span() const { return {values.data(), count}; }
};

/// Those of the dimensions that are `wanted`.
template <class Wanted>
Touched values_of(const event::Accepted& event, const Page::Impl& page, Wanted wanted) {
  const auto& text = event.text;
  const auto country = country_of(text);
  Touched touched;
  const auto add = [&](Dimension dimension, std::string_view value, std::uint64_t hash, std::string_view second = {}) {
    const auto route = is_chunked(dimension) ? page.route_of(hash) : std::uint8_t{0};
    touched.add(make_value(dimension, event.traffic, value, hash, second, route));
  };
  static const auto empty_hash = hash64({});
  if (wanted(Dimension::kTotal)) add(Dimension::kTotal, {}, empty_hash);
  if (wanted(Dimension::kCountry)) add(Dimension::kCountry, country, hash64(country));
  for (const auto& [dimension, field] : kSmallDimensions) {
    if (!text[field].empty() && wanted(dimension)) add(dimension, text[field], hash64(text[field]));
  }
  if (const auto path = text[Field::kPath]; !path.empty()) {
    const auto hash = hash64(path);
    for (auto dimension : {Dimension::kUrl, Dimension::kEntryPage, Dimension::kExitPage}) {
      if (wanted(dimension)) add(dimension, path, hash);
    }
    if (wanted(Dimension::kUrlCountry)) add(Dimension::kUrlCountry, path, hash, country);
  }
  if (const auto product = text[Field::kProductId]; !product.empty() && wanted(Dimension::kProduct)) {
    add(Dimension::kProduct, product, hash64(product));
  }
  return touched;
}

/// Keeps Entry::users_apart true to what the format says: equal lists are stored once.
int add_distincts(Entry& entry, const Contribution& c) {
  const auto as_listed = [](const Entry& e) { return static_cast<int>(e.users.stored_bytes()) - 1; };
  int grown = 0;
  if (!entry.users_apart) {
    const bool same = c.has_device ? c.device == c.user : false;
    if (same) {
      grown += entry.devices.add(c.device);
      if (entry.devices.dense()) {
        entry.users = entry.devices.clone();
        entry.users_apart = true;
        grown += as_listed(entry);
      }
      return grown;
    }
    entry.users = entry.devices.clone();
    entry.users_apart = true;
    grown += as_listed(entry);
  }
  if (c.has_device) grown += entry.devices.add(c.device);
  grown += entry.users.add(c.user);
  if (entry.devices.dense() || entry.users.dense()) return grown;
  const auto devices = entry.devices.hashes();
  const auto users = entry.users.hashes();
  if (std::equal(devices.begin(), devices.end(), users.begin(), users.end())) {
    grown -= as_listed(entry);
    entry.users = {};
    entry.users_apart = false;
  }
  return grown;
}

int count_up(Entry& entry, const Counters& counters) {
  int grown = 0;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    if (counters[i] == 0) continue;
    auto& counter = entry.counters[i];
    const auto before = zigzag_bytes(counter);
    counter = add_counters(counter, counters[i]);
    grown += static_cast<int>(zigzag_bytes(counter)) - static_cast<int>(before);
  }
  return grown;
}

int earn(Entry& entry, const Money& money) {
  const auto before = money_bytes(entry.money);
  add_money(entry.money, money);
  return static_cast<int>(money_bytes(entry.money)) - static_cast<int>(before);
}

}  // namespace

/// The header's account of a contribution.
void Page::Impl::contribute(Offset offset, RulesHash block_rules) {
  if (entries.empty()) first_offset = offset;
  next = offset + 1;
  rules = block_rules;
  dirty = true;
}

/// `fold(entry)` changes an entry and says by how many bytes it has grown.
template <class Fold>
void Page::Impl::change(std::span<const Value> touched, Offset offset, Fold fold) {
  std::array<std::int64_t, static_cast<std::size_t>(Dimension::kCount)> found{};
  for (const auto& value : touched) table.prefetch(value.hash);
  for (std::size_t i = 0; i < touched.size(); ++i) {
    found[i] = find(touched[i]);
    if (found[i] >= 0) __builtin_prefetch(&entries[static_cast<std::size_t>(found[i])].counters);
  }
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (offset < chunks[chunk_of(touched[i].dimension, touched[i].route)].ahead) {
      found[i] = -1;
      continue;
    }
    auto& entry = found[i] >= 0 ? entries[static_cast<std::size_t>(found[i])] : find_or_insert(touched[i]);
    found[i] = &entry - entries.data();
    const auto memory = entry.outside_memory();
    const auto grown = fold(entry);
    outside_memory += entry.outside_memory() - memory;
    auto& chunk = chunks[chunk_of(entry.dimension, entry.route)];
    chunk.entry_bytes += static_cast<std::size_t>(static_cast<std::ptrdiff_t>(grown));
    chunk.dirty = true;
  }
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (found[i] < 0) continue;
    const auto& entry = entries[static_cast<std::size_t>(found[i])];
    if (is_chunked(entry.dimension)) split_while_over(chunk_of(entry.dimension, entry.route));
  }
}

void Page::add(const event::Accepted& event, RulesHash rules) {
  auto& page = *impl_;
  GUIDEPOST_ASSERT(event.offset >= page.next);
  GUIDEPOST_ASSERT(Bucket::of(event.time) == page.key.bucket);
  page.contribute(event.offset, rules);
  ++page.events;
  ++page.dirty_events;
  const auto touched = values_of(event, page, has_events);
  const auto contribution = contribution_of(event);
  page.change(touched.span(), event.offset, [&](Entry& entry) {
    auto grown = count_up(entry, contribution.counters) + add_distincts(entry, contribution);
    if (contribution.has_money) grown += earn(entry, contribution.money);
    if (entry.dimension == Dimension::kTotal && contribution.has_customer) {
      grown += page.customers[static_cast<std::size_t>(entry.traffic)].add(contribution.user);
    }
    return grown;
  });
}

void Page::add(const event::SessionChange& change, const event::Accepted& subject, RulesHash rules) {
  auto& page = *impl_;
  GUIDEPOST_ASSERT(change.cause + 1 >= page.next);  // after its own event
  GUIDEPOST_ASSERT(Bucket::of(subject.time) == page.key.bucket);
  page.contribute(change.cause, rules);
  const bool starts = change.sessions != 0 || change.bounces != 0;
  const bool dwells = change.dwells != 0 || change.dwell_ms != 0;
  const auto touched = values_of(subject, page, [&](Dimension d) {
    return (starts && has_sessions(d)) || (dwells && has_dwell(d)) || (change.exits != 0 && d == Dimension::kExitPage);
  });
  page.change(touched.span(), change.cause,
              [&](Entry& entry) { return count_up(entry, counters_of(change, entry.dimension)); });
}

}  // namespace guidepost::rollup
