#include "enrich/agent_patterns.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <optional>

#include "base/ascii.hpp"

namespace guidepost::enrich {
namespace {

bool ends_or_comments(std::string_view rest) {
  rest = ascii::trimmed(rest);
  return rest.empty() || rest.front() == '#';
}

// 'it''s': a doubled quote is one. Nothing where it does not end on this line.
std::optional<std::string> single_quoted(std::string_view text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '\'') {
      value += text[i];
    } else if (text.substr(i + 1).starts_with('\'')) {
      value += text[i++];
    } else {
      return ends_or_comments(text.substr(i + 1)) ? std::optional(value) : std::nullopt;
    }
  }
  return std::nullopt;
}

// Of YAML's escapes only those of backslash and quote: a pattern needs no others.
std::optional<std::string> double_quoted(std::string_view text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return ends_or_comments(text.substr(i + 1)) ? std::optional(value) : std::nullopt;
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || (text[i] != '\\' && text[i] != '"' && text[i] != '/')) return std::nullopt;
    }
    value += text[i];
  }
  return std::nullopt;
}

std::optional<std::string> scalar(std::string_view text) {
  text = ascii::trimmed(text);
  if (text.empty()) return std::nullopt;
  if (text.front() == '\'') return single_quoted(text);
  if (text.front() == '"') return double_quoted(text);
  return std::string(ascii::trimmed(text.substr(0, text.find(" #"))));
}

class Reader {
 public:
  // What is wrong with the line; empty: nothing.
  std::string_view line(std::string_view text) {
    const auto content = ascii::trimmed(text);
    if (content.empty() || content.front() == '#' || content == "---") return {};
    if (text.front() != ' ') return section(content);
    if (list_ == nullptr) return "a pattern outside of a list";
    if (!content.starts_with("- ")) return member(content);
    list_->emplace_back();
    return member(ascii::trimmed(content.substr(2)));
  }

  Result<AgentPatterns> finish() && {
    for (const auto* list : {&patterns_.browsers, &patterns_.systems, &patterns_.devices}) {
      if (list->empty()) return fail(ErrorCode::kCorrupt, "a list of patterns is missing or empty");
      if (std::any_of(list->begin(), list->end(), [](const AgentPattern& p) { return p.regex.empty(); })) {
        return fail(ErrorCode::kCorrupt, "a pattern without a regex");
      }
    }
    return std::move(patterns_);
  }

 private:
  std::string_view section(std::string_view content) {
    const auto name = content.substr(0, content.find(':'));
    if (name.size() == content.size() || !ends_or_comments(content.substr(name.size() + 1)))
      return "no list begins here";
    if (name == "user_agent_parsers") {
      list_ = &patterns_.browsers;
    } else if (name == "os_parsers") {
      list_ = &patterns_.systems;
    } else if (name == "device_parsers") {
      list_ = &patterns_.devices;
    } else {
      return "no such list";
    }
    return {};
  }

  std::string_view member(std::string_view content) {
    const auto colon = content.find(':');
    if (colon == std::string_view::npos || list_->empty()) return "neither a member nor a pattern";
    const auto name = content.substr(0, colon);
    auto value = scalar(content.substr(colon + 1));
    if (!value) return "the text does not end on its line, or has an escape that is not known";
    auto& pattern = list_->back();
    if (name == "regex") {
      pattern.regex = *std::move(value);
    } else if (name == "regex_flag") {
      if (*value != "i") return "a regex_flag that is not known";
      pattern.ignore_case = true;
    } else if (name == "family_replacement" || name == "os_replacement" || name == "device_replacement") {
      pattern.replacement = *std::move(value);
    }
    return {};  // versions, brands and models are not looked at
  }

  AgentPatterns patterns_;
  std::vector<AgentPattern>* list_ = nullptr;
};

}  // namespace

Result<AgentPatterns> read_agent_patterns(std::string_view yaml) {
  Reader reader;
  for (std::size_t number = 1; !yaml.empty(); ++number) {
    const auto end = std::min(yaml.find('\n'), yaml.size());
    if (const auto wrong = reader.line(yaml.substr(0, end)); !wrong.empty()) {
      return fail(ErrorCode::kCorrupt, fmt::format("line {}: {}", number, wrong));
    }
    yaml.remove_prefix(std::min(end + 1, yaml.size()));
  }
  return std::move(reader).finish();
}

}  // namespace guidepost::enrich
