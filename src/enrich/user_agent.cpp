#include "enrich/user_agent.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>

#include "base/ascii.hpp"
#include "base/assert.hpp"
#include "enrich/agent_patterns.hpp"
#include "enrich/bot_words.hpp"
#include "enrich/device_class.hpp"
#include "enrich/pattern_list.hpp"
#include "enrich/utf8.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::enrich {
namespace {

constexpr std::string_view kSpider = "Spider";  // the device family of what uap-core knows as a bot
constexpr std::string_view kOther = "Other";    // a family where uap-core knows nothing

struct Lists {
  PatternList browsers;
  PatternList systems;
  PatternList devices;
};

Result<Lists> compile(std::string_view yaml) {
  const auto patterns = read_agent_patterns(yaml);
  if (!patterns) return tl::unexpected(patterns.error());
  auto browsers = PatternList::compile(patterns->browsers);
  if (!browsers) return tl::unexpected(browsers.error());
  auto systems = PatternList::compile(patterns->systems);
  if (!systems) return tl::unexpected(systems.error());
  auto devices = PatternList::compile(patterns->devices);
  if (!devices) return tl::unexpected(devices.error());
  return Lists{std::move(*browsers), std::move(*systems), std::move(*devices)};
}

Result<std::string> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kNotFound, "user agent file " + path + ": cannot be opened");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// uap-core calls one program by two names, where it fetches by a library of its system.
constexpr std::string_view kMobileSafari = "Mobile Safari";
constexpr std::string_view kMobileSafariToo = "MobileSafari";

// A family as it may be counted by; empty: nothing is known. Groups match bytes: they may cut a character. An address
// in it is that of the bot's maker (`archive.org_bot +http://...`).
std::string family(std::string_view made) {
  made = made.substr(0, std::min(made.find("http:"), made.find("https:")));
  while (made.ends_with(' ') || made.ends_with('+')) made.remove_suffix(1);
  if (made == kOther || !is_clean(made)) return {};
  return std::string(made == kMobileSafariToo ? kMobileSafari : cut(made, kMaxFamily));
}
std::string family(const std::optional<std::string>& made) { return made ? family(std::string_view(*made)) : ""; }

}  // namespace

struct UserAgents::Impl {
  explicit Impl(std::vector<std::string> words) : bot_words(std::move(words)) {}

  BotWords bot_words;
  std::uint64_t hash = 0;
  mutable std::once_flag compiled;
  mutable std::optional<Lists> lists;

  const Lists& patterns() const {
    std::call_once(compiled, [this] {
      if (lists) return;
      auto made = compile(built_in_agent_patterns());
      GUIDEPOST_ASSERT(made);  // a test compiles them
      lists.emplace(std::move(*made));
    });
    return *lists;
  }
};

UserAgents::UserAgents(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UserAgents::UserAgents(UserAgents&&) noexcept = default;
UserAgents& UserAgents::operator=(UserAgents&&) noexcept = default;
UserAgents::~UserAgents() = default;

Result<UserAgents> UserAgents::open(const std::string& file, std::vector<std::string> bot_words) {
  auto impl = std::make_unique<Impl>(std::move(bot_words));
  if (file.empty()) {
    impl->hash = hash64(built_in_agent_patterns());
    return UserAgents(std::move(impl));
  }
  const auto yaml = contents(file);
  if (!yaml) return tl::unexpected(yaml.error());
  auto lists = compile(*yaml);
  if (!lists) return fail(ErrorCode::kCorrupt, "user agent file " + file + ": " + lists.error().message);
  impl->lists.emplace(std::move(*lists));
  impl->hash = hash64(*yaml);
  return UserAgents(std::move(impl));
}

Agent UserAgents::recognise(std::string_view user_agent) const {
  const auto text = looked_at(user_agent);
  const auto lowered = ascii::lowered(text);
  const auto& lists = impl_->patterns();
  auto browser = family(lists.browsers.first(text, lowered));
  const auto os = family(lists.systems.first(text, lowered));
  const auto device = family(lists.devices.first(text, lowered));
  const auto product = impl_->bot_words.product(text, lowered);
  // What uap-core does not know as a bot it takes for the browser that the bot poses as.
  const bool poses = device != kSpider && text.starts_with("Mozilla/");
  if (product && (poses || browser.empty())) {
    if (const auto name = family(*product); !name.empty()) browser = name;
  }
  Agent agent;
  agent.bot = device == kSpider || product;
  agent.device_class = agent.bot ? "bot" : device_class({lowered, browser, os, device});
  if (!browser.empty()) agent.browser = browser;
  if (!os.empty()) agent.os = os;
  return agent;
}

std::uint64_t UserAgents::content_hash() const { return impl_->hash; }

}  // namespace guidepost::enrich
