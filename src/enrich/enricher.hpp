// Fills in what follows from an event's own fields: path and domains, place, browser, system and kind of device, traffic,
// channel and campaign.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "enrich/channel.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::enrich {

/// What a user sees as defaults is in the configuration; these decide nothing.
struct EnrichOptions {
  std::string geo_file;  ///< MaxMind format, flat or nested records; empty: none
  std::string user_agent_file;  ///< uap-core's regexes.yaml; empty: the program's own
  Bytes user_agent_cache = 16_MiB;  ///< of each Enricher
  std::vector<std::string> bot_agents;  ///< an agent that contains one, in whatever case, is a bot
  std::vector<std::string> bot_addresses;  ///< addresses and networks of bots
  bool no_agent_is_bot = false;  ///< an event of a device without a user agent is a bot's
  ChannelDomains domains;
};

/// Thread: one owner each. Blocks: the constructor.
class Enricher {
 public:
  /// Errors: kNotFound, kCorrupt (the files), kInvalidArgument (an address).
  static Result<Enricher> open(EnrichOptions options);
  /// Another one with the same rules, which are kept only once, and with caches of its own: for another thread.
  Enricher another() const;
  Enricher(Enricher&&) noexcept;
  Enricher& operator=(Enricher&&) noexcept;
  ~Enricher();

  /// Sets what is decided here of `event`: docs/enrichment.md says how. Views point into the event's own or the arena.
  void enrich(event::Accepted& event, Arena& arena);
  /// Hash of what decides here: the files' bytes, the lists, and the rule number.
  std::uint64_t rules() const;

 private:
  struct Rules;
  struct Impl;
  explicit Enricher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Path of a url or of a bare target: `http://shop.example/a/b?q=1#x` -> `/a/b`; never empty (`/`).
/// Nothing is decoded, folded or resolved in it.
std::string_view url_path(std::string_view url);
/// Host of a url, lower-cased (ASCII), without port and without a leading `www.`; empty where there
/// is none (no `scheme://` or `//`), or one with characters that hosts do not have.
std::string_view url_domain(std::string_view url, Arena& arena);
/// The first language of a list as browsers send it: `de-DE,de;q=0.9` -> `de-DE`; empty where it is no language tag.
std::string_view first_language(std::string_view accepted);

}  // namespace guidepost::enrich
