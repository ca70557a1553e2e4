#include "identity/record_reader.hpp"

namespace guidepost::identity {

int RecordReader::peek() {
  if (at_ == end_) {
    at_ = end_ = 0;
    if (!in_.good()) return -1;
    in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    end_ = static_cast<std::size_t>(in_.gcount());
    bytes_read_ += end_;
    if (end_ == 0) return -1;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

int RecordReader::peek_first() {
  for (const int mark : {0xef, 0xbb, 0xbf}) {
    if (peek() != mark) break;
    ++at_;
  }
  for (;;) {
    const int c = peek();
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return c;
    if (c == '\n') ++line_;
    ++at_;
  }
}

void RecordReader::take(char c) {
  if (text_.size() < kMaxRecord) {
    text_.push_back(c);
  } else {
    too_long_ = true;
  }
}

bool RecordReader::next(Kind kind) {
  text_.clear();
  too_long_ = unclosed_ = false;
  record_line_ = line_;
  if (peek() < 0) return false;
  bool quoted = false;       // inside a quoted field
  bool field_start = true;   // a quote here opens one
  for (int c = peek(); c >= 0; c = peek()) {
    ++at_;
    if (c == '\n') {
      ++line_;
      // A record that is too long ends with its line, quoted or not: a quote that is never closed costs
      // the lines that follow it up to the limit, not the rest of the file.
      if (!quoted || too_long_) break;
    }
    if (kind == Kind::kCsv && c == '"') {
      if (quoted && peek() == '"') {
        ++at_;
        take('"');
      } else if (quoted || field_start) {
        quoted = !quoted;
      }
    }
    field_start = !quoted && c == ',';
    take(static_cast<char>(c));
  }
  unclosed_ = quoted && !too_long_;
  if (!unclosed_ && !text_.empty() && text_.back() == '\r') text_.pop_back();
  return true;
}

std::string_view split_csv(std::string_view record, std::string& memory, std::vector<std::string_view>& fields) {
  fields.clear();
  memory.clear();
  memory.reserve(record.size());  // fields point into it: it must not move
  std::size_t at = 0;
  for (;;) {
    const std::size_t begin = memory.size();
    if (at < record.size() && record[at] == '"') {
      for (++at;; ++at) {
        if (at == record.size()) return "a quote is not closed";
        if (record[at] == '"') {
          if (at + 1 == record.size() || record[at + 1] != '"') break;
          ++at;
        }
        memory.push_back(record[at]);
      }
      ++at;
      if (at < record.size() && record[at] != ',') return "something follows a closed quote";
    } else {
      for (; at < record.size() && record[at] != ','; ++at) {
        if (record[at] == '"') return "a quote inside a field that does not begin with one";
        memory.push_back(record[at]);
      }
    }
    fields.emplace_back(memory.data() + begin, memory.size() - begin);
    if (at == record.size()) return {};
    ++at;  // the comma
  }
}

}  // namespace guidepost::identity
