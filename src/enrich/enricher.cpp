#include "enrich/enricher.hpp"

#include <optional>
#include <vector>

#include "enrich/agent_cache.hpp"
#include "enrich/campaign.hpp"
#include "enrich/geo_file.hpp"
#include "enrich/networks.hpp"
#include "enrich/user_agent.hpp"
#include "enrich/utf8.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::enrich {
namespace {

using event::Field;

// Raise it with every change of what is made of an event here, tables in the code included.
constexpr std::uint64_t kRuleNumber = 2;

constexpr std::string_view kUnknownCountry = "--";
constexpr std::string_view kNoCampaign = "(none)";
constexpr std::string_view kFacebookAds = "(meta ads)";

// Places of the addresses seen last, each in the one slot that its hash gives it.
class PlaceCache {
 public:
  const GeoPlace& get(const GeoFile& file, const AddressBytes& address) {
    const auto hash = hash64({reinterpret_cast<const char*>(address.data()), address.size()});
    auto& slot = slots_[static_cast<std::size_t>(hash) % slots_.size()];
    if (!slot.used || slot.address != address) slot = {address, file.place(address), true};
    return slot.place;
  }

 private:
  struct Slot {
    AddressBytes address{};
    GeoPlace place;
    bool used = false;
  };
  std::vector<Slot> slots_ = std::vector<Slot>(4096);
};

std::string_view first_of(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

void add_list(ByteWriter& text, const std::vector<std::string>& list) {
  text.varint(list.size());
  for (const auto& item : list) text.text(item);
}

}  // namespace

// What decides; shared by the threads of a process, and never changed.
struct Enricher::Rules {
  EnrichOptions options;
  std::optional<GeoFile> geo;
  UserAgents agents;
  Networks bot_addresses;
  Channels channels;

  std::uint64_t hash() const;
};

struct Enricher::Impl {
  explicit Impl(std::shared_ptr<const Rules> r) : rules(std::move(r)), agents(rules->options.user_agent_cache) {}

  std::shared_ptr<const Rules> rules;
  PlaceCache places;
  AgentCache agents;

  CachedAgent agent(std::string_view user_agent);
  void set_address(event::Accepted& event, Arena& arena);
  void set_agent(event::Accepted& event, Arena& arena);
  void set_origin(event::Accepted& event, Arena& arena) const;
};

Enricher::Enricher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Enricher::Enricher(Enricher&&) noexcept = default;
Enricher& Enricher::operator=(Enricher&&) noexcept = default;
Enricher::~Enricher() = default;

Result<Enricher> Enricher::open(EnrichOptions options) {
  auto agents = UserAgents::open(options.user_agent_file, options.bot_agents);
  if (!agents) return tl::unexpected(agents.error());
  auto addresses = Networks::parse(options.bot_addresses);
  if (!addresses) return tl::unexpected(addresses.error());
  std::optional<GeoFile> geo;
  if (!options.geo_file.empty()) {
    auto file = GeoFile::open(options.geo_file);
    if (!file) return tl::unexpected(file.error());
    geo = std::move(*file);
  }
  Channels channels(options.domains);
  auto rules = std::make_shared<const Rules>(
      Rules{std::move(options), std::move(geo), std::move(*agents), std::move(*addresses), std::move(channels)});
  return Enricher(std::make_unique<Impl>(std::move(rules)));
}

Enricher Enricher::another() const { return Enricher(std::make_unique<Impl>(impl_->rules)); }

void Enricher::enrich(event::Accepted& event, Arena& arena) {
  // A line of an access log says a path, and no more: `//x` is one there, and no host.
  const auto url = event.text[Field::kUrl];
  event.text[Field::kPath] =
      event.text[Field::kRequest].empty() ? url_path(url) : url.substr(0, url.find_first_of("?#"));
  event.text[Field::kReferrerDomain] = url_domain(event.text[Field::kReferrer], arena);
  event.text[Field::kLanguage] = first_language(event.text[Field::kLanguage]);
  event.traffic = event::Traffic::kHuman;
  impl_->set_address(event, arena);
  impl_->set_agent(event, arena);
  impl_->set_origin(event, arena);
}

// The file's country of the address; else what the event says itself; else unknown.
void Enricher::Impl::set_address(event::Accepted& event, Arena& arena) {
  auto& text = event.text;
  text[Field::kCountry] = first_of(text[Field::kCountry], kUnknownCountry);
  AddressBytes address{};
  if ((!rules->geo && rules->bot_addresses.empty()) || !parse_address(text[Field::kIp], address)) return;
  if (rules->bot_addresses.contains(address)) event.traffic = event::Traffic::kBot;
  if (!rules->geo) return;
  const auto& place = places.get(*rules->geo, address);
  if (place.country[0] == 0) return;
  text[Field::kCountry] = arena.copy({place.country.data(), place.country.size()});
  if (!place.region.empty()) text[Field::kRegion] = arena.copy(place.region);
  if (!place.city.empty()) text[Field::kCity] = arena.copy(place.city);
}

// Good until the next call.
CachedAgent Enricher::Impl::agent(std::string_view user_agent) {
  const auto text = looked_at(user_agent);
  if (const auto known = agents.find(text)) return *known;
  const auto made = rules->agents.recognise(text);
  agents.put(text, {made.browser, made.os, made.device_class, made.bot});
  return *agents.find(text);
}

void Enricher::Impl::set_agent(event::Accepted& event, Arena& arena) {
  auto& text = event.text;
  const auto user_agent = text[Field::kUserAgent];
  if (user_agent.empty()) {
    text[Field::kBrowser] = text[Field::kOs] = text[Field::kDeviceClass] = kUnknown;
    // What a shop's server sends has no device, and need not say for whom it speaks.
    const bool from_device = (event.flags & event::kNoDevice) == 0;
    if (from_device && rules->options.no_agent_is_bot) event.traffic = event::Traffic::kBot;
    return;
  }
  const auto known = agent(user_agent);
  text[Field::kBrowser] = arena.copy(known.browser);
  text[Field::kOs] = arena.copy(known.os);
  text[Field::kDeviceClass] = known.device_class;
  if (known.bot) event.traffic = event::Traffic::kBot;
}

void Enricher::Impl::set_origin(event::Accepted& event, Arena& arena) const {
  auto& text = event.text;
  const auto url = text[Field::kUrl];
  const auto told = url_campaign(url, arena);
  const auto fill = [&](Field field, std::string_view value) { text[field] = first_of(text[field], value); };
  fill(Field::kCampaignSource, told.source);
  fill(Field::kCampaignMedium, told.medium);
  fill(Field::kCampaignName, told.name);
  fill(Field::kCampaignTerm, told.term);
  fill(Field::kCampaignContent, told.content);

  const auto source = text[Field::kCampaignSource];
  const auto medium = text[Field::kCampaignMedium];
  const auto name = cut(first_of(text[Field::kCampaignName], source), kMaxCampaignValue);
  const auto network =
      first_of(told.ad_network, told.facebook_click && Channels::is_paid(medium) ? kFacebookAds : std::string_view{});
  text[Field::kCampaign] = first_of(first_of(name, network), kNoCampaign);
  const auto referrer_domain = text[Field::kReferrerDomain];
  const auto domain = referrer_domain.empty() ? std::string_view{} : url_domain(url, arena);  // only compared with it
  text[Field::kChannel] = rules->channels.channel({.merchant = text[Field::kMerchant],
                                                   .url_domain = domain,
                                                   .referrer_domain = referrer_domain,
                                                   .campaign = first_of(name, medium),
                                                   .source = source,
                                                   .medium = medium,
                                                   .ad_click = !told.ad_network.empty(),
                                                   .facebook_click = told.facebook_click});
}

std::uint64_t Enricher::rules() const { return impl_->rules->hash(); }

std::uint64_t Enricher::Rules::hash() const {
  ByteWriter text;
  text.fixed64(kRuleNumber);
  text.fixed64(geo ? geo->content_hash() : 0);
  text.fixed64(agents.content_hash());
  text.u8(options.no_agent_is_bot ? 1 : 0);
  for (const auto* list : {&options.bot_agents, &options.bot_addresses, &options.domains.search,
                           &options.domains.social, &options.domains.mail}) {
    add_list(text, *list);
  }
  for (const auto& [merchant, domains] : options.domains.of_merchants) {
    text.text(merchant);
    add_list(text, domains);
  }
  return hash64(text.view());
}

}  // namespace guidepost::enrich
