// Events that come in by HTTP: apart, looked at, wrapped, into the log, answered.
#pragma once

#include <memory>

#include "adapters/http/server.hpp"
#include "base/config.hpp"
#include "guidepost/ports/event_log.hpp"

namespace guidepost::app {

/// Answers POST /v1/events after the log has every event of the request, with a first look at each: whether `ingest`
/// will take it. Both kinds are logged: a refused event is a bad row, not a lost one. Docs: docs/http.md.
/// Thread: any. Blocks: the destructor, shortly; requests that still wait are not answered by it (the server says 500 then).
class EventIntake {
 public:
  EventIntake(const Config& config, EventLog& log);
  ~EventIntake();

  void take(http::Request request, http::Respond respond);
  /// Whether the raw topic is there, so that events can be taken.
  bool ready() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// What of an address goes into the log: IPv4 without its last byte, IPv6 without its last ten.
std::string shortened_address(std::string_view address);

}  // namespace guidepost::app
