#include "guidepost/event/fields.hpp"

#include "base/assert.hpp"

namespace guidepost::event {
namespace {

constexpr std::string_view kClickData = "click_data";
constexpr std::string_view kGeoData = "geo_data";
constexpr std::string_view kUserAgentData = "user_agent_data";
constexpr std::string_view kIdentity = "identity";

constexpr std::array<FieldSpec, kFieldCount> kSpecs{{
    {"merchant", kIdentity, "merchant"},
    {"type", kClickData, "type"},
    {"event_id", kIdentity, "event_id"},
    {"guid", kIdentity, "guid"},
    {"customer", kIdentity, "customer"},
    {"claimed_customer", kIdentity, "claimed_customer"},
    {"session", kClickData, "session"},
    {"url", kClickData, "url"},
    {"path", kClickData, "path"},
    {"title", kClickData, "title"},
    {"referrer", kClickData, "referrer"},
    {"referrer_domain", kClickData, "referrer_domain"},
    {"ip", kGeoData, "ip"},
    {"user_agent", kUserAgentData, "user_agent"},
    {"language", kUserAgentData, "language"},
    {"screen", kUserAgentData, "screen"},
    {"country", kGeoData, "country"},
    {"time_on_page_ms", kClickData, "time_on_page_ms"},
    {"query", kClickData, "query"},
    {"product.id", kClickData, "product_id"},
    {"product.name", kClickData, "product_name"},
    {"product.category", kClickData, "product_category"},
    {"product.price", kClickData, "product_price"},
    {"product.quantity", kClickData, "product_quantity"},
    {"product.position", kClickData, "product_position"},
    {"revenue", kClickData, "revenue"},
    {"currency", kClickData, "currency"},
    {"campaign.source", kClickData, "campaign_source"},
    {"campaign.medium", kClickData, "campaign_medium"},
    {"campaign.name", kClickData, "campaign_name"},
    {"campaign.term", kClickData, "campaign_term"},
    {"campaign.content", kClickData, "campaign_content"},
    {"properties", kClickData, "properties"},
    {"request", kClickData, "request"},
    {"browser", kUserAgentData, "browser"},
    {"os", kUserAgentData, "os"},
    {"device_class", kUserAgentData, "device_class"},
    {"channel", kClickData, "channel"},
    {"campaign", kClickData, "campaign"},
    {"region", kGeoData, "region"},
    {"city", kGeoData, "city"},
    {"revenue_minor", kClickData, "revenue_minor"},
}};

}  // namespace

const FieldSpec& spec(Field field) {
  GUIDEPOST_ASSERT(static_cast<std::size_t>(field) < kFieldCount);
  return kSpecs[static_cast<std::size_t>(field)];
}

}  // namespace guidepost::event
