// `journey`: what devices or customers did, event by event.
#include "query/journey.hpp"

#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/node.hpp"
#include "app/places.hpp"
#include "app/sources.hpp"

namespace guidepost::app {
namespace {

using Json = nlohmann::ordered_json;
using Whose = query::JourneyRequest::Whose;

constexpr std::int64_t kMostEvents = 100'000;

/// One for each --guid and each --customer, in the order given. Throws UsageError.
std::vector<query::JourneyRequest> requests_of(const Call& call) {
  const auto& a = call.arguments;
  query::JourneyWords words{.merchant = a.value_or("--merchant", ""),
                            .guid = {},
                            .customer = {},
                            .from = a.value_or("--from", ""),
                            .to = a.value_or("--to", ""),
                            .tz = a.value_or("--tz", "")};
  const auto& merchants = call.node->config().merchant;
  const auto settings = merchants.find(words.merchant);
  if (words.tz.empty() && settings != merchants.end()) words.tz = settings->second.time_zone;
  const auto limit = a.number("--limit", 1, kMostEvents);

  std::vector<query::JourneyRequest> requests;
  const auto add = [&](const query::JourneyWords& of_one) {
    auto request = query::parse_journey(of_one);
    if (!request) throw UsageError{request.error().message};
    if (limit) request->limit = static_cast<std::size_t>(*limit);
    request->gap = call.node->config().sessions.gap;
    requests.push_back(std::move(*request));
  };
  for (const auto& guid : a.values("--guid")) {
    words.guid = guid;
    add(words);
  }
  words.guid.clear();
  for (const auto& customer : a.values("--customer")) {
    words.customer = customer;
    add(words);
  }
  if (requests.empty()) add(words);  // which says what is missing
  return requests;
}

/// Foreign text that JSON can hold; empty is null.
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json json_of(const query::Journey& journey, const query::JourneyEvent& event) {
  Json json{{"time", query::precise_time(journey.request.zone, event.time)},
            {"guid", event.guid},
            {"device", event.device},
            {"session", event.session ? Json(*event.session + 1) : Json()},
            {"type", event.type},
            {"path", text_or_null(event.path)},
            {"url", text_or_null(event.url)},
            {"product", text_or_null(event.product)},
            {"product_name", text_or_null(event.product_name)},
            {"revenue", text_or_null(event.revenue)},
            {"currency", text_or_null(event.currency)},
            {"country", text_or_null(event.country)},
            {"browser", text_or_null(event.browser)},
            {"traffic", event::to_string(event.traffic)},
            {"customer", text_or_null(event.customer)},
            {"resolved_by", event::to_string(event.resolved_by)},
            {"event_id", event.event_id},
            {"received", query::precise_time(journey.request.zone, event.record_time)},
            {"position", to_string(Position{event.source, event.offset})}};
  return json;
}

Json json_of(const query::Journey& journey, const query::JourneySession& session, std::size_t n) {
  const auto& zone = journey.request.zone;
  return {{"session", n},
          {"guid", session.guid},
          {"start", query::precise_time(zone, session.start)},
          {"end", query::precise_time(zone, session.end)},
          {"duration_ms", (session.end - session.start).count()},
          {"events", session.events},
          {"page_views", session.page_views},
          {"entry", text_or_null(session.entry)},
          {"exit", text_or_null(session.exit)},
          {"complete", session.complete}};
}

Json json_of(const query::Journey& journey, const query::MissingEvent& missing) {
  return {{"time", query::precise_time(journey.request.zone, missing.time)},
          {"guid", missing.guid},
          {"position", to_string(Position{missing.source, missing.offset})},
          {"why", missing.why}};
}

std::string render_json(const query::Journey& journey, std::optional<TimeMs> as_of) {
  const auto& request = journey.request;
  const auto time_or_null = [&](TimeMs t, TimeMs absent) {
    return t == absent ? Json() : Json(query::precise_time(request.zone, t));
  };
  auto events = Json::array(), sessions = Json::array(), missing = Json::array();
  for (const auto& event : journey.events) events.push_back(json_of(journey, event));
  for (const auto& session : journey.sessions) sessions.push_back(json_of(journey, session, sessions.size() + 1));
  for (const auto& event : journey.missing) missing.push_back(json_of(journey, event));
  const Json json{{"merchant", request.merchant},
                  {request.whose == Whose::kDevice ? "guid" : "customer", request.id},
                  {"from", time_or_null(request.from, TimeMs::min())},
                  {"to", time_or_null(request.to, TimeMs::max())},
                  {"tz", request.zone.name()},
                  {"events", std::move(events)},
                  {"sessions", std::move(sessions)},
                  {"missing", std::move(missing)},
                  {"more", journey.more},
                  {"as_of", as_of ? Json(text::rfc3339(*as_of)) : Json()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

int run(Call& call) {
  const auto requests = requests_of(call);
  // Read before the events: these are at least as fresh.
  const auto now = inline_executor().wall();
  const auto sources = source_standings(*call.node, call.cancelled);
  if (!sources) return refused(call, sources.error());
  const auto as_of = counted_until(*sources, now);
  query::JourneyOptions options;
  options.cancelled = call.cancelled;
  for (std::size_t i = 0; i < requests.size() && !call.out.closed(); ++i) {
    const auto journey = query::run_journey(requests[i], call.node->tables(), call.node->names(), options);
    if (!journey) return refused(call, journey.error());
    if (call.json()) {
      call.out.print(render_json(*journey, as_of));
    } else {
      call.out.print((i == 0 ? "" : "\n") + query::render_journey(*journey, call.out.look()));
    }
  }
  if (!call.json() && as_of) call.out.print("\nas of " + text::rfc3339(*as_of) + "\n");
  return 0;
}

}  // namespace

Command journey_command() {
  return {
      .name = "journey",
      .group = Group::kAsk,
      .summary = "what a device or a customer did, event by event",
      .about =
          "Shows the events of a device, or of all devices of a customer as far as they were resolved to that customer,\n"
          "in the order of their times: by sessions, and with how each was resolved. Times are dates (their midnight in\n"
          "--tz) or RFC 3339; --from belongs to the answer, --to does not. docs/journey.md tells what is shown.",
      .operands = {},
      .flags = {{"--merchant", "M", "whose website", Use::kRequired},
                {"--guid", "G", "the device; a journey for each", Use::kRepeated},
                {"--customer", "C", "the customer; a journey for each", Use::kRepeated},
                {"--from", "T", "beginning, a date or RFC 3339, by default the first event", Use::kOptional},
                {"--to", "T", "end, not included, by default the last event", Use::kOptional},
                {"--tz", "Z", "time zone of dates and of what is shown, by default the merchant's or UTC",
                 Use::kOptional},
                {"--limit", "N", "at most so many events, the newest ones, by default 1000", Use::kOptional}},
      .examples = {{"everything of one device", "guidepost journey --merchant shop --guid d-7f31"},
                   {"a customer's day in Berlin",
                    "guidepost journey --merchant shop --customer 4711 --from 2025-01-31 --to 2025-02-01 --tz "
                    "Europe/Berlin"},
                   {"for a machine, a line for each",
                    "guidepost journey --merchant shop --guid d-1 --guid d-2 --json"}},
      .place = Place::kReads,
      .run = run};
}

}  // namespace guidepost::app
