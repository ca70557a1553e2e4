#include "event/currency.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "support/decode.hpp"

namespace guidepost::event {
namespace {

using test::DecodeOne;

TEST(Currency, IsFoundByItsCodeInAnyCase) {
  const std::pair<std::string_view, int> known[] = {{"AED", 2}, {"EUR", 2}, {"JPY", 0}, {"KWD", 3},
                                                    {"CLF", 4}, {"ZWL", 2}, {"XCG", 2}, {"ISK", 0}};
  for (const auto& [code, digits] : known) {
    const auto found = find_currency(code);
    ASSERT_TRUE(found) << code;
    EXPECT_EQ(found->code, code);
    EXPECT_EQ(found->digits, digits) << code;
  }
  EXPECT_EQ(find_currency("eUr")->code, "EUR");
  for (const auto* code : {"", "EU", "EURO", "XXX", "XAU", "XTS", "AAA", "ZZZ", "ED2", "\xff\xff\xff"})
    EXPECT_FALSE(find_currency(code)) << code;
}

struct Amount {
  std::string_view text;
  int digits;
  std::optional<std::int64_t> minor;
};

TEST(Amount, IsReadExactlyOrNotAtAll) {
  const Amount amounts[] = {{"7.00", 2, 700},
                            {"7", 2, 700},
                            {"7.5", 2, 750},
                            {"7.000", 2, 700},
                            {"7.005", 2, {}},
                            {"-7.01", 2, -701},
                            {"0", 2, 0},
                            {"-0.00", 2, 0},
                            {"0.000000", 0, 0},
                            {"007.50", 2, 750},
                            {"12", 0, 12},
                            {"12.0", 0, 12},
                            {"12.5", 0, {}},
                            {"1.234", 3, 1234},
                            {"1.2345", 3, {}},
                            {"0.0001", 4, 1},
                            {"1.25e1", 2, 1250},
                            {"1.25E+1", 2, 1250},
                            {"125e-2", 2, 125},
                            {"125e-3", 2, {}},
                            {"1250e-3", 2, 125},
                            {"1e16", 2, 1'000'000'000'000'000'000},
                            {"1e17", 2, {}},
                            {"1e17", 0, 100'000'000'000'000'000},
                            {"0e99999999999999999999", 2, 0},
                            {"1e99999999999999999999", 2, {}},
                            {"1e-99999999999999999999", 2, {}},
                            {"92233720368547758.07", 2, INT64_MAX},
                            {"92233720368547758.08", 2, {}},
                            {"-92233720368547758.08", 2, INT64_MIN},
                            {"-92233720368547758.09", 2, {}},
                            {"99999999999999999.99", 2, {}},
                            {"9223372036854775807", 0, INT64_MAX},
                            {"18446744073709551617", 0, {}},
                            {"", 2, {}},
                            {"-", 2, {}},
                            {".5", 2, {}},
                            {"5.", 2, {}},
                            {"+5", 2, {}},
                            {" 5", 2, {}},
                            {"5 ", 2, {}},
                            {"1,50", 2, {}},
                            {"1,000.00", 2, {}},
                            {"5 EUR", 2, {}},
                            {"5.0.0", 2, {}},
                            {"--5", 2, {}},
                            {"5e", 2, {}},
                            {"5e+", 2, {}},
                            {"5e1.0", 2, {}},
                            {"0x10", 2, {}},
                            {"NaN", 2, {}},
                            {"Infinity", 2, {}},
                            {"\xd9\xa5", 2, {}}};
  for (const auto& a : amounts) EXPECT_EQ(parse_amount(a.text, a.digits), a.minor) << a.text << " of " << a.digits;
}

/// A decimal number as its digits and the power of ten of the last one: nothing of how the program reads it.
struct BigDecimal {
  std::string digits;
  int power = 0;

  /// Times ten to the power of `shift`, as text without zeros before it; nothing where it is not whole.
  std::optional<std::string> whole(int shift) const {
    auto text = digits;
    auto last = power + shift;
    while (last < 0 && !text.empty()) {
      if (text.back() != '0') return std::nullopt;
      text.pop_back();
      ++last;
    }
    if (text.find_first_not_of('0') == std::string::npos) return "0";
    text.append(static_cast<std::size_t>(std::max(0, last)), '0');
    return text.substr(text.find_first_not_of('0'));
  }
};

TEST(Amount, AgreesWithArithmeticOnDigits) {
  std::mt19937_64 rng(7);
  const auto below = [&](int n) { return static_cast<int>(rng() % static_cast<std::uint64_t>(n)); };
  int good = 0;
  for (int i = 0; i < 200'000; ++i) {
    BigDecimal number;
    const auto size = 1 + below(22);
    for (int d = 0; d < size; ++d) number.digits += below(3) == 0 ? '0' : static_cast<char>('0' + below(10));
    const auto fraction = below(std::min(size, 8));
    const auto exponent = below(3) == 0 ? below(13) - 6 : 0;
    number.power = exponent - fraction;
    auto text = number.digits;
    if (fraction > 0) text.insert(text.size() - static_cast<std::size_t>(fraction), 1, '.');
    if (exponent != 0) text += fmt::format("e{}", exponent);
    const bool negative = below(2) == 0;
    if (negative) text.insert(0, 1, '-');
    const auto digits = below(5);

    auto expected = number.whole(digits);
    const std::string most = negative ? "9223372036854775808" : "9223372036854775807";
    if (expected && (expected->size() > most.size() || (expected->size() == most.size() && *expected > most)))
      expected = std::nullopt;
    if (expected && negative && *expected != "0") expected->insert(0, 1, '-');
    const auto got = parse_amount(text, digits);
    ASSERT_EQ(got ? std::optional(std::to_string(*got)) : std::nullopt, expected) << text << " of " << digits;
    if (!got) continue;
    ++good;
    ASSERT_EQ(parse_amount(amount_text(*got, digits), digits), got) << text;
  }
  EXPECT_GT(good, 10'000);
}

TEST(Amount, IsShownWithAllDigitsOfItsCurrency) {
  EXPECT_EQ(amount_text(1250, 2), "12.50");
  EXPECT_EQ(amount_text(-5, 2), "-0.05");
  EXPECT_EQ(amount_text(0, 3), "0.000");
  EXPECT_EQ(amount_text(12, 0), "12");
  EXPECT_EQ(amount_text(INT64_MIN, 2), "-92233720368547758.08");
}

std::string purchase(std::string_view members) {
  return fmt::format(R"({{"type":"purchase","time":"2015-05-17T11:59:58Z","merchant":"Shop","guid":"g",{}}})", members);
}

struct Money {
  std::string_view members;
  std::string_view minor;
  std::string_view currency;
};

TEST(Revenue, IsReadFromNumbersAndTextIntoSmallestUnits) {
  DecodeOne decode;
  const Money good[] = {
      {R"("revenue":12.5,"currency":"EUR")", "1250", "EUR"},
      {R"("revenue":"12.50","currency":"eur")", "1250", "EUR"},
      {R"("revenue":0.1,"currency":"EUR")", "10", "EUR"},
      {R"("revenue":9007199254740993,"currency":"JPY")", "9007199254740993", "JPY"},  // no double holds it
      {R"("revenue":90071992547409.93,"currency":"USD")", "9007199254740993", "USD"},
      {R"("revenue":-3,"currency":"KWD")", "-3000", "KWD"},
      {R"("revenue":1e3,"currency":"JPY")", "1000", "JPY"},
      {R"("revenue":"1\u0032.5","currency":"\u0045UR")", "1250", "EUR"},
      {R"("revenue":0,"currency":"EUR")", "0", "EUR"},
      {R"("revenue":null,"currency":"EUR")", "", "EUR"},
      {R"("revenue":"","currency":"usd")", "", "USD"},
      {R"("currency":"points")", "", "points"},
      {R"("x":1)", "", ""}};
  for (const auto& m : good) {
    const auto d = decode(purchase(m.members));
    ASSERT_EQ(d.kind, RecordKind::kEvent) << m.members << ' ' << d.bad.field;
    EXPECT_EQ(d.event.text[Field::kRevenueMinor], m.minor) << m.members;
    EXPECT_EQ(d.event.text[Field::kCurrency], m.currency) << m.members;
  }
}

TEST(Revenue, IsRefusedWhereItIsNotExact) {
  DecodeOne decode;
  const std::pair<std::string_view, std::string_view> bad[] = {
      {R"("revenue":7.005,"currency":"EUR")", "revenue"},
      {R"("revenue":"7.5","currency":"JPY")", "revenue"},
      {R"("revenue":"seven","currency":"EUR")", "revenue"},
      {R"("revenue":"1,50","currency":"EUR")", "revenue"},
      {R"("revenue":1e400,"currency":"EUR")", "revenue"},
      {R"("revenue":92233720368547758.08,"currency":"EUR")", "revenue"},
      {R"("revenue":7,"currency":"XAU")", "currency"},
      {R"("revenue":7,"currency":"Euro")", "currency"},
      {R"("revenue":7)", "currency"},
      {R"("revenue":0,"currency":null)", "currency"}};
  for (const auto& [members, field] : bad) {
    const auto d = decode(purchase(members));
    ASSERT_EQ(d.kind, RecordKind::kBad) << members;
    EXPECT_EQ(to_string(d.bad.reason), "revenue_invalid") << members;
    EXPECT_EQ(d.bad.field, field) << members;
    EXPECT_EQ(d.bad.merchant, "shop");
  }
}

TEST(Revenue, WithoutACurrencyIsInThatOfItsMerchant) {
  EventLimits limits;
  limits.default_currency = "USD";
  limits.merchant_currencies = {{"shop", "JPY"}};
  DecodeOne decode(limits);
  const auto of = [&](std::string_view merchant, std::string_view more) {
    const auto d = decode(
        fmt::format(R"({{"type":"purchase","time":"2015-05-17T11:59:58Z","merchant":"{}","guid":"g","revenue":"5"{}}})",
                    merchant, more));
    return fmt::format("{} {}", d.event.text[Field::kRevenueMinor], d.event.text[Field::kCurrency]);
  };
  EXPECT_EQ(of("shop", ""), "5 JPY");
  EXPECT_EQ(of("Shop", ""), "5 JPY") << "the merchant as it is decided";
  EXPECT_EQ(of("zoo", ""), "500 USD");
  EXPECT_EQ(of("shop", R"(,"currency":"EUR")"), "500 EUR") << "its own first";
  EXPECT_EQ(decode(purchase(R"("title":"x")")).event.text[Field::kCurrency], "") << "only where there is revenue";
}

TEST(Revenue, DefaultsBelongToTheRules) {
  EventLimits other, own;
  other.default_currency = "USD";
  own.merchant_currencies = {{"shop", "USD"}};
  EXPECT_NE(DecodeOne(EventLimits{}).rules(), DecodeOne(other).rules());
  EXPECT_NE(DecodeOne(EventLimits{}).rules(), DecodeOne(own).rules());
  EXPECT_NE(DecodeOne(other).rules(), DecodeOne(own).rules());
}

}  // namespace
}  // namespace guidepost::event
