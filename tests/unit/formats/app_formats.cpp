// What a backup says of itself.
#include <gtest/gtest.h>

#include "app/backup.hpp"
#include "unit/formats/formats.hpp"

namespace guidepost::test {
namespace {

using namespace app;

Backup a_backup() {
  Backup backup;
  backup.program = "1.2.3";
  backup.taken = from_unix_ms(1'430'000'000'123);
  backup.raw_topic = "clicks.raw";
  backup.raw_ends = {Offset{300}, Offset{0}};
  backup.files = 1;
  backup.bytes = 22;
  return backup;
}

Golden write_backup() { return Golden().add("manifest.json", manifest_text(a_backup())); }

void read_backup(const Golden& golden) {
  const auto backup = parse_manifest("somewhere", golden.bytes("manifest.json"));
  ASSERT_TRUE(backup) << backup.error().message;
  EXPECT_EQ(backup->program, a_backup().program);
  EXPECT_EQ(backup->taken, a_backup().taken);
  EXPECT_EQ(backup->raw_topic, a_backup().raw_topic);
  EXPECT_EQ(backup->raw_ends, a_backup().raw_ends);
  EXPECT_EQ(backup->files, a_backup().files);
  EXPECT_EQ(backup->bytes, a_backup().bytes);
}

}  // namespace

std::vector<Format> app_formats() { return {{"backup", "proto/backup.md", write_backup, read_backup}}; }

}  // namespace guidepost::test
