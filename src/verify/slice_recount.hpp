// Rows of one slice of a merchant's time, counted again page by page.
#pragma once

#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "guidepost/event/event_row.hpp"
#include "verify/findings.hpp"
#include "verify/recount.hpp"
#include "verify/stored_pages.hpp"

namespace guidepost::verify {

/// Thread: one owner. Memory: what sessions are counted by, of each event of the slice.
class SliceRecount {
 public:
  /// `pages` were read before any row, and outlive this.
  SliceRecount(const PagesBySource& pages, TimeMs from, TimeMs to, Findings& findings)
      : pages_(pages), from_(from), to_(to), findings_(findings) {}

  /// A row of the slice, or one beside it: of that only what it changed about sessions in the slice counts.
  void add(const event::StoredEvent& stored, bool inside);
  /// After the last row.
  void finish(const std::string& merchant);
  const std::map<std::pair<Bucket, SourceId>, PageRecount>& pages() const { return recounts_; }

 private:
  /// An event of the slice, as far as sessions are counted by it.
  struct Subject {
    event::Traffic traffic = event::Traffic::kHuman;
    std::array<std::string, event::kSessionFields.size()> texts;
  };
  struct Change {
    SourceId source;
    event::StoredChange stored;
  };
  struct Behind {
    std::uint64_t count = 0;
    FirstOffsets rows;
    void add(Offset row) {
      ++count;
      rows.add(row);
    }
  };
  struct SubjectHash {
    std::size_t operator()(const std::pair<SourceId, Offset>& key) const {
      return std::hash<std::int64_t>{}(key.second.value) ^ (std::size_t{key.first.value} << 48);
    }
  };
  const PagesBySource& pages_;
  TimeMs from_;
  TimeMs to_;
  Findings& findings_;
  std::map<std::pair<Bucket, SourceId>, PageRecount> recounts_;
  std::map<std::pair<Bucket, SourceId>, Behind> behind_;          ///< rows below D that the page does not count
  std::map<std::pair<Bucket, SourceId>, Behind> changes_behind_;  ///< and changes of sessions
  std::unordered_map<std::pair<SourceId, Offset>, Subject, SubjectHash> subjects_;
  std::vector<Change> changes_;
};

}  // namespace guidepost::verify
