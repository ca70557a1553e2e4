#include "guidepost/ports/event_log.hpp"

#include <algorithm>

namespace guidepost {
namespace {

constexpr std::size_t kMaxTopicName = 249;
constexpr std::int32_t kMaxPartitions = 10000;
constexpr std::size_t kMaxMetadata = 4096;

Result<void> refuse(std::string why) { return fail(ErrorCode::kInvalidArgument, std::move(why)); }

}  // namespace

Result<void> check(const TopicSpec& spec) {
  const bool named = !spec.name.empty() && spec.name.size() <= kMaxTopicName && spec.name != "." && spec.name != ".." &&
                     std::all_of(spec.name.begin(), spec.name.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                              c == '.' || c == '-';
                     });
  if (!named) return refuse("'" + spec.name + "' is no name of a topic");
  if (spec.partitions < 1 || spec.partitions > kMaxPartitions) {
    return refuse("topic " + spec.name + " cannot have " + std::to_string(spec.partitions) + " partitions");
  }
  if (spec.replication < 1) return refuse("topic " + spec.name + " has no replica");
  if (spec.max_record.value == 0) return refuse("topic " + spec.name + " takes no record");
  return {};
}

Result<void> check(const Commit& commit) {
  if (commit.position.value < 0)
    return refuse("a commit has the negative position " + std::to_string(commit.position.value));
  if (commit.metadata.size() > kMaxMetadata) {
    return refuse("the metadata of a commit, " + std::to_string(commit.metadata.size()) + " bytes, is over 4096");
  }
  return {};
}

}  // namespace guidepost
