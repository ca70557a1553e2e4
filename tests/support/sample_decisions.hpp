// Decisions about a small range with one of everything: for tests of the block and its readers.
#pragma once

#include <string>

#include "guidepost/event/decision.hpp"

namespace guidepost::test {

/// [1000, 1012) of source 7: seven accepted, two bad, one duplicate, one skipped, one lost.
event::Decisions sample_decisions();

/// Every value of the decisions as text, a line each: equal texts are equal decisions.
std::string describe(const event::Decisions& decisions);

}  // namespace guidepost::test
