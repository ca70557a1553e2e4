#include "sim/search.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace guidepost::sim {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// What a child writes and its parent reads, also when the child has died.
struct Report {
  std::atomic<std::uint64_t> seed = 0;  ///< being played
  std::atomic<std::uint64_t> played = 0;
  Met met;
  std::atomic<bool> failed = false;
  std::array<char, 4000> wrong{};

  void fail(const std::string& why) {
    std::strncpy(wrong.data(), why.c_str(), wrong.size() - 1);
    failed = true;
  }
};

/// Memory that children share with their parent.
class Reports {
 public:
  explicit Reports(std::size_t count) : bytes_(count * sizeof(Report)) {
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    for (std::size_t i = 0; i < count; ++i) new (at(i)) Report;
  }
  ~Reports() { munmap(memory_, bytes_); }
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  Report* at(std::size_t i) { return static_cast<Report*>(memory_) + i; }

 private:
  std::size_t bytes_;
  void* memory_;
};

/// The daemons' own log is for those who ask for one seed.
void be_quiet() {
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDERR_FILENO);
}

void play(const History& history, Report& report) {
  report.seed = history.seed;
  try {
    auto outcome = run(history);
    report.met.add(outcome.met);
    if (!outcome.wrong.empty()) report.fail(outcome.wrong);
  } catch (const std::exception& thrown) {
    report.fail(std::string("thrown: ") + thrown.what());
  }
  ++report.played;
}

/// Far longer than any history takes; one that goes round for ever takes longer.
constexpr auto kLongestHistory = 60s;

std::string end_of(int status) {
  return WIFSIGNALED(status) ? fmt::format("the process died: {}", strsignal(WTERMSIG(status)))
                             : fmt::format("the process ended with status {}", WEXITSTATUS(status));
}

}  // namespace

SearchResult search(const SearchOptions& options, const std::function<void(std::uint64_t)>& progress) {
  const auto start = Clock::now();
  const auto jobs = static_cast<std::size_t>(options.jobs);
  Reports reports(jobs);
  std::vector<pid_t> children;
  for (std::size_t job = 0; job < jobs; ++job) {
    const auto child = fork();
    if (child == 0) {
      be_quiet();
      auto& report = *reports.at(job);
      for (auto i = job; i < options.seeds && !report.failed; i += jobs) {
        if (options.time && Clock::now() - start >= *options.time) break;
        play(draw(options.first_seed + i), report);
      }
      _exit(0);
    }
    children.push_back(child);
  }
  SearchResult result;
  const auto end_all = [&] {
    for (const auto child : children) {
      if (child != 0) kill(child, SIGKILL);
    }
  };
  std::vector<std::pair<std::uint64_t, Clock::time_point>> seen(jobs, {0, start});
  for (auto left = children.size(); left > 0;) {
    for (std::size_t job = 0; job < jobs; ++job) {
      auto& report = *reports.at(job);
      if (const auto played = report.played.load(); played != seen[job].first) seen[job] = {played, Clock::now()};
      if (children[job] == 0 || report.failed || Clock::now() - seen[job].second < kLongestHistory) continue;
      report.fail("it goes round for ever");
      kill(children[job], SIGKILL);
    }
    int status = 0;
    const auto ended = waitpid(-1, &status, WNOHANG);
    if (ended == 0) {
      std::this_thread::sleep_for(100ms);
    } else {
      --left;
      const auto job = static_cast<std::size_t>(std::find(children.begin(), children.end(), ended) - children.begin());
      children[job] = 0;
      auto& report = *reports.at(job);
      const bool killed_here = result.failed && WIFSIGNALED(status);
      if (status != 0 && !report.failed && !killed_here) report.fail(end_of(status));
      if (report.failed && !result.failed) {
        result.failed = report.seed;
        result.wrong = report.wrong.data();
        end_all();
      }
    }
    std::uint64_t played = 0;
    for (std::size_t job = 0; job < jobs; ++job) played += reports.at(job)->played;
    progress(played);
  }
  for (std::size_t job = 0; job < jobs; ++job) {
    result.seeds += reports.at(job)->played;
    result.met.add(reports.at(job)->met);
  }
  result.took = Clock::now() - start;
  return result;
}

Outcome play_apart(const History& history) {
  Reports reports(1);
  auto& report = *reports.at(0);
  const auto child = fork();
  if (child == 0) {
    be_quiet();
    play(history, report);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) report.fail(end_of(status));
  return {report.wrong.data(), report.met};
}

History shrink(History failing) {
  const auto fails = [](const History& history) { return !play_apart(history).wrong.empty(); };
  const auto try_to = [&](auto change) {
    auto smaller = failing;
    change(smaller);
    if (fails(smaller)) failing = std::move(smaller);
  };
  for (auto size = failing.steps.size() / 2; size > 0; size = size == 1 ? 0 : (size + 1) / 2) {
    for (std::size_t at = 0; at < failing.steps.size();) {
      const auto before = failing.steps.size();
      try_to([&](History& h) {
        const auto from = h.steps.begin() + static_cast<std::ptrdiff_t>(at);
        h.steps.erase(from, from + static_cast<std::ptrdiff_t>(std::min(size, h.steps.size() - at)));
      });
      if (failing.steps.size() == before) at += size;
    }
  }
  return failing;
}

}  // namespace guidepost::sim
