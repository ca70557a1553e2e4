#include "app/process_metrics.hpp"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "base/metrics.hpp"

namespace guidepost::app {
namespace {

using metrics::CounterFamily, metrics::GaugeFamily;
using enum metrics::ShownBy;

const GaugeFamily kBuild{{"guidepost_build_info", "1", "Always 1: what runs is in the labels", kAll},
                         {{"version", "of the program"}, {"role", "`up`, `collect`, `ingest`, `aggregate`, `canary`"}}};
const GaugeFamily kReached{
    {"guidepost_dependency_reached", "0 or 1",
     "Whether what the process depends on answered when it was asked last, every 3 s; an overdue answer counts as none",
     kAll},
    {{"dependency", "`event_log`: Kafka; `table_store`: HBase, not of `collect`. On embedded stores, these"}}};
const GaugeFamily kHanging{{"guidepost_process_hanging_loops", "loops",
                            "Loops of this process that did not come round since the last look: with a watchdog it is "
                            "replaced when that lasts",
                            kAll}};
const GaugeFamily kDataFree{{"guidepost_data_free_bytes", "bytes",
                             "Free for this process on the file system of storage.data, where the embedded log and "
                             "tables are",
                             kEmbedded}};
const GaugeFamily kDataSize{
    {"guidepost_data_size_bytes", "bytes", "Size of the file system of storage.data", kEmbedded}};
const CounterFamily kCpu{{"process_cpu_seconds_total", "seconds", "CPU time of all threads, user and system", kAll}};
const GaugeFamily kResident{{"process_resident_memory_bytes", "bytes", "Memory that is resident", kAll}};
const GaugeFamily kVirtual{{"process_virtual_memory_bytes", "bytes", "Address space", kAll}};
const GaugeFamily kOpenFiles{{"process_open_fds", "files", "Open files, sockets among them", kAll}};
const GaugeFamily kMostFiles{{"process_max_fds", "files", "How many may be open", kAll}};
const GaugeFamily kThreads{{"process_threads", "threads", "Threads", kAll}};
const GaugeFamily kStart{{"process_start_time_seconds", "Unix time", "When the process started", kAll}};

std::string contents(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Numbers of fields, as in proc(5).
constexpr std::size_t kUserTime = 14, kSystemTime = 15, kThreadCount = 20, kStartTime = 22, kVirtualSize = 23,
                      kResidentPages = 24;

/// The words of /proc/self/stat from the third on: what stands before them, the program's name, may hold anything.
std::vector<std::string> stat_words() {
  const auto stat = contents("/proc/self/stat");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream words(stat.substr(name_end + 1));
  return {std::istream_iterator<std::string>(words), {}};
}

double number(const std::vector<std::string>& words, std::size_t field) {
  double n = 0;
  const auto& word = words[field - 3];  // numbered as in proc(5)
  std::from_chars(word.data(), word.data() + word.size(), n);
  return n;
}

/// When the machine was started, as Unix time. Not from /proc/stat, which a service may not see.
double boot_time() {
  timespec since_boot{};
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = [](const timespec& t) {
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  return seconds(now) - seconds(since_boot);
}

double ticks_a_second() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

void refresh_process() {
  const auto words = stat_words();
  if (words.size() <= kResidentPages) return;
  auto cpu = kCpu.with();
  cpu.add((number(words, kUserTime) + number(words, kSystemTime)) / ticks_a_second() - cpu.value());
  kThreads.with().set(number(words, kThreadCount));
  kVirtual.with().set(number(words, kVirtualSize));
  kResident.with().set(number(words, kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE)));

  std::error_code unreadable;
  double open = -1;  // the listing's own
  for (std::filesystem::directory_iterator file("/proc/self/fd", unreadable), end; !unreadable && file != end;
       file.increment(unreadable))
    ++open;
  if (!unreadable) kOpenFiles.with().set(open);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) kMostFiles.with().set(static_cast<double>(limit.rlim_cur));
}

}  // namespace

ProcessMetrics::ProcessMetrics(std::string_view role, const Config& config, const Health& health) : health_(health) {
  if (config.storage.kind == StorageKind::kEmbedded) data_ = config.storage.data;
  kBuild.with({GUIDEPOST_VERSION, role}).set(1);
  kHanging.with();
  // Once: the kernel's idea of when it was started moves with the clock.
  if (const auto words = stat_words(); words.size() > kStartTime)
    kStart.with().set(boot_time() + number(words, kStartTime) / ticks_a_second());
}

void ProcessMetrics::refresh() const {
  std::lock_guard lock(mutex_);
  for (const auto& reach : health_.reach()) kReached.with({reach.name}).set(reach.reached ? 1 : 0);
  if (data_) {
    std::error_code unreadable;
    const auto space = std::filesystem::space(*data_, unreadable);
    if (!unreadable) {
      kDataFree.with().set(static_cast<double>(space.available));
      kDataSize.with().set(static_cast<double>(space.capacity));
    }
  }
  refresh_process();
}

void ProcessMetrics::show_hanging_loops(std::size_t count) { kHanging.with().set(static_cast<double>(count)); }

}  // namespace guidepost::app
