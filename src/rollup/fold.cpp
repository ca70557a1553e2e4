// Folding one accepted event into a page.
#include <algorithm>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "rollup/page_state.hpp"

namespace guidepost::rollup {
namespace {

using event::Field;

constexpr std::string_view kUnknownCountry = "--";

/// What one event adds to every entry that it touches.
struct Contribution {
  std::array<std::uint8_t, kCounterCount> counters{};
  bool has_device = false;
  bool has_customer = false;
  std::uint64_t device = 0;
  std::uint64_t user = 0;
};

Contribution contribution_of(const event::Accepted& event) {
  Contribution c;
  const auto set = [&](Counter counter, bool counts) {
    c.counters[static_cast<std::size_t>(counter)] = static_cast<std::uint8_t>(counts);
  };
  const auto type = event.text[Field::kType];
  const auto guid = event.text[Field::kGuid];
  const auto customer = event.text[Field::kCustomer];
  set(Counter::kEvents, true);
  set(Counter::kPageViews, type == "page_view");
  set(Counter::kClicks, type == "click");
  set(Counter::kPurchases, type == "purchase");
  set(Counter::kIdentified, !customer.empty());
  c.device = distinct_hash(guid);
  c.has_device = !guid.empty() && (event.flags & event::kNoDevice) == 0;
  c.has_customer = !customer.empty();
  c.user = c.has_customer ? distinct_hash(customer) : c.device;
  return c;
}

/// The entries that an event touches: at most one of each dimension.
struct Touched {
  std::array<Value, 6> values;
  std::size_t count = 0;
  void add(const Value& value) { values[count++] = value; }
};

Touched values_of(const event::Accepted& event, const Page::Impl& page) {
  const auto traffic = event.traffic;
  const auto& text = event.text;
  auto country = text[Field::kCountry];
  if (country.empty() || country.find('\0') != std::string_view::npos) country = kUnknownCountry;
  Touched touched;
  static const auto empty_hash = hash64({});
  touched.add(make_value(Dimension::kTotal, traffic, {}, empty_hash, {}, 0));
  touched.add(make_value(Dimension::kType, traffic, text[Field::kType], hash64(text[Field::kType]), {}, 0));
  touched.add(make_value(Dimension::kCountry, traffic, country, hash64(country), {}, 0));
  if (const auto domain = text[Field::kReferrerDomain]; !domain.empty()) {
    touched.add(make_value(Dimension::kReferrerDomain, traffic, domain, hash64(domain), {}, 0));
  }
  if (const auto path = text[Field::kPath]; !path.empty()) {
    const auto hash = hash64(path);
    const auto route = page.route_of(hash);
    touched.add(make_value(Dimension::kUrl, traffic, path, hash, {}, route));
    touched.add(make_value(Dimension::kUrlCountry, traffic, path, hash, country, route));
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

int count_up(Entry& entry, const Contribution& c) {
  int grown = 0;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    auto& counter = entry.counters[i];
    const auto before = zigzag_bytes(counter);
    counter = add_counters(counter, c.counters[i]);
    grown += static_cast<int>(zigzag_bytes(counter)) - static_cast<int>(before);
  }
  return grown;
}

}  // namespace

void Page::add(const event::Accepted& event, RulesHash rules) {
  auto& page = *impl_;
  GUIDEPOST_ASSERT(event.offset >= page.next);
  GUIDEPOST_ASSERT(Bucket::of(event.time) == page.key.bucket);
  if (page.events == 0) page.first_offset = event.offset;
  page.next = event.offset + 1;
  page.rules = rules;
  ++page.events;
  ++page.dirty_events;

  const auto touched = values_of(event, page);
  const auto contribution = contribution_of(event);
  std::array<std::int64_t, std::tuple_size_v<decltype(touched.values)>> found{};
  for (std::size_t i = 0; i < touched.count; ++i) page.table.prefetch(touched.values[i].hash);
  for (std::size_t i = 0; i < touched.count; ++i) {
    found[i] = page.find(touched.values[i]);
    if (found[i] >= 0) __builtin_prefetch(&page.entries[static_cast<std::size_t>(found[i])].counters);
  }
  std::size_t url_chunk = 0;
  for (std::size_t i = 0; i < touched.count; ++i) {
    if (event.offset < page.chunks[page.chunk_of(touched.values[i].dimension, touched.values[i].route)].ahead) continue;
    auto& entry =
        found[i] >= 0 ? page.entries[static_cast<std::size_t>(found[i])] : page.find_or_insert(touched.values[i]);
    const auto memory = entry.sketch_memory();
    auto grown = count_up(entry, contribution) + add_distincts(entry, contribution);
    page.sketch_memory += entry.sketch_memory() - memory;
    if (entry.dimension == Dimension::kTotal && contribution.has_customer) {
      grown += page.customers[static_cast<std::size_t>(entry.traffic)].add(contribution.user);
    }
    const auto chunk = page.chunk_of(entry.dimension, entry.route);
    page.chunks[chunk].entry_bytes += static_cast<std::size_t>(static_cast<std::ptrdiff_t>(grown));
    page.chunks[chunk].dirty = true;
    url_chunk = std::max(url_chunk, chunk);
  }
  // Url and url x country of an event are in the same chunk, unless the value was too long to keep.
  if (url_chunk != 0) page.split_while_over(url_chunk);
}

}  // namespace guidepost::rollup
