#include "app/event_intake.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>

#include "app/options.hpp"
#include "app/split_events.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "event/decoder.hpp"

namespace guidepost::app {
namespace {

using Json = nlohmann::json;

http::Response come_back(std::string_view word, std::string_view detail) {
  auto response = http::problem(503, word, detail);
  response.headers.emplace_back("Retry-After", "2");
  return response;
}

using enum metrics::ShownBy;
const metrics::CounterFamily kEvents{
    {"guidepost_http_events_total", "events", "Events taken by HTTP: they are in the log", kIntake},
    {{"outcome", "of a first look, what ingest will say: `accepted`; `bad`"}}};
const metrics::CounterFamily kRequests{
    {"guidepost_http_event_requests_total", "requests", "Requests with events, answered", kIntake},
    {{"outcome",
      "`taken`: all its events are in the log; else the word of the refusal: `log_unavailable`, `overloaded` (both 503), "
      "`not_json`, `too_large`"}}};
const metrics::GaugeFamily kWaiting{{"guidepost_http_waiting_bytes", "bytes",
                                     "Events that wait for the log's acknowledgement, as of the last request; over "
                                     "http.in_flight requests are refused",
                                     kIntake}};

struct Requests {
  metrics::Counter taken = kRequests.with({"taken"}), log_unavailable = kRequests.with({"log_unavailable"}),
                   overloaded = kRequests.with({"overloaded"}), not_json = kRequests.with({"not_json"}),
                   too_large = kRequests.with({"too_large"});
};

/// A decoder and its memory; one request at a time has it.
struct Look {
  explicit Look(const event::EventLimits& limits) : decoder(limits) {}
  event::Decoder decoder;
  Arena arena;
};

/// What a record's key is made of, and what is answered about the event.
struct Verdict {
  std::string merchant;
  std::string identity;
  Json answer;
};

/// `record` is the event as it goes into the log: judged as ingest will see it.
Verdict judge(Look& look, std::string_view record, TimeMs received) {
  look.arena.reset();
  const auto decoded = look.decoder.decode({.offset = Offset{0}, .time = received, .key = {}, .value = record},
                                           Partition{0}, look.arena);
  if (decoded.kind == event::RecordKind::kEvent) {
    const auto& text = decoded.event.text;
    const auto guid = text[event::Field::kGuid];
    return {std::string(text[event::Field::kMerchant]),
            std::string(guid.empty() ? text[event::Field::kClaimedCustomer] : guid),
            {{"status", "accepted"}}};
  }
  Json answer{{"status", "bad"},
              {"reason", event::to_string(decoded.bad.reason)},
              {"detail", event::describe(decoded.bad.reason)}};
  if (!decoded.bad.field.empty()) answer["field"] = decoded.bad.field;
  return {std::string(decoded.bad.merchant.empty() ? "-" : decoded.bad.merchant), {}, std::move(answer)};
}

}  // namespace

struct EventIntake::Impl : std::enable_shared_from_this<EventIntake::Impl> {
  /// A request whose events are on their way. Thread: the executor's.
  struct Waiting {
    http::Respond respond;
    Json events = Json::array();
    std::size_t refused = 0;
    std::size_t open = 0;  ///< appends without an answer
    bool answered = false;
  };

  Impl(const Config& c, EventLog& l)
      : config(c),
        log(l),
        topic(names_of(c).raw_topic()),
        limits(event_limits_of(c)),
        producer(l.producer({})),
        executor("http-log") {}

  const Config config;
  EventLog& log;
  const std::string topic;
  const event::EventLimits limits;
  std::mutex mutex;
  std::unique_ptr<LogProducer> producer;
  int generation = 0;  // of the producer
  std::vector<std::unique_ptr<Look>> looks;
  std::atomic<std::int32_t> partitions = 0;
  metrics::Counter accepted = kEvents.with({"accepted"}), bad = kEvents.with({"bad"});
  Requests requests;
  metrics::Gauge waiting_gauge = kWaiting.with();
  ThreadExecutor executor;

  std::unique_ptr<Look> borrow() {
    std::lock_guard lock(mutex);
    if (looks.empty()) return std::make_unique<Look>(limits);
    auto look = std::move(looks.back());
    looks.pop_back();
    return look;
  }
  void give_back(std::unique_ptr<Look> look) {
    std::lock_guard lock(mutex);
    looks.push_back(std::move(look));
  }
  Bytes waiting_bytes() {
    std::lock_guard lock(mutex);
    return producer->in_flight_bytes();
  }

  /// Asks for the topic's partitions, again and again: they may become more.
  void watch_topic() {
    log.describe_topic(topic, {executor, [self = shared_from_this()](Result<std::optional<TopicState>> found) {
                                 if (found) self->partitions = *found ? (*found)->partitions : 0;
                                 const bool there = self->partitions > 0;
                                 self->executor.post_after(
                                     there ? std::chrono::milliseconds{10'000} : std::chrono::milliseconds{200},
                                     [self] { self->watch_topic(); });
                               }});
  }

  void append(const std::shared_ptr<Waiting>& waiting, std::vector<NewRecord> records) {
    waiting->open = records.size();
    for (auto& record : records) {
      producer->append(std::move(record),
                       {executor, [self = shared_from_this(), waiting, from = generation](Result<Offset> result) {
                          self->appended(*waiting, from, result);
                        }});
    }
    executor.post_after(config.http.log_timeout, [self = shared_from_this(), waiting] {
      self->answer(*waiting,
                   come_back("log_unavailable",
                             "the log did not take the events in time; some of them may be in it: send them all again"),
                   self->requests.log_unavailable);
    });
  }

  void appended(Waiting& waiting, int from, const Result<Offset>& result) {
    --waiting.open;
    if (!result) {
      if (result.error().code == ErrorCode::kFailed) replace(from);
      if (!waiting.answered)
        log::warn("append_failed", {{"error", to_string(result.error().code)}, {"message", result.error().message}});
      return answer(waiting,
                    come_back("log_unavailable",
                              "the log did not take the events; some of them may be in it: send them all again"),
                    requests.log_unavailable);
    }
    if (waiting.open > 0) return;
    waiting_gauge.set(static_cast<double>(waiting_bytes().value));
    if (waiting.answered) return;
    const auto all = waiting.events.size();
    accepted.add(static_cast<double>(all - waiting.refused));
    bad.add(static_cast<double>(waiting.refused));
    const Json body{{"received", all}, {"refused", waiting.refused}, {"events", std::move(waiting.events)}};
    answer(waiting,
           {.status = waiting.refused > 0 ? 207 : 200,
            .content_type = "application/json",
            .body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
            .headers = {}},
           requests.taken);
  }

  static void answer(Waiting& waiting, http::Response response, metrics::Counter outcome) {
    if (std::exchange(waiting.answered, true)) return;
    outcome.add();
    waiting.respond(std::move(response));
  }

  /// A producer that is dead answers everything with an error: what comes next gets a new one.
  void replace(int dead) {
    if (generation != dead) return;
    ++generation;
    auto next = log.producer({});
    std::lock_guard lock(mutex);
    producer.swap(next);
  }
};

EventIntake::EventIntake(const Config& config, EventLog& log) : impl_(std::make_shared<Impl>(config, log)) {
  impl_->executor.post([i = impl_.get()] { i->watch_topic(); });
}

EventIntake::~EventIntake() {
  impl_->executor.stop();
  std::lock_guard lock(impl_->mutex);
  impl_->producer.reset();
}

bool EventIntake::ready() const { return impl_->partitions > 0; }

void EventIntake::take(http::Request request, http::Respond respond) {
  auto& self = *impl_;
  const auto partitions = self.partitions.load();
  const auto refuse = [&](http::Response response, metrics::Counter outcome) {
    outcome.add();
    respond(std::move(response));
  };
  if (partitions == 0)
    return refuse(come_back("log_unavailable", "the log cannot be reached, or has no topic for events yet"),
                  self.requests.log_unavailable);
  const auto waiting_bytes = self.waiting_bytes();
  self.waiting_gauge.set(static_cast<double>(waiting_bytes.value));
  if (waiting_bytes > self.config.http.in_flight)
    return refuse(come_back("overloaded", "too many events wait for the log"), self.requests.overloaded);

  const auto events = split_events(request.head.header("content-type"), request.body, self.config.limits.http_events);
  if (!events) {
    const bool many = events.error().code == ErrorCode::kOutOfRange;
    return refuse(http::problem(many ? 413 : 400, many ? "too_large" : "not_json", events.error().message),
                  many ? self.requests.too_large : self.requests.not_json);
  }

  auto waiting = std::make_shared<Impl::Waiting>();
  waiting->respond = std::move(respond);
  std::vector<NewRecord> records;
  records.reserve(events->size());
  const auto received = self.executor.wall();
  const auto ip = shortened_address(request.peer);
  event::EnvelopeFields envelope{.received = received,
                                 .protocol = "json",
                                 .merchant = {},
                                 .ip = ip,
                                 .user_agent = request.head.header("user-agent"),
                                 .key = {},
                                 .ordinal = {}};
  auto look = self.borrow();
  for (const auto payload : *events) {
    auto record = event::wrap(envelope, payload);
    auto verdict = judge(*look, record, received);
    waiting->refused += verdict.answer["status"] == "bad" ? 1 : 0;
    waiting->events.push_back(std::move(verdict.answer));
    const auto settings = self.config.merchant.find(verdict.merchant);
    auto key = event::record_key(verdict.merchant, verdict.identity,
                                 settings == self.config.merchant.end() ? 1 : settings->second.shards);
    const auto partition = partition_of_key(key, partitions);
    records.push_back({{self.topic, partition}, std::move(key), std::move(record), std::nullopt});
  }
  self.give_back(std::move(look));
  self.executor.post(
      [i = impl_, waiting, records = std::move(records)]() mutable { i->append(waiting, std::move(records)); });
}

std::string shortened_address(std::string_view address) {
  const std::string text(address);
  char shown[INET6_ADDRSTRLEN] = {};
  if (in_addr v4{}; inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    v4.s_addr &= htonl(0xffffff00U);
    inet_ntop(AF_INET, &v4, shown, sizeof shown);
  } else if (in6_addr v6{}; inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    std::fill(std::begin(v6.s6_addr) + 6, std::end(v6.s6_addr), std::uint8_t{0});
    inet_ntop(AF_INET6, &v6, shown, sizeof shown);
  }
  return shown;
}

}  // namespace guidepost::app
