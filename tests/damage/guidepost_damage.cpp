// Damages a data folder of embedded stores, for tests of `guidepost verify`. Its own target: nothing that `guidepost` itself
// is made of can write a wrong number.
//
// guidepost-damage              lists the damages: name, what `verify` says of it, and what it is, with tabs between
// guidepost-damage FOLDER NAME  does it to the folder, which nothing has open
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>

#include "app/stores.hpp"
#include "damage/damages.hpp"

namespace {

using namespace guidepost;

int list() {
  for (const auto& damage : test::damages()) {
    std::printf("%.*s\t%.*s\t%.*s\n", static_cast<int>(damage.name.size()), damage.name.data(),
                static_cast<int>(damage.seen.size()), damage.seen.data(), static_cast<int>(damage.what.size()),
                damage.what.data());
  }
  return 0;
}

int failed(std::string_view why) {
  std::fprintf(stderr, "guidepost-damage: %.*s\n", static_cast<int>(why.size()), why.data());
  return 1;
}

int inflict(std::string_view folder, std::string_view name) {
  const auto all = test::damages();
  const auto damage = std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.name == name; });
  if (damage == all.end()) return failed("there is no such damage; without words it lists them");
  Config config;
  config.storage.data = folder;
  const auto stores = app::open_embedded_stores(config);
  if (!stores) return failed(stores.error().message);
  test::StoredTables tables(*stores->tables, Names{});
  return damage->inflict(tables) ? 0 : failed("there is nothing that it could be done to");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 1) return list();
    if (argc == 3) return inflict(argv[1], argv[2]);
    return failed("expected FOLDER NAME, or nothing");
  } catch (const std::exception& e) {
    return failed(e.what());
  }
}
