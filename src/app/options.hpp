// What the configuration means for each part: the one place where keys become options.
#pragma once

#include "adapters/http/server.hpp"
#include "base/config.hpp"
#include "base/names.hpp"
#include "guidepost/ports/event_log.hpp"
#include "worker/roles.hpp"

namespace guidepost::app {

/// The name of this machine, for people.
std::string host_name();
Names names_of(const Config& config);
TopicSpec raw_topic_of(const Config& config);
TopicSpec resolved_topic_of(const Config& config);
worker::TableOptions table_options_of(const Config& config);
worker::RoleOptions ingest_role_of(const Config& config);
worker::RoleOptions aggregate_role_of(const Config& config);
event::EventLimits event_limits_of(const Config& config);
worker::IngestOptions ingest_options_of(const Config& config);
worker::AggregateOptions aggregate_options_of(const Config& config);
/// Of the listener at `address`, which parse_host_port takes.
http::ServerOptions server_options_of(const Config& config, const std::string& address);

}  // namespace guidepost::app
