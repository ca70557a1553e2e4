#include "app/split_events.hpp"

namespace guidepost::app {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_lines(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  return type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl" ||
         type == "application/json-lines";
}

std::vector<std::string_view> lines_of(std::string_view body) {
  std::vector<std::string_view> lines;
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    if (const auto line = trim(body.substr(0, end)); !line.empty()) lines.push_back(line);
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return lines;
}

/// The first of `stops` from `from` on that is outside of strings and of brackets opened on the way.
std::size_t find_outside(std::string_view text, std::size_t from, std::string_view stops) {
  std::size_t depth = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (depth == 0 && stops.find(c) != std::string_view::npos) return i;
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\') ++i;
      }
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth > 0 && (c == '}' || c == ']')) {
      --depth;
    }
  }
  return text.size();
}

Result<std::vector<std::string_view>> elements_of(std::string_view array) {
  std::vector<std::string_view> elements;
  for (std::size_t at = 1;;) {
    const auto end = find_outside(array, at, ",]}");
    if (end >= array.size()) return fail(ErrorCode::kInvalidArgument, "the array does not end");
    const auto element = trim(array.substr(at, end - at));
    const bool last = array[end] != ',';
    if (last && array[end] != ']') return fail(ErrorCode::kInvalidArgument, "the array is closed by another bracket");
    if (!element.empty() || !last || !elements.empty()) elements.push_back(element);
    if (!last) {
      at = end + 1;
      continue;
    }
    if (end + 1 != array.size()) return fail(ErrorCode::kInvalidArgument, "something follows the array");
    return elements;
  }
}

/// Objects one after the other; anything else is one event to its end.
std::vector<std::string_view> values_of(std::string_view body) {
  std::vector<std::string_view> values;
  while (!body.empty()) {
    const auto closing = body.front() == '{' ? find_outside(body, 1, "}]") : body.size();
    const auto end = std::min(closing + 1, body.size());
    values.push_back(trim(body.substr(0, end)));
    body = trim(body.substr(end));
  }
  return values;
}

}  // namespace

Result<std::vector<std::string_view>> split_events(std::string_view content_type, std::string_view body,
                                                   std::size_t most) {
  std::vector<std::string_view> events;
  const auto content = trim(body);
  if (is_lines(content_type)) {
    events = lines_of(body);
  } else if (content.starts_with('[')) {
    auto elements = elements_of(content);
    if (!elements) return elements;
    events = std::move(*elements);
  } else {
    events = values_of(content);
  }
  if (events.empty()) return fail(ErrorCode::kInvalidArgument, "there are no events in it");
  if (events.size() > most)
    return fail(ErrorCode::kOutOfRange,
                "there are " + std::to_string(events.size()) + " events in it, over " + std::to_string(most));
  return events;
}

}  // namespace guidepost::app
