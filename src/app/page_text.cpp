#include "app/page_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <tuple>

#include "event/currency.hpp"

namespace guidepost::app {
namespace {

using rollup::Counter;
using rollup::Distinct;

constexpr std::array<const char*, rollup::kCounterCount> kCounterNames{
    "events",  "page_views", "clicks",   "purchases", "identified",   "sessions",
    "bounces", "dwells",     "dwell_ms", "items",     "refund_events"};
constexpr std::array<const char*, rollup::kDistinctCount> kDistinctNames{"devices", "users", "customers"};

std::int64_t count(const rollup::StoredEntry& entry, Counter c) { return entry.counters[static_cast<std::size_t>(c)]; }

std::string distinct(const rollup::StoredEntry& entry, Distinct d) {
  const auto& sketch = entry.distinct[static_cast<std::size_t>(d)];
  return sketch.image.empty() ? std::to_string(sketch.hashes.size()) : "~" + text::bytes(sketch.image.size());
}

std::string shown_value(std::string_view value) {
  std::string plain(value);
  if (const auto zero = plain.find('\0'); zero != std::string::npos) plain.replace(zero, 1, " × ");
  return text::escape(plain);
}

std::string code_of(const rollup::Money& money) { return text::escape({money.currency.data(), money.currency.size()}); }

/// `12.50 EUR (1 order, -3.00 refunds) + 300 JPY (2 orders)`.
std::string shown_money(const rollup::StoredEntry& entry) {
  std::string out;
  for (const auto& money : entry.money) {
    const auto code = code_of(money);
    const auto currency = event::find_currency(code);
    const auto amount = [&](std::int64_t minor) { return event::amount_text(minor, currency ? currency->digits : 0); };
    out += fmt::format("{}{} {} ({} order{}", out.empty() ? "" : " + ", amount(money.revenue), code, money.orders,
                       money.orders == 1 ? "" : "s");
    out += money.refunds == 0 ? ")" : fmt::format(", {} refunds)", amount(money.refunds));
  }
  return out;
}

std::vector<std::string> row(const rollup::StoredEntry& e) {
  std::vector<std::string> row{std::string(rollup::to_string(e.dimension)), std::string(event::to_string(e.traffic)),
                               shown_value(e.value)};
  for (const auto counter :
       {Counter::kEvents, Counter::kPageViews, Counter::kClicks, Counter::kPurchases, Counter::kIdentified}) {
    row.push_back(text::thousands(count(e, counter)));
  }
  row.push_back(distinct(e, Distinct::kDevices));
  row.push_back(distinct(e, Distinct::kUsers));
  for (const auto counter : {Counter::kSessions, Counter::kBounces, Counter::kDwells})
    row.push_back(text::thousands(count(e, counter)));
  row.push_back(text::thousands(count(e, Counter::kDwellMs)) + " ms");
  row.push_back(shown_money(e));
  return row;
}

}  // namespace

PageTable page_table(const rollup::StoredChunk& chunk, std::size_t top) {
  PageTable shown{text::Table({{"dimension"},
                               {"traffic"},
                               {"value", text::Align::kLeft, 60},
                               {"events", text::Align::kRight},
                               {"page views", text::Align::kRight},
                               {"clicks", text::Align::kRight},
                               {"purchases", text::Align::kRight},
                               {"identified", text::Align::kRight},
                               {"devices", text::Align::kRight},
                               {"users", text::Align::kRight},
                               {"sessions", text::Align::kRight},
                               {"bounces", text::Align::kRight},
                               {"dwells", text::Align::kRight},
                               {"dwell time", text::Align::kRight},
                               {"money"}})};
  std::vector<const rollup::StoredEntry*> entries;
  entries.reserve(chunk.entries.size());
  for (const auto& entry : chunk.entries) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const auto* x, const auto* y) {
    return std::tuple(x->dimension, -count(*x, Counter::kEvents), std::string_view(x->value)) <
           std::tuple(y->dimension, -count(*y, Counter::kEvents), std::string_view(y->value));
  });
  std::size_t of_dimension = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    of_dimension = i > 0 && entries[i - 1]->dimension == entries[i]->dimension ? of_dimension + 1 : 0;
    if (of_dimension >= top) {
      ++shown.left_out;
    } else {
      shown.table.add(row(*entries[i]));
    }
  }
  return shown;
}

nlohmann::json page_entries_json(const rollup::StoredChunk& chunk) {
  auto entries = nlohmann::json::array();
  for (const auto& e : chunk.entries) {
    nlohmann::json entry{{"dimension", rollup::to_string(e.dimension)},
                         {"traffic", event::to_string(e.traffic)},
                         {"bucket", text::rfc3339(e.bucket.start())},
                         {"value", shown_value(e.value)},
                         {"money", nlohmann::json::object()}};
    for (std::size_t c = 0; c < e.counters.size(); ++c) entry[kCounterNames[c]] = e.counters[c];
    for (std::size_t d = 0; d < e.distinct.size(); ++d) {
      const auto& sketch = e.distinct[d];
      entry[kDistinctNames[d]] = sketch.image.empty() ? nlohmann::json(sketch.hashes.size())
                                                      : nlohmann::json{{"sketch_bytes", sketch.image.size()}};
    }
    for (const auto& money : e.money) {
      entry["money"][code_of(money)] = {
          {"revenue", money.revenue}, {"refunds", money.refunds}, {"orders", money.orders}};
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace guidepost::app
