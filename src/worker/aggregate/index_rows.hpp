// What a block adds to the index of devices and customers.
#pragma once

#include <map>
#include <vector>

#include "base/names.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::worker {

/// Index rows of the accepted events from `chain` on, by the month of their event rows: one an event, and one a customer
/// and device however many events they have. Wherever blocks begin and end, all of them together leave the same cells.
std::map<Month, std::vector<RowPut>> index_rows(const event::Decisions& decisions, Offset chain);

}  // namespace guidepost::worker
