#include "base/names.hpp"

#include <algorithm>
#include <charconv>

namespace guidepost {

bool is_merchant_slug(std::string_view slug) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return slug.size() <= kMaxMerchant && std::any_of(slug.begin(), slug.end(), is_word) &&
         std::all_of(slug.begin(), slug.end(), [&](char c) { return is_word(c) || c == '.' || c == '_' || c == '-'; });
}

Month Month::of(TimeMs t) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(t)};
  return {static_cast<int>(day.year()) * 100 + static_cast<int>(static_cast<unsigned>(day.month()))};
}

Month Month::next() const { return {yyyymm % 100 == 12 ? yyyymm + 89 : yyyymm + 1}; }

std::optional<Month> month_of_table(std::string_view stem, std::string_view name) {
  if (!name.starts_with(stem) || name.size() != stem.size() + 6) return std::nullopt;
  Month month;
  const auto* end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data() + stem.size(), end, month.yyyymm);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return month;
}

TimeMs Month::start() const { return std::chrono::sys_days{std::chrono::year{yyyymm / 100} / (yyyymm % 100) / 1}; }

}  // namespace guidepost
