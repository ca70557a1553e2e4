// A merchant's event rows in the order of their times, from whatever month they were received in.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "query/row_stream.hpp"

namespace guidepost::query {

/// What names an event in every version: its row key without the salt, that is merchant, time, source, offset.
inline std::string_view event_identity(const Row& row) { return std::string_view(row.key).substr(1); }

/// A merge of the salts of all months, ascending by event_identity(). Holds two pages of rows for each salt and month.
/// Thread: one, that owns no state machine. Blocks: next(), on the store.
class EventRows {
 public:
  /// Rows of [from, to). `months` have a table.
  EventRows(TableStore& tables, const Names& names, const std::vector<Month>& months, std::string_view merchant,
            TimeMs from, TimeMs to);
  /// Valid until the next call; null after the last one. Errors: of the store.
  Result<const Row*> next();

 private:
  /// One salt of one month.
  struct Strand {
    std::unique_ptr<RowStream> rows;
    const Row* row = nullptr;  // the first that was not given yet
  };
  struct LaterFirst {
    bool operator()(const Strand* a, const Strand* b) const {
      return event_identity(*a->row) > event_identity(*b->row);
    }
  };

  std::vector<Strand> strands_;
  std::vector<Strand*> behind_;  // whose row was given: to be moved on
  std::vector<Strand*> heap_;    // the others that have one
};

}  // namespace guidepost::query
