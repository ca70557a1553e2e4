#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/ask.hpp"
#include "app/commands/commands.hpp"
#include "app/data_folder.hpp"
#include "app/reachable.hpp"
#include "app/stores.hpp"

namespace guidepost::app {
namespace {

using namespace std::chrono_literals;

/// Tries one thing after the other and says how each went.
class Checker {
 public:
  explicit Checker(Call& call) : call_(call) {}

  bool good() const { return good_; }
  const nlohmann::json& told() const { return told_; }

  void tell(const std::string& what, const Result<std::string>& outcome) {
    const auto& note = outcome ? *outcome : outcome.error().message;
    good_ &= outcome.has_value();
    told_.push_back({{"what", what}, {"good", outcome.has_value()}, {"note", note}});
    if (call_.json()) return;
    const auto& look = call_.out.look();
    call_.out.print((outcome ? green(look, "ok    ") : red(look, "failed")) + "  " + text::pad_right(what, 40) + "  " +
                    note + "\n");
  }

  void address(const std::string& key, const std::string& address) {
    const auto reached = reachable(address, 3s);
    tell(key + " " + address,
         reached ? Result<std::string>("reached")
                 : tl::unexpected(Error{reached.error().code, "cannot be reached: " + reached.error().message}));
  }

  void file(const std::string& key, const std::string& path) {
    if (path.empty()) return;
    std::error_code none;
    const bool there = std::filesystem::is_regular_file(path, none);
    tell(key + " " + path, there ? Result<std::string>("there") : fail(ErrorCode::kNotFound, "is no file"));
  }

  void secret(const std::string& key, const Secret& secret) {
    if (secret.reference.empty()) return;
    const auto value = secret.read();
    tell(key + " " + secret.reference, value ? Result<std::string>("there") : tl::unexpected(value.error()));
  }

  template <class Start>
  void ping(const std::string& what, Start start) {
    const auto answer = ask<void>(start, call_.cancelled, 15s);
    tell(what, answer ? Result<std::string>("answers") : tl::unexpected(answer.error()));
  }

 private:
  Call& call_;
  bool good_ = true;
  nlohmann::json told_ = nlohmann::json::array();
};

void check_cluster(Checker& check, const Config& config) {
  for (const auto& broker : config.kafka.brokers) check.address("kafka.brokers", broker);
  for (const auto& gateway : config.hbase.gateways) check.address("hbase.gateways", gateway);
  for (const auto& gateway : config.hbase.ddl_gateways) check.address("hbase.ddl_gateways", gateway);
  check.file("kafka.ca_file", config.kafka.ca_file);
  check.file("kafka.certificate_file", config.kafka.certificate_file);
  check.secret("kafka.key", config.kafka.key);
  check.secret("kafka.sasl_password", config.kafka.sasl_password);
  const auto stores = open_cluster_stores(config);
  if (!stores) return check.tell("stores", tl::unexpected(stores.error()));
  if (!check.good()) return;  // what cannot be reached has its name above; asking would only take time
  check.ping("kafka", [&](auto done) { stores->log->ping(std::move(done)); });
  check.ping("hbase", [&](auto done) { stores->tables->ping(std::move(done)); });
}

void check_embedded(Checker& check, const Config& config) {
  const auto& folder = config.storage.data;
  std::error_code none;
  if (!std::filesystem::exists(folder, none)) return check.tell("storage.data " + folder, "is made at the first start");
  if (const auto holder = holder_of(folder)) {
    return check.tell("storage.data " + folder,
                      "in use by `guidepost " + holder->command + "` (process " + std::to_string(holder->pid) + ")");
  }
  const auto lock = DataLock::take(folder, "check-config");
  if (!lock) return check.tell("storage.data " + folder, tl::unexpected(lock.error()));
  const auto stores = open_embedded_stores(config);
  check.tell("storage.data " + folder, stores ? Result<std::string>("opens") : tl::unexpected(stores.error()));
}

int run_check_config(Call& call) {
  if (call.arguments.has("--reference")) {
    call.out.print(config_reference());
    return 0;
  }
  const auto& config = call.config.config;
  if (!call.json()) call.out.print(effective_config(call.config) + "\n");
  Checker check(call);
  check.file("enrich.geo_file", config.enrich.geo_file);
  check.file("enrich.user_agent_file", config.enrich.user_agent_file);
  if (config.storage.kind == StorageKind::kCluster) {
    check_cluster(check, config);
  } else {
    check_embedded(check, config);
  }
  if (call.json()) {
    call.out.print(nlohmann::json{{"good", check.good()},
                                  {"configuration", effective_config(call.config)},
                                  {"checks", check.told()}}
                       .dump() +
                   "\n");
  }
  return check.good() ? 0 : 1;
}

}  // namespace

Command check_config_command() {
  return {
      .name = "check-config",
      .group = Group::kLookAfter,
      .summary = "shows the configuration in force and tries every connection",
      .about =
          "Prints every key with its value and where it comes from, then tries what the configuration names: brokers,\n"
          "gateways, files, secrets, the data folder. Names what cannot be reached; exit status 1 then, 2 for mistakes.",
      .operands = {},
      .flags = {{"--reference", "", "prints all keys with their meaning instead (docs/configuration.md)",
                 Use::kOptional}},
      .examples = {{"before starting daemons", "guidepost check-config --config config/cluster.toml"},
                   {"what a variable does", "GUIDEPOST_LOG__LEVEL=debug guidepost check-config"}},
      .place = Place::kAlone,
      .run = run_check_config};
}

}  // namespace guidepost::app
