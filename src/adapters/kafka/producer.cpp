#include "adapters/kafka/producer.hpp"

#include <fmt/format.h>
#include <array>

#include "adapters/kafka/errors.hpp"

namespace guidepost::kafka {
namespace {

/// Between two questions for a topic's limit while no broker answers.
constexpr std::chrono::milliseconds kAskAgain{250};

}  // namespace

KafkaLogProducer::KafkaLogProducer(AskConfig ask_config, Executor& loop, const KafkaOptions& options,
                                   const ProducerOptions& producer)
    : ask_config_(std::move(ask_config)),
      loop_(loop),
      give_up_after_(producer.give_up_after),
      gate_(std::make_shared<Gate<KafkaLogProducer>>(*this)),
      client_(std::make_unique<Client>(RD_KAFKA_PRODUCER, producer_properties(options, producer),
                                       static_cast<ClientEvents*>(this))) {}

KafkaLogProducer::~KafkaLogProducer() {
  gate_->close();
  {
    std::lock_guard lock(mutex_);
    if (!dead_) dead_ = Error{ErrorCode::kCancelled, "the producer is closed"};
  }
  rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  topics_.clear();
  client_.reset();  // no report comes any more; what is open answers kCancelled as it is dropped
}

void KafkaLogProducer::append(NewRecord record, Completion<Offset> done) {
  std::unique_lock lock(mutex_);
  Lane& lane = lanes_[record.to];
  Open& open =
      lane.emplace_back(Open{std::move(record), Answer<Offset>(std::move(done)), &lane, Executor::Clock::now(), {}});
  in_flight_ += open.bytes();
  Topic& topic = topics_[open.record.to.topic];
  if (dead_) {
    open.result = tl::unexpected(*dead_);
  } else if (!topic.max_record) {
    topic.held.push_back(&open);
    if (!topic.asking) ask(open.record.to.topic, topic);
  } else {
    send(open, topic);
  }
  collect(lane);
  answer_ready(std::move(lock));
}

void KafkaLogProducer::ask(const std::string& name, Topic& topic) {
  topic.asking = true;
  ask_config_(name, [gate = gate_, name](Result<TopicConfig> config) {
    gate->with([&](KafkaLogProducer& self) { self.learnt(name, config); });
  });
  if (give_up_after_.count() > 0) {
    loop_.post_after(give_up_after_,
                     [gate = gate_, name] { gate->with([&](KafkaLogProducer& self) { self.give_up_held(name); }); });
  }
}

// Thread: a background thread of librdkafka, or the loop.
void KafkaLogProducer::learnt(const std::string& name, const Result<TopicConfig>& config) {
  std::unique_lock lock(mutex_);
  Topic& topic = topics_[name];
  if (dead_ || topic.held.empty()) {
    topic.asking = false;
    return;
  }
  if (!config && config.error().retryable()) {
    loop_.post_after(kAskAgain, [gate = gate_, name] {
      gate->with([&](KafkaLogProducer& self) {
        std::lock_guard again(self.mutex_);
        self.ask(name, self.topics_[name]);
      });
    });
    return;
  }
  topic.asking = false;
  // Who may append need not be allowed to read the configuration: then the broker alone decides.
  const bool blind = !config && config.error().code == ErrorCode::kRefused;
  if (config || blind)
    topic.max_record = blind || config->max_record.value == 0 ? UINT64_MAX : config->max_record.value;
  std::deque<Open*> held;
  held.swap(topic.held);
  for (Open* open : held) {
    Lane& lane = *open->lane;
    if (topic.max_record) {
      send(*open, topic);
    } else {
      refuse(*open, config.error());
    }
    collect(lane);
  }
  answer_ready(std::move(lock));
}

// Thread: the loop.
void KafkaLogProducer::give_up_held(const std::string& name) {
  std::unique_lock lock(mutex_);
  auto& held = topics_[name].held;
  const auto late = Executor::Clock::now() - give_up_after_;
  while (!held.empty() && held.front()->since <= late) {
    Open& open = *held.front();
    held.pop_front();
    Lane& lane = *open.lane;
    refuse(open, Error{ErrorCode::kTimedOut, fmt::format("no broker was there to take a record for {}", name)});
    collect(lane);
  }
  if (!held.empty()) {
    loop_.post_after(give_up_after_,
                     [gate = gate_, name] { gate->with([&](KafkaLogProducer& self) { self.give_up_held(name); }); });
  }
  answer_ready(std::move(lock));
}

void KafkaLogProducer::send(Open& open, Topic& topic) {
  if (open.bytes() > *topic.max_record) {
    return refuse(open, Error{ErrorCode::kPoison,
                              fmt::format("a record of {} bytes for {}, whose limit is {} (max.message.bytes)",
                                          open.bytes(), open.record.to.topic, *topic.max_record)});
  }
  if (!backlog_.empty()) return backlog_.push_back(&open);  // nothing overtakes
  const auto code = produce(open, topic);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    backlog_.push_back(&open);
  } else if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    refuse(open, error_of(code, fmt::format("appending {} bytes to {}[{}]", open.bytes(), open.record.to.topic,
                                            open.record.to.partition.value)));
  }
}

void KafkaLogProducer::refuse(Open& open, Error error) { open.result = tl::unexpected(std::move(error)); }

rd_kafka_resp_err_t KafkaLogProducer::produce(Open& open, Topic& topic) {
  if (!topic.handle) topic.handle.reset(rd_kafka_topic_new(client_->get(), open.record.to.topic.c_str(), nullptr));
  if (!topic.handle) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  if (open.record.to.partition.value < 0) return RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;  // -1 would mean "any"
  std::array<rd_kafka_vu_t, 6> args{};
  args[0].vtype = RD_KAFKA_VTYPE_RKT;
  args[0].u.rkt = topic.handle.get();
  args[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  args[1].u.i32 = open.record.to.partition.value;
  args[2].vtype = RD_KAFKA_VTYPE_VALUE;  // neither copied nor freed: `open` keeps it until the report
  args[2].u.mem = {open.record.value.data(), open.record.value.size()};
  args[3].vtype = RD_KAFKA_VTYPE_OPAQUE;
  args[3].u.ptr = &open;
  std::size_t count = 4;
  if (!open.record.key.empty()) {
    args[count].vtype = RD_KAFKA_VTYPE_KEY;
    args[count++].u.mem = {open.record.key.data(), open.record.key.size()};
  }
  if (open.record.time) {
    args[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    args[count++].u.i64 = unix_ms(*open.record.time);
  }
  ErrorHandle error(rd_kafka_produceva(client_->get(), args.data(), count));
  return error ? rd_kafka_error_code(error.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

// Thread: librdkafka's background thread.
void KafkaLogProducer::delivered(rd_kafka_event_t* event) {
  std::unique_lock lock(mutex_);
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
    auto& open = *static_cast<Open*>(message->_private);
    open.result = result_of(*message);
    collect(*open.lane);
  }
  std::deque<Open*> again;
  if (!dead_) again.swap(backlog_);
  for (Open* open : again) {
    Lane& lane = *open->lane;
    send(*open, topics_[open->record.to.topic]);
    collect(lane);
  }
  answer_ready(std::move(lock));
}

Result<Offset> KafkaLogProducer::result_of(const rd_kafka_message_t& message) const {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return Offset{message.offset};
  if (dead_) return tl::unexpected(*dead_);
  const auto& to = static_cast<const Open*>(message._private)->record.to;
  Error error = error_of(message.err, fmt::format("appending to {}[{}]", to.topic, to.partition.value));
  // What librdkafka throws away when it dies was not refused by anyone: the next producer sends it.
  char text[256];
  if (rd_kafka_fatal_error(client_->get(), text, sizeof text)) error = Error{ErrorCode::kFailed, text};
  return tl::unexpected(std::move(error));
}

// Thread: librdkafka's background thread.
void KafkaLogProducer::died(Error error) {
  // Requests under way to a broker that is away would keep their records open for ever.
  rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  std::unique_lock lock(mutex_);
  if (dead_) return;
  dead_ = error;
  for (Open* open : backlog_) refuse(*open, error);
  backlog_.clear();
  for (auto& [name, topic] : topics_) {
    for (Open* open : topic.held) refuse(*open, error);
    topic.held.clear();
  }
  for (auto& [partition, lane] : lanes_) collect(lane);
  answer_ready(std::move(lock));
}

void KafkaLogProducer::collect(Lane& lane) {
  while (!lane.empty() && lane.front().result) ready_.splice(ready_.end(), lane, lane.begin());
}

/// Completions may run anything, so they run without the lock.
void KafkaLogProducer::answer_ready(std::unique_lock<std::mutex> lock) {
  if (answering_) return;  // whoever does it sees these as well
  answering_ = true;
  while (!ready_.empty()) {
    Lane now;
    now.swap(ready_);
    lock.unlock();
    for (auto& open : now) {
      in_flight_ -= open.bytes();
      open.done(std::move(*open.result));
    }
    now.clear();
    lock.lock();
  }
  answering_ = false;
}

}  // namespace guidepost::kafka
