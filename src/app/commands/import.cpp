// guidepost import: access logs and files of events into the raw log.
#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unordered_map>

#include "app/commands/commands.hpp"
#include "app/commands/sending.hpp"
#include "app/node.hpp"
#include "app/options.hpp"
#include "app/progress.hpp"
#include "event/access_log.hpp"
#include "event/decoder.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::app {
namespace {

/// Longer lines are read in pieces of this size; each piece is then a line of its own, and refused.
constexpr std::size_t kLongestLine = std::size_t{1024} * 1024;

/// Lines of a file, without their ends. Views live until the next one.
class LineReader {
 public:
  /// `-` is the caller's standard input, which is another process's where that asked this one.
  LineReader(const std::string& path, const Output& out)
      : file_(path == "-" ? fdopen(dup(out.in()), "rb") : std::fopen(path.c_str(), "rb")) {}
  ~LineReader() {
    if (file_ != nullptr) std::fclose(file_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  bool opened() const { return file_ != nullptr; }
  bool failed() const { return std::ferror(file_) != 0; }

  bool next(std::string_view& line) {
    while (true) {
      const auto rest = std::string_view(buffer_).substr(at_);
      if (const auto end = rest.find('\n');
          end != std::string_view::npos || rest.size() >= kLongestLine || (ended_ && !rest.empty())) {
        line = rest.substr(0, std::min(end, kLongestLine));
        at_ += line.size() + (end == line.size() ? 1 : 0);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return true;
      }
      if (ended_) return false;
      buffer_.erase(0, at_);
      at_ = 0;
      const auto had = buffer_.size();
      buffer_.resize(had + std::size_t{256} * 1024);
      const auto got = std::fread(buffer_.data() + had, 1, buffer_.size() - had, file_);
      buffer_.resize(had + got);
      ended_ = got == 0;
    }
  }

 private:
  std::FILE* file_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

/// Makes raw records of lines, and finds out whose they are by decoding them as ingest will.
class Wrapper {
 public:
  Wrapper(std::string merchant, const Config& config) : merchant_(std::move(merchant)), decoder_(limits(config)) {}

  Outgoing access_log_line(std::string_view line) {
    event::EnvelopeFields envelope = envelope_of("access_log");
    if (const auto parsed = event::parse_access_log(line)) {
      last_time_ = parsed->time;
      envelope.received = parsed->time;
    } else {
      envelope.received = last_time_.value_or(now());
    }
    envelope.ordinal = ordinals_[hash64(line)]++;
    return keyed(event::wrap(envelope, line), line);
  }

  Outgoing event_line(std::string_view line) {
    // What is an envelope already stays as it is: what came with the file is what was received. A collector makes its
    // own, and is sent what is inside.
    arena_.reset();
    if (const auto inside = decoder_.unwrap(line, arena_)) {
      payload_ = *inside;
      return keyed(std::string(line), payload_);
    }
    auto envelope = envelope_of("json");
    envelope.received = now();
    return keyed(event::wrap(envelope, line), line);
  }

 private:
  static event::EventLimits limits(const Config& config) {
    const auto all = event_limits_of(config);
    event::EventLimits limits;
    limits.default_merchant = all.default_merchant;
    limits.default_currency = all.default_currency;
    limits.merchant_currencies = all.merchant_currencies;
    return limits;
  }
  static TimeMs now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
  event::EnvelopeFields envelope_of(std::string_view protocol) const {
    return {.received = {},
            .protocol = protocol,
            .merchant = merchant_,
            .ip = {},
            .user_agent = {},
            .key = {},
            .ordinal = {}};
  }
  Outgoing keyed(std::string value, std::string_view payload) {
    arena_.reset();
    const auto decoded = decoder_.decode({Offset{0}, now(), {}, value}, Partition{0}, arena_);
    if (decoded.kind != event::RecordKind::kEvent)
      return {std::move(value), merchant_.empty() ? "-" : std::string_view(merchant_), payload, payload};
    return {std::move(value), decoded.event.text[event::Field::kMerchant], decoded.event.text[event::Field::kGuid],
            payload};
  }

  std::string merchant_;
  event::Decoder decoder_;
  Arena arena_;
  std::string payload_;
  std::optional<TimeMs> last_time_;
  std::unordered_map<std::uint64_t, std::uint64_t> ordinals_;
};

int run_import(Call& call) {
  const auto& operands = call.arguments.operands();
  const auto& kind = operands.front();
  if (kind != "access-log" && kind != "events")
    throw UsageError{"import: expected access-log or events, got '" + kind + "'"};
  if (operands.size() < 2) throw UsageError{"import: no FILE is given (- for standard input)"};
  const auto merchant = merchant_option(call.arguments, "--merchant", "");
  if (kind == "access-log" && merchant.empty())
    throw UsageError{"import access-log: --merchant M is required: lines do not say whose they are"};
  if (kind == "access-log" && call.arguments.has("--to")) {
    throw UsageError{"import access-log: --to takes events, not lines of a log; run it where the log is reached"};
  }
  for (std::size_t i = 1; i < operands.size(); ++i) {  // before anything is sent
    if (operands[i] == "-" || LineReader(call.path(operands[i]), call.out).opened()) continue;
    throw UsageError{"import: cannot read " + call.path(operands[i]) + ": " + std::strerror(errno)};
  }
  auto sending = open_sink(call);
  if (!sending) {
    call.out.complain(sending.error().message);
    return 1;
  }
  Wrapper wrapper(merchant, call.config.config);
  Progress progress(call.out, "importing", kind == "events" ? "events" : "lines", std::nullopt);
  for (std::size_t i = 1; i < operands.size(); ++i) {
    const auto path = operands[i] == "-" ? std::string("-") : call.path(operands[i]);
    LineReader lines(path, call.out);
    if (!lines.opened()) {
      call.out.complain("cannot read " + path + ": " + std::strerror(errno));
      return 1;
    }
    std::string_view line;
    while (lines.next(line)) {
      if (line.empty()) continue;
      if (auto sent = sending->sink->send(kind == "events" ? wrapper.event_line(line) : wrapper.access_log_line(line));
          !sent) {
        call.out.complain(sent.error().message);
        return 1;
      }
      progress.add(1);
      if (call.cancelled.stop_requested()) return 1;
    }
    if (lines.failed()) {
      call.out.complain("cannot read " + path + " to its end: " + std::strerror(errno));
      return 1;
    }
  }
  const auto sent = sending->sink->finish();
  if (!sent) {
    call.out.complain(sent.error().message);
    return 1;
  }
  progress.finish();
  return report_sent(call, "imported", *sent, *sending, progress.elapsed());
}

}  // namespace

Command import_command() {
  Command command;
  command.name = "import";
  command.group = Group::kBringIn;
  command.summary = "access logs and files of events";
  command.about =
      "access-log: Apache's common and combined formats, a line an event at the line's own time; importing a file again\n"
      "changes no answer of a query. events: a JSON event a line, or the envelopes that `generate --out` writes; a bare event\n"
      "is of now, so old ones are refused as too_late: wrap them with the time at which they came (docs/events.md), or raise\n"
      "limits.max_age. Ends when what it brought in is counted.";
  command.operands = {{"access-log|events", "What the files hold"},
                      {"FILE", "Files to read; - for standard input", Use::kRepeated}};
  command.flags = {
      {"--merchant", "M", "Whose events they are; for events: of those that do not say"},
      {"--to", "URL", "Posts the events to a collector, http://HOST:PORT, and does not wait until they are counted"},
      {"--connections", "N", "How many connections --to uses (2); more than one loses the order"},
      {"--no-wait", "", "Does not wait until the events are counted"},
  };
  command.examples = {
      {"a web server's log", "guidepost import access-log /var/log/apache2/access.log --merchant semicomplete"},
      {"events that another system exported", "zcat events.ndjson.gz | guidepost import events -"},
  };
  command.run = run_import;
  return command;
}

}  // namespace guidepost::app
