// Lines of web servers' access logs: Apache's common and combined formats (nginx's default is the
// latter). https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
#pragma once

#include <optional>
#include <string_view>

#include "guidepost/base/ids.hpp"

namespace guidepost::event {

/// One line: `address identity user [time] "request" status bytes`, and in the combined format
/// `"referrer" "user agent"`. Views point into the line; texts are as the server wrote them, with
/// its escapes.
struct AccessLogLine {
  std::string_view address;
  std::string_view user;  ///< `-`: none
  TimeMs time;
  std::string_view request;  ///< `GET /a?b HTTP/1.1`; anything at all where a client sent anything at all
  std::string_view status;   ///< three digits
  std::string_view bytes;    ///< digits, or `-`
  std::string_view referrer;    ///< empty or `-`: none
  std::string_view user_agent;  ///< empty or `-`: none
};

/// Nothing where the line is neither format, not UTF-8, holds control characters, or its time lies
/// outside 2000-2099. `line` without the newline; a carriage return at its end is passed over.
std::optional<AccessLogLine> parse_access_log(std::string_view line);

/// The parts of a request. Empty where it does not have them.
struct AccessRequest {
  std::string_view method;
  std::string_view target;
};
AccessRequest split_request(std::string_view request);

/// The target up to `?` or `#`.
std::string_view target_path(std::string_view target);

/// Whether people looked at a page: GET, status 200 or 304, a page's extension or none, not a feed.
bool is_page_view(const AccessRequest& request, std::string_view status);

}  // namespace guidepost::event
