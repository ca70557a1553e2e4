#include "event/decoder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "guidepost/base/codec.hpp"
#include "guidepost/event/control.hpp"
#include "support/decode.hpp"

namespace guidepost::event {
namespace {

using test::DecodeOne;
using test::kNoon;

// A good event with `more` members, which come first and so win over the usual ones.
std::string event_with(std::string_view more) {
  return fmt::format(R"({{{}{}"type":"click","time":"2015-05-17T11:59:58Z","merchant":"shop","guid":"g-1"}})", more,
                     more.empty() ? "" : ",");
}

struct Expected {
  Reason reason;
  std::string_view field;
  std::string_view merchant = "shop";
};

void expect_bad(const Decoded& d, Expected expected, std::string_view what) {
  ASSERT_EQ(d.kind, RecordKind::kBad) << what;
  EXPECT_EQ(to_string(d.bad.reason), to_string(expected.reason)) << what;
  EXPECT_EQ(d.bad.field, expected.field) << what;
  EXPECT_EQ(d.bad.merchant, expected.merchant) << what;
}

TEST(Decoder, ReadsEveryFieldOfACanonicalEvent) {
  DecodeOne decode;
  const auto d =
      decode(R"({"event_id":"e-1","type":"purchase","time":"2015-05-17T13:59:58.125+02:00","merchant":"Shop.1",
    "guid":"g-1","customer":4711,"session":"s-1","url":"https://shop.example/a?b","title":"Käse \"&\" \ud83e\uddc0",
    "referrer":"https://search.example/","ip":"192.0.2.1","user_agent":"Mozilla/5.0","language":"de","screen":"390x844",
    "country":"de","time_on_page_ms":1234.5,"query":"cheese",
    "product":{"id":7,"name":"Brie","category":"soft","price":3.50,"quantity":2,"position":"1","color":{"a":[]}},
    "revenue":-12.30,"currency":"EUR",
    "campaign":{"source":"s","medium":"m","name":"n","term":"t","content":"c"},
    "properties":{"b": [1, {"c":null}] }, "unknown":[{}]})");
  ASSERT_EQ(d.kind, RecordKind::kEvent) << to_string(d.bad.reason) << ' ' << d.bad.field;
  const auto& e = d.event;
  EXPECT_EQ(e.offset, Offset{42});
  EXPECT_EQ(e.record_time, kNoon);
  EXPECT_EQ(unix_ms(e.time), unix_ms(kNoon) - 1875);
  EXPECT_EQ(e.flags, 0);
  const std::pair<Field, std::string_view> values[] = {{Field::kMerchant, "shop.1"},
                                                       {Field::kType, "purchase"},
                                                       {Field::kEventId, "e-1"},
                                                       {Field::kGuid, "g-1"},
                                                       {Field::kCustomer, ""},
                                                       {Field::kClaimedCustomer, "4711"},
                                                       {Field::kSession, "s-1"},
                                                       {Field::kUrl, "https://shop.example/a?b"},
                                                       {Field::kPath, ""},
                                                       {Field::kTitle, "Käse \"&\" \U0001F9C0"},
                                                       {Field::kReferrer, "https://search.example/"},
                                                       {Field::kIp, "192.0.2.1"},
                                                       {Field::kUserAgent, "Mozilla/5.0"},
                                                       {Field::kLanguage, "de"},
                                                       {Field::kScreen, "390x844"},
                                                       {Field::kCountry, "DE"},
                                                       {Field::kTimeOnPageMs, "1234"},
                                                       {Field::kQuery, "cheese"},
                                                       {Field::kProductId, "7"},
                                                       {Field::kProductName, "Brie"},
                                                       {Field::kProductCategory, "soft"},
                                                       {Field::kProductPrice, "3.50"},
                                                       {Field::kProductQuantity, "2"},
                                                       {Field::kProductPosition, "1"},
                                                       {Field::kRevenue, "-12.30"},
                                                       {Field::kRevenueMinor, "-1230"},
                                                       {Field::kCurrency, "EUR"},
                                                       {Field::kCampaignSource, "s"},
                                                       {Field::kCampaignMedium, "m"},
                                                       {Field::kCampaignName, "n"},
                                                       {Field::kCampaignTerm, "t"},
                                                       {Field::kCampaignContent, "c"},
                                                       {Field::kProperties, R"({"b": [1, {"c":null}] })"}};
  for (const auto& [field, value] : values) EXPECT_EQ(e.text[field], value) << spec(field).name;
}

TEST(Decoder, NeedsNoMoreThanTypeTimeMerchantAndGuid) {
  DecodeOne decode;
  const auto d = decode(event_with(""));
  ASSERT_EQ(d.kind, RecordKind::kEvent);
  EXPECT_EQ(d.event.text[Field::kEventId], "@3:42");
  EXPECT_EQ(d.event.text[Field::kGuid], "g-1");
  EXPECT_EQ(d.event.flags, 0);
}

TEST(Decoder, TakesNullForAbsent) {
  DecodeOne decode;
  const auto d = decode(event_with(
      R"("event_id":null,"customer":null,"url":null,"product":null,"campaign":null,"properties":null,"country":null)"));
  ASSERT_EQ(d.kind, RecordKind::kEvent) << d.bad.field;
  EXPECT_EQ(d.event.text[Field::kEventId], "@3:42");
}

TEST(Decoder, GivesAnEventWithoutDeviceTheKeyOfItsCustomer) {
  DecodeOne decode;
  const auto d = decode(R"({"type":"click","time":1431864000,"merchant":"shop","customer":12345})");
  ASSERT_EQ(d.kind, RecordKind::kEvent);
  EXPECT_EQ(d.event.text[Field::kGuid], "c:12345");
  EXPECT_EQ(d.event.text[Field::kClaimedCustomer], "12345");
  EXPECT_EQ(d.event.flags, kNoDevice);
}

TEST(Decoder, KeepsTheFirstOfMembersWithOneName) {
  DecodeOne decode;
  const auto d =
      decode(event_with(R"("type":"first","type":{"a":1},"product":{"id":1,"id":2},"product":{"name":"x"})"));
  ASSERT_EQ(d.kind, RecordKind::kEvent);
  EXPECT_EQ(d.event.text[Field::kType], "first");
  EXPECT_EQ(d.event.text[Field::kProductId], "1");
  EXPECT_EQ(d.event.text[Field::kProductName], "");
}

TEST(Decoder, ReadsEscapesInNamesAsInValues) {
  DecodeOne decode;
  const auto d = decode(event_with(R"("\u0069\u0070":"192\u002e0.2.1","\ud800":1)"));
  ASSERT_EQ(d.kind, RecordKind::kEvent);
  EXPECT_EQ(d.event.text[Field::kIp], "192.0.2.1");
}

TEST(Decoder, MapsAFewWordsForTypesAndLeavesTheOthers) {
  DecodeOne decode;
  const std::pair<std::string_view, std::string_view> words[] = {
      {"view", "page_view"},    {"pageview", "page_view"},
      {"page", "page_view"},    {"page_view", "page_view"},
      {"click", "click"},       {"order_completed", "purchase"},
      {"purchase", "purchase"}, {"Added to cart", "Added to cart"}};
  for (const auto& [sent, type] : words) {
    const auto d = decode(event_with(fmt::format(R"("type":"{}")", sent)));
    EXPECT_EQ(d.event.text[Field::kType], type);
  }
}

TEST(Decoder, ReadsSeed002sEvent) {
  EventLimits limits;
  limits.default_merchant = "acme";
  DecodeOne decode(limits);
  const std::string sent = R"({"id": 1, "type": "view", "package_id": "test-1", "event": {"user_agent": "Mozilla/5.0",
    "ip": "192.168.1.1", "customer_id": 12345, "timestamp": "2015-05-17T11:00:00Z", "page": "/home", "query": null,
    "product": 123, "referrer": "https://google.com", "position": 4}})";
  for (const auto& value : {sent, fmt::format(R"({{"received":1431864000000,"event":{}}})", sent)}) {
    const auto d = decode(value);
    ASSERT_EQ(d.kind, RecordKind::kEvent) << to_string(d.bad.reason) << ' ' << d.bad.field;
    const std::pair<Field, std::string_view> values[] = {{Field::kMerchant, "acme"},
                                                         {Field::kEventId, "test-1:1"},
                                                         {Field::kType, "page_view"},
                                                         {Field::kGuid, "c:12345"},
                                                         {Field::kClaimedCustomer, "12345"},
                                                         {Field::kUrl, "/home"},
                                                         {Field::kQuery, ""},
                                                         {Field::kReferrer, "https://google.com"},
                                                         {Field::kProductId, "123"},
                                                         {Field::kProductPosition, "4"},
                                                         {Field::kIp, "192.168.1.1"},
                                                         {Field::kUserAgent, "Mozilla/5.0"}};
    for (const auto& [field, text] : values) EXPECT_EQ(d.event.text[field], text) << spec(field).name;
    EXPECT_EQ(d.event.flags, kNoDevice);
    EXPECT_EQ(d.event.time, kNoon - std::chrono::hours{1});
  }
  expect_bad(decode(R"({"package_id":"p","event":[],"type":"view"})"), {Reason::kFieldWrongType, "event", "acme"}, "");
}

TEST(Decoder, GivesControlRecordsToTheirReaders) {
  DecodeOne decode;
  const auto d = decode("anything", kControlKey);
  EXPECT_EQ(d.kind, RecordKind::kControl);
  EXPECT_EQ(d.event.offset, Offset{42});
  EXPECT_EQ(d.event.record_time, kNoon);
}

TEST(Decoder, RefusesWhatIsMissingOrOfAnotherType) {
  DecodeOne decode;
  const std::pair<std::string, Expected> cases[] = {
      {R"({})", {Reason::kFieldMissing, "merchant", "-"}},
      {R"({"merchant":"shop"})", {Reason::kFieldMissing, "type"}},
      {R"({"merchant":"shop","type":""})", {Reason::kFieldMissing, "type"}},
      {R"({"merchant":"shop","type":"a"})", {Reason::kFieldMissing, "time"}},
      {R"({"merchant":"shop","type":"a","time":null})", {Reason::kFieldMissing, "time"}},
      {R"({"merchant":"shop","type":"a","time":1431864000})", {Reason::kNoIdentity, ""}},
      {R"({"merchant":"shop","type":"a","time":1431864000,"guid":"","customer":""})", {Reason::kNoIdentity, ""}},
      {event_with(R"("merchant":7)"), {Reason::kFieldWrongType, "merchant", "-"}},
      {event_with(R"("type":7)"), {Reason::kFieldWrongType, "type"}},
      {event_with(R"("type":"a\u0000b")"), {Reason::kFieldWrongType, "type"}},
      {event_with(R"("time":true)"), {Reason::kFieldWrongType, "time"}},
      {event_with(R"("guid":true)"), {Reason::kFieldWrongType, "guid"}},
      {event_with(R"("guid":"a\u0000b")"), {Reason::kFieldWrongType, "guid"}},
      {event_with(R"("guid":"\ud800")"), {Reason::kFieldWrongType, "guid"}},
      {event_with(R"("guid":"\udc00x")"), {Reason::kFieldWrongType, "guid"}},
      {event_with(R"("guid":"\ud83e\u0041")"), {Reason::kFieldWrongType, "guid"}},
      {event_with(R"("customer":1.5)"), {Reason::kFieldWrongType, "customer"}},
      {event_with(R"("customer":1e5)"), {Reason::kFieldWrongType, "customer"}},
      {event_with(R"("customer":{"id":1})"), {Reason::kFieldWrongType, "customer"}},
      {event_with(R"("event_id":[])"), {Reason::kFieldWrongType, "event_id"}},
      {event_with(R"("url":5)"), {Reason::kFieldWrongType, "url"}},
      {event_with(R"("url":"/a\u0000b")"), {Reason::kFieldWrongType, "url"}},
      {event_with(R"("title":false)"), {Reason::kFieldWrongType, "title"}},
      {event_with(R"("country":"Germany")"), {Reason::kFieldWrongType, "country"}},
      {event_with(R"("country":"D1")"), {Reason::kFieldWrongType, "country"}},
      {event_with(R"("time_on_page_ms":"NaN")"), {Reason::kFieldWrongType, "time_on_page_ms"}},
      {event_with(R"("time_on_page_ms":-1)"), {Reason::kFieldWrongType, "time_on_page_ms"}},
      {event_with(R"("time_on_page_ms":1e3)"), {Reason::kFieldWrongType, "time_on_page_ms"}},
      {event_with(R"("product":5)"), {Reason::kFieldWrongType, "product"}},
      {event_with(R"("product":{"id":[1]})"), {Reason::kFieldWrongType, "product.id"}},
      {event_with(R"("product":{"quantity":1.5})"), {Reason::kFieldWrongType, "product.quantity"}},
      {event_with(R"("campaign":"x")"), {Reason::kFieldWrongType, "campaign"}},
      {event_with(R"("properties":[1])"), {Reason::kFieldWrongType, "properties"}},
  };
  for (const auto& [value, expected] : cases) expect_bad(decode(value), expected, value);
}

TEST(Decoder, HoldsEventsToTheirLimits) {
  EventLimits limits;
  limits.event = Bytes{2000};
  limits.properties = Bytes{300};
  limits.properties_keys = 3;
  limits.id_bytes = 10;
  limits.depth = 4;
  DecodeOne decode(limits);
  const auto long_text = [](std::size_t n) { return std::string(n, 'x'); };
  const std::pair<std::string, Expected> refused[] = {
      {event_with(fmt::format(R"("title":"{}")", long_text(2000))), {Reason::kTooLarge, ""}},
      {event_with(R"("guid":"12345678901")"), {Reason::kFieldTooLong, "guid"}},
      {event_with(R"("customer":12345678901)"), {Reason::kFieldTooLong, "customer"}},
      {event_with(R"("event_id":"12345678901")"), {Reason::kFieldTooLong, "event_id"}},
      {event_with(R"("session":"12345678901")"), {Reason::kFieldTooLong, "session"}},
      {event_with(fmt::format(R"("type":"{}")", long_text(65))), {Reason::kFieldTooLong, "type"}},
      {event_with(R"("properties":{"a":1,"b":2,"c":3,"d":4})"), {Reason::kTooLarge, "properties"}},
      {event_with(fmt::format(R"("properties":{{"a":"{}"}})", long_text(300))), {Reason::kTooLarge, "properties"}},
      {event_with(R"("properties":{"a":[[[]]]})"), {Reason::kTooLarge, ""}},
      {event_with(R"("unknown":[[[[{]]]]])"), {Reason::kTooLarge, ""}},
      {event_with(R"("product":{"id":[[[]]]})"), {Reason::kTooLarge, ""}},
  };
  for (const auto& [value, expected] : refused) expect_bad(decode(value), expected, value);
  const std::string accepted[] = {
      event_with(R"("guid":"1234567890","properties":{"a":{"x":1,"y":2},"b":2,"c":[[]]})"),
      event_with(R"("unknown":[[[5]]])"),
      event_with(fmt::format(R"("type":"{}","title":"{}")", long_text(64), long_text(1500))),
  };
  for (const auto& value : accepted) EXPECT_EQ(decode(value).kind, RecordKind::kEvent) << value;
}

TEST(Decoder, CutsALongUrlAtACharacterAndSaysSo) {
  EventLimits limits;
  limits.url_chars = 6;
  DecodeOne decode(limits);
  const auto whole = decode(event_with(R"("url":"/käse")"));
  EXPECT_EQ(whole.event.text[Field::kUrl], "/käse");
  EXPECT_EQ(whole.event.flags, 0);
  const auto cut = decode(event_with(R"("url":"/1234ä")"));
  EXPECT_EQ(cut.event.text[Field::kUrl], "/1234");
  EXPECT_EQ(cut.event.flags, kUrlCut);
}

TEST(Decoder, LowersMerchantsAndRefusesWhatIsNoSlug) {
  EventLimits limits;
  limits.default_merchant = "house";
  DecodeOne decode(limits);
  EXPECT_EQ(decode(event_with(R"("merchant":"Shop-1_a.B")")).event.text[Field::kMerchant], "shop-1_a.b");
  EXPECT_EQ(decode(event_with(R"("merchant":"")")).event.text[Field::kMerchant], "house");
  EXPECT_EQ(decode(event_with(R"("merchant":null)")).event.text[Field::kMerchant], "house");
  for (const std::string& bad :
       {std::string("a b"), std::string("k\u00e4se"), std::string(41, 'a'), std::string("a/b")}) {
    expect_bad(decode(event_with(fmt::format(R"("merchant":"{}")", bad))), {Reason::kMerchantInvalid, "merchant", "-"},
               bad);
  }
}

TEST(Decoder, RefusesMerchantsThatAreNotListed) {
  EventLimits limits;
  limits.listed_merchants = {"zoo", "shop"};
  DecodeOne decode(limits);
  EXPECT_EQ(decode(event_with("")).kind, RecordKind::kEvent);
  expect_bad(decode(event_with(R"("merchant":"other")")), {Reason::kMerchantUnknown, "merchant", "other"}, "");
}

TEST(Decoder, ComparesTheEventsTimeWithTheRecords) {
  DecodeOne decode;
  const auto at = [&](std::int64_t ms) { return decode(event_with(fmt::format(R"("time":{})", ms))); };
  const auto noon = unix_ms(kNoon);
  const std::int64_t week = 7 * 24 * 3600 * 1000, ten_minutes = 600 * 1000;
  EXPECT_EQ(at(noon - week).kind, RecordKind::kEvent);
  expect_bad(at(noon - week - 1), {Reason::kTooLate, "time"}, "");
  EXPECT_EQ(at(noon + ten_minutes).kind, RecordKind::kEvent);
  expect_bad(at(noon + ten_minutes + 1), {Reason::kInFuture, "time"}, "");
  expect_bad(at(946684799999), {Reason::kTimeInvalid, "time"}, "1999");
  const auto in_envelope = [&](std::string_view received) {
    return decode(
        fmt::format(R"({{"received":{},"event":{}}})", received, event_with(R"("time":"2012-01-01T00:00:00Z")")));
  };
  const auto d = in_envelope(R"("2012-01-01T00:00:05Z")");
  ASSERT_EQ(d.kind, RecordKind::kEvent);
  EXPECT_EQ(unix_ms(d.event.record_time), 1325376005000);
  expect_bad(in_envelope("1431864000000"), {Reason::kTooLate, "time"}, "");
}

TEST(Decoder, TakesARecordTimeFromAnywhereWithoutOverflow) {
  Decoder decoder({});
  Arena arena;
  const auto value = event_with("");
  for (const auto time : {INT64_MIN, INT64_MAX}) {
    const auto d = decoder.decode({Offset{1}, from_unix_ms(time), {}, value}, Partition{0}, arena);
    EXPECT_EQ(d.bad.reason, time < 0 ? Reason::kInFuture : Reason::kTooLate);
    EXPECT_EQ(unix_ms(d.bad.record_time), time);
  }
}

TEST(Decoder, KeepsTheBytesOfABadEventUpTo64KiBWithSizeAndHash) {
  DecodeOne decode;
  const auto value = "{" + std::string(100'000, ' ');
  const auto d = decode(value);
  ASSERT_EQ(d.kind, RecordKind::kBad);
  EXPECT_EQ(d.bad.bytes, std::string_view(value).substr(0, 65536));
  EXPECT_EQ(d.bad.full_size, value.size());
  EXPECT_EQ(d.bad.full_hash, hash64(value));
  EXPECT_EQ(d.bad.offset, Offset{42});
  EXPECT_EQ(d.bad.record_time, kNoon);
}

TEST(Decoder, RulesChangeWithTheLimitsAndWithNothingElse) {
  EventLimits a, b, c;
  b.max_age += std::chrono::milliseconds{1};
  c.listed_merchants = {"x"};
  EXPECT_EQ(DecodeOne(a).rules(), DecodeOne(EventLimits{}).rules());
  EXPECT_NE(DecodeOne(a).rules(), DecodeOne(b).rules());
  EXPECT_NE(DecodeOne(a).rules(), DecodeOne(c).rules());
}

}  // namespace
}  // namespace guidepost::event
