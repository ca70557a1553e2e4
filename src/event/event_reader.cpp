#include "event/event_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/ascii.hpp"
#include "base/names.hpp"
#include "event/currency.hpp"
#include "event/json_text.hpp"
#include "event/time_text.hpp"

namespace guidepost::event {
namespace {

using Accepts = ValueReader::Accepts;

constexpr std::size_t kMaxType = 64;
constexpr std::size_t kMaxTimeOnPageDigits = 15;

// A field that is taken as it comes.
struct PlainField {
  Key key;
  Field field;
  Accepts accepts;
  bool is_id;
};

constexpr std::array kPlainFields{
    PlainField{Key::kSession, Field::kSession, Accepts::kTextOrInteger, true},
    PlainField{Key::kTitle, Field::kTitle, Accepts::kText, false},
    PlainField{Key::kReferrer, Field::kReferrer, Accepts::kText, false},
    PlainField{Key::kIp, Field::kIp, Accepts::kText, false},
    PlainField{Key::kUserAgent, Field::kUserAgent, Accepts::kText, false},
    PlainField{Key::kLanguage, Field::kLanguage, Accepts::kText, false},
    PlainField{Key::kScreen, Field::kScreen, Accepts::kText, false},
    PlainField{Key::kQuery, Field::kQuery, Accepts::kText, false},
    PlainField{Key::kProductId, Field::kProductId, Accepts::kTextOrInteger, true},
    PlainField{Key::kProductName, Field::kProductName, Accepts::kText, false},
    PlainField{Key::kProductCategory, Field::kProductCategory, Accepts::kText, false},
    PlainField{Key::kProductPrice, Field::kProductPrice, Accepts::kTextOrNumber, false},
    PlainField{Key::kProductQuantity, Field::kProductQuantity, Accepts::kTextOrInteger, false},
    PlainField{Key::kProductPosition, Field::kProductPosition, Accepts::kTextOrInteger, false},
    PlainField{Key::kRevenue, Field::kRevenue, Accepts::kTextOrNumber, false},
    PlainField{Key::kCurrency, Field::kCurrency, Accepts::kText, false},
    PlainField{Key::kCampaignSource, Field::kCampaignSource, Accepts::kText, false},
    PlainField{Key::kCampaignMedium, Field::kCampaignMedium, Accepts::kText, false},
    PlainField{Key::kCampaignName, Field::kCampaignName, Accepts::kText, false},
    PlainField{Key::kCampaignTerm, Field::kCampaignTerm, Accepts::kText, false},
    PlainField{Key::kCampaignContent, Field::kCampaignContent, Accepts::kText, false},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// Words that producers use for the types that are counted apart. Others stay as they are.
std::string_view canonical_type(std::string_view type) {
  if (type == "view" || type == "pageview" || type == "page") return "page_view";
  if (type == "order_completed") return "purchase";
  return type;
}

// Fills one event, check by check.
class EventBuilder {
 public:
  EventBuilder(const EventLimits& limits, const ValueReader& values, const Members& members, const Surroundings& around,
               Arena& arena, Accepted& out)
      : limits_(limits), values_(values), members_(members), around_(around), arena_(arena), out_(out) {}

  Refusal build() {
    using Step = Refusal (EventBuilder::*)();
    constexpr std::array<Step, 9> kSteps{&EventBuilder::properties, &EventBuilder::type,     &EventBuilder::time,
                                         &EventBuilder::event_id,   &EventBuilder::identity, &EventBuilder::url,
                                         &EventBuilder::plain,      &EventBuilder::rest,     &EventBuilder::revenue};
    for (const auto step : kSteps) {
      if (const auto refused = (this->*step)()) return refused;
    }
    return {};
  }

 private:
  Refusal read(Key key, Accepts accepts, std::string_view name, std::string_view& out) const {
    if (!members_.has(key)) return {};
    if (!values_.read(members_[key], accepts, out)) return {Reason::kFieldWrongType, name};
    return {};
  }

  // Ids are parts of keys, and people select by them: short, and nothing invisible in them.
  Refusal read_id(Key key, std::string_view name, std::string_view& out) const {
    if (const auto refused = read(key, Accepts::kTextOrInteger, name, out)) return refused;
    if (out.size() > limits_.id_bytes) return {Reason::kFieldTooLong, name};
    if (values_.has_escapes() && has_control(out)) return {Reason::kFieldWrongType, name};
    return {};
  }

  Refusal properties() {
    if (!members_.has(Key::kProperties)) return {};
    const auto span = members_[Key::kProperties];
    if (values_.is_null(span)) return {};
    const auto name = spec(Field::kProperties).name;
    if (!values_.is_object(span)) return {Reason::kFieldWrongType, name};
    const auto raw = values_.raw(span);
    if (raw.size() > limits_.properties.value || members_.properties_keys > limits_.properties_keys) {
      return {Reason::kTooLarge, name};
    }
    out_.text[Field::kProperties] = raw;
    return {};
  }

  Refusal type() {
    std::string_view type;
    if (const auto refused = read(Key::kType, Accepts::kText, "type", type)) return refused;
    if (type.empty()) return {Reason::kFieldMissing, "type"};
    if (type.size() > kMaxType) return {Reason::kFieldTooLong, "type"};
    if (values_.has_escapes() && has_control(type)) return {Reason::kFieldWrongType, "type"};
    out_.text[Field::kType] = canonical_type(type);
    return {};
  }

  Refusal time() {
    std::string_view text;
    if (const auto refused = read(Key::kTime, Accepts::kTextOrNumber, "time", text)) return refused;
    if (text.empty()) return {Reason::kFieldMissing, "time"};
    const auto time = parse_event_time(text);
    if (!time) return {Reason::kTimeInvalid, "time"};
    out_.time = *time;
    return check_age(limits_, *time, around_.record_time);
  }

  Refusal event_id() {
    auto& id = out_.text[Field::kEventId];
    if (id.empty()) {  // a packaged event has its own already
      if (const auto refused = read_id(Key::kEventId, "event_id", id)) return refused;
    }
    if (id.empty()) id = position_id(around_, arena_);
    return {};
  }

  Refusal identity() {
    auto& guid = out_.text[Field::kGuid];
    auto& customer = out_.text[Field::kClaimedCustomer];
    if (const auto refused = read_id(Key::kGuid, "guid", guid)) return refused;
    if (const auto refused = read_id(Key::kCustomer, "customer", customer)) return refused;
    if (!guid.empty()) return {};
    if (customer.empty()) return {Reason::kNoIdentity, {}};
    const auto size = kDevicelessPrefix.size() + customer.size();
    char* const key = arena_.allocate(size);
    std::memcpy(key, kDevicelessPrefix.data(), kDevicelessPrefix.size());
    std::memcpy(key + kDevicelessPrefix.size(), customer.data(), customer.size());
    guid = {key, size};
    out_.flags |= kNoDevice;
    return {};
  }

  Refusal url() {
    std::string_view url;
    if (const auto refused = read(Key::kUrl, Accepts::kText, "url", url)) return refused;
    if (values_.has_escapes() && has_control(url)) return {Reason::kFieldWrongType, "url"};
    out_.text[Field::kUrl] = cut_url(limits_, url, out_.flags);
    return {};
  }

  Refusal plain() {
    for (const auto& f : kPlainFields) {
      if (!members_.has(f.key)) continue;
      const auto name = spec(f.field).name;
      auto& value = out_.text[f.field];
      if (const auto refused = f.is_id ? read_id(f.key, name, value) : read(f.key, f.accepts, name, value)) {
        return refused;
      }
    }
    if (out_.text[Field::kIp].empty()) out_.text[Field::kIp] = around_.ip;
    if (out_.text[Field::kUserAgent].empty()) out_.text[Field::kUserAgent] = around_.user_agent;
    return {};
  }

  Refusal rest() {
    if (const auto refused = country()) return refused;
    if (const auto refused = time_on_page()) return refused;
    if (const auto refused = is_object_or_none(Key::kProduct, "product")) return refused;
    return is_object_or_none(Key::kCampaign, "campaign");
  }

  Refusal country() {
    std::string_view text;
    if (const auto refused = read(Key::kCountry, Accepts::kText, "country", text)) return refused;
    if (text.empty() || text == "--") return {};
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
    std::array<char, 2> code{};
    if (text.size() == code.size()) std::transform(text.begin(), text.end(), code.begin(), upper);
    if (code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z') return {Reason::kFieldWrongType, "country"};
    const std::string_view changed(code.data(), code.size());
    out_.text[Field::kCountry] = changed == text ? text : arena_.copy(changed);
    return {};
  }

  // Milliseconds, whole: browsers' clocks have fractions, which are cut.
  Refusal time_on_page() {
    std::string_view text;
    const auto name = spec(Field::kTimeOnPageMs).name;
    if (const auto refused = read(Key::kTimeOnPageMs, Accepts::kTextOrNumber, name, text)) return refused;
    const auto whole = text.substr(0, text.find('.'));
    const auto fraction = text.substr(std::min(text.size(), whole.size() + 1));
    if (text.empty()) return {};
    if (whole.empty() || whole.size() > kMaxTimeOnPageDigits || !std::all_of(whole.begin(), whole.end(), is_digit) ||
        !std::all_of(fraction.begin(), fraction.end(), is_digit)) {
      return {Reason::kFieldWrongType, name};
    }
    out_.text[Field::kTimeOnPageMs] = whole;
    return {};
  }

  // Exact or refused: a sum of money that is nearly right is wrong. A currency alone belongs to no sum: whatever it is,
  // it is kept.
  Refusal revenue() {
    const auto amount = out_.text[Field::kRevenue];
    auto& code = out_.text[Field::kCurrency];
    if (code.empty() && !amount.empty()) code = currency_of(out_.text[Field::kMerchant]);
    const auto currency = find_currency(code);
    if (currency) code = currency->code;
    if (amount.empty()) return {};
    if (!currency) return {Reason::kRevenueInvalid, spec(Field::kCurrency).name};
    const auto minor = parse_amount(amount, currency->digits);
    if (!minor) return {Reason::kRevenueInvalid, spec(Field::kRevenue).name};
    constexpr std::size_t kMax = 20;
    char* const begin = arena_.allocate(kMax);
    const auto size = static_cast<std::size_t>(std::to_chars(begin, begin + kMax, *minor).ptr - begin);
    arena_.shrink_last(kMax, size);
    out_.text[Field::kRevenueMinor] = {begin, size};
    return {};
  }

  std::string_view currency_of(std::string_view merchant) const {
    const auto own = limits_.merchant_currencies.find(merchant);
    return own == limits_.merchant_currencies.end() ? limits_.default_currency : own->second;
  }

  Refusal is_object_or_none(Key key, std::string_view name) const {
    if (!members_.has(key) || values_.is_object(members_[key]) || values_.is_null(members_[key])) return {};
    return {Reason::kFieldWrongType, name};
  }

  const EventLimits& limits_;
  const ValueReader& values_;
  const Members& members_;
  const Surroundings& around_;
  Arena& arena_;
  Accepted& out_;
};

}  // namespace

bool ValueReader::read(JsonSpan span, Accepts accepts, std::string_view& out) const {
  const char first = text_[span.begin];
  if (first == '"') {
    char* const inside = text_ + span.begin + 1;
    std::size_t size = span.end - span.begin - 2;
    if (has_escapes_ && std::memchr(inside, '\\', size) != nullptr) {
      const auto unescaped = unescape_in_place(inside, size);
      if (!unescaped) return false;
      size = *unescaped;
    }
    out = {inside, size};
    return true;
  }
  if (first == 'n') {
    out = {};
    return true;
  }
  if (accepts == Accepts::kText || (first != '-' && !is_digit(first))) return false;
  out = raw(span);
  return accepts == Accepts::kTextOrNumber || out.find_first_of(".eE") == std::string_view::npos;
}

Refusal decide_merchant(const EventLimits& limits, std::string_view sent, Arena& arena, std::string_view& merchant) {
  if (sent.empty()) sent = limits.default_merchant;
  if (sent.empty()) return {Reason::kFieldMissing, "merchant"};
  if (sent.size() <= kMaxMerchant && std::any_of(sent.begin(), sent.end(), ascii::is_upper)) {
    char* const lower = arena.allocate(sent.size());
    std::transform(sent.begin(), sent.end(), lower, ascii::lower);
    sent = {lower, sent.size()};
  }
  if (!is_merchant_slug(sent)) return {Reason::kMerchantInvalid, "merchant"};
  merchant = sent;
  const auto& listed = limits.listed_merchants;
  if (!listed.empty() && !std::binary_search(listed.begin(), listed.end(), sent, std::less<>{})) {
    return {Reason::kMerchantUnknown, "merchant"};
  }
  return {};
}

Refusal check_age(const EventLimits& limits, TimeMs time, TimeMs record_time) {
  // A foreign producer's record time can be anything; so far out that nothing overflows is far enough.
  constexpr TimeMs kFar = from_unix_ms(std::int64_t{1} << 60);
  const auto age = std::clamp(record_time, TimeMs{} - (kFar - TimeMs{}), kFar) - time;
  if (age > limits.max_age) return {Reason::kTooLate, "time"};
  if (age < -limits.max_future) return {Reason::kInFuture, "time"};
  return {};
}

std::string_view cut_url(const EventLimits& limits, std::string_view url, std::uint8_t& flags) {
  if (url.size() <= limits.url_chars) return url;
  auto end = limits.url_chars;
  while (end > 0 && (static_cast<unsigned char>(url[end]) & 0xc0) == 0x80) --end;
  flags |= kUrlCut;
  return url.substr(0, end);
}

std::string_view position_id(const Surroundings& around, Arena& arena) {
  constexpr std::size_t kMax = 1 + 11 + 1 + 20;
  char* const begin = arena.allocate(kMax);
  char* at = begin;
  *at++ = '@';
  at = std::to_chars(at, begin + kMax, around.partition.value).ptr;
  *at++ = ':';
  at = std::to_chars(at, begin + kMax, around.offset.value).ptr;
  const auto size = static_cast<std::size_t>(at - begin);
  arena.shrink_last(kMax, size);
  return {begin, size};
}

Refusal read_event(const EventLimits& limits, const ValueReader& values, const Members& members,
                   const Surroundings& around, Arena& arena, Accepted& out) {
  return EventBuilder(limits, values, members, around, arena, out).build();
}

Refusal read_packaged_event(const EventLimits& limits, const ValueReader& values, const Members& wrapper,
                            const Members& inside, const Surroundings& around, Arena& arena, Accepted& out) {
  Members members;
  const auto take = [&members](const Members& from, Key theirs, Key ours) {
    if (from.has(theirs)) members.set(ours, from[theirs]);
  };
  take(wrapper, Key::kType, Key::kType);
  take(inside, Key::kTimestamp, Key::kTime);
  take(inside, Key::kCustomerId, Key::kCustomer);
  take(inside, Key::kPage, Key::kUrl);
  take(inside, Key::kQuery, Key::kQuery);
  take(inside, Key::kReferrer, Key::kReferrer);
  take(inside, Key::kIp, Key::kIp);
  take(inside, Key::kUserAgent, Key::kUserAgent);
  take(inside, Key::kProduct, Key::kProductId);
  take(inside, Key::kPosition, Key::kProductPosition);

  std::string_view package;
  std::string_view id;
  if (!values.read(wrapper[Key::kPackageId], Accepts::kTextOrInteger, package) ||
      (wrapper.has(Key::kId) && !values.read(wrapper[Key::kId], Accepts::kTextOrInteger, id))) {
    return {Reason::kFieldWrongType, "event_id"};
  }
  if (!package.empty() && !id.empty()) {
    const auto size = package.size() + 1 + id.size();
    if (size > limits.id_bytes) return {Reason::kFieldTooLong, "event_id"};
    char* const joined = arena.allocate(size);
    std::memcpy(joined, package.data(), package.size());
    joined[package.size()] = ':';
    std::memcpy(joined + package.size() + 1, id.data(), id.size());
    out.text[Field::kEventId] = {joined, size};
    if (values.has_escapes() && has_control(out.text[Field::kEventId])) return {Reason::kFieldWrongType, "event_id"};
  }
  return EventBuilder(limits, values, members, around, arena, out).build();
}

}  // namespace guidepost::event
