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

TimeMs Month::start() const { return std::chrono::sys_days{std::chrono::year{yyyymm / 100} / (yyyymm % 100) / 1}; }

std::vector<Month> months_in(const std::vector<std::string>& listed, const std::function<std::string(Month)>& table) {
  constexpr std::size_t kDigits = 6;
  std::vector<Month> months;
  for (const auto& name : listed) {
    if (name.size() < kDigits) continue;
    Month month;
    const auto* const end = name.data() + name.size();
    const auto [stopped, error] = std::from_chars(end - kDigits, end, month.yyyymm);
    if (error == std::errc{} && stopped == end && table(month) == name) months.push_back(month);
  }
  std::sort(months.begin(), months.end());
  return months;
}

std::vector<std::string> Names::tables_of_version() const {
  std::vector<std::string> tables = {bad(), ledger()};
  for (const auto& stem : {all_rollups(), all_events(), all_indexes()})
    tables.push_back(stem + std::to_string(version) + "_");
  return tables;
}

}  // namespace guidepost
