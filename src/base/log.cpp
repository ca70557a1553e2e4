#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <cstdlib>
#include <memory>

#include "base/assert.hpp"

namespace guidepost {

void assertion_failed(const char* condition, const char* file, int line) {
  log::error("assertion_failed", {{"condition", condition}, {"file", file}, {"line", line}});
  std::abort();
}

namespace log {
namespace {

std::atomic<Format> g_format = Format::kText;

/// JOURNAL_STREAM names the stream that the service manager gave; it may have been redirected since, or be inherited.
bool is_journal() {
  static const bool is = [] {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat error{};
    return stream != nullptr && fstat(STDERR_FILENO, &error) == 0 &&
           fmt::format("{}:{}", error.st_dev, error.st_ino) == stream;
  }();
  return is;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("guidepost", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::trace);
    made->set_level(spdlog::level::info);
    return made;
  }();
  return *instance;
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_text_value(std::string& out, std::string_view text) {
  if (!text.empty() && text.find_first_of(" \"=\n\r\t") == std::string_view::npos) {
    out += text;
  } else {
    append_json_text(out, text);
  }
}

spdlog::level::level_enum level_of(Level level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                   spdlog::level::err};
  return kLevels[static_cast<int>(level)];
}

void write(Level severity, std::string_view event, std::initializer_list<Field> fields) {
  auto& to = logger();
  const auto level = level_of(severity);
  if (!to.should_log(level)) return;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const auto time =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                  utc.tm_hour, utc.tm_min, utc.tm_sec, now.time_since_epoch().count() % 1000);
  const auto name = spdlog::level::to_string_view(level);
  const std::string_view level_name{name.data(), name.size()};
  std::string line(journal_mark(severity));
  if (g_format == Format::kJson) {
    line += fmt::format(R"({{"time":"{}","level":"{}","event":)", time, level_name);
    append_json_text(line, event);
    for (const auto& field : fields) {
      line += ',';
      append_json_text(line, field.key);
      line += ':';
      append_json_text(line, field.value);
    }
    line += '}';
  } else {
    line += is_journal() ? std::string(event) : fmt::format("{} {} {}", time, level_name, event);
    for (const auto& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      append_text_value(line, field.value);
    }
  }
  to.log(level, "{}", line);
}

}  // namespace

void configure(Level level, Format format) {
  g_format = format;
  logger().set_level(level_of(level));
}

std::string_view journal_mark(Level level) {
  constexpr std::string_view kMarks[] = {"<7>", "<6>", "<4>", "<3>"};  // debug, info, warning, err of syslog(3)
  return is_journal() ? kMarks[static_cast<int>(level)] : std::string_view{};
}

void debug(std::string_view event, std::initializer_list<Field> fields) { write(Level::kDebug, event, fields); }
void info(std::string_view event, std::initializer_list<Field> fields) { write(Level::kInfo, event, fields); }
void warn(std::string_view event, std::initializer_list<Field> fields) { write(Level::kWarn, event, fields); }
void error(std::string_view event, std::initializer_list<Field> fields) { write(Level::kError, event, fields); }

}  // namespace log
}  // namespace guidepost
