// A raw record becomes a draft of an event, or a reason why not. Pure: no clock, no look-up.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/arena.hpp"
#include "guidepost/event/decision.hpp"
#include "guidepost/ports/event_log.hpp"

namespace guidepost::event {

struct EventLimits {
  Bytes event{64 * 1024};
  std::size_t url_chars = 2048;  ///< bytes; longer ones are cut (at a character) and flagged
  std::size_t id_bytes = 128;    ///< event id, guid, customer
  std::size_t properties_keys = 64;
  Bytes properties{8 * 1024};
  std::size_t depth = 8;  ///< containers in containers, the event the first; at most 64
  std::chrono::milliseconds max_age{std::chrono::hours{24 * 7}};
  std::chrono::milliseconds max_future{std::chrono::minutes{10}};
  std::string default_merchant;               ///< for events without one; empty: such events are bad
  std::vector<std::string> listed_merchants;  ///< sorted; empty: any merchant is accepted
  /// Of revenue without one: its merchant's, else the default one; where there is none, such revenue is bad.
  std::map<std::string, std::string, std::less<>> merchant_currencies;
  std::string default_currency;
};

enum class RecordKind : std::uint8_t { kEvent, kBad, kControl };

/// What a raw record says. Accepted fields are as sent: no enrichment, kCustomer empty (the claim is
/// in kClaimedCustomer), kCountry as the event gave it (upper-cased) or empty. kRevenueMinor is set where
/// kRevenue is, and kCurrency then is a code of ISO 4217.
struct Decoded {
  RecordKind kind = RecordKind::kBad;
  Accepted event;  ///< kEvent
  Bad bad;         ///< kBad
};

/// Thread: one owner. Blocks: never. Errors: none; any bytes give exactly one outcome.
/// Views of an event point into the arena; the bytes of a bad one into the record, or the arena where
/// they came in base64. Once warm, nothing is allocated but from the arena.
class Decoder {
 public:
  explicit Decoder(EventLimits limits);
  ~Decoder();
  Decoded decode(const LogRecord& record, Partition partition, Arena& arena);
  /// What an envelope holds, as it arrived; nothing where the value is no envelope. Views as of a bad event.
  std::optional<std::string_view> unwrap(std::string_view value, Arena& arena);
  std::uint64_t rules() const;  ///< hash of the limits and of the code's rule number

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A record that is bad as a whole, whatever is in it. Views point into the record.
Bad refused(const LogRecord& record, Reason reason);

/// What comes in by HTTP or import is wrapped: what arrived, byte for byte, and what is known besides.
struct EnvelopeFields {
  TimeMs received;
  std::string_view protocol;    ///< `json`, `access_log`
  std::string_view merchant;    ///< may be empty
  std::string_view ip;          ///< may be empty
  std::string_view user_agent;  ///< may be empty
  std::string_view key;         ///< id of the API key; may be empty
  std::optional<std::uint64_t> ordinal;  ///< access_log: which of the identical lines
};
/// The raw record's value: `event` as it is where the protocol is `json` and `payload` one JSON value,
/// else `raw` in base64. Docs: docs/events.md.
std::string wrap(const EnvelopeFields& fields, std::string_view payload);
/// The raw record's key: merchant 0x00 shard; shard = hash64(guid or customer) mod shards, as decimal text.
std::string record_key(std::string_view merchant, std::string_view guid_or_customer, std::uint32_t shards);

}  // namespace guidepost::event
