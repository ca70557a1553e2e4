#include "adapters/kafka/client.hpp"

#include <fmt/format.h>
#include <stdexcept>

#include "adapters/kafka/errors.hpp"
#include "base/log.hpp"

namespace guidepost::kafka {
namespace {

void on_log(const rd_kafka_t* rk, int level, const char* facility, const char* text) {
  const auto fields = {log::Field{"client", rk ? rd_kafka_name(rk) : ""}, log::Field{"facility", facility},
                       log::Field{"text", text}};
  // syslog's levels: up to 3 errors, 4 warning, 5 and 6 notices. A broker that is away makes errors
  // of each attempt; that is a warning of ours, since everything waits for it.
  if (level <= 2) {
    log::error("kafka_client", fields);
  } else if (level <= 4) {
    log::warn("kafka_client", fields);
  } else if (level <= 6) {
    log::info("kafka_client", fields);
  } else {
    log::debug("kafka_client", fields);
  }
}

ConfHandle make_conf(const Properties& properties) {
  ConfHandle conf(rd_kafka_conf_new());
  char text[512];
  for (const auto& [key, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK) {
      throw std::invalid_argument(fmt::format("kafka: {}", text));
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  return conf;
}

bool has_group(const Properties& properties) {
  for (const auto& [key, value] : properties) {
    if (key == "group.id") return true;
  }
  return false;
}

}  // namespace

Client::Client(rd_kafka_type_t type, const Properties& properties, ClientEvents* events) : events_(events) {
  ConfHandle conf = make_conf(properties);
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_background_event_cb(conf.get(), on_event);
  const bool group = has_group(properties);
  if (group) {
    rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  } else {
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  }
  char text[512];
  rd_kafka_conf_t* given = conf.release();  // the client's, where there is one
  rk_ = rd_kafka_new(type, given, text, sizeof text);
  if (rk_ == nullptr) {
    conf.reset(given);
    throw std::invalid_argument(fmt::format("kafka: {}", text));
  }
  background_.reset(rd_kafka_queue_get_background(rk_));
  if (group) {
    rd_kafka_poll_set_consumer(rk_);
  } else {
    QueueHandle main(rd_kafka_queue_get_main(rk_));
    rd_kafka_queue_forward(main.get(), background_.get());
  }
}

Client::~Client() {
  background_.reset();
  // The owner of a group member has closed it; where it could not, the session's time-out does.
  rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  waiting_.clear();
}

void Client::check(const Properties& properties) { make_conf(properties); }

void* Client::expect(Reply reply) {
  auto waiting = std::make_unique<Reply>(std::move(reply));
  void* id = waiting.get();
  std::lock_guard lock(mutex_);
  waiting_.emplace(id, std::move(waiting));
  return id;
}

void Client::on_event(rd_kafka_t*, rd_kafka_event_t* raw, void* self) {
  EventHandle event(raw);
  auto& client = *static_cast<Client*>(self);
  switch (rd_kafka_event_type(raw)) {
    case RD_KAFKA_EVENT_DR:
      if (client.events_ != nullptr) client.events_->delivered(raw);
      return;
    case RD_KAFKA_EVENT_ERROR:
      return client.report(raw);
    default:
      return client.answer(raw, rd_kafka_event_opaque(raw));
  }
}

void Client::answer(rd_kafka_event_t* event, void* id) {
  std::unique_ptr<Reply> reply;
  {
    std::lock_guard lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    reply = std::move(found->second);
    waiting_.erase(found);
  }
  (*reply)(event);
}

void Client::report(rd_kafka_event_t* event) {
  const auto code = rd_kafka_event_error(event);
  const char* text = rd_kafka_event_error_string(event);
  if (rd_kafka_event_error_is_fatal(event) == 0) {
    // Connections that fail are in the log lines already; what needs an answer gets it elsewhere.
    log::debug("kafka_error", {{"code", rd_kafka_err2name(code)}, {"text", text}});
    return;
  }
  log::error("kafka_client_died", {{"code", rd_kafka_err2name(code)}, {"text", text}});
  if (events_ != nullptr) events_->died(Error{ErrorCode::kFailed, fmt::format("the Kafka client died: {}", text)});
}

void Client::on_rebalance(rd_kafka_t* rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t* list, void* self) {
  auto& client = *static_cast<Client*>(self);
  if (client.events_ != nullptr) client.events_->rebalanced(rk, err, list);
}

}  // namespace guidepost::kafka
