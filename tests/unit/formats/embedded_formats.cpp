// What the embedded stores put into RocksDB, and the files beside it.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "adapters/embedded/log_catalog.hpp"
#include "adapters/embedded/log_chunk.hpp"
#include "adapters/embedded/table_catalog.hpp"
#include "adapters/embedded/table_keys.hpp"
#include "unit/adapters/embedded/stores.hpp"
#include "unit/formats/formats.hpp"

namespace guidepost::test {
namespace {

using namespace embedded;
using namespace std::string_view_literals;

StoredTopic a_topic() {
  StoredTopic topic;
  topic.spec.name = "clicks.raw";
  topic.spec.partitions = 4;
  topic.spec.retention = std::chrono::hours{24 * 7};
  topic.spec.max_record = 2_MiB;
  topic.spec.log_append_time = true;
  topic.id = "pWTLFZ3VTMqXq_2oLb2sOg";
  topic.number = 300;
  return topic;
}

StoredTopic an_endless_topic() {
  auto topic = a_topic();
  topic.spec.name = "clicks.resolved.v1";
  topic.spec.retention = std::chrono::milliseconds{-1};
  topic.spec.log_append_time = false;
  topic.number = 301;
  return topic;
}

const StoredTable kTable{
    "events_v1_201505", 300, {{"click_data", 1, Compression::kZstd}, {"m", FamilySpec::kAllVersions, {}}}};
const Commit kCommit{Offset{430}, "v2 source=1"};

std::string chunk() {
  ChunkBuilder builder;
  builder.add(from_unix_ms(1'430'000'000'123), "key", "value");
  builder.add(from_unix_ms(-1), "", "\0\xff"sv);
  return builder.take();
}

std::string cell_key() {
  auto key = row_prefix(300, "a\0b"sv);
  append_cell(key, 1, "q\0"sv, 258);
  return key;
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

Golden write_embedded() {
  const TempFolder folder;
  EXPECT_TRUE(open_log(folder.path() / "log"));
  EXPECT_TRUE(open_tables(folder.path() / "tables"));
  return Golden()
      .add("log/GUIDEPOST", contents(folder.path() / "log" / "GUIDEPOST"))
      .add("log chunk key", chunk_key(300, Partition{2}, Offset{258}))
      .add("log chunk", chunk())
      .add("log next number key", kNextTopicNumber)
      .add("log topic key", topic_key(a_topic().spec.name))
      .add("log topic", encode_topic(a_topic()))
      .add("log endless topic", encode_topic(an_endless_topic()))
      .add("log begin key", begin_key(300, Partition{2}))
      .add("log commit key", commit_key(300, Partition{2}, "ingest.v1"))
      .add("log commit", encode_commit(kCommit))
      .add("tables/GUIDEPOST", contents(folder.path() / "tables" / "GUIDEPOST"))
      .add("tables cell key", cell_key())
      .add("tables table", encode_table(kTable));
}

void expect_topic(const StoredTopic& expected, std::string_view bytes) {
  const auto topic = decode_topic(expected.spec.name, bytes);
  ASSERT_TRUE(topic);
  EXPECT_EQ(topic->spec.name, expected.spec.name);
  EXPECT_EQ(topic->spec.partitions, expected.spec.partitions);
  EXPECT_EQ(topic->spec.retention, expected.spec.retention);
  EXPECT_EQ(topic->spec.max_record, expected.spec.max_record);
  EXPECT_EQ(topic->spec.log_append_time, expected.spec.log_append_time);
  EXPECT_EQ(topic->id, expected.id);
  EXPECT_EQ(topic->number, expected.number);
}

void read_embedded(const Golden& golden) {
  EXPECT_EQ(first_offset(golden.bytes("log chunk key")), Offset{258});
  ChunkReader reader(golden.bytes("log chunk"));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader.count(), 2U);
  EXPECT_EQ(reader.newest(), from_unix_ms(1'430'000'000'123));
  const auto first = reader.next(), second = reader.next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->time, from_unix_ms(1'430'000'000'123));
  EXPECT_EQ(first->key, "key");
  EXPECT_EQ(first->value, "value");
  EXPECT_EQ(second->time, from_unix_ms(-1));
  EXPECT_EQ(second->key, "");
  EXPECT_EQ(second->value, "\0\xff"sv);
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
  expect_topic(a_topic(), golden.bytes("log topic"));
  expect_topic(an_endless_topic(), golden.bytes("log endless topic"));
  EXPECT_EQ(decode_commit(golden.bytes("log commit")), kCommit);

  const auto cell = parse_cell_key(golden.bytes("tables cell key"));
  ASSERT_TRUE(cell);
  EXPECT_EQ(cell->table, 300U);
  EXPECT_EQ(unescaped(cell->row), "a\0b"sv);
  EXPECT_EQ(cell->family, 1);
  EXPECT_EQ(unescaped(cell->qualifier), "q\0"sv);
  EXPECT_EQ(cell->timestamp, 258);
  const auto table = decode_table(kTable.name, golden.bytes("tables table"));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->number, kTable.number);
  EXPECT_EQ(table->families, kTable.families);

  for (const auto* store : {"log", "tables"}) {  // a folder of today with the mark of then is opened
    const TempFolder folder;
    const auto opens = [&] {
      return store == "log"sv ? open_log(folder.path() / "x").has_value()
                              : open_tables(folder.path() / "x").has_value();
    };
    ASSERT_TRUE(opens());
    std::ofstream(folder.path() / "x" / "GUIDEPOST") << golden.bytes(std::string(store) + "/GUIDEPOST");
    EXPECT_TRUE(opens()) << store;
  }
}

}  // namespace

std::vector<Format> embedded_formats() { return {{"embedded", "proto/embedded.md", write_embedded, read_embedded}}; }

}  // namespace guidepost::test
