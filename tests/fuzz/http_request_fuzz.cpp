// Any bytes are a head, or refused; chunks come out the same however they arrive.
#include <cstdlib>

#include "adapters/http/request.hpp"

using namespace guidepost::http;

namespace {

/// Body, state and what is left, after feeding pieces of a size.
std::tuple<std::string, int, std::size_t> unchunk(std::string_view bytes, std::size_t piece) {
  ChunkedBody body(4096);
  while (!bytes.empty()) {
    auto part = bytes.substr(0, piece);
    const auto before = part.size();
    const auto state = body.feed(part);
    bytes.remove_prefix(before - part.size());
    if (state == ChunkedBody::State::kRefused) return {"", body.refusal().status, 0};
    if (state == ChunkedBody::State::kDone) return {body.take(), 0, bytes.size()};
  }
  return {"", 1, 0};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_head(bytes, {});
  if (const auto* head = std::get_if<Head>(&parsed)) {
    if (!head->path.starts_with('/') || (head->chunked && head->content_length > 0)) std::abort();
    if (bytes.find('\n') != bytes.find("\r\n") + 1) std::abort();
  } else if (const auto status = std::get<Refusal>(parsed).status; status < 400 || status > 505) {
    std::abort();
  }
  if (unchunk(bytes, 1) != unchunk(bytes, size + 1)) std::abort();
  return 0;
}
