// Hostile words of a request: an answer or a refusal that names a flag. Words are the lines of the input.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "query/request.hpp"

using namespace guidepost;
using namespace guidepost::query;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  RequestWords words;
  const std::array fields{&words.merchant, &words.from, &words.to,      &words.metrics, &words.by,
                          &words.interval, &words.tz,   &words.traffic, &words.top,     &words.compare};
  for (std::size_t line = 0; line < fields.size() + 4 && !input.empty(); ++line) {
    const auto word = input.substr(0, input.find('\n'));
    if (line < fields.size()) {
      *fields[line] = word;
    } else {
      words.where.emplace_back(word);
    }
    input.remove_prefix(std::min(input.size(), word.size() + 1));
  }
  const auto request = parse_request(words);
  if (!request) {
    if (request.error().code != ErrorCode::kInvalidArgument || !request.error().message.starts_with("--")) std::abort();
    return 0;
  }
  if (request->from >= request->to || request->metrics.empty() || request->merchant.empty()) std::abort();
  if (request->interval && request->zone.floor(request->from, *request->interval) > request->from) std::abort();
  for (const auto& metric : request->metrics) {
    if (!held(request->dimension).has(metric.group)) std::abort();
  }
  if (request->previous) {
    if (request->previous->from() >= request->previous->to() || request->previous->to() != request->from) std::abort();
    request->previous->beside(request->previous->from(), request->interval.value_or(Interval::kDay), request->zone);
  }
  return 0;
}
