#include "base/time.hpp"

#include <algorithm>

namespace guidepost {
namespace {

/// Takes what it reads from the front of the text; after a failure everything fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}
  int digits(std::size_t n) {
    int value = 0;
    for (std::size_t i = 0; i < n; ++i) value = value * 10 + digit();
    return value;
  }
  bool one_of(std::string_view chars) {
    if (!ok_ || left_.empty() || chars.find(left_.front()) == chars.npos) return false;
    left_.remove_prefix(1);
    return true;
  }
  void need(std::string_view chars) { ok_ = one_of(chars) && ok_; }
  bool at_digit() const { return ok_ && !left_.empty() && left_.front() >= '0' && left_.front() <= '9'; }
  int digit() {
    ok_ = ok_ && at_digit();
    if (!ok_) return 0;
    const int value = left_.front() - '0';
    left_.remove_prefix(1);
    return value;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace

std::optional<TimeMs> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Reader in(text);
  const int y = in.digits(4);
  in.need("-");
  const int m = in.digits(2);
  in.need("-");
  const int d = in.digits(2);
  in.need("Tt ");
  const int hour = in.digits(2);
  in.need(":");
  const int minute = in.digits(2);
  in.need(":");
  const int second = in.digits(2);
  int ms = 0;
  if (in.one_of(".")) {
    ms = in.digit() * 100;  // at least one digit
    for (int scale = 10; in.at_digit(); scale /= 10) ms += in.digit() * scale;
  }
  minutes zone{0};
  if (!in.one_of("Zz")) {
    const bool west = in.one_of("-");
    if (!west) in.need("+");
    const int zone_hour = in.digits(2);
    in.need(":");
    const int zone_minute = in.digits(2);
    if (zone_hour > 23 || zone_minute > 59) return std::nullopt;
    zone = hours{zone_hour} + minutes{zone_minute};
    if (west) zone = -zone;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  // Second 60 is a leap second: it is counted as the first of the next minute, as Unix time does.
  if (!in.ok() || !in.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return TimeMs{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{ms} - zone;
}

}  // namespace guidepost
