// The hot path takes its memory from the arena: once warm, decoding allocates nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "event/decoder.hpp"

namespace {

std::atomic<std::size_t> g_allocations{0};

void* counted_or_null(std::size_t size) noexcept {
  ++g_allocations;
  return std::malloc(size != 0 ? size : 1);
}

void* counted(std::size_t size) {
  if (void* memory = counted_or_null(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// This program's own, for all of its tests.
void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
// simdjson asks without exceptions.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted_or_null(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted_or_null(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace guidepost::event {
namespace {

TEST(Allocation, NoneIsMadeForAnyShapeOfEventOnceTheDecoderIsWarm) {
  constexpr TimeMs kNow = from_unix_ms(1'431'864'000'000);
  const std::string good =
      R"({"type":"click","time":1431864000,"merchant":"Shop","customer":5,"title":"\u00e4","country":"de","product":{"id":1},"revenue":-12.50})";
  const std::string line = R"(192.0.2.1 - - [17/May/2015:12:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "Mozilla")";
  const std::vector<std::string> values{good,
                                        wrap({kNow, "json", "shop", "i", "u", "k", std::nullopt}, good),
                                        wrap({kNow, "json", "shop", "i", "u", "k", std::nullopt}, "no json"),
                                        wrap({kNow, "access_log", "shop", {}, {}, {}, 1}, line),
                                        R"({"package_id":"p","id":1,"type":"view","event":{"timestamp":1431864000}})",
                                        "{\"type\":5}",
                                        "\xff",
                                        fmt::format("{{\"a\":{}}}", std::string(100'000, '['))};
  EventLimits limits;
  limits.merchant_currencies = {{"shop", "EUR"}};
  Decoder decoder(limits);
  Arena arena(std::size_t{1024} * 1024);
  const auto decode_all = [&] {
    arena.reset();
    for (const auto& value : values) decoder.decode({Offset{1}, kNow, {}, value}, Partition{0}, arena);
  };
  decode_all();
  const auto before = g_allocations.load();
  for (int i = 0; i < 100; ++i) decode_all();
  EXPECT_EQ(g_allocations.load() - before, 0U);
}

}  // namespace
}  // namespace guidepost::event
