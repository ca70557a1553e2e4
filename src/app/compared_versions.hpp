// Which two versions of the outputs are compared, and how far each of them is.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <vector>

#include "app/node.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::app {

struct ComparedVersions {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t published = 0;
  Names names_a;
  Names names_b;
  std::vector<SourceId> sources;        ///< all that are registered
  std::map<SourceId, Offset> decided;   ///< below it both have counted; of a topic that is no more: one of them
  std::map<SourceId, event::Era> eras_a, eras_b;  ///< what decided last, and from where on, as far as it is known
  std::optional<RunId> run_a, run_b;  ///< the mapping that holds at least; nothing: the markers alone
  std::int64_t only_a = 0;              ///< records that A has counted, and B has not yet
  std::int64_t only_b = 0;
};

/// Where A is not given it is the published version; where B is not, the newest other one that has caught up.
/// Errors: of the stores; kNotFound (a version without events); kInvalidArgument (the same one twice).
Result<ComparedVersions> compare_versions(Node& node, std::optional<std::uint32_t> a, std::optional<std::uint32_t> b,
                                          const std::stop_token& cancelled);

/// Whether anything of a version is stored. Tables alone say nothing: those of one that was dropped may be made again.
/// Errors: of the store.
Result<bool> has_events(Node& node, const Names& names, const std::stop_token& cancelled);

}  // namespace guidepost::app
