// What `replay diff` prints: for people, and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/command.hpp"
#include "app/compared_versions.hpp"
#include "query/event_diff.hpp"
#include "query/number_diff.hpp"

namespace guidepost::app {

/// A table of the numbers, what they come to in total, and a line that says how many differ.
void print_text(Call& call, const ComparedVersions& compared, const query::NumberDiff& diff);
/// A line an event, below it a line a column, and a line that says how many differ.
void print_text(Call& call, const ComparedVersions& compared, const query::EventDiff& diff);

/// One event that differs: a line, and below it a line a column.
std::string text_of(const query::EventDifference& event);
nlohmann::ordered_json json_of(const query::EventDifference& event);

/// One JSON object. Money is text, exact and in full units.
void print_json(Call& call, const ComparedVersions& compared, const query::NumberDiff& diff);
void print_json(Call& call, const ComparedVersions& compared, const query::EventDiff& diff);

}  // namespace guidepost::app
