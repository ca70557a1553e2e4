// Fills in what follows from an event's own fields: url path, referrer domain, country.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/arena.hpp"
#include "guidepost/base/result.hpp"
#include "guidepost/event/decision.hpp"

namespace guidepost::enrich {

struct EnrichOptions {
  std::string geo_file;  ///< MaxMind format, flat or nested records; empty: none
};

/// Thread: one owner each (geo files are mapped and shared by the kernel). Blocks: the constructor.
class Enricher {
 public:
  /// Errors: kNotFound, kCorrupt (the geo file).
  static Result<Enricher> open(EnrichOptions options);
  Enricher(Enricher&&) noexcept;
  Enricher& operator=(Enricher&&) noexcept;
  ~Enricher();

  /// Sets kPath, kReferrerDomain and kCountry of `event`. Views point into the event's own or the arena.
  /// Country: the geo file's of the event's address; where there is no file, or it does not know the
  /// address, the event's own; else `--`.
  void enrich(event::Accepted& event, Arena& arena);
  /// Hash of what decides here: the geo file's bytes and the rule number.
  std::uint64_t rules() const;

 private:
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

}  // namespace guidepost::enrich
