#include "app/shop.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "app/random.hpp"
#include "app/shop_agents.hpp"
#include "base/text.hpp"

namespace guidepost::app {
namespace {

constexpr std::array kCountries{"US", "DE", "GB", "FR", "IN", "BR", "JP", "NL", "PL", "AU", "CA", "ES"};
constexpr std::array kLanguages{"en-US", "de-DE", "en-GB", "fr-FR", "hi-IN", "pt-BR",
                                "ja-JP", "nl-NL", "pl-PL", "en-AU", "en-CA", "es-ES"};
constexpr std::array kReferrers{"https://www.google.com/search?q=shoes", "https://duckduckgo.com/",
                                "https://news.example.org/today", "https://m.facebook.com/", "https://t.co/abc"};
constexpr std::array kReferrerDomains{"google.com", "duckduckgo.com", "news.example.org", "m.facebook.com", "t.co"};
constexpr std::array kReferrerChannels{"search", "search", "referral", "social", "social"};
constexpr std::array kCategories{"shoes", "shirts", "bags", "hats", "outdoor", "sale"};
constexpr std::array kSearches{"red shoes", "rain jacket", "gift", "größe 42", "\"slim\" fit", "hat & scarf"};
constexpr const char* kMailTarget = "/?utm_source=mail";
constexpr std::size_t kRemembered = 20'000;
constexpr std::size_t kNear = 50;
constexpr std::size_t kVisitsAtOnce = 200;

/// Merchants take turns in these, so that sums of several currencies and all numbers of digits occur.
struct ShopCurrency {
  const char* code;
  std::uint32_t digits;
  std::uint64_t unit;  ///< smallest units of the least amount that is asked for something
};
constexpr std::array kShopCurrencies{ShopCurrency{"EUR", 2, 100}, ShopCurrency{"USD", 2, 100},
                                     ShopCurrency{"JPY", 0, 100}, ShopCurrency{"KWD", 3, 250}};
constexpr double kRefundShare = 0.03;

/// `-12.50`, written here anew: truth shares nothing with what it is compared with.
std::string written_amount(std::int64_t minor, std::uint32_t digits) {
  std::int64_t unit = 1;
  for (std::uint32_t i = 0; i < digits; ++i) unit *= 10;
  const auto size = minor < 0 ? -minor : minor;
  return fmt::format("{}{}", minor < 0 ? "-" : "", size / unit) +
         (digits == 0 ? "" : fmt::format(".{:0{}}", size % unit, digits));
}

/// How a device's logins go; drawn once a device.
enum class Login { kNever, kKnown, kChanges, kLearntLate, kLearntTooLate, kUnmapped, kReassigned, kClaims };

struct Device {
  std::uint64_t key = 0;
  std::uint32_t merchant = 0;
  std::uint8_t country = 0;
  const ShopAgent* agent = nullptr;
  bool bot = false;
  Login login = Login::kNever;
};

struct Visit {
  std::size_t device = 0;
  int step = 0;
  std::size_t product = 0;
  bool wants_to_buy = false;
  std::uint64_t quantity = 0;   // that was bought last
  std::int64_t paid = 0;        // and for how much
  bool returns = false;
};

Login draw_login(Random& random) {
  const auto p = random.unit();
  if (p < 0.45) return Login::kNever;
  if (p < 0.70) return Login::kKnown;
  if (p < 0.80) return Login::kChanges;
  if (p < 0.86) return Login::kLearntLate;
  if (p < 0.90) return Login::kLearntTooLate;
  if (p < 0.94) return Login::kUnmapped;
  if (p < 0.97) return Login::kReassigned;
  return Login::kClaims;
}

std::string guid_of(const Device& device) {
  const auto low = mix64(device.key ^ 0x6775696465706f73U);
  return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", device.key >> 32, (device.key >> 16) & 0xffff,
                     device.key & 0xfff, (low >> 48) & 0xfff, low & 0xffffffffffffU);
}

std::string customer_of(const Device& device, int which) {
  return fmt::format("cust-{:x}", mix64(device.key + static_cast<std::uint64_t>(which)) & 0xffffff);
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

}  // namespace

struct Shop::Impl {
  explicit Impl(ShopOptions o)
      : options(std::move(o)),
        random(options.seed),
        product_zipf(options.products),
        merchant_zipf(std::max(1U, options.merchants)) {
    const auto count = options.devices != 0 ? options.devices : std::max<std::uint64_t>(20, options.events / 25);
    Random people(options.seed ^ 0x70656f706c65U);
    Random bots(options.seed ^ 0x626f7473U);  // numbers of its own: people stay the same whatever share are bots
    for (std::uint64_t i = 0; i < count; ++i) {
      Device device;
      device.key = mix64(options.seed * 1'000'003 + i);
      device.merchant = static_cast<std::uint32_t>(merchant_zipf.draw(people));
      device.country =
          static_cast<std::uint8_t>(std::min(people.below(kCountries.size()), people.below(kCountries.size())));
      device.agent = &people_agents()[people.below(people_agents().size())];
      device.bot = bots.chance(options.bot_share);
      if (device.bot) device.agent = &bot_agents()[bots.below(bot_agents().size())];
      device.login = draw_login(people);
      devices.push_back(device);
    }
    visits.resize(std::min<std::size_t>(kVisitsAtOnce, 2 + options.events / 50));
    for (auto& visit : visits) begin(visit);
  }

  ShopOptions options;
  Random random;
  Zipf product_zipf;
  Zipf merchant_zipf;
  std::vector<Device> devices;
  std::vector<Visit> visits;
  std::vector<ShopRecord> remembered;  // a ring of accepted records with an id
  std::size_t remembered_next = 0;
  std::uint64_t made = 0;

  std::string merchant_name(std::uint32_t index) const {
    return index == 0 ? options.merchant : fmt::format("{}-{}", options.merchant, index + 1);
  }

  void begin(Visit& visit) {
    // Some devices come back often: the lower half of the numbers is drawn three times as often.
    const auto count = devices.size();
    visit.device = random.chance(0.5) ? random.below(std::max<std::uint64_t>(1, count / 3)) : random.below(count);
    visit.step = 0;
    visit.wants_to_buy = random.chance(0.15);
    visit.returns = false;
  }

  TimeMs stream_time() const {
    const auto share = static_cast<double>(made) / static_cast<double>(std::max<std::uint64_t>(1, options.events));
    return options.start +
           std::chrono::milliseconds{static_cast<std::int64_t>(share * static_cast<double>(options.span.count()))};
  }

  struct Act {
    std::string type;
    std::string target;  // path and query
    std::string path;
    std::string extra;   // further members, each with a comma before it
    std::string product = {};
    std::string time_on_page_ms = {};
    std::int64_t revenue = 0;
    std::uint32_t items = 0;
  };

  /// A purchase, or giving back what was bought.
  Act sale(Visit& visit, const ShopCurrency& currency) {
    const bool buys = !visit.returns;
    if (buys) {
      visit.quantity = 1 + random.below(3);
      visit.paid = static_cast<std::int64_t>(visit.quantity * currency.unit * (5 + random.below(60)) +
                                             random.below(currency.unit));
      visit.returns = random.chance(kRefundShare);
    }
    const auto revenue = buys ? visit.paid : -visit.paid;
    const auto amount = written_amount(revenue, currency.digits);
    const bool as_text = random.chance(0.5);
    const auto path = buys ? "/thanks" : "/returned";
    return {buys ? "purchase" : "refund",
            path,
            path,
            fmt::format(R"(,"product":{{"id":"p{}","quantity":{}}},"revenue":{},"currency":"{}")", visit.product,
                        visit.quantity, as_text ? json_text(amount) : amount, currency.code),
            fmt::format("p{}", visit.product),
            {},
            revenue,
            buys ? static_cast<std::uint32_t>(visit.quantity) : 0};
  }

  Act act(Visit& visit, const ShopCurrency& currency) {
    const auto product_path = [&] { return fmt::format("/product/{}", visit.product); };
    switch (visit.step++) {
      case 0:
        if (random.chance(0.4)) return {"page_view", kMailTarget, "/", ""};
        visit.product = product_zipf.draw(random);
        return {"page_view", product_path(), product_path(), ""};
      case 1: {
        if (random.chance(0.5)) {
          const auto search = kSearches[random.below(kSearches.size())];
          return {"search", "/search?q=x", "/search", fmt::format(R"(,"query":{})", json_text(search))};
        }
        const auto path = fmt::format("/category/{}", kCategories[random.below(kCategories.size())]);
        return {"page_view", path, path, ""};
      }
      case 2:
      case 3:
        visit.product = product_zipf.draw(random);
        if (random.chance(0.4))
          return {"click", product_path() + "#details", product_path(), R"(,"properties":{"button":"details"})"};
        {
          const auto measured = std::to_string(1000 + random.below(60'000));
          return {"page_view", product_path(), product_path(), R"(,"time_on_page_ms":)" + measured, {}, measured};
        }
      case 4:
        if (!visit.wants_to_buy) return {"click", "/", "/", R"(,"properties":{"button":"close"})"};
        return {"add_to_cart", product_path(), product_path(),
                fmt::format(
                    R"(,"product":{{"id":"p{}","name":"Product {}","category":"{}","price":"{}.{:02}","quantity":{}}})",
                    visit.product, visit.product, kCategories[visit.product % kCategories.size()], 5 + visit.product,
                    visit.product % 100, 1 + random.below(3)),
                fmt::format("p{}", visit.product)};
      case 5:
        return {"page_view", "/checkout", "/checkout", ""};
      default:
        return sale(visit, currency);
    }
  }

  void accepted(ShopRecord& out) {
    auto& visit = visits[random.below(visits.size())];
    const auto& device = devices[visit.device];
    const bool first = visit.step == 0;
    const auto& currency = kShopCurrencies[device.merchant % kShopCurrencies.size()];
    const auto [type, target, path, extra, product, time_on_page_ms, revenue, items] = act(visit, currency);
    const bool bought = visit.step > 6 && (!visit.returns || type == "refund");
    const bool over = (visit.step == 5 && !visit.wants_to_buy) || bought || random.chance(0.12);

    out.kind = "ok";
    out.merchant = merchant_name(device.merchant);
    out.received = stream_time();
    out.time = out.received - late();
    out.type = type;
    out.path = path;
    out.product = product;
    out.time_on_page_ms = time_on_page_ms;
    out.country = random.chance(0.02) ? "--" : kCountries[device.country];
    out.device = true;
    out.guid = guid_of(device);
    out.claim = device.login == Login::kClaims && visit.step > 2 ? customer_of(device, 0) : "";
    out.event_id = random.chance(0.01) ? "" : fmt::format("e{:x}", mix64(options.seed ^ mix64(made)));
    out.browser = device.agent->browser;
    out.os = device.agent->os;
    out.device_class = device.agent->device_class;
    out.traffic = device.bot ? "bot" : "human";
    out.channel = "direct";
    out.campaign = "(none)";
    out.revenue_minor = revenue;
    out.currency = revenue == 0 ? "" : currency.code;
    out.items = items;
    out.referrer_domain.clear();
    std::string referrer;
    if (first && random.chance(0.5)) {
      const auto which = random.below(kReferrers.size());
      referrer = fmt::format(R"(,"referrer":"{}")", kReferrers[which]);
      out.referrer_domain = kReferrerDomains[which];
      out.channel = kReferrerChannels[which];
    }
    if (target == kMailTarget) out.channel = out.campaign = "mail";
    // A purchase is sometimes sent by the shop's server, which knows the customer and no device.
    if (type == "purchase" && random.chance(0.3)) {
      out.device = false;
      out.claim = customer_of(device, 0);
      out.guid = "c:" + out.claim;
    }
    out.identity = out.device ? out.guid : out.claim;
    std::string who;
    if (out.device) who = fmt::format(R"(,"guid":"{}")", out.guid);
    if (!out.claim.empty()) who += fmt::format(R"(,"customer":"{}")", out.claim);
    out.body = fmt::format(
        R"({{{}"type":"{}","time":"{}","merchant":"{}"{},"session":"s{:x}","url":"https://{}.example{}"{},"ip":"192.0.2.{}","user_agent":"{}","language":"{}"{}{}}})",
        out.event_id.empty() ? "" : fmt::format(R"("event_id":"{}",)", out.event_id), out.type, text::rfc3339(out.time),
        out.merchant, who, device.key & 0xffffff, out.merchant, target, referrer, device.key % 256, device.agent->text,
        kLanguages[device.country], out.country == "--" ? "" : fmt::format(R"(,"country":"{}")", out.country), extra);
    if (over) begin(visit);
    if (!out.event_id.empty()) remember(out);
  }

  /// Most events arrive at once, some are a little late, a few are very late.
  std::chrono::milliseconds late() {
    const auto p = random.unit();
    const auto up_to = [&](std::chrono::milliseconds limit) {
      return std::chrono::milliseconds{
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(limit.count())))};
    };
    if (p < 0.93) return up_to(std::chrono::seconds{2});
    if (p < 0.98) return up_to(std::chrono::minutes{1});
    if (p < 0.999) return up_to(std::chrono::hours{2});
    return up_to(std::chrono::hours{72});
  }

  void remember(const ShopRecord& record) {
    if (remembered.size() < kRemembered) {
      remembered.push_back(record);
    } else {
      remembered[remembered_next] = record;
    }
    remembered_next = (remembered_next + 1) % kRemembered;
  }

  void duplicate(ShopRecord& out) {
    const auto reach = random.chance(0.5) ? std::min(kNear, remembered.size()) : remembered.size();
    const auto back = 1 + random.below(reach);
    const auto at = (remembered_next + remembered.size() - back) % remembered.size();
    out = remembered[remembered.size() < kRemembered ? remembered.size() - back : at];
    out.kind = "duplicate";
    out.received = stream_time();
  }

  void bad(ShopRecord& out) {
    const auto which = random.below(10);
    const auto& device = devices[random.below(devices.size())];
    const auto now = stream_time();
    const auto guid = guid_of(device);
    const auto name = merchant_name(device.merchant);
    const auto event = [&](std::string_view merchant, std::string_view id, TimeMs time, std::string_view type_member) {
      return fmt::format(R"({{{}"time":"{}","merchant":"{}","guid":"{}","url":"https://{}.example/"}})", type_member,
                         text::rfc3339(time), merchant, id, name);
    };
    constexpr std::string_view kView = R"("type":"page_view",)";
    out = ShopRecord{};
    out.received = now;
    out.identity = guid;
    out.merchant = name;
    switch (which) {
      case 0:  // cut off in the middle
        out.kind = "not_json";
        out.merchant = "-";
        out.body = event(name, guid, now, kView).substr(0, 40);
        return;
      case 1:  // Latin-1 instead of UTF-8
        out.kind = "not_json";
        out.merchant = "-";
        out.body =
            "{\"type\":\"page_view\",\"title\":\"Gr\xf6\xdf"
            "e\"}";
        return;
      case 2:
        out.kind = "merchant_invalid";
        out.merchant = "-";
        out.body = event("Shop of the year!", guid, now, kView);
        return;
      case 3:
        out.kind = "field_missing";
        out.body = event(name, guid, now, "");
        return;
      case 4:
        out.kind = "field_wrong_type";
        out.body = fmt::format(R"({{"type":"page_view","time":"{}","merchant":"{}","guid":{{"id":"{}"}}}})",
                               text::rfc3339(now), name, guid);
        return;
      case 5:
        out.kind = "time_invalid";
        out.body = fmt::format(R"({{"type":"page_view","time":"yesterday","merchant":"{}","guid":"{}"}})", name, guid);
        return;
      case 6:
        out.kind = "too_late";
        out.body = event(name, guid, now - std::chrono::hours{24 * 30}, kView);
        return;
      case 7:
        out.kind = "in_future";
        out.body = event(name, guid, now + std::chrono::hours{24 * 40}, kView);
        return;
      case 8:
        out.kind = "no_identity";
        out.body = fmt::format(R"({{"type":"page_view","time":"{}","merchant":"{}"}})", text::rfc3339(now), name);
        return;
      default:
        out.kind = "field_too_long";
        out.body = event(name, std::string(200, 'x'), now, kView);
        return;
    }
  }
};

Shop::Shop(ShopOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Shop::~Shop() = default;

bool Shop::next(ShopRecord& out) {
  auto& shop = *impl_;
  if (shop.made == shop.options.events) return false;
  const auto p = shop.random.unit();
  if (p < shop.options.bad_share) {
    shop.bad(out);
  } else if (p < shop.options.bad_share + shop.options.duplicate_share && !shop.remembered.empty()) {
    shop.duplicate(out);
  } else {
    shop.accepted(out);
  }
  out.number = shop.made++;
  return true;
}

std::vector<ShopMapping> Shop::mappings(int step) const {
  const auto& shop = *impl_;
  const auto at = [&](double share) {
    return unix_ms(shop.options.start) +
           static_cast<std::int64_t>(share * static_cast<double>(shop.options.span.count()));
  };
  std::vector<ShopMapping> lines;
  for (const auto& device : shop.devices) {
    const auto line = [&](std::string customer, std::int64_t valid_from) {
      lines.push_back({shop.merchant_name(device.merchant), guid_of(device), std::move(customer), valid_from});
    };
    const bool first = step == 1;
    switch (device.login) {
      case Login::kNever:
      case Login::kClaims:
        break;
      case Login::kKnown:
        if (first) line(customer_of(device, 0), 0);
        break;
      case Login::kChanges:
        if (first) line(customer_of(device, 0), 0);
        if (first) line(customer_of(device, 1), at(0.5));
        break;
      case Login::kLearntLate:
        if (!first) line(customer_of(device, 0), at(0.9));
        break;
      case Login::kLearntTooLate:
        if (!first) line(customer_of(device, 0), at(1.0) + std::int64_t{60} * 24 * 3600 * 1000);
        break;
      case Login::kUnmapped:
        if (first) line(customer_of(device, 0), 0);
        if (first) line("", at(0.6));
        break;
      case Login::kReassigned:
        line(customer_of(device, first ? 0 : 1), 0);
        break;
    }
  }
  return lines;
}

namespace {

/// What is true about money, at the end of a line.
constexpr std::string_view kMoneyHeader = "\trevenue_minor\tcurrency\titems";
std::string money_columns(const ShopRecord& r) {
  return fmt::format("\t{}\t{}\t{}", r.currency.empty() ? "" : std::to_string(r.revenue_minor), r.currency, r.items);
}

}  // namespace

std::string truth_header() {
  return "number\tkind\tmerchant\tguid\tdevice\tclaim\tevent_id\ttype\ttime_ms\tpath\tcountry\treferrer_domain\treceived_ms"
         "\ttime_on_page_ms\tproduct\tbrowser\tos\tdevice_class\ttraffic\tchannel\tcampaign" +
         std::string(kMoneyHeader) + "\n";
}

std::string truth_line(const ShopRecord& r) {
  auto line = fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}", r.number, r.kind, r.merchant, r.guid,
                          r.device ? 1 : 0, r.claim, r.event_id, r.type, unix_ms(r.time), r.path, r.country,
                          r.referrer_domain, unix_ms(r.received));
  for (const auto* column :
       {&r.time_on_page_ms, &r.product, &r.browser, &r.os, &r.device_class, &r.traffic, &r.channel, &r.campaign}) {
    line += '\t';
    line += *column;
  }
  return line + money_columns(r) + '\n';
}

}  // namespace guidepost::app
