// A clock that is wrong, to be preloaded (LD_PRELOAD) into a daemon or a server of a test: who asks for the time of day gets
// it off by the number of milliseconds that stands in the file WRONG_CLOCK, as 8 bytes in the machine's order, and may be
// changed at any time. Monotonic clocks stay right, as on a machine whose clock somebody sets.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::int64_t kNanosAMilli = 1'000'000;
constexpr std::int64_t kNanosASecond = 1'000'000'000;

const std::atomic<std::int64_t>* off_by() {
  static const auto* const shared = []() -> const std::atomic<std::int64_t>* {
    const char* path = std::getenv("WRONG_CLOCK");
    const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void* there = file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (there == MAP_FAILED) std::abort();  // a right clock would show nothing
    close(file);
    return static_cast<const std::atomic<std::int64_t>*>(there);
  }();
  return shared;
}

bool is_time_of_day(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

int right_clock(clockid_t clock, timespec* out) {
  static const auto ask = reinterpret_cast<int (*)(clockid_t, timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
  return ask(clock, out);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* out) noexcept {
  const int done = right_clock(clock, out);
  if (done != 0 || !is_time_of_day(clock)) return done;
  const auto nanos =
      out->tv_sec * kNanosASecond + out->tv_nsec + off_by()->load(std::memory_order_relaxed) * kNanosAMilli;
  out->tv_sec = nanos / kNanosASecond;
  out->tv_nsec = nanos % kNanosASecond;
  return 0;
}

__attribute__((visibility("default"))) int gettimeofday(timeval* out, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

__attribute__((visibility("default"))) time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
}
