#include "base/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

#include "base/assert.hpp"
#include "base/utf8.hpp"

namespace guidepost::text {
namespace {

struct Range {
  char32_t first, last;
};

constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},  {0x3400, 0x4dbf},
                           {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},  {0xf900, 0xfaff},
                           {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                           {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kNoWidth[] = {{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},  {0x064b, 0x065f}, {0x0900, 0x0902},
                              {0x093c, 0x093c}, {0x0941, 0x0948}, {0x094d, 0x094d},  {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
                              {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},  {0x200b, 0x200f}, {0x20d0, 0x20ff},
                              {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};
// Controls, and characters that reorder or hide what follows.
constexpr Range kUnsafe[] = {{0x00, 0x1f},     {0x7f, 0x9f},      {0xad, 0xad},     {0x061c, 0x061c},
                             {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f}, {0xfeff, 0xfeff},
                             {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

template <std::size_t N>
bool is_in(const Range (&ranges)[N], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges), [c](Range r) { return c >= r.first && c <= r.last; });
}

std::size_t width_of(const Character& c) {
  if (!c.valid) return 1;
  if (is_in(kNoWidth, c.code)) return 0;
  return is_in(kWide, c.code) ? 2 : 1;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), earlier(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], earlier[j - 2] + 1);
    }
    earlier.swap(before);
    before.swap(row);
  }
  return before[b.size()];
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto c = first_character(utf8.substr(i));
    width += width_of(c);
    i += c.size;
  }
  return width;
}

std::string fit(std::string_view utf8, std::size_t width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  if (width == 0) return {};
  std::size_t used = 0, i = 0;
  while (i < utf8.size()) {
    const auto c = first_character(utf8.substr(i));
    if (used + width_of(c) > width - 1) break;
    used += width_of(c);
    i += c.size;
  }
  return std::string(utf8.substr(0, i)) + "…";
}

std::string pad_right(std::string_view utf8, std::size_t width) {
  std::string out(utf8);
  if (const auto has = display_width(utf8); has < width) out.append(width - has, ' ');
  return out;
}

std::string pad_left(std::string_view utf8, std::size_t width) {
  const auto has = display_width(utf8);
  return std::string(has < width ? width - has : 0, ' ').append(utf8);
}

std::string escape(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = first_character(bytes.substr(i));
    if (!c.valid || (c.size == 1 && (c.code < 0x20 || c.code == 0x7f))) {
      switch (c.code) {
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c.code));
      }
    } else if (c.code == '\\') {
      out += "\\\\";
    } else if (is_in(kUnsafe, c.code)) {
      out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c.code));
    } else {
      out += bytes.substr(i, c.size);
    }
    i += c.size;
  }
  return out;
}

std::string bar(double value, double most, std::size_t width) {
  if (!(value > 0) || !(most > 0) || width == 0) return {};
  static constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto full_eighths = static_cast<double>(width * 8);
  const auto eighths = static_cast<std::size_t>(std::clamp(std::round(value / most * full_eighths), 1.0, full_eighths));
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  out += kEighths[eighths % 8];
  return out;
}

std::string sparkline(std::span<const double> values) {
  static constexpr std::string_view kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double most = 0;
  for (const double v : values) {
    if (std::isfinite(v)) most = std::max(most, v);
  }
  std::string out;
  for (const double v : values) {
    const double share = most > 0 && std::isfinite(v) && v > 0 ? v / most : 0;
    out += kHeights[static_cast<std::size_t>(std::lround(share * 7))];
  }
  return out;
}

std::string thousands(std::int64_t number) {
  auto digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) digits.insert(i -= 3, ",");
  return digits;
}

std::string bytes(std::uint64_t n) {
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(n);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  const bool whole = value >= 100 || std::abs(value - std::round(value)) < 0.05;
  return whole ? fmt::format("{:.0f} {}", value, kUnits[unit]) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string duration(std::chrono::milliseconds d) {
  if (d.count() < 0) return "-" + duration(-d);
  const auto ms = d.count(), s = ms / 1000, min = s / 60, h = min / 60;
  const auto two = [](auto big, const char* big_unit, auto small, const char* small_unit) {
    return small == 0 ? fmt::format("{} {}", big, big_unit)
                      : fmt::format("{} {} {} {}", big, big_unit, small, small_unit);
  };
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (s < 10 && ms % 1000 != 0) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  if (s < 60) return fmt::format("{} s", s);
  if (min < 60) return two(min, "min", s % 60, "s");
  if (h < 48) return two(h, "h", min % 60, "min");
  return two(h / 24, "d", h % 24, "h");
}

std::string rfc3339(TimeMs t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{t - day};
  auto out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                         time.minutes().count(), time.seconds().count());
  if (time.subseconds().count() != 0) out += fmt::format(".{:03}", time.subseconds().count());
  return out + "Z";
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t kLongest = 100;  // a mistyped word is a word
  if (word.size() > kLongest) return std::nullopt;
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    if (const auto d = distance(word, candidate); d < least) {
      least = d;
      best = candidate;
    }
  }
  if (!best && word.size() >= 3) {
    const auto begins = [&](const std::string& c) { return c.starts_with(word); };
    if (const auto it = std::find_if(candidates.begin(), candidates.end(), begins); it != candidates.end()) best = *it;
  }
  return best;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> values) {
  GUIDEPOST_ASSERT(values.size() == columns_.size());
  rows_.push_back(std::move(values));
}

std::string Table::render(const Look& look) const {
  constexpr std::size_t kGap = 2, kNarrowest = 12;
  std::vector<std::size_t> widths;
  std::size_t total = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = 0;
    for (const auto& row : rows_) width = std::max(width, display_width(row[c]));
    if (columns_[c].at_most > 0) width = std::min(width, columns_[c].at_most);
    widths.push_back(std::max(width, display_width(columns_[c].title)));
    total += widths.back() + (c > 0 ? kGap : 0);
  }
  while (look.terminal && total > look.width) {
    std::size_t widest = columns_.size();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].align == Align::kLeft && widths[c] > kNarrowest &&
          (widest == columns_.size() || widths[c] > widths[widest]))
        widest = c;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }
  std::string out;
  const auto line = [&](const auto& value_of) {
    std::string text;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) text.append(kGap, ' ');
      const auto value = fit(value_of(c), widths[c]);
      text += columns_[c].align == Align::kLeft ? pad_right(value, widths[c]) : pad_left(value, widths[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  const auto titles = line([&](std::size_t c) -> std::string_view { return columns_[c].title; });
  out += look.colour ? "\x1b[1m" + titles + "\x1b[0m\n" : titles + "\n";
  for (const auto& row : rows_) out += line([&](std::size_t c) -> std::string_view { return row[c]; }) + "\n";
  return out;
}

}  // namespace guidepost::text
