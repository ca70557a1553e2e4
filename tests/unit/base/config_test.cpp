#include "base/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace guidepost {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A folder of its own for each test, gone afterwards.
class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "guidepost-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& contents) {
    const auto path = (folder_ / "g.toml").string();
    std::ofstream(path) << contents;
    return path;
  }
  /// What is wrong with a file of these contents, with the folder's name left out.
  ConfigErrors errors(const std::string& contents) {
    const auto loaded = load_config({.file = file(contents), .environment = {}, .sets = {}});
    if (loaded) return {};
    auto lines = loaded.error();
    for (auto& line : lines) {
      if (const auto at = line.find(folder_.string()); at != std::string::npos)
        line.erase(at, folder_.string().size() + 1);
    }
    return lines;
  }
  std::filesystem::path folder_;
};

TEST_F(ConfigTest, AFileSetsWhatItNamesAndLeavesTheRest) {
  const auto loaded = load_config(
      {.file = file("[ingest]\nblock_time = \"1s\"\nblock_bytes = \"64KiB\"\n[kafka]\nbrokers = [\"a:1\", \"b:2\"]\n"
                    "[storage]\nkind = \"cluster\"\nsync = false\n[merchant.shop]\nshards = 4\n"),
       .environment = {},
       .sets = {}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.ingest.block_time, std::chrono::seconds{1});
  EXPECT_EQ(loaded->config.ingest.block_bytes, 64_KiB);
  EXPECT_THAT(loaded->config.kafka.brokers, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(loaded->config.storage.kind, StorageKind::kCluster);
  EXPECT_FALSE(loaded->config.storage.sync);
  EXPECT_EQ(loaded->config.merchant.at("shop").shards, 4U);
  EXPECT_EQ(loaded->config.ingest.block_events, 1000U);
}

TEST_F(ConfigTest, AMistakeNamesFileLineKeyAndExpectation) {
  EXPECT_THAT(errors("# x\n[ingest]\nblock_time = \"soon\"\n"),
              ElementsAre("g.toml:3: ingest.block_time: expected a duration from 1ms to 1m, got \"soon\""));
  EXPECT_THAT(errors("[storage]\nkind = \"cloud\"\n"),
              ElementsAre("g.toml:2: storage.kind: expected embedded or cluster, got \"cloud\""));
  EXPECT_THAT(errors("[storage]\nsync = \"true\"\n"),
              ElementsAre("g.toml:2: storage.sync: expected true or false, got \"true\""));
  EXPECT_THAT(errors("[topics]\npartitions = 0\n"),
              ElementsAre("g.toml:2: topics.partitions: expected a whole number from 1 to 10000, got 0"));
  EXPECT_THAT(errors("[http]\nlisten = \"8080\"\n"),
              ElementsAre("g.toml:2: http.listen: expected an address HOST:PORT, got \"8080\""));
  EXPECT_THAT(errors("[kafka]\nbrokers = \"a:1\"\n"),
              ElementsAre("g.toml:2: kafka.brokers: expected a list of addresses HOST:PORT, got \"a:1\""));
}

TEST_F(ConfigTest, ADurationWithoutAUnitIsAMistake) {
  EXPECT_THAT(errors("[ingest]\nblock_time = 200\n"),
              ElementsAre(HasSubstr("expected a duration from 1ms to 1m, got 200")));
}

TEST_F(ConfigTest, AnUnknownKeyNamesTheNearestOne) {
  EXPECT_THAT(errors("[ingest]\nblock_tme = \"1s\"\n"),
              ElementsAre("g.toml:2: ingest.block_tme: no such key, did you mean ingest.block_time?"));
  EXPECT_THAT(errors("[kafka]\nprefix = \"x\"\n"),
              ElementsAre("g.toml:2: kafka.prefix: no such key, did you mean names.prefix?"));
  EXPECT_THAT(errors("[merchant.shop]\nshard = 2\n"),
              ElementsAre("g.toml:2: merchant.shop.shard: no such key, did you mean shards?"));
  EXPECT_THAT(errors("[nothing]\n"), ElementsAre(HasSubstr("g.toml:1: nothing: no such key")));
  EXPECT_THAT(errors("level = \"info\"\n"), ElementsAre(HasSubstr("g.toml:1: level: expected a section [level]")));
}

TEST_F(ConfigTest, AllMistakesAreToldAtOnce) {
  EXPECT_EQ(errors("[ingest]\nblock_time = 1\n[log]\nlevel = \"loud\"\nfoo = 1\n").size(), 3U);
}

TEST_F(ConfigTest, WhatIsNotTomlNamesTheLine) {
  EXPECT_THAT(errors("[log]\nlevel = \n"), ElementsAre(HasSubstr("g.toml:2: not TOML")));
}

TEST_F(ConfigTest, AMissingFileIsAMistakeAndAnEmptyOneIsNone) {
  const auto missing = load_config({.file = (folder_ / "none.toml").string(), .environment = {}, .sets = {}});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error(), ElementsAre(HasSubstr("none.toml: cannot be read")));
  EXPECT_TRUE(errors("").empty());
}

TEST_F(ConfigTest, SetsGoBeforeTheEnvironmentAndThatBeforeTheFile) {
  const auto path = file("[log]\nlevel = \"warn\"\nformat = \"json\"\n[names]\nprefix = \"file.\"\n");
  const auto loaded =
      load_config({.file = path,
                   .environment = {{"GUIDEPOST_LOG__LEVEL", "error"}, {"GUIDEPOST_NAMES__PREFIX", "env."}},
                   .sets = {"names.prefix=set."}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.log.format, log::Format::kJson);
  EXPECT_EQ(loaded->config.log.level, log::Level::kError);
  EXPECT_EQ(loaded->config.names.prefix, "set.");
  EXPECT_EQ(loaded->origins.at("names.prefix"), "--set");
  EXPECT_EQ(loaded->origins.at("log.level"), "GUIDEPOST_LOG__LEVEL");
  EXPECT_EQ(loaded->origins.at("log.format"), path + ":3");
}

TEST_F(ConfigTest, AnUnknownVariableIsAMistakeButOnesForToolsAreNot) {
  EXPECT_TRUE(load_config(
      {.file = {}, .environment = {{"GUIDEPOST_CACHE", "/x"}, {"GUIDEPOST_ACCESS_LOG", "/y"}}, .sets = {}}));
  const auto loaded = load_config({.file = {}, .environment = {{"GUIDEPOST_LOG__LEVLE", "info"}}, .sets = {}});
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error(), ElementsAre("GUIDEPOST_LOG__LEVLE: log.levle: no such key, did you mean log.level?"));
  const auto slipped = load_config({.file = {}, .environment = {{"GUIDEPOST_KAFKA_BROKERS", "b:1"}}, .sets = {}});
  ASSERT_FALSE(slipped);
  EXPECT_THAT(slipped.error(),
              ElementsAre("GUIDEPOST_KAFKA_BROKERS: no such variable, did you mean GUIDEPOST_KAFKA__BROKERS?"));
}

TEST_F(ConfigTest, WordsOfTheCommandLineBecomeTheKeysType) {
  const auto loaded = load_config({.file = {},
                                   .environment = {},
                                   .sets = {"topics.partitions=7", "storage.sync=false", "kafka.brokers=a:1,b:2",
                                            "limits.event=2KiB", "merchant.a.b-c.shards=3"}});
  ASSERT_TRUE(loaded) << loaded.error().front();
  EXPECT_EQ(loaded->config.topics.partitions, 7U);
  EXPECT_FALSE(loaded->config.storage.sync);
  EXPECT_THAT(loaded->config.kafka.brokers, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(loaded->config.limits.event, 2_KiB);
  EXPECT_EQ(loaded->config.merchant.at("a.b-c").shards, 3U);
}

TEST_F(ConfigTest, HostileValuesAreRefusedAndShownSafely) {
  const auto loaded = load_config({.file = {},
                                   .environment = {},
                                   .sets = {"limits.event=9223372036854775807KiB", "ingest.block_time=-1s",
                                            "topics.partitions=99999999999999999999", "names.prefix=\x1b[2J",
                                            "no-equals", "merchant.BAD.shards=1"}});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().size(), 6U);
  for (const auto& line : loaded.error()) EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
}

TEST_F(ConfigTest, ASecretIsOnlyEverAReference) {
  EXPECT_THAT(errors("[kafka]\nsasl_password = \"hunter2\"\n"),
              ElementsAre(AllOf(HasSubstr("expected where the secret is"), Not(HasSubstr("hunter2")))));
  for (const auto* reference : {"credential:", "credential:../secret", "credential:a/b", "env:", "file:secret"}) {
    EXPECT_EQ(errors("[kafka]\nsasl_password = \"" + std::string(reference) + "\"\n").size(), 1U) << reference;
  }
  const auto path = (folder_ / "secret").string();
  std::ofstream(path) << "hunter2\n";
  EXPECT_EQ(Secret{"file:" + path}.read().value(), "hunter2");
  EXPECT_EQ(Secret{"file:" + path + ".none"}.read().error().code, ErrorCode::kNotFound);
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(Secret{"credential:secret"}.read().error().code, ErrorCode::kNotFound);
  setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  EXPECT_EQ(Secret{"credential:secret"}.read().value(), "hunter2");
  EXPECT_EQ(Secret{"credential:none"}.read().error().code, ErrorCode::kNotFound);
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(ConfigTest, WhatDiffersIsNamedByKey) {
  const auto with = [](std::vector<std::string> sets) {
    return load_config({.file = {}, .environment = {}, .sets = std::move(sets)})->config;
  };
  const auto one = with({"merchant.shop.shards=2"});
  EXPECT_THAT(changed_keys(one, one), ElementsAre());
  EXPECT_THAT(changed_keys(one, with({"log.level=debug", "kafka.brokers=x:1", "merchant.shop.shards=3"})),
              ElementsAre("log.level", "kafka.brokers", "merchant.shop.shards"));
  EXPECT_THAT(changed_keys(with({}), with({"merchant.other.shards=1"})), Contains("merchant.other.shards"));
}

TEST_F(ConfigTest, TheEffectiveConfigurationReadAgainIsTheSame) {
  const auto loaded =
      load_config({.file = {},
                   .environment = {},
                   .sets = {"ingest.block_time=1500ms", "merchant.shop.shards=2", "kafka.brokers=x:1"}});
  ASSERT_TRUE(loaded);
  const auto shown = effective_config(*loaded);
  EXPECT_THAT(shown, HasSubstr("block_time = \"1500ms\"  # --set"));
  const auto again = load_config({.file = file(shown), .environment = {}, .sets = {}});
  ASSERT_TRUE(again) << again.error().front();
  EXPECT_EQ(again->config.ingest.block_time.count(), 1500);
  EXPECT_EQ(again->config.merchant.at("shop").shards, 2U);
  EXPECT_EQ(again->config.limits.max_age, std::chrono::hours{24 * 7});
}

TEST_F(ConfigTest, KeysThatDoNotGoTogetherAreMistakes) {
  EXPECT_THAT(errors("[merchants]\naccept = \"listed\"\n"),
              ElementsAre(HasSubstr("merchants.listed: expected at least one merchant")));
  EXPECT_TRUE(errors("[merchants]\naccept = \"listed\"\n[merchant.shop]\nshards = 1\n").empty());
  EXPECT_THAT(errors("[topics]\nretention = \"2d\"\n"),
              ElementsAre("topics.retention: expected over four times ingest.window_time (1d), got 2d"));
  EXPECT_THAT(errors("[ingest]\nblock_bytes = \"1MiB\"\n[topics]\nmax_record = \"1MiB\"\n"),
              ElementsAre(HasSubstr("ingest.block_bytes: expected at most half")));
}

TEST(HostPort, TakesNamesAddressesAndBracketsAndNothingElse) {
  EXPECT_EQ(parse_host_port("localhost:0")->port, 0);
  EXPECT_EQ(parse_host_port("[::1]:8080")->host, "::1");
  for (const auto* bad : {"", ":1", "a", "a:", "a:65536", "a:-1", "::1:80", "a b:1", "a:1x", "[]:1"})
    EXPECT_FALSE(parse_host_port(bad)) << bad;
}

}  // namespace
}  // namespace guidepost
