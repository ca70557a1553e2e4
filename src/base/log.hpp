// The program's own log: one line an event, `key=value` or JSON, on standard error. Where that is systemd's journal, a
// line begins with its severity as sd-daemon(3) has it, and has no time of its own as text: the journal keeps both.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace guidepost::log {

/// A named value of a line. Never a secret, never an event's content.
struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson };

/// Thread: any.
void configure(Level level, Format format);

/// What a line of this severity begins with on standard error: `<4>` where that is the journal, else nothing.
std::string_view journal_mark(Level level);

/// `event` is one word in snake_case that says what happened; a grep for it finds the line of code.
/// Thread: any. Blocks: as long as standard error does.
void debug(std::string_view event, std::initializer_list<Field> fields = {});
void info(std::string_view event, std::initializer_list<Field> fields = {});
void warn(std::string_view event, std::initializer_list<Field> fields = {});
void error(std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace guidepost::log
