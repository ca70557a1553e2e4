// A list of addresses and networks.
#pragma once

#include <string>
#include <vector>

#include "enrich/address.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::enrich {

/// Thread: any, once parsed. Blocks: never.
class Networks {
 public:
  /// Each of them an address, or a network as in `192.0.2.0/24` and `2001:db8::/32`. Errors: kInvalidArgument.
  static Result<Networks> parse(const std::vector<std::string>& texts);
  bool contains(const AddressBytes& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    AddressBytes address{};
    unsigned bits = 0;  ///< of the 128
  };
  std::vector<Network> networks_;
};

}  // namespace guidepost::enrich
