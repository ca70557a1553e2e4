#include "enrich/device_class.hpp"

#include <algorithm>
#include <array>

namespace guidepost::enrich {
namespace {

constexpr std::string_view kTv = "tv";
constexpr std::string_view kConsole = "console";
constexpr std::string_view kWatch = "watch";
constexpr std::string_view kCar = "car";
constexpr std::string_view kTablet = "tablet";
constexpr std::string_view kPhone = "phone";
constexpr std::string_view kDesktop = "desktop";

// The first rule whose word is in the agent's text, together with `with` and without `without`, decides. Special devices
// come first, because their texts also name an everyday system (`Linux`, `Android`, `Mobile`).
struct Rule {
  std::string_view device_class;
  std::string_view word;
  std::string_view with = {};
  std::string_view without = {};
};
constexpr auto kRules = std::to_array<Rule>({
    {kTv, "smart-tv"},
    {kTv, "smarttv"},
    {kTv, "smart tv"},
    {kTv, "googletv"},
    {kTv, "google tv"},
    {kTv, "android tv"},
    {kTv, "appletv"},
    {kTv, "apple tv"},
    {kTv, "hbbtv"},
    {kTv, "netcast"},
    {kTv, "web0s"},
    {kTv, "bravia"},
    {kTv, "viera"},
    {kTv, "roku"},
    {kTv, "crkey"},
    {kTv, "chromecast"},
    {kTv, "tizen", " tv"},
    {kTv, "android", "; aft"},  // models of Amazon's Fire TV
    {kConsole, "playstation"},
    {kConsole, "nintendo"},
    {kConsole, "xbox"},
    {kWatch, "apple watch"},
    {kWatch, "watchos"},
    {kWatch, "wear os"},
    {kWatch, "tizen", "; sm-r"},  // models of Samsung's watches
    {kCar, "tesla/"},
    {kCar, "qtcarbrowser"},
    {kCar, "android automotive"},
    {kTablet, "ipad"},
    {kTablet, "playbook"},
    {kTablet, "kindle"},
    {kTablet, "silk/", "", "mobile"},
    {kTablet, "touchpad"},
    {kTablet, "tablet", "", "tablet pc"},  // `Tablet PC 2.0` is what Internet Explorer calls a part of Windows
    {kPhone, "iphone"},
    {kPhone, "ipod"},
    {kPhone, "android", "mobile"},
    {kTablet, "android", "mozilla/"},  // a browser that leaves `Mobile` out; other programs never say it
    {kPhone, "android"},
    {kPhone, "windows phone"},
    {kPhone, "windows mobile"},
    {kPhone, "windows ce"},
    {kPhone, "iemobile"},
    {kPhone, "blackberry"},
    {kPhone, "bb10"},
    {kPhone, "symbian"},
    {kPhone, "series60"},
    {kPhone, "opera mini"},
    {kPhone, "opera mobi"},
    {kPhone, "midp"},
    {kPhone, "j2me"},
    {kPhone, "up.browser"},
    {kPhone, "wap browser"},
    {kPhone, "maui"},
    {kPhone, "docomo"},
    {kPhone, "kaios"},
    {kPhone, "mobile;"},
    {kPhone, "mobile safari"},
    {kDesktop, "windows"},
    {kDesktop, "macintosh"},
    {kDesktop, "x11"},
    {kDesktop, "linux"},
    {kDesktop, "lynx"},
    {kDesktop, "links"},
    {kDesktop, "w3m"},
});

// Families of uap-core, where the text alone does not say it (`CFNetwork`, `Darwin`).
constexpr std::array<std::string_view, 3> kPhoneSystems{"iOS", "Android", "Windows Phone"};
constexpr std::array<std::string_view, 10> kDesktopSystems{"Windows", "Mac OS X", "Mac OS",  "Linux",   "Ubuntu",
                                                           "Debian",  "Fedora",   "FreeBSD", "OpenBSD", "Chrome OS"};

bool applies(const Rule& rule, std::string_view text) {
  const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
  return has(rule.word) && has(rule.with) && (rule.without.empty() || !has(rule.without));
}

template <class Names>
bool among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string_view device_class(const KnownAgent& agent) {
  for (const auto& rule : kRules) {
    if (applies(rule, agent.lowered)) return rule.device_class;
  }
  if (among(kPhoneSystems, agent.os)) return kPhone;
  if (among(kDesktopSystems, agent.os)) return kDesktop;
  if (agent.device == "Generic Tablet") return kTablet;
  if (!agent.device.empty() && agent.os.empty()) return kPhone;  // the models that uap-core lists by name are phones
  const bool nothing = agent.browser.empty() && agent.os.empty() && agent.device.empty();
  return nothing ? "(unknown)" : "other";
}

}  // namespace guidepost::enrich
