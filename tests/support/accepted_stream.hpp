// Accepted events for tests of pages: made one by one, or as a random stream.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <string>

#include "guidepost/event/decision.hpp"

namespace guidepost::test {

/// What an event says, by name; the rest of it does not matter to pages.
struct Visit {
  std::string type = "page_view";
  std::string guid = "g";
  std::string customer = {};
  std::string path = "/";
  std::string country = "DE";
  std::string referrer_domain = {};
  event::Traffic traffic = event::Traffic::kHuman;
  std::uint8_t flags = 0;
};

/// Views into `visit`, which must live as long.
inline event::Accepted accepted(const Visit& visit, Offset offset, TimeMs time) {
  event::Accepted e;
  e.offset = offset;
  e.time = time;
  e.record_time = time;
  e.text[event::Field::kMerchant] = "shop";
  e.text[event::Field::kType] = visit.type;
  e.text[event::Field::kGuid] = visit.guid;
  e.text[event::Field::kCustomer] = visit.customer;
  e.text[event::Field::kPath] = visit.path;
  e.text[event::Field::kCountry] = visit.country;
  e.text[event::Field::kReferrerDomain] = visit.referrer_domain;
  e.resolved_by = visit.customer.empty() ? event::ResolvedBy::kNone : event::ResolvedBy::kMap;
  e.traffic = visit.traffic;
  e.flags = visit.flags;
  return e;
}

/// Random visits with few popular values and a long tail; awkward ones among them.
class RandomVisits {
 public:
  RandomVisits(std::uint64_t seed, std::uint32_t urls, std::uint32_t guids) : rng_(seed), urls_(urls), guids_(guids) {}

  Visit operator()() {
    static const char* const types[] = {"page_view", "page_view", "click", "purchase", "search"};
    static const char* const countries[] = {"DE", "US", "IN", "AU", "--", ""};
    Visit visit;
    visit.type = types[below(5)];
    visit.guid = "g" + std::to_string(skewed(guids_));
    const auto who = below(10);
    if (who < 3) visit.customer = "c" + std::to_string(skewed(guids_) / 2);
    if (who == 3) visit.customer = visit.guid;                                       // a user that is its device
    if (who == 4) visit.customer = "g" + std::to_string(skewed(guids_));             // ... or another one
    if (who == 5) visit.flags = event::kNoDevice;
    visit.path = "/p/" + std::to_string(skewed(urls_));
    if (below(50) == 0) visit.path = {};
    if (below(100) == 0) visit.path = "(other)";
    if (below(100) == 0) visit.path = std::string("/a\0b", 4) + std::to_string(below(5));
    if (below(200) == 0) visit.path = "/" + std::string(9000, 'x');
    visit.country = countries[below(6)];
    if (below(3) == 0) visit.referrer_domain = "r" + std::to_string(skewed(urls_)) + ".example";
    if (below(5) == 0) visit.traffic = event::Traffic::kBot;
    return visit;
  }
  std::uint32_t below(std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(rng_); }

 private:
  std::uint32_t skewed(std::uint32_t n) {
    const double u = std::uniform_real_distribution<double>(0, 1)(rng_);
    return std::min(n - 1, static_cast<std::uint32_t>(std::pow(static_cast<double>(n), u)) - 1);
  }
  std::mt19937_64 rng_;
  std::uint32_t urls_;
  std::uint32_t guids_;
};

}  // namespace guidepost::test
