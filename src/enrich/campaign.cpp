#include "enrich/campaign.hpp"

#include <algorithm>
#include <array>

#include "enrich/utf8.hpp"

namespace guidepost::enrich {
namespace {

struct Parameter {
  std::string_view name;
  std::string_view UrlCampaign::* value;
};
constexpr std::array<Parameter, 5> kParameters{{{"utm_source", &UrlCampaign::source},
                                                {"utm_medium", &UrlCampaign::medium},
                                                {"utm_campaign", &UrlCampaign::name},
                                                {"utm_term", &UrlCampaign::term},
                                                {"utm_content", &UrlCampaign::content}}};

struct ClickId {
  std::string_view name;
  std::string_view network;
};
constexpr std::array<ClickId, 9> kClickIds{{{"gclid", "(google ads)"},
                                            {"gbraid", "(google ads)"},
                                            {"wbraid", "(google ads)"},
                                            {"dclid", "(google ads)"},
                                            {"msclkid", "(microsoft ads)"},
                                            {"yclid", "(yandex direct)"},
                                            {"ttclid", "(tiktok ads)"},
                                            {"twclid", "(x ads)"},
                                            {"li_fat_id", "(linkedin ads)"}}};

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// What is no escape stays as it is.
std::string_view decoded(std::string_view text, Arena& arena) {
  if (text.find_first_of("%+") == std::string_view::npos) return text;
  char* const out = arena.allocate(text.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+') c = ' ';
    if (c == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      c = static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    }
    out[used++] = c;
  }
  arena.shrink_last(text.size(), used);
  return {out, used};
}

std::string_view value_of(std::string_view text, Arena& arena) {
  const auto value = decoded(text, arena);
  return is_clean(value) ? cut(value, kMaxCampaignValue) : std::string_view{};
}

void take(UrlCampaign& campaign, std::string_view name, std::string_view text, Arena& arena) {
  if (text.empty()) return;
  if (name.starts_with("utm_")) {
    for (const auto& parameter : kParameters) {
      auto& value = campaign.*parameter.value;
      if (name == parameter.name && value.empty()) value = value_of(text, arena);
    }
    return;
  }
  if (!name.ends_with("id")) return;
  if (name == "fbclid") campaign.facebook_click = true;
  const auto* const id = std::find_if(kClickIds.begin(), kClickIds.end(), [&](auto& c) { return c.name == name; });
  if (id != kClickIds.end() && campaign.ad_network.empty()) campaign.ad_network = id->network;
}

}  // namespace

UrlCampaign url_campaign(std::string_view url, Arena& arena) {
  UrlCampaign campaign;
  url = url.substr(0, url.find('#'));
  const auto begin = url.find('?');
  if (begin == std::string_view::npos) return campaign;
  auto query = url.substr(begin + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) take(campaign, pair.substr(0, equals), pair.substr(equals + 1), arena);
  }
  return campaign;
}

}  // namespace guidepost::enrich
