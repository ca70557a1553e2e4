// The table of all configuration keys. Only for config*.cpp and its tests.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/config.hpp"

namespace guidepost::config {

/// A value as it was written: typed in a file, a bare word in `--set` and in the environment.
struct RawValue {
  struct Word {
    std::string text;
  };
  std::variant<Word, std::string, std::int64_t, bool, double, std::vector<std::string>> value;
  std::string shown;  ///< as it was written, for messages
};

/// One key of `Owner` (Config, or MerchantConfig for `[merchant.<slug>]`).
template <class Owner>
struct Key {
  std::string name;     ///< `section.key`; for merchants only `key`
  std::string expects;  ///< what a value must be, for people
  std::string help;     ///< one sentence
  std::function<bool(Owner&, const RawValue&)> set;  ///< false: not what is expected, nothing changed
  std::function<std::string(const Owner&)> show;     ///< as TOML
  bool secret = false;  ///< what was given instead is not repeated: it may be the secret itself
};

const std::vector<Key<Config>>& keys();
const std::vector<Key<MerchantConfig>>& merchant_keys();

/// `[section]` and one sentence about it, in the order of the reference.
struct Section {
  std::string name;
  std::string about;
};
const std::vector<Section>& sections();

}  // namespace guidepost::config
