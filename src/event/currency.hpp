// Currencies of ISO 4217, and exact amounts in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guidepost::event {

struct Currency {
  std::string_view code;  ///< `EUR`; lives as long as the program
  int digits = 0;         ///< after the point: how much smaller its smallest unit is
};

/// By its code, in small or large letters. Funds and codes without a unit (metals, tests) are none.
std::optional<Currency> find_currency(std::string_view code);

/// The amount in the smallest unit of a currency with so many digits, exactly: never through a floating-point number.
/// Takes what JSON takes for a number, and zeros before it. Nothing: another text, a finer amount, or too large a one.
std::optional<std::int64_t> parse_amount(std::string_view text, int digits);

/// `-12.50`: the amount in full units, with all digits.
std::string amount_text(std::int64_t minor, int digits);

}  // namespace guidepost::event
