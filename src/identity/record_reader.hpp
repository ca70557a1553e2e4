// Cuts a stream into records: lines, or CSV records, in which a quoted field may span lines.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace guidepost::identity {

/// Thread: one owner. Blocks: as long as the stream does.
class RecordReader {
 public:
  static constexpr std::size_t kMaxRecord = std::size_t{64} * 1024;
  enum class Kind : std::uint8_t { kLine, kCsv };

  explicit RecordReader(std::istream& in) : in_(in), buffer_(kMaxRecord) {}

  /// The first byte that is no blank, not consumed, a byte order mark before it is; -1 at the end.
  int peek_first();
  /// Reads the next record into text(); false at the end of the stream or where it cannot be read.
  bool next(Kind kind);

  const std::string& text() const { return text_; }  ///< without its line end; the first kMaxRecord bytes
  std::string& text() { return text_; }
  bool too_long() const { return too_long_; }
  bool unclosed() const { return unclosed_; }  ///< a quote was open at the end of the stream
  std::uint64_t line() const { return record_line_; }  ///< where the record began, from 1
  std::uint64_t bytes_read() const { return bytes_read_; }
  bool failed() const { return in_.bad(); }

 private:
  int peek();
  void take(char c);

  std::istream& in_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, end_ = 0;
  std::string text_;
  bool too_long_ = false;
  bool unclosed_ = false;
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;
  std::uint64_t bytes_read_ = 0;
};

/// Splits a CSV record into its fields, unquoted into `memory`. Nothing but a reason where it is none.
std::string_view split_csv(std::string_view record, std::string& memory, std::vector<std::string_view>& fields);

}  // namespace guidepost::identity
