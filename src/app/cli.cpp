#include "app/cli.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

#include "app/command.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

std::string synopsis(const Command& command) {
  std::string line = "guidepost " + command.name;
  for (const auto& operand : command.operands) {
    const auto word = operand.name + (operand.use == Use::kRepeated ? "..." : "");
    line += operand.use == Use::kOptional ? " [" + word + "]" : " " + word;
  }
  bool optional = false;
  for (const auto& flag : command.flags) {
    if (flag.use == Use::kRequired) line += " " + flag.name + " " + flag.value;
    optional |= flag.use != Use::kRequired;
  }
  return line + (optional ? " [flags]" : "");
}

std::string flag_word(const Flag& flag) { return flag.value.empty() ? flag.name : flag.name + " " + flag.value; }

std::string flag_help(const Flag& flag) {
  return flag.help + (flag.use == Use::kRequired   ? " (required)"
                      : flag.use == Use::kRepeated ? " (may be repeated)"
                                                   : "");
}

/// `  word    meaning`, the meanings one below the other, wrapped at 100 columns.
std::string listed(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [word, meaning] : rows) width = std::max(width, word.size());
  const std::size_t from = width + 4, room = 100 - from;
  std::string out;
  for (const auto& [word, meaning] : rows) {
    out += "  " + text::pad_right(word, width) + "  ";
    std::string_view left = meaning;
    while (left.size() > room) {
      auto cut = left.rfind(' ', room);
      if (cut == std::string_view::npos) cut = room;
      out += std::string(left.substr(0, cut)) + "\n" + std::string(from, ' ');
      left.remove_prefix(std::min(left.size(), cut + 1));
    }
    out += std::string(left) + "\n";
  }
  return out;
}

std::string_view title_of(Group group) {
  switch (group) {
    case Group::kRun:
      return "Run";
    case Group::kBringIn:
      return "Bring in";
    case Group::kAsk:
      return "Ask";
    case Group::kLookAfter:
      return "Look after";
    case Group::kLookInside:
      return "Look inside";
  }
  return "";
}

const Flag* find_flag(const Command& command, std::string_view name) {
  for (const auto* flags : {&command.flags, &common_flags()}) {
    for (const auto& flag : *flags) {
      if (flag.name == name) return &flag;
    }
  }
  return nullptr;
}

[[noreturn]] void unknown_flag(const Command& command, std::string_view name) {
  std::vector<std::string> names;
  for (const auto* flags : {&command.flags, &common_flags()}) {
    for (const auto& flag : *flags) names.push_back(flag.name);
  }
  const auto near = text::nearest(name, names);
  throw UsageError{fmt::format("{}: unknown flag {}{}", command.name, text::escape(name),
                               near ? ", did you mean " + *near + "?" : "")};
}

void check_operands(const Command& command, std::size_t given) {
  std::size_t least = 0;
  bool many = false;
  for (const auto& operand : command.operands) {
    least += operand.use == Use::kOptional ? 0 : 1;
    many |= operand.use == Use::kRepeated;
  }
  if (given < least) throw UsageError{fmt::format("{}: {} is missing", command.name, command.operands[given].name)};
  if (!many && given > command.operands.size()) {
    throw UsageError{fmt::format("{}: takes {} word{} without dashes, {} were given", command.name,
                                 command.operands.empty() ? std::string("no") : std::to_string(command.operands.size()),
                                 command.operands.size() == 1 ? "" : "s", given)};
  }
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view flag) const {
  const auto it = values_.find(flag);
  return it == values_.end() || it->second.empty() ? std::nullopt : std::optional(it->second.back());
}

std::string Arguments::value_or(std::string_view flag, std::string_view fallback) const {
  return value(flag).value_or(std::string(fallback));
}

std::vector<std::string> Arguments::values(std::string_view flag) const {
  const auto it = values_.find(flag);
  return it == values_.end() ? std::vector<std::string>{} : it->second;
}

std::optional<std::int64_t> Arguments::number(std::string_view flag, std::int64_t least, std::int64_t most) const {
  const auto given = value(flag);
  if (!given) return std::nullopt;
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), n);
  if (error != std::errc{} || end != given->data() + given->size() || n < least || n > most) {
    throw UsageError{
        fmt::format("{}: expected a whole number from {} to {}, got '{}'", flag, least, most, text::escape(*given))};
  }
  return n;
}

const std::vector<Flag>& common_flags() {
  static const std::vector<Flag> all{
      {"--config", "FILE", "the configuration, a TOML file", Use::kOptional},
      {"--data", "DIR", "the folder of the embedded stores, by default ./guidepost-data", Use::kOptional},
      {"--set", "section.key=value", "sets one key of the configuration", Use::kRepeated},
      {"--json", "", "prints for machines", Use::kOptional},
      {"--help", "", "prints this", Use::kOptional},
  };
  return all;
}

Arguments parse_arguments(const Command& command, const std::vector<std::string>& words) {
  Arguments parsed;
  bool flags_end = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (flags_end || word.size() < 2 || word[0] != '-') {
      parsed.operands_.push_back(word);
      continue;
    }
    if (word == "--") {
      flags_end = true;
      continue;
    }
    const auto equals = word.find('=');
    const auto name = word == "-h" ? std::string("--help") : word.substr(0, equals);
    const Flag* flag = find_flag(command, name);
    if (flag == nullptr) unknown_flag(command, name);
    auto& values = parsed.values_[name];
    if (flag->value.empty()) {
      if (equals != std::string::npos) throw UsageError{fmt::format("{}: {} takes no value", command.name, name)};
      continue;
    }
    if (!values.empty() && flag->use != Use::kRepeated)
      throw UsageError{fmt::format("{}: {} is given twice", command.name, name)};
    if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size() && !words[i + 1].starts_with("--")) {
      values.push_back(words[++i]);
    } else {
      throw UsageError{fmt::format("{}: {} needs a value: {}", command.name, name, flag_word(*flag))};
    }
  }
  if (parsed.has("--help")) return parsed;
  check_operands(command, parsed.operands_.size());
  for (const auto& flag : command.flags) {
    if (flag.use == Use::kRequired && !parsed.has(flag.name)) {
      throw UsageError{fmt::format("{}: {} is missing ({})", command.name, flag_word(flag), flag.help)};
    }
  }
  return parsed;
}

std::string command_help(const Command& command) {
  std::string out = fmt::format("guidepost {}: {}\n\nUsage: {}\n", command.name, command.summary, synopsis(command));
  if (!command.about.empty()) out += "\n" + command.about + "\n";
  std::vector<std::pair<std::string, std::string>> rows;
  rows.reserve(command.operands.size());
  for (const auto& operand : command.operands) rows.emplace_back(operand.name, operand.help);
  if (!rows.empty()) out += "\nWords:\n" + listed(rows);
  rows.clear();
  for (const auto& flag : command.flags) rows.emplace_back(flag_word(flag), flag_help(flag));
  if (!rows.empty()) out += "\nFlags:\n" + listed(rows);
  rows.clear();
  for (const auto& flag : common_flags()) rows.emplace_back(flag_word(flag), flag_help(flag));
  out += "\nCommon flags:\n" + listed(rows) + "\nExamples:\n";
  for (const auto& example : command.examples) out += "  # " + example.what + "\n  " + example.line + "\n";
  return out;
}

std::string overview(const std::vector<Command>& commands) {
  std::string out =
      "guidepost: clickstreams into business numbers that stay right\n\n"
      "Usage: guidepost COMMAND [flags]\n";
  for (const auto group : {Group::kRun, Group::kBringIn, Group::kAsk, Group::kLookAfter, Group::kLookInside}) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& command : commands) {
      if (command.group == group) rows.emplace_back(text::pad_right(command.name, 12), command.summary);
    }
    if (!rows.empty()) out += fmt::format("\n{}\n", title_of(group)) + listed(rows);
  }
  out +=
      "\n`guidepost COMMAND --help` tells more, with examples; `guidepost --version` what this is.\n"
      "Without a configuration everything is kept in ./guidepost-data.\n";
  return out;
}

std::string commands_reference(const std::vector<Command>& commands) {
  std::string out =
      "# Commands\n\n"
      "<!-- Made by `guidepost --reference`; a test compares. Do not edit: each command says this in src/app/commands. -->\n\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage or configuration. Bars and colours only on a terminal, colours not with\n"
      "`NO_COLOR`. On embedded stores a command works with and without a running `up`: whoever has the data folder answers.\n\n"
      "```\n" +
      overview(commands) + "```\n";
  for (const auto& command : commands)
    out += fmt::format("\n## {}\n\n```\n{}```\n", command.name, command_help(command));
  return out;
}

std::string unknown_command(const std::vector<Command>& commands, std::string_view word) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const auto& command : commands) names.push_back(command.name);
  const auto near = text::nearest(word, names);
  return fmt::format("unknown command '{}'{}", text::escape(word),
                     near ? ", did you mean " + *near + "?" : "; `guidepost --help` lists them");
}

}  // namespace guidepost::app
