// Text for people: width on a terminal, padding, tables, bars, sparklines, safe display of foreign bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guidepost/base/ids.hpp"

namespace guidepost::text {

/// What the reader of some output can show.
struct Look {
  bool terminal = false;
  bool colour = false;
  std::size_t width = 80;  ///< columns
};

/// Columns that UTF-8 text takes: 0 for combining marks, 2 for wide characters, 1 for a byte that is not UTF-8.
std::size_t display_width(std::string_view utf8);

/// At most `width` columns of the text; what was longer ends with an ellipsis.
std::string fit(std::string_view utf8, std::size_t width);
std::string pad_right(std::string_view utf8, std::size_t width);
std::string pad_left(std::string_view utf8, std::size_t width);

/// Foreign bytes, safe for a terminal and unambiguous: control characters, bytes that are not UTF-8 and characters
/// that turn or hide text become escapes (`\n`, `\x1b`, `\u{202e}`), and the backslash is doubled.
std::string escape(std::string_view bytes);

/// A bar of `width` columns at `most`, in eighths of a column; empty where there is nothing to show.
std::string bar(double value, double most, std::size_t width);

/// One character of eight heights a value, from 0 to the largest.
std::string sparkline(std::span<const double> values);

std::string thousands(std::int64_t number);             ///< `1,234,567`
std::string bytes(std::uint64_t n);                     ///< `64 KiB`, `1.5 MiB`
std::string duration(std::chrono::milliseconds d);      ///< `200 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `7 d`
std::string rfc3339(TimeMs t);  ///< `2015-05-17T10:05:03Z`, with milliseconds where there are any

/// The candidate that a mistyped word most likely means; nothing where none is near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
  std::size_t at_most = 0;  ///< columns, longer values are cut; 0: as wide as needed
};

/// Rows under titles, aligned by display width. Values are shown as they are: escape foreign ones first.
class Table {
 public:
  explicit Table(std::vector<Column> columns);
  /// As many values as columns.
  void add(std::vector<std::string> values);
  bool empty() const { return rows_.empty(); }
  /// Lines without trailing blanks. Where the look is a terminal, the widest left-aligned column gives way until a
  /// line fits. With colour, titles are bold.
  std::string render(const Look& look) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace guidepost::text
