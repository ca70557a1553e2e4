#include "enrich/enricher.hpp"

#include <optional>
#include <vector>

#include "enrich/geo_file.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::enrich {
namespace {

using event::Field;

// Raise it with every change of what is made of an event here.
constexpr std::uint64_t kRuleNumber = 1;

constexpr std::string_view kUnknownCountry = "--";

// Countries of the addresses seen last, each in the one place that its hash gives it.
class CountryCache {
 public:
  CountryCode get(const GeoFile& file, const AddressBytes& address) {
    const auto hash = hash64({reinterpret_cast<const char*>(address.data()), address.size()});
    auto& slot = slots_[static_cast<std::size_t>(hash) % slots_.size()];
    if (!slot.used || slot.address != address) slot = {address, file.country(address), true};
    return slot.country;
  }

 private:
  struct Slot {
    AddressBytes address{};
    CountryCode country{};
    bool used = false;
  };
  std::vector<Slot> slots_ = std::vector<Slot>(4096);
};

}  // namespace

struct Enricher::Impl {
  std::optional<GeoFile> geo;
  CountryCache cache;

  std::string_view country(const event::Accepted& event, Arena& arena);
};

// The file's country of the address; else what the event says itself; else unknown.
std::string_view Enricher::Impl::country(const event::Accepted& event, Arena& arena) {
  AddressBytes address{};
  if (geo && parse_address(event.text[Field::kIp], address)) {
    const auto code = cache.get(*geo, address);
    if (code[0] != 0) return arena.copy({code.data(), code.size()});
  }
  const auto own = event.text[Field::kCountry];
  return own.empty() ? kUnknownCountry : own;
}

Enricher::Enricher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Enricher::Enricher(Enricher&&) noexcept = default;
Enricher& Enricher::operator=(Enricher&&) noexcept = default;
Enricher::~Enricher() = default;

Result<Enricher> Enricher::open(EnrichOptions options) {
  auto impl = std::make_unique<Impl>();
  if (!options.geo_file.empty()) {
    auto file = GeoFile::open(options.geo_file);
    if (!file) return tl::unexpected(file.error());
    impl->geo = std::move(*file);
  }
  return Enricher(std::move(impl));
}

void Enricher::enrich(event::Accepted& event, Arena& arena) {
  // A line of an access log says a path, and no more: `//x` is one there, and no host.
  const auto url = event.text[Field::kUrl];
  event.text[Field::kPath] =
      event.text[Field::kRequest].empty() ? url_path(url) : url.substr(0, url.find_first_of("?#"));
  event.text[Field::kReferrerDomain] = url_domain(event.text[Field::kReferrer], arena);
  event.text[Field::kCountry] = impl_->country(event, arena);
}

std::uint64_t Enricher::rules() const {
  ByteWriter text;
  text.fixed64(kRuleNumber);
  if (impl_->geo) text.fixed64(impl_->geo->content_hash());
  return hash64(text.view());
}

}  // namespace guidepost::enrich
