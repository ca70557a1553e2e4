#include "app/health.hpp"

#include <algorithm>

namespace guidepost::app {

Health::Health(EventLog& log, TableStore& tables, std::chrono::milliseconds every) : Health(log, every) {
  watch("table_store", [&tables](Completion<void> done) { tables.ping(std::move(done)); });
}

Health::Health(EventLog& log, std::chrono::milliseconds every) : every_(every), executor_("health") {
  watch("event_log", [&log](Completion<void> done) { log.ping(std::move(done)); });
}

void Health::watch(std::string name, UniqueFunction<void(Completion<void>)> ping) {
  auto target = std::make_unique<Target>(Target{std::move(name), std::move(ping), {}, {}, false});
  executor_.post([this, t = target.get()] { ask(*t); });
  std::lock_guard lock(mutex_);
  targets_.push_back(std::move(target));
}

Health::~Health() { executor_.stop(); }

void Health::ask(Target& target) {
  {
    std::lock_guard lock(mutex_);
    target.asked = executor_.now();
  }
  target.ping({executor_, [this, &target](Result<void> answer) {
                 {
                   std::lock_guard lock(mutex_);
                   target.asked.reset();
                   target.answered = true;
                   target.problem = answer ? std::nullopt : std::optional(answer.error());
                 }
                 executor_.post_after(every_, [this, &target] { ask(target); });
               }});
}

std::vector<Reach> Health::reach() const {
  std::lock_guard lock(mutex_);
  std::vector<Reach> all;
  for (const auto& target : targets_) {
    Reach reach{target->name, target->answered && !target->problem, target->problem ? target->problem->message : ""};
    if (target->asked &&
        executor_.now() - *target->asked > std::max<std::chrono::milliseconds>(every_, std::chrono::seconds{2})) {
      reach.reached = false;
      reach.problem = "no answer";
    }
    if (!target->answered && reach.problem.empty()) reach.problem = "not asked yet";
    all.push_back(std::move(reach));
  }
  return all;
}

bool Health::all_reached() const {
  const auto all = reach();
  return std::all_of(all.begin(), all.end(), [](const Reach& r) { return r.reached; });
}

}  // namespace guidepost::app
