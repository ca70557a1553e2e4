// Numbers of an answer as JSON and as people read them.
#pragma once

#include <string>

#include "base/text.hpp"
#include "query/sums.hpp"

namespace guidepost::query {

/// `5`, `0.4286` (a rate), `{"EUR":"12.50"}`, `null`.
std::string json_value(const Metric& metric, const Value& value);
/// By how much of what was before it changed: `0.2500` is a quarter more; `null` where there was nothing. Money: by currency.
std::string json_change(const Metric& metric, const Value& now, const Value& before);

/// `5`, `~2,114` (an estimate), `42.9 %`, `1:35`, `12.50 EUR + 300 JPY`, `-`.
std::string shown_value(const Metric& metric, const Value& value, const text::Look& look);
/// `↑ 25.0 %`, `↓ 3.1 %`, `new` where there was nothing, `-` where there is nothing to compare.
std::string shown_change(const Metric& metric, const Value& now, const Value& before);

}  // namespace guidepost::query
