// Short words for tests of the embedded stores.
#pragma once

#include <gtest/gtest.h>

#include "adapters/embedded/embedded_event_log.hpp"
#include "adapters/embedded/embedded_table_store.hpp"
#include "support/temp_folder.hpp"

namespace guidepost::test {

inline Result<std::unique_ptr<EmbeddedEventLog>> open_log(const std::filesystem::path& folder,
                                                          rocksdb::Env* env = nullptr) {
  EmbeddedLogOptions options;
  options.store.folder = folder;
  options.store.write_buffers = 8_MiB;
  return EmbeddedEventLog::open(options, env);
}

inline Result<std::unique_ptr<EmbeddedTableStore>> open_tables(const std::filesystem::path& folder,
                                                               rocksdb::Env* env = nullptr) {
  embedded::StoreOptions options;
  options.folder = folder;
  options.write_buffers = 8_MiB;
  return EmbeddedTableStore::open(options, env);
}

inline void make_topic(EventLog& log, const std::string& name, std::int32_t partitions = 1, bool log_append_time = true,
                       std::chrono::milliseconds retention = std::chrono::hours{24}) {
  TopicSpec spec;
  spec.name = name;
  spec.partitions = partitions;
  spec.log_append_time = log_append_time;
  spec.retention = retention;
  ASSERT_TRUE(await<TopicState>([&](auto done) { log.create_topic(spec, std::move(done)); }));
}

inline Result<Offset> append(LogProducer& producer, const std::string& topic, std::string value,
                             std::optional<TimeMs> time = std::nullopt, std::int32_t partition = 0) {
  return await<Offset>([&](auto done) {
    producer.append({{topic, Partition{partition}}, "k", std::move(value), time}, std::move(done));
  });
}

inline LogBounds bounds(EventLog& log, const std::string& topic, std::int32_t partition = 0) {
  return await<LogBounds>([&](auto done) { log.bounds({topic, Partition{partition}}, std::move(done)); }).value();
}

/// Values of a partition from `from` to its end.
inline std::vector<std::string> values(EventLog& log, const std::string& topic, Offset from = Offset{0}) {
  std::vector<std::string> all;
  const auto reader = log.read({topic, Partition{0}}, from);
  const Offset end = bounds(log, topic).end;
  for (Offset next = from; next < end;) {
    const auto batch = await<std::unique_ptr<LogBatch>>([&](auto done) { reader->fetch({}, std::move(done)); });
    if (!batch) throw std::runtime_error(batch.error().message);
    for (const auto& record : (*batch)->records()) all.emplace_back(record.value);
    next = (*batch)->next();
  }
  return all;
}

inline void make_table(TableStore& store, const std::string& name, std::int32_t versions = 1) {
  const TableSpec spec{name, {{"f", versions, Compression::kNone}}, {}};
  ASSERT_TRUE(await<void>([&](auto done) { store.create_table(spec, std::move(done)); }));
}

inline Result<void> put(TableStore& store, const std::string& table, const std::string& row, std::int64_t timestamp,
                        const std::string& value) {
  return await<void>([&](auto done) { store.put(table, {{row, {{"f", "q", timestamp, value}}}}, std::move(done)); });
}

inline std::optional<std::string> value(TableStore& store, const std::string& table, const std::string& row) {
  const auto rows = await<std::vector<Row>>([&](auto done) { store.get(table, {{row, {}}}, std::move(done)); });
  if (!rows) throw std::runtime_error(rows.error().message);
  return rows->front().empty() ? std::nullopt : std::optional(rows->front().cells.front().value);
}

}  // namespace guidepost::test
