// Raw records, blocks, and the rows of events, bad events, indexes and the ledger.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "event/decoder.hpp"
#include "guidepost/event/bad_row.hpp"
#include "guidepost/event/block.hpp"
#include "guidepost/event/control.hpp"
#include "guidepost/event/event_row.hpp"
#include "guidepost/event/index_row.hpp"
#include "guidepost/event/ledger.hpp"
#include "support/decode.hpp"
#include "support/sample_decisions.hpp"
#include "unit/formats/formats.hpp"

namespace guidepost::test {
namespace {

using namespace event;
using namespace std::string_view_literals;

constexpr SourceId kSource{7};
constexpr TimeMs kTime = from_unix_ms(1'430'000'000'123);
constexpr TimeMs kRecordTime = from_unix_ms(1'430'000'000'999);

// Raw records ------------------------------------------------------------------------------------

constexpr std::string_view kEvent = R"({"type":"click","time":1431863999,"merchant":"shop","guid":"g-1"})";
constexpr std::string_view kLine =
    R"(192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a.html?b HTTP/1.1" 200 12 "-" "Mozilla")";

Golden write_envelope() {
  EnvelopeFields json{from_unix_ms(1'431'864'000'500), "json", "tenant", "192.0.2.9", "Agent \"x\"", "key-1", {}};
  EnvelopeFields line{from_unix_ms(1'431'857'103'000), "access_log", "tenant", {}, {}, {}, 1};
  return Golden()
      .add("key", record_key("shop", "g-1", 4))
      .add("event", wrap(json, kEvent))
      .add("no json", wrap(json, "no json"))
      .add("line", wrap(line, kLine))
      .add("control key", kControlKey);
}

void read_envelope(const Golden& golden) {
  DecodeOne decode;
  const auto event = decode(golden.bytes("event"));
  ASSERT_EQ(event.kind, RecordKind::kEvent);
  EXPECT_EQ(event.event.record_time, from_unix_ms(1'431'864'000'500));
  EXPECT_EQ(event.event.time, from_unix_ms(1'431'863'999'000));
  EXPECT_EQ(event.event.text[Field::kMerchant], "tenant");
  EXPECT_EQ(event.event.text[Field::kType], "click");
  EXPECT_EQ(event.event.text[Field::kGuid], "g-1");
  EXPECT_EQ(event.event.text[Field::kIp], "192.0.2.9");
  EXPECT_EQ(event.event.text[Field::kUserAgent], "Agent \"x\"");
  const auto bad = decode(golden.bytes("no json"));
  ASSERT_EQ(bad.kind, RecordKind::kBad);
  EXPECT_EQ(bad.bad.reason, Reason::kNotJson);
  EXPECT_EQ(bad.bad.bytes, "no json");
  EXPECT_EQ(bad.bad.merchant, "tenant");
  const auto line = decode(golden.bytes("line"));
  ASSERT_EQ(line.kind, RecordKind::kEvent);
  EXPECT_EQ(line.event.time, from_unix_ms(1'431'857'103'000));
  EXPECT_EQ(line.event.text[Field::kUrl], "/a.html");
  EXPECT_EQ(line.event.text[Field::kIp], "192.0.2.1");
  EXPECT_EQ(line.event.text[Field::kRequest], "GET 200 12");
  // Made of the line: a file that was imported by an earlier version and is imported again counts nothing twice.
  EXPECT_EQ(line.event.text[Field::kGuid], "0bab0adbac7fda7b");
  EXPECT_EQ(line.event.text[Field::kEventId], "9de85a4a7df666d0");
  EXPECT_EQ(decode({}, golden.bytes("control key")).kind, RecordKind::kControl);
}

// Blocks -----------------------------------------------------------------------------------------

Golden write_block() { return Golden().add("block", encode_block(sample_decisions())); }

void read_block(const Golden& golden) {
  const auto block = Block::decode(golden.bytes("block"));
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_EQ(describe(block->decisions()), describe(sample_decisions()));
}

// Rows -------------------------------------------------------------------------------------------

/// Every field that there is with a value that is no other's.
Accepted full_event() {
  static const auto values = [] {
    std::array<std::string, kFieldCount> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = fmt::format("value {}", i);
    return all;
  }();
  Accepted event;
  event.offset = Offset{258};
  event.time = kTime;
  event.record_time = kRecordTime;
  for (std::size_t i = 0; i < kFieldCount; ++i) event.text.values[i] = values[i];
  event.text[Field::kMerchant] = "shop";
  event.text[Field::kGuid] = "d-7f31";
  event.text[Field::kCustomer] = "4711";
  event.resolved_by = ResolvedBy::kStitch;
  event.traffic = Traffic::kBot;
  event.flags = kUrlCut | kNoDevice;
  return event;
}

const std::vector<SessionChange> kChanges{{Offset{258}, Offset{257}, 0, -1, -1, 1, 4200},
                                          {Offset{258}, Offset{258}, 1, 1, 1, 0, 0}};

Golden write_event_row() {
  Decisions d;
  d.source = kSource;
  d.from = Offset{258};
  d.to = Offset{259};
  d.accepted = {full_event()};
  d.earlier = {full_event()};
  d.earlier[0].offset = Offset{257};
  d.earlier[0].time = kTime - std::chrono::milliseconds{4200};
  d.changes = kChanges;
  Accepted least;
  least.offset = Offset{259};
  least.time = least.record_time = kTime;
  least.text[Field::kMerchant] = "shop";
  least.text[Field::kType] = "click";
  least.text[Field::kGuid] = "g";
  return Golden()
      .add("full", event_row(kSource, full_event(), session_words(d, d.changes)))
      .add("least", event_row(kSource, least));
}

void read_event_row(const Golden& golden) {
  const auto row = golden.row("full");
  const auto stored = parse_event_row(row);
  ASSERT_TRUE(stored) << stored.error().message;
  const auto event = full_event();
  EXPECT_EQ(stored->source, kSource);
  EXPECT_EQ(stored->event.offset, event.offset);
  EXPECT_EQ(stored->event.time, event.time);
  EXPECT_EQ(stored->event.record_time, event.record_time);
  EXPECT_EQ(stored->event.text.values, event.text.values);
  EXPECT_EQ(stored->event.resolved_by, event.resolved_by);
  EXPECT_EQ(stored->event.traffic, event.traffic);
  EXPECT_EQ(stored->event.flags, event.flags);
  ASSERT_EQ(stored->changes.size(), 2U);
  EXPECT_EQ(stored->changes[0].change, kChanges[0]);
  EXPECT_EQ(stored->changes[0].subject_time, kTime - std::chrono::milliseconds{4200});
  EXPECT_EQ(stored->changes[1].change, kChanges[1]);
  EXPECT_EQ(stored->changes[1].subject_time, kTime);
  const auto least_row = golden.row("least");
  const auto least = parse_event_row(least_row);
  ASSERT_TRUE(least) << least.error().message;
  EXPECT_EQ(least->event.text[Field::kType], "click");
  EXPECT_EQ(least->event.resolved_by, ResolvedBy::kNone);
  EXPECT_EQ(least->event.traffic, Traffic::kHuman);
  EXPECT_EQ(least->event.flags, 0);
  EXPECT_TRUE(least->changes.empty());
}

Golden write_index() {
  return Golden().add("event", event_index_row(kSource, full_event())).add("device", device_index_row(full_event()));
}

void read_index(const Golden& golden) {
  const auto event_row = golden.row("event");
  const auto event = parse_event_index_row(event_row.key);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->merchant, "shop");
  EXPECT_EQ(event->guid, "d-7f31");
  EXPECT_EQ(event->time, kTime);
  EXPECT_EQ(event->source, kSource);
  EXPECT_EQ(event->offset, Offset{258});
  EXPECT_EQ(event_row_key(*event), event_row_key(kSource, full_event()));
  const auto device_row = golden.row("device");
  const auto device = parse_device_index_row(device_row.key);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->merchant, "shop");
  EXPECT_EQ(device->customer, "4711");
  EXPECT_EQ(device->guid, "d-7f31");
}

Bad refusal() {
  return {Offset{258}, kRecordTime, "shop", Reason::kTooLate, "time", "\xff\0{"sv, 70'000, 0xfedcba9876543210};
}

Golden write_bad_row() { return Golden().add("bad", bad_row(kSource, refusal())); }

void read_bad_row(const Golden& golden) {
  const auto row = golden.row("bad");
  const auto stored = parse_bad_row(row);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->source, kSource);
  EXPECT_EQ(stored->bad.offset, refusal().offset);
  EXPECT_EQ(stored->bad.record_time, refusal().record_time);
  EXPECT_EQ(stored->bad.merchant, refusal().merchant);
  EXPECT_EQ(stored->bad.reason, refusal().reason);
  EXPECT_EQ(stored->bad.field, refusal().field);
  EXPECT_EQ(stored->bad.bytes, refusal().bytes);
  EXPECT_EQ(stored->bad.full_size, refusal().full_size);
  EXPECT_EQ(stored->bad.full_hash, refusal().full_hash);
}

constexpr LedgerKey kDay{SourceId{258}, std::chrono::sys_days{std::chrono::days{16550}}};
constexpr LedgerCounts kOfShop{300, 2, 0, 0}, kOfAll{300, 2, 0, 100, 28};

Golden write_ledger() {
  const std::string family(kLedgerFamily);
  return Golden().add("day", RowPut{ledger_row(kDay),
                                    {{family, std::string(kLedgerTotal), 430, encode_ledger(kOfAll)},
                                     {family, "shop", 430, encode_ledger(kOfShop)}}});
}

void read_ledger(const Golden& golden) {
  const auto row = golden.row("day");
  EXPECT_EQ(parse_ledger_row(row.key), kDay);
  ASSERT_NE(row.find(kLedgerFamily, kLedgerTotal), nullptr);
  EXPECT_EQ(decode_ledger(row.find(kLedgerFamily, kLedgerTotal)->value), kOfAll);
  ASSERT_NE(row.find(kLedgerFamily, "shop"), nullptr);
  EXPECT_EQ(decode_ledger(row.find(kLedgerFamily, "shop")->value), kOfShop);
}

}  // namespace

std::vector<Format> event_formats() {
  return {{"envelope", "docs/events.md", write_envelope, read_envelope},
          {"block", "proto/block.md", write_block, read_block},
          {"event_row", "proto/event_row.md", write_event_row, read_event_row},
          {"index", "proto/index.md", write_index, read_index},
          {"bad_row", "proto/bad_row.md", write_bad_row, read_bad_row},
          {"ledger", "proto/ledger.md", write_ledger, read_ledger}};
}

}  // namespace guidepost::test
