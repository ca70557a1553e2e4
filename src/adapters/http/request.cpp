#include "adapters/http/request.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"

namespace guidepost::http {
namespace {

bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr std::string_view kBlanks = " \t";

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t n = 0;
  if (text.empty() || text.size() > 18 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

/// A segment `..`, however its dots are written.
bool climbs(std::string_view path) {
  std::string plain;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto escaped = ascii::lowered(path.substr(i, 3));
    if (escaped == "%2e" || escaped == "%2f" || escaped == "%5c") {
      plain += escaped == "%2e" ? '.' : '/';
      i += 2;
    } else {
      plain += path[i] == '\\' ? '/' : path[i];
    }
  }
  for (std::size_t from = 0; from <= plain.size();) {
    const auto to = std::min(plain.find('/', from), plain.size());
    if (plain.compare(from, to - from, "..") == 0) return true;
    from = to + 1;
  }
  return false;
}

/// Reads the lines of one head; the first refusal stays.
class HeadReader {
 public:
  HeadReader(std::string_view bytes, const HeadLimits& limits) : rest_(bytes), limits_(limits) {}

  std::variant<Head, Refusal> read() {
    if (auto line = next_line()) request_line(*line);
    for (auto line = next_line(); line && !line->empty() && !refusal_; line = next_line()) header_line(*line);
    if (!refusal_ && !rest_.empty()) refuse(400, "the head goes on after its end");
    if (!refusal_) framing();
    if (refusal_) return *std::move(refusal_);
    return std::move(head_);
  }

 private:
  void refuse(int status, std::string detail) {
    if (!refusal_) refusal_ = Refusal{status, std::move(detail)};
  }

  std::optional<std::string_view> next_line() {
    const auto end = rest_.find("\r\n");
    if (end == std::string_view::npos) {
      refuse(400, "a line does not end with CR LF");
      return std::nullopt;
    }
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    if (std::any_of(line.begin(), line.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; })) {
      refuse(400, "a control character is in the head");
    }
    return line;
  }

  void request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || line.find(' ', first + 1) != last)
      return refuse(400, "the request line is not METHOD TARGET VERSION");
    const auto method = line.substr(0, first), target = line.substr(first + 1, last - first - 1),
               version = line.substr(last + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
      return refuse(version.starts_with("HTTP/") ? 505 : 400, "only HTTP/1.1 and HTTP/1.0 are spoken");
    old_ = version == "HTTP/1.0";
    head_.keep_alive = !old_;
    if (target.size() > limits_.target_bytes)
      return refuse(414, "the target is over " + std::to_string(limits_.target_bytes) + " bytes");
    if (!target.starts_with('/') ||
        std::any_of(target.begin(), target.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7f; })) {
      return refuse(400, "the target does not begin with / or is not ASCII");
    }
    const auto question = std::min(target.find('?'), target.size());
    head_.path = target.substr(0, question);
    head_.query = target.substr(std::min(question + 1, target.size()));
    if (head_.path.find('#') != std::string::npos || climbs(head_.path)) return refuse(400, "the target has .. or #");
    constexpr std::pair<std::string_view, Method> kMethods[] = {
        {"GET", Method::kGet}, {"HEAD", Method::kHead}, {"POST", Method::kPost}, {"OPTIONS", Method::kOptions}};
    const auto known =
        std::find_if(std::begin(kMethods), std::end(kMethods), [&](const auto& m) { return m.first == method; });
    if (known == std::end(kMethods)) return refuse(501, "the method is none of GET, HEAD, POST, OPTIONS");
    head_.method = known->second;
  }

  void header_line(std::string_view line) {
    if (line.front() == ' ' || line.front() == '\t') return refuse(400, "a header is folded");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 ||
        !std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), is_token)) {
      return refuse(400, "a header has no proper name");
    }
    if (head_.headers.size() == limits_.headers)
      return refuse(431, "there are over " + std::to_string(limits_.headers) + " headers");
    head_.headers.emplace_back(ascii::lowered(line.substr(0, colon)), ascii::trimmed(line.substr(colon + 1), kBlanks));
  }

  /// All values of a header.
  std::vector<std::string_view> all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [n, v] : head_.headers) {
      if (n == name) values.push_back(v);
    }
    return values;
  }

  void framing() {
    const auto hosts = all("host"), lengths = all("content-length"), encodings = all("transfer-encoding"),
               connection = all("connection");
    if (hosts.size() > 1 || (hosts.empty() && !old_)) return refuse(400, "there is not exactly one Host");
    if (!hosts.empty() && hosts[0].find_first_of(" \t/@,") != std::string_view::npos)
      return refuse(400, "the Host is none");
    if (!encodings.empty()) {
      if (!lengths.empty()) return refuse(400, "Transfer-Encoding and Content-Length are both there");
      if (old_) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
      if (encodings.size() > 1 || encodings[0] != "chunked")
        return refuse(encodings.size() == 1 ? 501 : 400, "the Transfer-Encoding is not chunked");
      head_.chunked = true;
    }
    if (lengths.size() > 1) return refuse(400, "there is more than one Content-Length");
    if (lengths.size() == 1) {
      const auto n = digits(lengths[0]);
      if (!n) return refuse(400, "the Content-Length is not a number");
      if (*n > limits_.body.value)
        return refuse(413, "the body is over " + std::to_string(limits_.body.value) + " bytes");
      head_.content_length = *n;
    }
    const bool has_body = head_.chunked || head_.content_length > 0;
    if (has_body && head_.method != Method::kPost) return refuse(400, "only POST has a body");
    if (head_.method == Method::kPost && !head_.chunked && lengths.empty())
      return refuse(411, "the length of the body is missing");
    for (const auto value : connection) {
      const auto words = ascii::lowered(value);
      if (words.find("close") != std::string::npos) head_.keep_alive = false;
      if (old_ && words == "keep-alive") head_.keep_alive = true;
    }
    if (const auto expect = all("expect"); !expect.empty()) {
      if (expect.size() > 1 || ascii::lowered(expect[0]) != "100-continue")
        return refuse(417, "only 100-continue can be expected");
      head_.expects_continue = !old_;
    }
    if (!head_.header("content-encoding").empty() && ascii::lowered(head_.header("content-encoding")) != "identity")
      refuse(415, "the body is encoded, which is not read yet");
  }

  std::string_view rest_;
  const HeadLimits& limits_;
  Head head_;
  bool old_ = false;
  std::optional<Refusal> refusal_;
};

}  // namespace

std::string_view Head::header(std::string_view name) const {
  for (const auto& [n, value] : headers) {
    if (n == name) return value;
  }
  return {};
}

std::variant<Head, Refusal> parse_head(std::string_view bytes, const HeadLimits& limits) {
  if (bytes.size() > limits.head_bytes)
    return Refusal{431, "the head is over " + std::to_string(limits.head_bytes) + " bytes"};
  return HeadReader(bytes, limits).read();
}

ChunkedBody::State ChunkedBody::refuse(int status, std::string detail) {
  refusal_ = {status, std::move(detail)};
  return State::kRefused;
}

ChunkedBody::State ChunkedBody::size_line(std::string_view line) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (line.empty() || line.size() > 8 || error != std::errc{} || end != line.data() + line.size())
    return refuse(400, "the size of a chunk is not a plain number");
  if (size > limit_ - body_.size()) return refuse(413, "the body is over " + std::to_string(limit_) + " bytes");
  left_ = size;
  at_ = size == 0 ? At::kTrailer : At::kData;
  return State::kMore;
}

ChunkedBody::State ChunkedBody::feed(std::string_view& in) {
  constexpr std::size_t kLongestSize = 16, kMostTrailers = 8 * 1024;
  while (!in.empty()) {
    if (at_ == At::kData) {
      const auto n = std::min(left_, in.size());
      body_.append(in.substr(0, n));
      in.remove_prefix(n);
      left_ -= n;
      if (left_ == 0) at_ = At::kDataEnd;
      continue;
    }
    const char c = in.front();
    in.remove_prefix(1);
    if (at_ == At::kTrailer && ++trailer_bytes_ > kMostTrailers) return refuse(431, "the trailers are over 8 KiB");
    if (line_.empty() || line_.back() != '\r') {
      if (c == '\n') return refuse(400, "a chunk's line does not end with CR LF");
      if (at_ == At::kDataEnd && c != '\r') return refuse(400, "a chunk is longer than its size says");
      if (at_ == At::kSize && line_.size() == kLongestSize)
        return refuse(400, "the size of a chunk is not a plain number");
      line_ += c;
      continue;
    }
    if (c != '\n') return refuse(400, "a chunk's line does not end with CR LF");
    line_.pop_back();
    switch (at_) {
      case At::kSize:
        if (size_line(line_) == State::kRefused) return State::kRefused;
        break;
      case At::kTrailer:
        if (line_.empty()) return State::kDone;
        break;
      default:
        at_ = At::kSize;
    }
    line_.clear();
  }
  return State::kMore;
}

}  // namespace guidepost::http
