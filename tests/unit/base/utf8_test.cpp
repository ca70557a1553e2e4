#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <tuple>

namespace guidepost::text {
namespace {

TEST(Utf8, ACharacterHasItsCodeAndSize) {
  for (const auto& [bytes, code, size] :
       {std::tuple("a\xff", U'a', 1U), std::tuple("\xc3\xa9x", U'\u00e9', 2U),
        std::tuple("\xe2\x82\xac", U'\u20ac', 3U), std::tuple("\xf0\x9f\x98\x80", U'\U0001f600', 4U)}) {
    const auto character = first_character(bytes);
    EXPECT_TRUE(character.valid);
    EXPECT_EQ(character.code, code);
    EXPECT_EQ(character.size, size);
  }
}

TEST(Utf8, BytesThatBeginNoneAreOneByteEach) {
  for (const auto* bytes : {"\x80", "\xc0\x80", "\xc3", "\xc3(", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(first_character(bytes).valid) << bytes;
    EXPECT_EQ(first_character(bytes).size, 1U);
  }
}

}  // namespace
}  // namespace guidepost::text
