#include "base/config_values.hpp"

#include <fmt/format.h>
#include <charconv>

namespace guidepost {
namespace {

/// The number at the front of `text`, and the rest; nothing where there is no number or it does not fit.
std::optional<std::pair<std::int64_t, std::string_view>> split_number(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{}) return std::nullopt;
  return std::pair{n, text.substr(static_cast<std::size_t>(end - text.data()))};
}

constexpr std::pair<std::string_view, std::int64_t> kTimeUnits[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr std::pair<std::string_view, std::int64_t> kSizeUnits[] = {
    {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", std::int64_t{1} << 40}};

template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text,
                                      const std::pair<std::string_view, std::int64_t> (&units)[N]) {
  const auto split = split_number(text);
  if (!split || split->first < 0) return std::nullopt;
  for (const auto& [unit, factor] : units) {
    std::int64_t product = 0;
    if (split->second == unit && !__builtin_mul_overflow(split->first, factor, &product)) return product;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  const auto ms = with_unit(text, kTimeUnits);
  return ms ? std::optional(Millis{*ms}) : std::nullopt;
}

namespace config {
namespace {

const std::string* word(const RawValue& raw) {
  const auto* w = std::get_if<RawValue::Word>(&raw.value);
  return w != nullptr ? &w->text : nullptr;
}

template <std::size_t N>
std::string in_largest_unit(std::int64_t n, const std::pair<std::string_view, std::int64_t> (&units)[N]) {
  for (std::size_t i = N; i-- > 1;) {
    if (n != 0 && n % units[i].second == 0) return fmt::format("{}{}", n / units[i].second, units[i].first);
  }
  return fmt::format("{}{}", n, units[0].first);
}

}  // namespace

std::optional<std::string> as_text(const RawValue& raw) {
  if (const auto* w = word(raw)) return *w;
  if (const auto* s = std::get_if<std::string>(&raw.value)) return *s;
  return std::nullopt;
}

std::optional<std::int64_t> as_integer(const RawValue& raw) {
  if (const auto* n = std::get_if<std::int64_t>(&raw.value)) return *n;
  const auto* w = word(raw);
  const auto split = w != nullptr ? split_number(*w) : std::nullopt;
  return split && split->second.empty() ? std::optional(split->first) : std::nullopt;
}

std::optional<bool> as_flag(const RawValue& raw) {
  if (const auto* b = std::get_if<bool>(&raw.value)) return *b;
  const auto* w = word(raw);
  if (w != nullptr && *w == "true") return true;
  if (w != nullptr && *w == "false") return false;
  return std::nullopt;
}

std::optional<Millis> as_duration(const RawValue& raw) {
  const auto t = as_text(raw);
  return t ? parse_duration(*t) : std::nullopt;
}

std::optional<Bytes> as_size(const RawValue& raw) {
  std::optional<std::int64_t> n = as_integer(raw);
  if (!n) {
    if (const auto t = as_text(raw)) n = with_unit(*t, kSizeUnits);
  }
  return n && *n >= 0 ? std::optional(Bytes{static_cast<std::uint64_t>(*n)}) : std::nullopt;
}

std::optional<std::vector<std::string>> as_list(const RawValue& raw) {
  if (const auto* l = std::get_if<std::vector<std::string>>(&raw.value)) return *l;
  const auto* w = word(raw);
  if (w == nullptr) return std::nullopt;
  std::vector<std::string> items;
  for (std::size_t from = 0; from <= w->size() && !w->empty();) {
    const auto comma = std::min(w->find(',', from), w->size());
    items.push_back(w->substr(from, comma - from));
    from = comma + 1;
  }
  return items;
}

bool is_reference(std::string_view text) {
  const auto after = [&](std::string_view kind) { return text.starts_with(kind) ? text.substr(kind.size()) : ""; };
  const auto credential = after("credential:");
  return text.empty() || after("file:/").size() > 0 || after("env:").size() > 0 ||
         (credential.size() > 0 && credential.front() != '.' && credential.find('/') == std::string_view::npos);
}

std::string show_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string show_list(const std::vector<std::string>& list) {
  std::string out = "[";
  for (std::size_t i = 0; i < list.size(); ++i) out += (i > 0 ? ", " : "") + show_text(list[i]);
  return out + "]";
}

std::string show_duration(Millis d) { return in_largest_unit(d.count(), kTimeUnits); }
std::string show_size(Bytes size) { return in_largest_unit(static_cast<std::int64_t>(size.value), kSizeUnits); }

}  // namespace config
}  // namespace guidepost
