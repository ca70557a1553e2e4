// What `replay` prints of what it would do.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/replay.hpp"
#include "app/replay_copy.hpp"
#include "app/replay_sample.hpp"

namespace guidepost::app {

/// By which mapping customers are found.
std::string mapping_words(const std::optional<RunId>& least_run);

/// A line a partition.
std::string text_of(const std::vector<GoneRange>& gone, std::uint32_t published);
nlohmann::json json_of(const std::vector<GoneRange>& gone);

/// Tables and sentences for people. Without a sample: what it did not look at.
void print_text(Call& call, const ReplayPlan& plan, const ReplayWish& wish, const PagesFound& pages);
void print_text(Call& call, const ReplayPlan& plan, const ReplaySample& sample, double share);

/// One JSON object.
void print_json(Call& call, const ReplayPlan& plan, const PagesFound& pages);
void print_json(Call& call, const ReplayPlan& plan, const ReplaySample& sample, double share);

}  // namespace guidepost::app
