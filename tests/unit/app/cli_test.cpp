#include "app/cli.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command.hpp"
#include "app/progress.hpp"

namespace guidepost::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Command sample() {
  return {.name = "sample",
          .group = Group::kAsk,
          .summary = "an example",
          .about = "",
          .operands = {{"FILE", "what to read", Use::kRepeated}},
          .flags = {{"--merchant", "M", "whose", Use::kRequired},
                    {"--where", "d=v", "only those", Use::kRepeated},
                    {"--top", "N", "so many", Use::kOptional},
                    {"--full", "", "all", Use::kOptional}},
          .examples = {{"one", "guidepost sample a"}},
          .place = Place::kAlone,
          .run = {}};
}

/// The message of the UsageError.
std::string mistake(const std::vector<std::string>& words) {
  try {
    static_cast<void>(parse_arguments(sample(), words).number("--top", 1, 9));
  } catch (const UsageError& wrong) {
    return wrong.message;
  }
  return "none";
}

TEST(Cli, FlagsComeWithASpaceOrAnEqualsSignAndWordsAnywhere) {
  const auto parsed =
      parse_arguments(sample(), {"a", "--merchant=shop", "--where", "x=1", "b", "--where=y=2", "--full", "--", "--c"});
  EXPECT_EQ(parsed.value("--merchant"), "shop");
  EXPECT_THAT(parsed.values("--where"), ElementsAre("x=1", "y=2"));
  EXPECT_TRUE(parsed.has("--full"));
  EXPECT_FALSE(parsed.has("--top"));
  EXPECT_THAT(parsed.operands(), ElementsAre("a", "b", "--c"));
}

TEST(Cli, ASingleDashIsAValueAndAWord) {
  const auto parsed = parse_arguments(sample(), {"-", "--merchant", "-"});
  EXPECT_EQ(parsed.value("--merchant"), "-");
  EXPECT_THAT(parsed.operands(), ElementsAre("-"));
}

TEST(Cli, MistakesSayWhatIsExpected) {
  EXPECT_EQ(mistake({"a", "--merchant", "m", "--topp", "1"}), "sample: unknown flag --topp, did you mean --top?");
  EXPECT_EQ(mistake({"a"}), "sample: --merchant M is missing (whose)");
  EXPECT_EQ(mistake({"--merchant", "m"}), "sample: FILE is missing");
  EXPECT_EQ(mistake({"a", "--merchant"}), "sample: --merchant needs a value: --merchant M");
  EXPECT_EQ(mistake({"a", "--merchant", "--full"}), "sample: --merchant needs a value: --merchant M");
  EXPECT_EQ(mistake({"a", "--merchant", "m", "--merchant", "n"}), "sample: --merchant is given twice");
  EXPECT_EQ(mistake({"a", "--merchant", "m", "--full=1"}), "sample: --full takes no value");
  EXPECT_EQ(mistake({"a", "--merchant", "m", "--top", "10"}), "--top: expected a whole number from 1 to 9, got '10'");
  EXPECT_EQ(mistake({"a", "--merchant", "m", "--top", "1x"}), "--top: expected a whole number from 1 to 9, got '1x'");
  EXPECT_EQ(mistake({"a", "--merchant", "m", "--\x1b[2J"}), "sample: unknown flag --\\x1b[2J");
}

TEST(Cli, WithHelpNothingIsMissing) { EXPECT_TRUE(parse_arguments(sample(), {"--help"}).has("--help")); }

TEST(Cli, HelpHasSynopsisFlagsAndExamples) {
  const auto help = command_help(sample());
  EXPECT_THAT(help, HasSubstr("Usage: guidepost sample FILE... --merchant M [flags]"));
  EXPECT_THAT(help, HasSubstr("--where d=v   only those (may be repeated)"));
  EXPECT_THAT(help, HasSubstr("  # one\n  guidepost sample a\n"));
}

TEST(Cli, EveryCommandKeepsTheForm) {
  for (const auto& command : commands()) {
    EXPECT_GE(command.examples.size(), 2U) << command.name;
    EXPECT_FALSE(command.summary.empty() || command.about.empty()) << command.name;
    EXPECT_FALSE(command.summary.ends_with(".")) << command.name;
    for (const auto& flag : command.flags)
      EXPECT_TRUE(flag.name.starts_with("--") && !flag.help.ends_with(".")) << command.name << flag.name;
    for (std::size_t at = 0; at < command.about.size();) {
      const auto end = std::min(command.about.find('\n', at), command.about.size());
      EXPECT_LE(end - at, 120U) << command.name;
      at = end + 1;
    }
  }
}

TEST(ProgressLine, TellsShareRateAndWhatIsLeft) {
  const auto line = progress_line("import", "lines", 50, 200, std::chrono::seconds{5}, {});
  EXPECT_EQ(line, "import   25 %  50 of 200  10 lines/s  15 s left");
  EXPECT_EQ(progress_line("import", "lines", 0, 200, std::chrono::milliseconds{0}, {}),
            "import    0 %  0 of 200  0 lines/s");
  EXPECT_EQ(progress_line("import", "lines", 1234, std::nullopt, std::chrono::seconds{1}, {}),
            "import  1,234 lines  1,234 lines/s");
}

TEST(ProgressLine, FitsItsTerminal) {
  for (const std::size_t width : {20U, 60U, 80U, 200U}) {
    const auto line = progress_line("import", "lines", 50, 200, std::chrono::seconds{5},
                                    {.terminal = true, .colour = false, .width = width});
    if (width >= 60) EXPECT_LE(text::display_width(line), width);
    EXPECT_EQ(line.find("▕") != std::string::npos, width >= 80) << width;
  }
}

}  // namespace
}  // namespace guidepost::app
