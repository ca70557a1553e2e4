// HTTP/1.1 as far as this project speaks it: the head of a request, strictly read, and the body's framing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "guidepost/base/ids.hpp"

namespace guidepost::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kOptions };

struct HeadLimits {
  std::size_t head_bytes = 8 * 1024;
  std::size_t target_bytes = 2 * 1024;
  std::size_t headers = 64;
  Bytes body = 1_MiB;
};

/// A request's head. Header names are lower-cased, values trimmed.
struct Head {
  Method method = Method::kGet;
  std::string path;   ///< of the target, before `?`, as it came
  std::string query;  ///< after `?`
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  /// The first header of that (lower-case) name; empty where there is none.
  std::string_view header(std::string_view name) const;
};

/// Why a request is not taken. The connection is closed after the answer: where the next request
/// would begin is not sure.
struct Refusal {
  int status = 400;
  std::string detail;
};

/// Reads a head: everything up to and with the empty line. Strict, because proxies in front may read the same bytes
/// otherwise (request smuggling): only CRLF ends a line; no folded lines, no space before a colon, no control
/// characters; one Content-Length of digits or Transfer-Encoding exactly `chunked`, never both, neither in HTTP/1.0
/// chunked; exactly one Host; a target in ASCII that begins with `/` and has no `..` segment.
std::variant<Head, Refusal> parse_head(std::string_view bytes, const HeadLimits& limits);

/// Takes a chunked body apart, piece by piece. No chunk extensions; trailers are dropped.
class ChunkedBody {
 public:
  explicit ChunkedBody(std::size_t limit) : limit_(limit) {}
  enum class State : std::uint8_t { kMore, kDone, kRefused };
  /// Takes bytes from the front of `in` and leaves what is not its own.
  State feed(std::string_view& in);
  const Refusal& refusal() const { return refusal_; }
  std::string take() { return std::move(body_); }

 private:
  enum class At : std::uint8_t { kSize, kData, kDataEnd, kTrailer };
  State size_line(std::string_view line);
  State refuse(int status, std::string detail);

  std::size_t limit_;
  At at_ = At::kSize;
  std::string line_;
  std::size_t left_ = 0;  // of the chunk
  std::size_t trailer_bytes_ = 0;
  std::string body_;
  Refusal refusal_;
};

}  // namespace guidepost::http
