// The command line: what a command takes is data, from which come parsing, `--help` and docs/commands.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guidepost::app {

enum class Use : std::uint8_t { kOptional, kRequired, kRepeated };

/// `--name VALUE`, or `--name` alone where `value` is empty.
struct Flag {
  std::string name;   ///< with its dashes
  std::string value;  ///< `FILE`, `T`, `a,b`; empty: a switch
  std::string help;   ///< one sentence without a full stop
  Use use = Use::kOptional;
};

/// A word without dashes.
struct Operand {
  std::string name;  ///< `FILE`
  std::string help;
  Use use = Use::kRequired;  ///< kRepeated: one or more, only the last one
};

struct Example {
  std::string what;
  std::string line;
};

/// What was asked for wrongly: the message is for people, the exit status 2.
struct UsageError {
  std::string message;
};

/// The words of one call, sorted by the command's declarations.
class Arguments {
 public:
  /// Whether the switch or flag was given.
  bool has(std::string_view flag) const { return values_.contains(flag); }
  /// The flag's (last) value.
  std::optional<std::string> value(std::string_view flag) const;
  std::string value_or(std::string_view flag, std::string_view fallback) const;
  std::vector<std::string> values(std::string_view flag) const;
  /// Throws UsageError where it is no whole number of [least, most].
  std::optional<std::int64_t> number(std::string_view flag, std::int64_t least, std::int64_t most) const;
  const std::vector<std::string>& operands() const { return operands_; }

 private:
  friend Arguments parse_arguments(const struct Command& command, const std::vector<std::string>& words);
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> operands_;
};

/// Throws UsageError: an unknown flag (with the nearest known one), a value missing or too many, a required one absent.
/// With `--help` among the words nothing is required.
Arguments parse_arguments(const Command& command, const std::vector<std::string>& words);

/// What every command takes.
const std::vector<Flag>& common_flags();

/// The text of `guidepost COMMAND --help`.
std::string command_help(const Command& command);
/// The text of `guidepost --help`.
std::string overview(const std::vector<Command>& commands);
/// docs/commands.md.
std::string commands_reference(const std::vector<Command>& commands);

/// `unknown command 'imprt', did you mean import?`
std::string unknown_command(const std::vector<Command>& commands, std::string_view word);

}  // namespace guidepost::app
