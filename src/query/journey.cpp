#include "query/journey.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

#include <fmt/format.h>

#include "event/event_reader.hpp"
#include "guidepost/event/event_row.hpp"
#include "query/journey_index.hpp"
#include "query/words.hpp"

namespace guidepost::query {
namespace {

using event::Field;
using event::kDevicelessPrefix;

Result<TimeMs> parse_end(std::string_view flag, const std::string& word, const TimeZone& zone, TimeMs absent) {
  if (word.empty()) return absent;
  return parse_moment(flag, word, zone);
}

/// The time as far away as it can be without an overflow.
TimeMs earlier(TimeMs t, std::chrono::milliseconds by) { return t < TimeMs::min() + by ? TimeMs::min() : t - by; }
TimeMs later(TimeMs t, std::chrono::milliseconds by) { return t > TimeMs::max() - by ? TimeMs::max() : t + by; }

JourneyEvent shown(const event::StoredEvent& stored) {
  const auto& event = stored.event;
  const auto text = [&](Field field) { return std::string(event.text[field]); };
  JourneyEvent out;
  out.guid = text(Field::kGuid);
  out.time = event.time;
  out.source = stored.source;
  out.offset = event.offset;
  out.record_time = event.record_time;
  out.event_id = text(Field::kEventId);
  out.type = text(Field::kType);
  out.path = text(Field::kPath);
  out.url = text(Field::kUrl);
  out.product = text(Field::kProductId);
  out.product_name = text(Field::kProductName);
  out.revenue = text(Field::kRevenue);
  out.currency = text(Field::kCurrency);
  out.country = text(Field::kCountry);
  out.browser = text(Field::kBrowser);
  out.customer = text(Field::kCustomer);
  out.resolved_by = event.resolved_by;
  out.traffic = event.traffic;
  out.device = (event.flags & event::kNoDevice) == 0;
  return out;
}

/// Puts one journey together. The index alone says where sessions begin and end; rows are read from the newest back, until
/// there are enough.
class JourneyReader {
 public:
  JourneyReader(const JourneyRequest& request, TableStore& tables, const Names& names, const JourneyOptions& options)
      : tables_(tables), names_(names), options_(options), journey_{request, {}, {}, {}, false} {}

  Result<Journey> run() {
    auto done = find().and_then([&] { return read(); });
    if (!done) return tl::unexpected(std::move(done.error()));
    count_sessions();
    return std::move(journey_);
  }

 private:
  using Numbers = std::vector<std::uint32_t>;  // of found_

  const JourneyRequest& request() const { return journey_.request; }

  Result<void> find() {
    JourneyIndex index(tables_, names_, request(), options_);
    if (auto opened = index.open(); !opened) return opened;
    devices_ = {request().id};
    if (request().whose == JourneyRequest::Whose::kCustomer) {
      auto found = index.devices();
      if (!found) return tl::unexpected(std::move(found.error()));
      devices_ = std::move(*found);
      const auto deviceless = std::string(kDevicelessPrefix) + request().id;
      const auto at = std::lower_bound(devices_.begin(), devices_.end(), deviceless);
      if (at == devices_.end() || *at != deviceless) devices_.insert(at, deviceless);
    }
    // What lies beside the range decides whether a session begins or ends in it.
    auto events = index.events(devices_, earlier(request().from, request().gap), later(request().to, request().gap));
    if (!events) return tl::unexpected(std::move(events.error()));
    found_ = std::move(*events);
    number_sessions();
    return {};
  }

  /// docs/sessions.md: a session ends where its device pauses for longer than the gap.
  void number_sessions() {
    for (std::size_t i = 0; i < found_.size(); ++i) {
      const bool goes_on =
          i > 0 && found_[i].device == found_[i - 1].device && found_[i].time - found_[i - 1].time <= request().gap;
      if (!goes_on) session_sizes_.push_back(0);
      found_[i].session = static_cast<std::uint32_t>(session_sizes_.size() - 1);
      ++session_sizes_.back();
    }
  }

  /// Those of the range, the newest first.
  Numbers newest_first() const {
    Numbers numbers;
    for (std::uint32_t i = 0; i < found_.size(); ++i) {
      if (found_[i].time >= request().from && found_[i].time < request().to) numbers.push_back(i);
    }
    std::sort(numbers.begin(), numbers.end(), [&](std::uint32_t a, std::uint32_t b) {
      const auto order = [](const FoundEvent& e) { return std::tie(e.time, e.source, e.offset); };
      return order(found_[b]) < order(found_[a]);
    });
    return numbers;
  }

  Result<void> read() {
    const auto numbers = newest_first();
    auto& events = journey_.events;
    // One over the limit, to know whether there is more.
    for (std::size_t begin = 0; begin < numbers.size() && events.size() <= request().limit;) {
      if (options_.cancelled.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
      const auto most = std::min(options_.batch, request().limit + 1 - events.size());
      const auto batch = std::span(numbers).subspan(begin, std::min(most, numbers.size() - begin));
      if (auto read = read_rows(batch); !read) return read;
      begin += batch.size();
    }
    if (events.size() > request().limit) {
      events.pop_back();
      sessions_of_.pop_back();
      journey_.more = true;
    }
    std::reverse(events.begin(), events.end());
    std::reverse(sessions_of_.begin(), sessions_of_.end());
    std::reverse(journey_.missing.begin(), journey_.missing.end());
    return {};
  }

  Result<void> read_rows(std::span<const std::uint32_t> batch) {
    std::map<Month, Numbers> months;
    for (const auto number : batch) months[found_[number].month].push_back(number);
    std::map<std::uint32_t, Row> rows;
    for (const auto& [month, numbers] : months) {
      std::vector<RowGet> gets;
      for (const auto number : numbers) gets.push_back({key_of(found_[number]), {}});
      auto read = await<std::vector<Row>>(
          [&](auto done) { tables_.get(names_.events(month), std::move(gets), std::move(done)); });
      // Without their table no event row is there.
      if (!read && read.error().code != ErrorCode::kNotFound) return tl::unexpected(std::move(read.error()));
      for (std::size_t i = 0; i < numbers.size(); ++i) rows[numbers[i]] = read ? std::move((*read)[i]) : Row{};
    }
    for (const auto number : batch) take(found_[number], rows[number]);
    return {};
  }

  std::string key_of(const FoundEvent& found) const {
    return event::event_row_key(
        event::IndexedEvent{request().merchant, devices_[found.device], found.time, found.source, found.offset});
  }

  void take(const FoundEvent& found, const Row& row) {
    const auto& guid = devices_[found.device];
    if (row.empty()) return miss(found, "there is no event row");
    const auto stored = event::parse_event_row(row);
    if (!stored) return miss(found, stored.error().message);
    auto event = shown(*stored);
    if (event.guid != guid) return miss(found, "the event row is of the device " + text::escape(event.guid));
    if (!belongs(event)) return;
    journey_.events.push_back(std::move(event));
    sessions_of_.push_back(found.session);
  }

  void miss(const FoundEvent& found, std::string why) {
    journey_.missing.push_back({devices_[found.device], found.time, found.source, found.offset, std::move(why)});
  }

  /// A device may have been another customer's before or after.
  bool belongs(const JourneyEvent& event) const {
    if (request().whose == JourneyRequest::Whose::kDevice || event.customer == request().id) return true;
    return !event.device && event.guid.substr(kDevicelessPrefix.size()) == request().id;
  }

  void count_sessions() {
    std::map<std::uint32_t, std::size_t> places;
    auto& sessions = journey_.sessions;
    for (std::size_t i = 0; i < journey_.events.size(); ++i) {
      auto& event = journey_.events[i];
      if (!event.device) continue;
      const auto [place, first] = places.try_emplace(sessions_of_[i], sessions.size());
      if (first) sessions.push_back({event.guid, event.time, event.time, 0, 0, event.path, {}, true});
      auto& session = sessions[place->second];
      event.session = place->second;
      session.end = event.time;
      session.exit = event.path;
      ++session.events;
      session.page_views += event.type == "page_view" ? 1 : 0;
    }
    for (const auto& [number, place] : places)
      sessions[place].complete = sessions[place].events == session_sizes_[number];
  }

  TableStore& tables_;
  const Names& names_;
  const JourneyOptions& options_;
  Journey journey_;
  std::vector<std::string> devices_;
  std::vector<FoundEvent> found_;  // by device, then in time
  Numbers session_sizes_;  // in the index, also beside the range
  Numbers sessions_of_;  // of journey_.events
};

}  // namespace

Result<JourneyRequest> parse_journey(const JourneyWords& words) {
  auto zone = TimeZone::find(words.tz.empty() ? "UTC" : words.tz);
  if (!zone) return refuse("--tz", zone.error().message);
  auto merchant = parse_merchant(words.merchant);
  if (!merchant) return tl::unexpected(std::move(merchant.error()));
  JourneyRequest request{.merchant = std::move(*merchant), .id = {}, .zone = std::move(*zone)};
  if (words.guid.empty() == words.customer.empty())
    return refuse("--guid, --customer", "one of the two is needed: whose journey to show");
  request.whose = words.guid.empty() ? JourneyRequest::Whose::kCustomer : JourneyRequest::Whose::kDevice;
  request.id = words.guid.empty() ? words.customer : words.guid;
  const auto from = parse_end("--from", words.from, request.zone, request.from);
  if (!from) return tl::unexpected(from.error());
  const auto to = parse_end("--to", words.to, request.zone, request.to);
  if (!to) return tl::unexpected(to.error());
  if (auto good = check_range(*from, *to, words.from, words.to); !good) return tl::unexpected(std::move(good.error()));
  request.from = *from;
  request.to = *to;
  return request;
}

Result<Journey> run_journey(const JourneyRequest& request, TableStore& tables, const Names& names,
                            const JourneyOptions& options) {
  return JourneyReader(request, tables, names, options).run();
}

std::string precise_time(const TimeZone& zone, TimeMs t) {
  auto out = zone.rfc3339(t);
  const auto ms = (t - std::chrono::floor<std::chrono::seconds>(t)).count();
  if (ms != 0) out.insert(19, fmt::format(".{:03}", ms));
  return out;
}

}  // namespace guidepost::query
