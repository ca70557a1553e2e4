// guidepost generate: a believable stream of events, the same for the same seed.
#include <fmt/format.h>
#include <cstdio>
#include <cstring>
#include <thread>

#include "app/commands/commands.hpp"
#include "app/commands/sending.hpp"
#include "app/counted.hpp"
#include "app/node.hpp"
#include "app/places.hpp"
#include "app/progress.hpp"
#include "app/record_sink.hpp"
#include "app/shop.hpp"

namespace guidepost::app {
namespace {

/// The I-th of K equal parts of the stream: [from, to).
struct Part {
  std::uint64_t index = 1;
  std::uint64_t of = 1;
  std::uint64_t from(std::uint64_t events) const { return events * (index - 1) / of; }
  std::uint64_t to(std::uint64_t events) const { return events * index / of; }
};

Part part_of(const Arguments& arguments) {
  const auto text = arguments.value("--part");
  if (!text) return {};
  Part part;
  int used = 0;
  if (std::sscanf(text->c_str(), "%lu/%lu%n", &part.index, &part.of, &used) != 2 ||
      static_cast<std::size_t>(used) != text->size() || part.of == 0 || part.of > 1000 || part.index == 0 ||
      part.index > part.of) {
    throw UsageError{"--part: expected I/K with 1 <= I <= K <= 1000, such as 1/2, got '" + *text + "'"};
  }
  return part;
}

/// A file of text lines that is complete or reported.
class LinesFile {
 public:
  explicit LinesFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr) throw UsageError{"cannot write " + path + ": " + std::strerror(errno)};
  }
  ~LinesFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  LinesFile(const LinesFile&) = delete;
  LinesFile& operator=(const LinesFile&) = delete;
  void write(std::string_view text) { good_ = std::fwrite(text.data(), 1, text.size(), file_) == text.size() && good_; }
  Result<void> close() {
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!closed || !good_) return fail(ErrorCode::kFailed, "cannot write " + path_ + ": is the disk full?");
    return {};
  }

 private:
  std::string path_;
  std::FILE* file_;
  bool good_ = true;
};

/// One file per refresh: FILE for the first, FILE.2 for the second.
Result<void> write_mappings(const Shop& shop, const std::string& path) {
  for (const int step : {1, 2}) {
    LinesFile file(step == 1 ? path : path + ".2");
    file.write("merchant,guid,customer,valid_from\n");
    for (const auto& m : shop.mappings(step)) {
      const auto since = m.valid_from_ms == 0 ? std::string() : text::rfc3339(from_unix_ms(m.valid_from_ms));
      file.write(fmt::format("{},{},{},{}\n", m.merchant, m.guid, m.customer, since));
    }
    if (auto closed = file.close(); !closed) return closed;
  }
  return {};
}

/// Keeps to a number of records a second.
class Pace {
 public:
  explicit Pace(std::optional<std::int64_t> per_second) : per_second_(per_second) {}
  void wait(std::uint64_t sent) const {
    if (!per_second_ || sent % 100 != 0) return;
    std::this_thread::sleep_until(
        began_ + std::chrono::microseconds{sent * 1'000'000 / static_cast<std::uint64_t>(*per_second_)});
  }

 private:
  std::optional<std::int64_t> per_second_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

ShopOptions shop_options(const Arguments& arguments) {
  ShopOptions options;
  options.events = static_cast<std::uint64_t>(arguments.number("--events", 1, 10'000'000'000).value_or(100'000));
  options.seed = static_cast<std::uint64_t>(arguments.number("--seed", 0, INT64_MAX).value_or(1));
  options.span = duration_of(arguments, "--span").value_or(std::chrono::hours{72});
  options.merchants = static_cast<std::uint32_t>(arguments.number("--merchants", 1, 1'000'000).value_or(1));
  options.products = static_cast<std::uint32_t>(arguments.number("--products", 1, 10'000'000).value_or(200));
  options.devices = static_cast<std::uint32_t>(arguments.number("--devices", 1, 100'000'000).value_or(0));
  options.bot_share = static_cast<double>(arguments.number("--bots", 0, 100).value_or(0)) / 100;
  options.merchant = merchant_option(arguments, "--merchant", "shop");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  options.start = time_of(arguments, "--start").value_or(TimeMs{now} - options.span);
  return options;
}

int run_generate(Call& call) {
  const auto& arguments = call.arguments;
  const auto options = shop_options(arguments);
  const auto part = part_of(arguments);
  const Pace pace(arguments.number("--rate", 1, 100'000'000));
  Shop shop(options);
  const auto complain = [&](const Error& error) {
    call.out.complain(error.message);
    return 1;
  };
  if (const auto path = arguments.value("--mappings")) {
    if (auto written = write_mappings(shop, call.path(*path)); !written) return complain(written.error());
  }
  std::unique_ptr<LinesFile> truth;
  if (const auto path = arguments.value("--truth")) truth = std::make_unique<LinesFile>(call.path(*path));
  if (truth) truth->write(truth_header());
  auto sending = open_sink(call);
  if (!sending) return complain(sending.error());

  const auto from = part.from(options.events);
  const auto to = part.to(options.events);
  Progress progress(call.out, "generating", "events", to - from);
  ShopRecord record;
  for (std::uint64_t n = 0; n < to && shop.next(record); ++n) {
    if (n < from) continue;
    if (truth) truth->write(truth_line(record));
    const event::EnvelopeFields envelope{.received = record.received,
                                         .protocol = "json",
                                         .merchant = {},
                                         .ip = {},
                                         .user_agent = {},
                                         .key = {},
                                         .ordinal = {}};
    if (auto sent =
            sending->sink->send({event::wrap(envelope, record.body), record.merchant, record.identity, record.body});
        !sent)
      return complain(sent.error());
    progress.set(n + 1 - from);
    pace.wait(n + 1 - from);
    if (call.cancelled.stop_requested()) return complain({ErrorCode::kCancelled, "stopped"});
  }
  const auto sent = sending->sink->finish();
  if (!sent) return complain(sent.error());
  progress.finish();
  if (truth) {
    if (auto closed = truth->close(); !closed) return complain(closed.error());
  }
  return report_sent(call, "generated", *sent, *sending, progress.elapsed());
}

}  // namespace

Command generate_command() {
  Command command;
  command.name = "generate";
  command.group = Group::kBringIn;
  command.summary = "a believable shop's events, the same for the same seed";
  command.about =
      "Visits that browse, search, add, buy and sometimes give back; pages by Zipf's law; returning devices, some of\n"
      "which log in. Merchants differ in their currency (EUR, USD, JPY, KWD). One in a hundred events is bad (of ten\n"
      "kinds), one in a hundred a duplicate, some are late. Without --to and --out the events go into the log, with the\n"
      "time at which a collector would have received them.";
  command.flags = {
      {"--events", "N", "How many records the whole stream has (100000)"},
      {"--seed", "S", "Which stream (1): the same seed and start give the same bytes"},
      {"--start", "T", "Time of the first event; without it the stream ends now"},
      {"--span", "D", "Length of the stream in event time (72h)"},
      {"--part", "I/K", "Only the I-th of K equal parts of the stream"},
      {"--rate", "R", "At most that many records a second"},
      {"--merchant", "M", "Name of the (first) merchant (shop)"},
      {"--merchants", "N", "How many merchants (1): M, M-2, M-3 and so on"},
      {"--products", "N", "Pages of products of a merchant (200)"},
      {"--devices", "N", "How many devices there are (one for 25 events)"},
      {"--bots", "PERCENT", "How many of a hundred devices are bots (0)"},
      {"--mappings", "FILE", "Writes the logins as mapping files: FILE, and FILE.2 with what is learnt later"},
      {"--truth", "FILE", "Writes what was generated, a line a record, for recounts"},
      {"--to", "URL", "Posts the events to a collector, http://HOST:PORT, and does not wait until they are counted"},
      {"--connections", "N", "How many connections --to uses (2); more than one loses the order"},
      {"--out", "FILE", "Writes envelopes into a file, for `import events`"},
      {"--no-wait", "", "Does not wait until the events are counted"},
  };
  command.examples = {
      {"a hundred thousand events of the last three days, counted at once", "guidepost generate --events 100000"},
      {"the first half of a stream to a running `up`",
       "guidepost generate --events 200000 --seed 7 --part 1/2 --to http://127.0.0.1:8080"},
      {"around a change to summer time, with the truth beside it",
       "guidepost generate --events 50000 --start 2015-03-07T00:00:00Z --truth truth.tsv --mappings logins.csv"},
  };
  command.run = run_generate;
  return command;
}

}  // namespace guidepost::app
