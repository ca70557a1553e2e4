// The parts of a url that are counted by.
#include <algorithm>

#include "base/ascii.hpp"
#include "enrich/enricher.hpp"

namespace guidepost::enrich {
namespace {

constexpr std::size_t kMaxHost = 253;  // RFC 1035

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_scheme_char(char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }
// Letters of other scripts come as UTF-8 or as punycode; both are taken as they are.
bool is_host_char(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_ipv6_char(char c) { return is_digit(c) || is_letter(c) || c == ':' || c == '.'; }

// Where the authority begins: after `scheme://` or `//`. npos: there is none.
std::size_t authority_begin(std::string_view url) {
  if (url.starts_with("//")) return 2;
  if (url.empty() || !is_letter(url.front())) return std::string_view::npos;
  std::size_t i = 1;
  while (i < url.size() && is_scheme_char(url[i])) ++i;
  return url.substr(i).starts_with("://") ? i + 3 : std::string_view::npos;
}

// Without port and brackets; empty where it is no host.
std::string_view host_of(std::string_view authority) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) {
    const auto host = authority.substr(1, authority.find(']') - 1);
    return host.size() + 2 <= authority.size() && std::all_of(host.begin(), host.end(), is_ipv6_char)
               ? host
               : std::string_view{};
  }
  auto host = authority.substr(0, authority.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return std::all_of(host.begin(), host.end(), is_host_char) ? host : std::string_view{};
}

}  // namespace

std::string_view url_path(std::string_view url) {
  if (url.empty()) return {};
  const auto authority = authority_begin(url);
  if (authority != std::string_view::npos) {
    const auto path = url.find_first_of("/?#", authority);
    url = path == std::string_view::npos ? std::string_view{} : url.substr(path);
  }
  const auto path = url.substr(0, url.find_first_of("?#"));
  return path.empty() ? std::string_view("/") : path;
}

std::string_view url_domain(std::string_view url, Arena& arena) {
  const auto begin = authority_begin(url);
  if (begin == std::string_view::npos) return {};
  const auto end = url.find_first_of("/?#\\", begin);
  auto host = host_of(url.substr(begin, end == std::string_view::npos ? end : end - begin));
  constexpr std::string_view kWww = "www.";
  if (host.size() > kWww.size() && ascii::same_word(kWww, host.substr(0, kWww.size())) &&
      host.find('.', kWww.size()) != std::string_view::npos) {
    host.remove_prefix(kWww.size());
  }
  if (host.size() > kMaxHost) return {};
  if (std::none_of(host.begin(), host.end(), ascii::is_upper)) return host;
  char* const lowered = arena.allocate(host.size());
  std::transform(host.begin(), host.end(), lowered, ascii::lower);
  return {lowered, host.size()};
}

}  // namespace guidepost::enrich
