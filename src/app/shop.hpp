// A believable shop: a stream of clickstream records that is a function of its seed, together with
// what is true about each of them. Nothing of the pipeline is used to make it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "guidepost/base/ids.hpp"

namespace guidepost::app {

struct ShopOptions {
  std::uint64_t events = 100'000;
  std::uint64_t seed = 1;
  TimeMs start;                                        ///< time of the first event
  std::chrono::milliseconds span{std::chrono::hours{72}};  ///< the stream's length in event time
  std::string merchant = "shop";                       ///< of the first merchant; others get -2, -3, ...
  std::uint32_t merchants = 1;
  std::uint32_t products = 200;                        ///< a merchant
  std::uint32_t devices = 0;                           ///< 0: one for every 25 events
  double bad_share = 0.01;
  double duplicate_share = 0.01;
  double bot_share = 0;  ///< of the devices
};

/// One raw record and what is true about it. Strings are reused from record to record.
struct ShopRecord {
  std::uint64_t number = 0;
  std::string body;      ///< what a sender sends: a JSON object, or what is none
  std::string identity;  ///< guid or customer that the record is keyed by; may be empty
  TimeMs received;       ///< when a collector would have received it
  /// `ok`, `duplicate`, or the reason for which it must be refused.
  std::string kind;
  // What an accepted or duplicate event says. Of a refused one only the merchant: `-` where none can be read.
  std::string merchant;
  std::string guid;  ///< `c:`customer where the event has no device
  bool device = true;
  std::string claim;  ///< customer that the event claims
  std::string event_id;  ///< empty: none, its position is its id
  std::string type;
  TimeMs time;
  std::string path;
  std::string country;  ///< `--` where the event has none
  std::string referrer_domain;
  std::string time_on_page_ms;  ///< as the client measured it; empty: not
  std::string product;          ///< its id; empty: none
  std::string browser;
  std::string os;
  std::string device_class;
  std::string traffic;  ///< `human` or `bot`
  std::string channel;
  std::string campaign;
  std::int64_t revenue_minor = 0;  ///< in the smallest unit of `currency`; negative: a refund
  std::string currency;            ///< empty: the event has no revenue
  std::uint32_t items = 0;         ///< bought
};

/// One line of a mapping file. valid_from 0: since ever; customer empty: unmapped from then on.
struct ShopMapping {
  std::string merchant;
  std::string guid;
  std::string customer;
  std::int64_t valid_from_ms = 0;
};

/// Thread: one. Blocks: never. Memory: the devices, and the last 20,000 records (for duplicates).
class Shop {
 public:
  explicit Shop(ShopOptions options);
  ~Shop();
  /// The next record; false after the last one.
  bool next(ShopRecord& out);
  /// What a refresh after the first (`step` 1) and after the second third (`step` 2) of the stream
  /// knows of logins: customers that change, that are learnt late, within the stitch window and
  /// outside of it, and that are unmapped again. Step 2 holds what is new or changed.
  std::vector<ShopMapping> mappings(int step) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Header and line of the truth file: tab-separated, one line a record.
std::string truth_header();
std::string truth_line(const ShopRecord& record);

}  // namespace guidepost::app
