// How the aggregate partition asks the world: answers that come after a restart or a failure are dropped.
#pragma once

#include <memory>
#include <utility>

#include "worker/aggregate_partition.hpp"
#include "worker/retry.hpp"

namespace guidepost::worker {

template <class T, class Ask, class Done>
void AggregatePartition::ask(std::string_view what, const std::uint64_t& counter, Ask ask, Done done) {
  ask_until_answered<T>(shared_from_this(), what, std::move(ask),
                        [this, &counter, asked = counter, done = std::move(done)](Result<T> result) mutable {
                          if (asked != counter) return;
                          if (!result) return fail_partition(result.error());
                          if constexpr (std::is_void_v<T>) {
                            done();
                          } else {
                            done(std::move(*result));
                          }
                        });
}

}  // namespace guidepost::worker
