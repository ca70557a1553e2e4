#include "event/currency.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace guidepost::event {
namespace {

// ISO 4217 of 2026: code and digits, ascending. With those that were withdrawn since 2020 (ANG, BGN, CUC, HRK, SLL, ZWL), for
// events of those days come in by imports. A code is never taken out: pages may hold it.
constexpr std::string_view kCurrencies =
    "AED2AFN2ALL2AMD2ANG2AOA2ARS2AUD2AWG2AZN2BAM2BBD2BDT2BGN2BHD3BIF0BMD2BND2BOB2BOV2BRL2BSD2BTN2BWP2BYN2"
    "BZD2CAD2CDF2CHE2CHF2CHW2CLF4CLP0CNY2COP2COU2CRC2CUC2CUP2CVE2CZK2DJF0DKK2DOP2DZD2EGP2ERN2ETB2EUR2FJD2"
    "FKP2GBP2GEL2GHS2GIP2GMD2GNF0GTQ2GYD2HKD2HNL2HRK2HTG2HUF2IDR2ILS2INR2IQD3IRR2ISK0JMD2JOD3JPY0KES2KGS2"
    "KHR2KMF0KPW2KRW0KWD3KYD2KZT2LAK2LBP2LKR2LRD2LSL2LYD3MAD2MDL2MGA2MKD2MMK2MNT2MOP2MRU2MUR2MVR2MWK2MXN2"
    "MXV2MYR2MZN2NAD2NGN2NIO2NOK2NPR2NZD2OMR3PAB2PEN2PGK2PHP2PKR2PLN2PYG0QAR2RON2RSD2RUB2RWF0SAR2SBD2SCR2"
    "SDG2SEK2SGD2SHP2SLE2SLL2SOS2SRD2SSP2STN2SVC2SYP2SZL2THB2TJS2TMT2TND3TOP2TRY2TTD2TWD2TZS2UAH2UGX0USD2"
    "USN2UYI0UYU2UYW4UZS2VED2VES2VND0VUV0WST2XAF0XCD2XCG2XOF0XPF0YER2ZAR2ZMW2ZWG2ZWL2";
constexpr std::size_t kCodeBytes = 3;
constexpr std::size_t kEntryBytes = kCodeBytes + 1;
static_assert(kCurrencies.size() % kEntryBytes == 0);

constexpr std::string_view code_at(std::size_t i) { return kCurrencies.substr(i * kEntryBytes, kCodeBytes); }

// A larger exponent makes any amount too large or too fine, whatever its digits: texts are shorter.
constexpr std::int64_t kFarExponent = 1'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// `whole` `fraction` times ten to the power of `exponent`.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;

  std::size_t size() const { return whole.size() + fraction.size(); }
  char operator[](std::size_t i) const { return i < whole.size() ? whole[i] : fraction[i - whole.size()]; }
};

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  number.negative = take(text, '-');
  number.whole = take_digits(text);
  if (number.whole.empty()) return std::nullopt;
  if (take(text, '.') && (number.fraction = take_digits(text)).empty()) return std::nullopt;
  if (text.empty()) return number;
  if (!take(text, 'e') && !take(text, 'E')) return std::nullopt;
  const bool down = take(text, '-');
  if (!down) take(text, '+');
  const auto digits = take_digits(text);
  if (digits.empty() || !text.empty()) return std::nullopt;
  for (const char c : digits) number.exponent = std::min(kFarExponent, number.exponent * 10 + (c - '0'));
  if (down) number.exponent = -number.exponent;
  return number;
}

}  // namespace

std::optional<Currency> find_currency(std::string_view code) {
  if (code.size() != kCodeBytes) return std::nullopt;
  std::array<char, kCodeBytes> wanted{};
  std::transform(code.begin(), code.end(), wanted.begin(), upper);
  const std::string_view raised(wanted.data(), wanted.size());
  std::size_t from = 0;
  for (auto count = kCurrencies.size() / kEntryBytes; count > 0;) {
    const auto half = count / 2;
    if (code_at(from + half) < raised) {
      from += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  if (from * kEntryBytes == kCurrencies.size() || code_at(from) != raised) return std::nullopt;
  return Currency{code_at(from), kCurrencies[from * kEntryBytes + kCodeBytes] - '0'};
}

std::optional<std::int64_t> parse_amount(std::string_view text, int digits) {
  const auto number = parse_decimal(text);
  if (!number) return std::nullopt;
  std::size_t begin = 0;
  auto end = number->size();
  while (begin < end && (*number)[begin] == '0') ++begin;
  while (end > begin && (*number)[end - 1] == '0') --end;
  if (begin == end) return 0;
  // Of the last digit that is none of the zeros at the end.
  const auto power =
      number->exponent + digits + static_cast<std::int64_t>(number->whole.size()) - static_cast<std::int64_t>(end);
  constexpr std::int64_t kMostDigits = 19;
  if (power < 0 || power + static_cast<std::int64_t>(end - begin) > kMostDigits) return std::nullopt;
  std::uint64_t minor = 0;  // 19 digits fit
  for (auto i = begin; i < end; ++i) minor = minor * 10 + static_cast<std::uint64_t>((*number)[i] - '0');
  for (std::int64_t i = 0; i < power; ++i) minor *= 10;
  const auto most = static_cast<std::uint64_t>(INT64_MAX) + (number->negative ? 1 : 0);
  if (minor > most) return std::nullopt;
  return static_cast<std::int64_t>(number->negative ? 0 - minor : minor);
}

std::string amount_text(std::int64_t minor, int digits) {
  const bool negative = minor < 0;
  const auto size = static_cast<std::uint64_t>(minor);
  auto text = std::to_string(negative ? 0 - size : size);
  const auto after = static_cast<std::size_t>(digits);
  if (text.size() <= after) text.insert(0, after + 1 - text.size(), '0');
  if (after > 0) text.insert(text.size() - after, 1, '.');
  return negative ? "-" + text : text;
}

}  // namespace guidepost::event
