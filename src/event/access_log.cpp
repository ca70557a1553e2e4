#include "event/access_log.hpp"

#include <algorithm>
#include <array>

#include "event/json_index.hpp"
#include "event/time_text.hpp"

namespace guidepost::event {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 8> kPageExtensions{"", "html", "htm", "xhtml", "php", "asp", "aspx", "jsp"};
constexpr std::array<std::string_view, 4> kFeedSegments{"feed", "feeds", "rss", "atom"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Takes pieces from the front of a line; once one is not there, all are empty and ok is false.
class Pieces {
 public:
  explicit Pieces(std::string_view rest) : rest_(rest) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  void expect(std::string_view text) {
    if (ok_ && rest_.substr(0, text.size()) == text) {
      rest_.remove_prefix(text.size());
    } else {
      ok_ = false;
    }
  }
  // All before `stop`, which is taken too.
  std::string_view until(std::string_view stop) {
    const auto end = rest_.find(stop);
    if (!ok_ || end == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    const auto piece = rest_.substr(0, end);
    rest_.remove_prefix(end + stop.size());
    return piece;
  }
  // What is between quotes; a backslash takes the quote after it for text.
  std::string_view quoted() {
    expect("\"");
    for (std::size_t i = 0; ok_ && i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const auto piece = rest_.substr(0, i);
        rest_.remove_prefix(i + 1);
        return piece;
      }
    }
    ok_ = false;
    return {};
  }
  // Up to the next space or the end; neither is taken.
  std::string_view word() {
    const auto piece = rest_.substr(0, rest_.find(' '));
    if (!ok_ || piece.empty()) {
      ok_ = false;
      return {};
    }
    rest_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// The number that `digits` decimal digits say; -1: they are not there.
int number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// 17/May/2015:10:05:03 +0000
std::optional<TimeMs> parse_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 26 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[14] != ':' || text[17] != ':' ||
      text[20] != ' ' || (text[21] != '+' && text[21] != '-')) {
    return std::nullopt;
  }
  const int d = number(text, 0, 2), y = number(text, 7, 4);
  const int hour = number(text, 12, 2), minute = number(text, 15, 2), second = number(text, 18, 2);
  const int zone_hour = number(text, 22, 2), zone_minute = number(text, 24, 2);
  const auto name = std::find(kMonths.begin(), kMonths.end(), text.substr(3, 3));
  if (std::min({d, y, hour, minute, second, zone_hour, zone_minute}) < 0 || name == kMonths.end()) return std::nullopt;
  const year_month_day date{year{y}, month{static_cast<unsigned>(name - kMonths.begin()) + 1},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60 || zone_hour > 23 || zone_minute > 59) return std::nullopt;
  const auto local = sys_days{date} + hours{hour} + minutes{minute} + seconds{second};
  const auto east = hours{zone_hour} + minutes{zone_minute};
  return in_range(text[21] == '-' ? local + east : local - east);
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_text(std::string_view line) {
  return is_utf8(line) && std::none_of(line.begin(), line.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Whether a value of the query begins with rss or atom: `?flav=rss20`, `?feed=atom`.
bool asks_for_feed(std::string_view query) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const auto value = pair.substr(equals + 1);
    if (value.starts_with("rss") || value.starts_with("atom")) return true;
  }
  return false;
}

}  // namespace

std::optional<AccessLogLine> parse_access_log(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!is_text(line)) return std::nullopt;
  Pieces in(line);
  AccessLogLine out;
  out.address = in.word();
  in.expect(" ");
  in.word();
  in.expect(" ");
  out.user = in.until(" [");  // names of users may hold spaces
  const auto time = parse_time(in.until("] "));
  out.request = in.quoted();
  in.expect(" ");
  out.status = in.word();
  in.expect(" ");
  out.bytes = in.word();
  if (in.ok() && !in.at_end()) {
    in.expect(" ");
    out.referrer = in.quoted();
    in.expect(" ");
    out.user_agent = in.quoted();
  }
  if (!in.ok() || !in.at_end() || !time || out.user.empty()) return std::nullopt;
  if (out.status.size() != 3 || !all_digits(out.status)) return std::nullopt;
  if (out.bytes != "-" && !all_digits(out.bytes)) return std::nullopt;
  out.time = *time;
  return out;
}

AccessRequest split_request(std::string_view request) {
  const auto first = request.find(' ');
  if (first == std::string_view::npos) return {};
  const auto last = request.rfind(' ');
  const auto end = last == first ? request.size() : last;  // HTTP/0.9 has no version
  return {request.substr(0, first), request.substr(first + 1, end - first - 1)};
}

std::string_view target_path(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

bool is_page_view(const AccessRequest& request, std::string_view status) {
  if (request.method != "GET" || (status != "200" && status != "304")) return false;
  auto path = target_path(request.target);
  auto query = request.target.substr(0, request.target.find('#')).substr(path.size());
  if (query.starts_with('?') && asks_for_feed(query.substr(1))) return false;

  std::string_view segment;
  while (true) {
    segment = path.substr(0, path.find('/'));
    if (contains(kFeedSegments, segment)) return false;
    if (segment.size() == path.size()) break;
    path.remove_prefix(segment.size() + 1);
  }
  const auto dot = segment.rfind('.');
  return contains(kPageExtensions, dot == std::string_view::npos ? std::string_view{} : segment.substr(dot + 1));
}

}  // namespace guidepost::event
