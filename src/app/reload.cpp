#include "app/reload.hpp"

namespace guidepost::app {

bool Reload::run() {
  const auto loaded = load_();
  if (!loaded) {
    for (const auto& mistake : loaded.error()) log::error("config_refused", {{"mistake", mistake}});
    log::warn("config_kept", {{"meaning", "the daemon goes on with the configuration that it had"}});
    return false;
  }
  std::string changed;
  std::string needs_restart;
  for (const auto& key : changed_keys(running_, loaded->config)) {
    auto& names = key.starts_with("log.") ? changed : needs_restart;
    names += (names.empty() ? "" : ",") + key;
  }
  const auto say = [&] {
    const auto or_none = [](const std::string& names) { return names.empty() ? "none" : names; };
    // As a warning where something was asked for that a restart is needed for.
    (needs_restart.empty() ? log::info : log::warn)(
        "config_reloaded", {{"changed", or_none(changed)}, {"needs_restart", or_none(needs_restart)}});
  };
  const bool quieter = loaded->config.log.level > running_.log.level;
  if (quieter) say();  // while it can be heard
  running_.log = loaded->config.log;
  log::configure(running_.log.level, running_.log.format);
  if (!quieter) say();
  return true;
}

}  // namespace guidepost::app
