#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "guidepost/base/codec.hpp"
#include "support/decode.hpp"

namespace guidepost::event {
namespace {

using test::DecodeOne;
using test::kNoon;

constexpr std::string_view kEvent = R"({"type":"click","time":1431863999,"merchant":"shop","guid":"g-1"})";
constexpr std::string_view kLine =
    R"(192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a.html?b HTTP/1.1" 200 12 "-" "Mozilla")";

EnvelopeFields fields_of(std::string_view protocol) {
  return {from_unix_ms(1'431'864'000'500), protocol, "tenant", "192.0.2.9", "Agent \"x\"", "key-1", std::nullopt};
}

TEST(Envelope, CarriesAnEventByteForByte) {
  const auto value = wrap(fields_of("json"), kEvent);
  EXPECT_EQ(value, fmt::format(R"({{"received":1431864000500,"protocol":"json","merchant":"tenant","ip":"192.0.2.9",)"
                               R"("user_agent":"Agent \"x\"","key":"key-1","event":{}}})",
                               kEvent));
}

TEST(Envelope, GivesBackWhatWasPutIn) {
  Decoder decoder({});
  Arena arena;
  EXPECT_EQ(decoder.unwrap(wrap(fields_of("json"), kEvent), arena), kEvent);
  EXPECT_EQ(decoder.unwrap(wrap(fields_of("json"), "no json"), arena), "no json");
  EXPECT_EQ(decoder.unwrap(wrap(fields_of("access_log"), kLine), arena), kLine);
  EXPECT_EQ(decoder.unwrap(R"({"type":"click","properties":{"received":"1","protocol":"json","event":{}}})", arena),
            std::nullopt);
  EXPECT_EQ(decoder.unwrap("{", arena), std::nullopt);
}

TEST(Envelope, SaysWhatTheEventDoesNot) {
  DecodeOne decode;
  const auto d = decode(wrap(fields_of("json"), kEvent));
  ASSERT_EQ(d.kind, RecordKind::kEvent) << to_string(d.bad.reason);
  EXPECT_EQ(unix_ms(d.event.record_time), 1431864000500);
  EXPECT_EQ(d.event.text[Field::kMerchant], "tenant");
  EXPECT_EQ(d.event.text[Field::kIp], "192.0.2.9");
  EXPECT_EQ(d.event.text[Field::kUserAgent], "Agent \"x\"");
  const auto own =
      decode(wrap(fields_of("json"), R"({"ip":"198.51.100.1","user_agent":"own",)" + std::string(kEvent.substr(1))));
  EXPECT_EQ(own.event.text[Field::kIp], "198.51.100.1");
  EXPECT_EQ(own.event.text[Field::kUserAgent], "own");
  auto without = fields_of("json");
  without.merchant = {};
  EXPECT_EQ(decode(wrap(without, kEvent)).event.text[Field::kMerchant], "shop");
}

TEST(Envelope, IsReadInWhateverOrderItsMembersCome) {
  DecodeOne decode;
  const auto d =
      decode(fmt::format(R"({{"event":{},"merchant":"tenant","received":"2015-05-17T12:00:00.5Z"}})", kEvent));
  ASSERT_EQ(d.kind, RecordKind::kEvent) << to_string(d.bad.reason);
  EXPECT_EQ(unix_ms(d.event.record_time), 1431864000500);
  EXPECT_EQ(d.event.text[Field::kMerchant], "tenant");
}

TEST(Envelope, CarriesWhatIsNotJsonInBase64AndItsBytesComeBackInTheBadRow) {
  DecodeOne decode;
  using std::string_literals::operator""s;
  for (const auto& sent :
       {"not json"s, ""s, "{"s, "\0\xff"s, "\xff\xfe\xfd"s, "{}{}"s, std::string(70'000, 'x'), "\"\xed\xa0\x80\""s}) {
    const auto d = decode(wrap(fields_of("json"), sent));
    ASSERT_EQ(d.kind, RecordKind::kBad);
    EXPECT_EQ(d.bad.reason, Reason::kNotJson) << sent;
    EXPECT_EQ(d.bad.bytes, std::string_view(sent).substr(0, 65536));
    EXPECT_EQ(d.bad.full_size, sent.size());
    EXPECT_EQ(d.bad.full_hash, hash64(sent));
    EXPECT_EQ(d.bad.merchant, "tenant");
    EXPECT_EQ(unix_ms(d.bad.record_time), 1431864000500);
  }
}

TEST(Envelope, OfJsonThatIsNoObjectIsABadEvent) {
  DecodeOne decode;
  for (const std::string_view sent : {"5", "null", "[]", "\"x\"", "true", "[{}]"}) {
    const auto value = wrap(fields_of("json"), sent);
    EXPECT_NE(value.find(fmt::format("\"event\":{}}}", sent)), std::string::npos) << value;
    const auto d = decode(value);
    EXPECT_EQ(d.bad.reason, Reason::kNotJson) << sent;
    EXPECT_EQ(d.bad.bytes, sent);
    EXPECT_EQ(d.bad.merchant, "tenant");
  }
}

TEST(Envelope, OfABadEventGivesTheEventsBytesAndNotItsOwn) {
  DecodeOne decode;
  const std::string_view sent = R"({ "type":"click","time":"\u0078" , "guid":"g\u002d1"})";
  const auto d = decode(wrap(fields_of("json"), sent));
  EXPECT_EQ(d.bad.reason, Reason::kTimeInvalid);
  EXPECT_EQ(d.bad.bytes, sent);
  EXPECT_EQ(d.bad.full_size, sent.size());
}

TEST(Envelope, AroundDeepJsonIsReadAsTooDeep) {
  DecodeOne decode;
  const auto sent = fmt::format(R"({{"a":{}{},{})", std::string(1000, '['), std::string(1000, ']'), kEvent.substr(1));
  const auto d = decode(wrap(fields_of("json"), sent));
  EXPECT_EQ(d.bad.reason, Reason::kTooLarge);
  EXPECT_EQ(d.bad.bytes, sent);
}

TEST(Envelope, TakesAnyBytesForTheWordsOfHttpHeaders) {
  DecodeOne decode;
  auto fields = fields_of("json");
  fields.user_agent = std::string_view("a\0\n\xff\xc3\xa4\"\\\xed\xa0\x80", 11);
  const auto d = decode(wrap(fields, kEvent));
  ASSERT_EQ(d.kind, RecordKind::kEvent) << to_string(d.bad.reason);
  const std::string expected = std::string("a\0\n", 3) + "\ufffd\u00e4\"\\\ufffd\ufffd\ufffd";
  EXPECT_EQ(d.event.text[Field::kUserAgent], expected);
}

TEST(Envelope, WhosePartsDoNotFitIsRefused) {
  DecodeOne decode;
  const auto refused = [&](std::string_view members) {
    const auto d = decode(fmt::format(R"({{{},"merchant":"tenant"}})", members));
    EXPECT_EQ(d.kind, RecordKind::kBad) << members;
    EXPECT_EQ(d.bad.merchant, "tenant") << members;
    return fmt::format("{} {}", to_string(d.bad.reason), d.bad.field);
  };
  EXPECT_EQ(refused(R"("received":1431864000,"event":{},"raw":"")"), "envelope_invalid raw");
  EXPECT_EQ(refused(R"("received":1431864000,"raw":5)"), "envelope_invalid raw");
  for (const std::string_view raw :
       {"a", "ab", "abc", "ab==x", "a===", "====", "ab=c", "a b=", "ab-_", "ab\\n=", "YR=="}) {
    EXPECT_EQ(refused(fmt::format(R"("received":1431864000,"raw":"{}")", raw)), "envelope_invalid raw") << raw;
  }
  EXPECT_EQ(refused(R"("received":null,"event":{})"), "envelope_invalid received");
  EXPECT_EQ(refused(R"("received":"yesterday","event":{})"), "envelope_invalid received");
  EXPECT_EQ(refused(R"("received":1431864000,"event":{},"ip":7)"), "envelope_invalid ip");
  EXPECT_EQ(refused(R"("received":1431864000,"event":{},"ordinal":-1)"), "envelope_invalid ordinal");
  EXPECT_EQ(refused(R"("received":1431864000,"event":{},"ordinal":99999999999999999999)"), "envelope_invalid ordinal");
  EXPECT_EQ(refused(R"("received":1431864000,"event":{},"protocol":"segment")"), "protocol_unknown protocol");
  EXPECT_EQ(refused(R"("received":1431864000,"event":{},"protocol":"access_log")"), "envelope_invalid raw");
}

TEST(Envelope, InAnEnvelopeIsNoEnvelope) {
  DecodeOne decode;
  const auto d = decode(wrap(fields_of("json"), wrap(fields_of("json"), kEvent)));
  EXPECT_EQ(d.bad.reason, Reason::kFieldMissing);
  EXPECT_EQ(d.bad.field, "type");
}

TEST(Envelope, CarriesALineOfAnAccessLog) {
  DecodeOne decode;
  auto fields = fields_of("access_log");
  fields.received = from_unix_ms(1431857103000);
  fields.ordinal = 0;
  const auto first = decode(wrap(fields, kLine));
  ASSERT_EQ(first.kind, RecordKind::kEvent) << to_string(first.bad.reason);
  const auto& e = first.event;
  EXPECT_EQ(unix_ms(e.time), 1431857103000);
  EXPECT_EQ(e.record_time, e.time);
  const std::pair<Field, std::string_view> values[] = {{Field::kMerchant, "tenant"},   {Field::kType, "page_view"},
                                                       {Field::kUrl, "/a.html"},       {Field::kReferrer, ""},
                                                       {Field::kIp, "192.0.2.1"},      {Field::kUserAgent, "Mozilla"},
                                                       {Field::kRequest, "GET 200 12"}};
  for (const auto& [field, text] : values) EXPECT_EQ(e.text[field], text) << spec(field).name;
  EXPECT_EQ(e.text[Field::kGuid].size(), 16U);

  fields.ordinal = 1;
  const auto second = decode(wrap(fields, kLine));
  EXPECT_EQ(second.event.text[Field::kGuid], e.text[Field::kGuid]);
  EXPECT_NE(second.event.text[Field::kEventId], e.text[Field::kEventId]);
  fields.ordinal = 0;
  EXPECT_EQ(decode(wrap(fields, kLine)).event.text[Field::kEventId], e.text[Field::kEventId]);
}

TEST(Envelope, OfABadLineKeepsTheLine) {
  DecodeOne decode;
  const auto d = decode(wrap(fields_of("access_log"), "{}"));
  EXPECT_EQ(d.bad.reason, Reason::kLineMalformed);
  EXPECT_EQ(d.bad.bytes, "{}");
  EXPECT_EQ(d.bad.merchant, "tenant");
}

TEST(RecordKey, IsMerchantAndShard) {
  using std::string_literals::operator""s;
  EXPECT_EQ(record_key("shop", "anyone", 1), "shop\0000"s);
  EXPECT_EQ(record_key("shop", "anyone", 0), "shop\0000"s);
  std::map<std::string, int> shards;
  for (int i = 0; i < 1000; ++i) ++shards[record_key("shop", fmt::format("g-{}", i), 4)];
  EXPECT_EQ(shards.size(), 4U);
  for (const auto& [key, count] : shards) EXPECT_GT(count, 200) << key;
  // Producers in other languages compute it too.
  EXPECT_EQ(record_key("shop", "g-1", 1000), "shop\0"s + std::to_string(hash64("g-1") % 1000));
}

}  // namespace
}  // namespace guidepost::event
