#include "adapters/hbase/request_queue.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace guidepost::hbase {

RequestQueue::RequestQueue(RetryOptions retry, GatewayPool& pool, Meters& meters, std::function<Time()> now,
                           std::uint64_t seed, std::function<void()> wake)
    : retry_(retry), pool_(&pool), meters_(&meters), now_(std::move(now)), wake_(std::move(wake)), random_(seed) {}

RequestQueue::~RequestQueue() { close(); }

RequestQueue::Job RequestQueue::make_job(std::unique_ptr<Request> request, Time now) const {
  const auto repeat = request->repeat();
  return {std::move(request), Tries(retry_, repeat), now, nullptr};
}

void RequestQueue::count_in(const Job& job) { meters_->queued(1, static_cast<double>(job.request->bytes())); }
void RequestQueue::count_out(const Job& job) { meters_->queued(-1, -static_cast<double>(job.request->bytes())); }

void RequestQueue::submit(Requests requests, Order order) {
  if (requests.empty()) return;
  const auto count = requests.size();
  auto lane = std::make_unique<Lane>();
  lane->order = order;
  for (auto& request : requests) {
    lane->jobs.push_back(make_job(std::move(request), now_()));
    count_in(lane->jobs.back());
  }
  std::unique_ptr<Lane> too_late;
  {
    std::lock_guard lock(mutex_);
    if (closed_) {
      too_late = std::move(lane);
    } else {
      lanes_.push_back(std::move(lane));
    }
  }
  if (too_late) {
    for (auto& job : too_late->jobs) cancel(std::move(job));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) wake_();
}

std::optional<RequestQueue::Job> RequestQueue::take(Time now) {
  std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  if (!waiting_.empty() && waiting_.begin()->first <= now)
    return std::move(waiting_.extract(waiting_.begin()).mapped());
  if (lanes_.empty()) return std::nullopt;
  auto lane = std::move(lanes_.front());
  lanes_.pop_front();
  auto job = std::move(lane->jobs.front());
  lane->jobs.pop_front();
  if (lane->jobs.empty()) return job;
  if (lane->order == Order::kAny) {
    lanes_.push_back(std::move(lane));
  } else {
    job.lane = std::move(lane);
  }
  return job;
}

bool RequestQueue::waited_in_vain(const Job& job, Time now) const {
  if (job.tries.begun()) return false;
  std::lock_guard lock(mutex_);
  return now >= std::max(job.since, last_success_) + retry_.deadline;
}

bool RequestQueue::run_one() {
  const auto began = now_();
  auto job = take(began);
  if (!job) return false;
  auto& request = *job->request;
  if (waited_in_vain(*job, began)) {
    request.give_up({ErrorCode::kUnavailable, "it waited for its turn while HBase answered nothing"});
    end(std::move(*job));
    return true;
  }
  if (!job->tries.begun()) meters_->batch(request.operation(), request.rows(), request.bytes());
  job->tries.begin(began);
  auto lease = pool_->acquire();
  if (!lease) {
    settle(std::move(*job), lease.error());
    return true;
  }
  auto failure = request.attempt(lease->connection());
  const auto ended = now_();
  meters_->tried(request.operation(), std::chrono::duration<double>(ended - began).count());
  if (failure) {
    settle(std::move(*job), std::move(*lease).give_back(std::move(*failure)));
    return true;
  }
  std::move(*lease).give_back();
  {
    std::lock_guard lock(mutex_);
    last_success_ = ended;
  }
  request.answer();
  end(std::move(*job));
  return true;
}

void RequestQueue::settle(Job job, const Failure& failure) {
  meters_->failed(job.request->operation(), failure.reason);
  const auto now = now_();
  std::unique_lock lock(mutex_);
  if (closed_) {
    lock.unlock();
    cancel(std::move(job));
    return;
  }
  auto next = job.tries.after(failure, now, random_);
  if (next.then == Tries::Then::kAgain) {
    waiting_.emplace(next.at, std::move(job));
    lock.unlock();
    wake_();
    return;
  }
  lock.unlock();
  if (next.then == Tries::Then::kSplit) {
    halve(std::move(job), std::move(next.error));
    return;
  }
  if (next.error.code == ErrorCode::kTimedOut &&
      (job.request->operation() == Operation::kPut || job.request->operation() == Operation::kCheckAndPut)) {
    meters_->unknown_outcome();
  }
  job.request->give_up(std::move(next.error));
  end(std::move(job));
}

void RequestQueue::halve(Job job, Error error) {
  const auto rows = job.request->rows();
  auto parts = job.request->split();
  if (parts.empty()) {
    job.request->give_up(std::move(error));
    end(std::move(job));
    return;
  }
  log::debug("hbase_request_split",
             {{"operation", to_string(job.request->operation())}, {"rows", rows}, {"message", error.message}});
  // What follows in a lane that goes one by one still follows.
  auto lane = job.lane ? std::move(job.lane) : std::make_unique<Lane>();
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    auto half = make_job(std::move(*part), now_());
    if (job.tries.suspected()) half.tries.suspect();
    count_in(half);
    lane->jobs.push_front(std::move(half));
  }
  job.lane = std::move(lane);
  end(std::move(job));
}

void RequestQueue::end(Job job) {
  count_out(job);
  if (!job.lane) return;
  std::unique_ptr<Lane> too_late;
  {
    std::lock_guard lock(mutex_);
    if (closed_) {
      too_late = std::move(job.lane);
    } else {
      lanes_.push_front(std::move(job.lane));
    }
  }
  if (too_late) {
    for (auto& following : too_late->jobs) cancel(std::move(following));
    return;
  }
  wake_();
}

void RequestQueue::cancel(Job job) {
  count_out(job);
  job.request->give_up({ErrorCode::kCancelled, "the table store is closing"});
  if (!job.lane) return;
  for (auto& following : job.lane->jobs) cancel(std::move(following));
}

RequestQueue::Outlook RequestQueue::outlook() const {
  std::lock_guard lock(mutex_);
  if (closed_) return {};
  if (!lanes_.empty()) return {true, std::nullopt};
  if (waiting_.empty()) return {};
  return {waiting_.begin()->first <= now_(), waiting_.begin()->first};
}

void RequestQueue::close() {
  std::deque<std::unique_ptr<Lane>> lanes;
  std::multimap<Time, Job> waiting;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    lanes.swap(lanes_);
    waiting.swap(waiting_);
  }
  for (auto& [at, job] : waiting) cancel(std::move(job));
  for (auto& lane : lanes) {
    for (auto& job : lane->jobs) cancel(std::move(job));
  }
}

}  // namespace guidepost::hbase
