#include "verify/scans.hpp"

#include <optional>

#include "base/caller_executor.hpp"

namespace guidepost::verify {
namespace {

constexpr std::size_t kInFlight = 16;

class Scans {
 public:
  Scans(TableStore& tables, std::vector<ScanJob> jobs, const Patience& patience, const VisitRow& visit)
      : tables_(tables), jobs_(std::move(jobs)), patience_(patience), visit_(visit) {}

  Result<void> run() {
    executor_.run_until([&] {
      while (in_flight_ < kInFlight && next_ < jobs_.size() && !error_) {
        ++in_flight_;
        give_up_.push_back(executor_.now() + patience_.give_up_after);
        scan(next_++, patience_.first_pause);
      }
      return in_flight_ == 0;
    });
    if (error_) return tl::unexpected(std::move(*error_));
    return {};
  }

 private:
  void scan(std::size_t job, std::chrono::milliseconds pause) {
    tables_.scan(jobs_[job].table, jobs_[job].request,
                 Completion<ScanPage>(executor_, [this, job, pause](Result<ScanPage> page) {
                   if (page) {
                     take(job, *page);
                   } else {
                     failed(job, pause, std::move(page.error()));
                   }
                 }));
  }
  void take(std::size_t job, ScanPage& page) {
    for (const auto& row : page.rows) {
      if (error_) break;
      if (auto seen = visit_(job, row); !seen) error_ = std::move(seen.error());
    }
    if (error_ || page.next.empty() || jobs_[job].extent == ScanExtent::kFirstPage) {
      --in_flight_;
      return;
    }
    jobs_[job].request.start = std::move(page.next);
    give_up_[job] = executor_.now() + patience_.give_up_after;
    scan(job, patience_.first_pause);
  }
  void failed(std::size_t job, std::chrono::milliseconds pause, Error error) {
    if (error_ || !error.retryable() || executor_.now() + pause > give_up_[job]) {
      if (!error_) error_ = std::move(error);
      --in_flight_;
      return;
    }
    executor_.post_after(pause, [this, job, pause] { scan(job, Patience::longer(pause)); });
  }

  TableStore& tables_;
  std::vector<ScanJob> jobs_;
  const Patience& patience_;
  const VisitRow& visit_;
  CallerExecutor executor_;
  std::vector<Executor::Clock::time_point> give_up_;  // of jobs begun
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<void> run_scans(TableStore& tables, std::vector<ScanJob> jobs, const Patience& patience, const VisitRow& visit) {
  return Scans(tables, std::move(jobs), patience, visit).run();
}

}  // namespace guidepost::verify
