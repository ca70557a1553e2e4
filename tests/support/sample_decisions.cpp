#include "support/sample_decisions.hpp"

#include <fmt/format.h>

namespace guidepost::test {
namespace {

constexpr std::int64_t kNoonMs = 1'431'864'000'000;  // 2015-05-17T12:00:00Z

event::Accepted view_of(std::int64_t offset, std::string_view guid, std::string_view path) {
  using event::Field;
  event::Accepted e;
  e.offset = Offset{offset};
  e.record_time = from_unix_ms(kNoonMs + offset * 10);
  e.time = from_unix_ms(kNoonMs + offset * 10 - 250);
  e.text[Field::kMerchant] = "shop";
  e.text[Field::kType] = "page_view";
  e.text[Field::kGuid] = guid;
  e.text[Field::kUrl] = path;
  e.text[Field::kPath] = path;
  e.text[Field::kCountry] = "DE";
  return e;
}

}  // namespace

event::Decisions sample_decisions() {
  using event::Field;
  event::Decisions d;
  d.source = SourceId{7};
  d.from = Offset{1000};
  d.to = Offset{1012};
  d.era = {RulesHash{0x0123456789abcdefULL}, Offset{7}};
  d.run = RunId{3};
  d.accepted = {view_of(1000, "g-1", "/"),     view_of(1001, "g-2", "/a"), view_of(1002, "g-1", "/"),
                view_of(1005, "g-3", "/a"),    view_of(1006, "g-1", "/"),  view_of(1007, "g-2", "/a"),
                view_of(1011, "c:42", "/käse")};
  d.accepted[1].text[Field::kCustomer] = "customer-9";
  d.accepted[1].resolved_by = event::ResolvedBy::kStitch;
  d.accepted[2].traffic = event::Traffic::kBot;
  d.accepted[3].time = d.accepted[3].record_time + std::chrono::minutes{5};
  d.accepted[6].flags = event::kUrlCut | event::kNoDevice;
  d.accepted[6].resolved_by = event::ResolvedBy::kClaim;
  d.accepted[6].text[Field::kProperties] = R"({"a":[1,"x"]})";
  d.bad = {{Offset{1003}, from_unix_ms(kNoonMs + 10030), "-", event::Reason::kNotJson, "", "{\xff\0", 3, 77},
           {Offset{1009}, from_unix_ms(kNoonMs + 9000), "shop", event::Reason::kTimeInvalid, "time",
            R"({"time":"yesterday"})", 20, 0xfedcba9876543210ULL}};
  d.bad[0].bytes = std::string_view("{\xff\0", 3);
  d.duplicates = {{Offset{1004}, from_unix_ms(kNoonMs + 10040), "shop"}};
  d.earlier = {view_of(310, "", "/käse"), view_of(999, "", "/")};
  d.earlier[0].traffic = event::Traffic::kBot;
  for (auto& e : d.earlier) e.record_time = {}, e.text[Field::kType] = e.text[Field::kUrl] = e.text[Field::kGuid] = {};
  d.changes = {{Offset{1000}, Offset{310}, -1, 0, 0, 0, 0},
               {Offset{1000}, Offset{999}, 0, -1, -1, 1, 4200},
               {Offset{1000}, Offset{1000}, 0, 0, 1, 0, 0},
               {Offset{1002}, Offset{1000}, 0, 0, -1, 0, -300},
               {Offset{1011}, Offset{1011}, 1, 1, 1, 1, std::int64_t{1} << 40}};
  d.skipped = {{Offset{1010}, from_unix_ms(kNoonMs + 9000)}};
  d.lost = {{Offset{1008}, from_unix_ms(kNoonMs + 10080)}};
  return d;
}

std::string describe(const event::Decisions& d) {
  auto text = fmt::format("source {} [{}, {}) rules {:016x} run {}\n", d.source.value, d.from.value, d.to.value,
                          d.era.rules.value, d.run.value);
  for (const auto& e : d.accepted) {
    text += fmt::format("{} accepted at {} time {} {} {} flags {}", e.offset.value, unix_ms(e.record_time),
                        unix_ms(e.time), to_string(e.resolved_by), to_string(e.traffic), e.flags);
    for (std::size_t f = 0; f < event::kFieldCount; ++f) {
      if (e.text.values[f].empty()) continue;
      text += fmt::format(" {}={}", event::spec(static_cast<event::Field>(f)).name, e.text.values[f]);
    }
    text += '\n';
  }
  for (const auto& b : d.bad) {
    text += fmt::format("{} bad at {} merchant {} {} field '{}' bytes '{}' size {} hash {:016x}\n", b.offset.value,
                        unix_ms(b.record_time), b.merchant, to_string(b.reason), b.field, b.bytes, b.full_size,
                        b.full_hash);
  }
  for (const auto& x : d.duplicates) {
    text += fmt::format("{} duplicate at {} merchant {}\n", x.offset.value, unix_ms(x.record_time), x.merchant);
  }
  for (const auto& e : d.earlier) {
    text += fmt::format("{} earlier {} {}", e.offset.value, unix_ms(e.time), to_string(e.traffic));
    for (const auto value : e.text.values) text += fmt::format(" '{}'", value);
    text += '\n';
  }
  for (const auto& c : d.changes) {
    text += fmt::format("{} changes {}: {} {} {} {} {}\n", c.cause.value, c.subject.value, c.sessions, c.bounces,
                        c.exits, c.dwells, c.dwell_ms);
  }
  for (const auto& x : d.skipped) text += fmt::format("{} skipped at {}\n", x.offset.value, unix_ms(x.record_time));
  for (const auto& x : d.lost) text += fmt::format("{} lost at {}\n", x.offset.value, unix_ms(x.record_time));
  return text;
}

}  // namespace guidepost::test
