#include <gtest/gtest.h>

#include "guidepost/ports/event_log.hpp"

namespace guidepost {
namespace {

/// What Kafka's tests and librdkafka's expect of murmur2, as Java's signed int.
struct Golden {
  std::string_view key;
  std::int32_t hash;
};
constexpr Golden kGolden[] = {
    {"21", -973932308},
    {"foobar", -790332482},
    {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
    {"abc", 479470107},
    {"", 275646681},
    {"a", -1563381124},
    {"ab", 316155434},
    {"kafka", -798503068},
    {"giberish123456789", -1890243828},
    {"1234", -1614185708},
    {"234", -406844982},
    {"34", -2026295078},
    {"4", 1514888353},
};

TEST(Partitioner, KeysGoWhereKafkasDefaultPartitionerSendsThem) {
  for (const auto& [key, hash] : kGolden) {
    for (const std::int32_t partitions : {1, 2, 6, 50, 1000, INT32_MAX}) {
      const auto positive = static_cast<std::int64_t>(static_cast<std::uint32_t>(hash) & 0x7fffffffU);
      EXPECT_EQ(partition_of_key(key, partitions).value, positive % partitions) << key;
    }
  }
}

TEST(Partitioner, BytesAboveAsciiAreNotSigned) {
  // The same bytes at each place of the last, incomplete word.
  EXPECT_NE(partition_of_key("\xff", INT32_MAX), partition_of_key("\x7f", INT32_MAX));
  EXPECT_EQ(partition_of_key(std::string(1, '\xe4'), INT32_MAX), partition_of_key("\xe4", INT32_MAX));
}

}  // namespace
}  // namespace guidepost
