// What is asked: as words (flags of a command, parameters of HTTP), and as it is understood.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "guidepost/rollup/page_format.hpp"
#include "query/held.hpp"
#include "query/previous.hpp"
#include "query/zone.hpp"

namespace guidepost::query {

struct Condition {
  Part part;
  std::string value;
};

enum class TrafficFilter : std::uint8_t { kHuman, kBot, kAll };

struct Request {
  std::string merchant;
  TimeMs from;  ///< inclusive
  TimeMs to;    ///< exclusive
  std::vector<Metric> metrics;
  std::vector<Part> by;  ///< empty: total
  std::vector<Condition> where;
  rollup::Dimension dimension = rollup::Dimension::kTotal;  ///< of the pages, that answers it
  std::optional<Interval> interval;
  TimeZone zone;
  TrafficFilter traffic = TrafficFilter::kHuman;
  std::optional<std::uint32_t> top;
  std::optional<Previous> previous;  ///< the time that the answer is compared with
};

/// The words of a request, as they came. Empty: not given.
struct RequestWords {
  std::string merchant = {};
  std::string from = {};
  std::string to = {};
  std::string metrics = {};
  std::string by = {};
  std::string interval = {};
  std::string tz = {};
  std::vector<std::string> where = {};
  std::string traffic = {};
  std::string top = {};
  std::string compare = {};
};

/// Errors: kInvalidArgument; the message names the flag, what is wrong with it, and what is allowed.
Result<Request> parse_request(const RequestWords& words);

}  // namespace guidepost::query
