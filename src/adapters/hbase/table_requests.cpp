#include <algorithm>

#include "adapters/hbase/requests.hpp"
#include "base/log.hpp"

namespace guidepost::hbase {
namespace {

Error about(Error error, std::string_view what, const std::string& table) {
  error.message = std::string(what) + " " + table + ": " + error.message;
  return error;
}

/// A master that cannot load a codec says so in words only.
bool is_about_compression(const Failure& failure) { return failure.message.find("ompression") != std::string::npos; }

class CreateTableRequest final : public Request {
 public:
  CreateTableRequest(TableSpec spec, Completion<void> done)
      : Request(Operation::kTable), spec_(std::move(spec)), done_(std::move(done)) {}

  std::optional<Failure> attempt(Connection& connection) override {
    if (state_ == State::kWanted) {
      auto made = connection.create_table(spec_);
      if (!made && made.error().verdict == Verdict::kFail && is_about_compression(made.error()) &&
          without_compression()) {
        log::warn("hbase_table_uncompressed", {{"table", spec_.name}, {"message", made.error().message}});
        made = connection.create_table(spec_);
      }
      if (made) {
        state_ = State::kMade;
      } else if (made.error().code == ErrorCode::kAlreadyExists) {
        // If an earlier try of ours got through unseen, this is its table.
        state_ = maybe_made_ ? State::kMade : State::kWasThere;
      } else {
        maybe_made_ = maybe_made_ || made.error().outcome == Outcome::kUnknown;
        return std::move(made.error());
      }
    }
    auto available = connection.table_available(spec_.name);
    if (!available) return std::move(available.error());
    if (*available) return std::nullopt;
    return Failure{.verdict = Verdict::kRetry,
                   .code = ErrorCode::kUnavailable,
                   .outcome = Outcome::kUnknown,
                   .connection = Reuse::kMayGoOn,
                   .reason = "table_opening",
                   .message = "its regions are not open yet"};
  }
  void answer() override {
    if (state_ == State::kMade) return done_({});
    done_(fail(ErrorCode::kAlreadyExists, "table " + spec_.name + " exists"));
  }
  void give_up(Error error) override { done_(tl::unexpected(about(std::move(error), "creating table", spec_.name))); }

 private:
  enum class State : std::uint8_t { kWanted, kMade, kWasThere };

  /// False where nothing was to be compressed.
  bool without_compression() {
    bool any = false;
    for (auto& family : spec_.families) {
      any = any || family.compression != Compression::kNone;
      family.compression = Compression::kNone;
    }
    return any;
  }

  TableSpec spec_;
  Completion<void> done_;
  State state_ = State::kWanted;
  bool maybe_made_ = false;
};

class DropTableRequest final : public Request {
 public:
  DropTableRequest(std::string table, Completion<void> done)
      : Request(Operation::kTable), table_(std::move(table)), done_(std::move(done)) {}

  std::optional<Failure> attempt(Connection& connection) override {
    auto dropped = connection.disable_table(table_);
    if (dropped || dropped.error().reason == "table_disabled") dropped = connection.delete_table(table_);
    if (dropped) return std::nullopt;
    auto failure = std::move(dropped.error());
    // If an earlier try of ours got through unseen, it is gone because of us.
    if (failure.code == ErrorCode::kNotFound && maybe_dropped_) return std::nullopt;
    maybe_dropped_ = maybe_dropped_ || failure.outcome == Outcome::kUnknown;
    return failure;
  }
  void answer() override { done_({}); }
  void give_up(Error error) override { done_(tl::unexpected(about(std::move(error), "dropping table", table_))); }

 private:
  std::string table_;
  Completion<void> done_;
  bool maybe_dropped_ = false;
};

class ListTablesRequest final : public Request {
 public:
  ListTablesRequest(std::string prefix, Completion<std::vector<std::string>> done)
      : Request(Operation::kTable), prefix_(std::move(prefix)), done_(std::move(done)) {}

  std::optional<Failure> attempt(Connection& connection) override {
    auto found = connection.list_tables(prefix_);
    if (!found) return std::move(found.error());
    names_ = std::move(*found);
    std::sort(names_.begin(), names_.end());
    return std::nullopt;
  }
  void answer() override { done_(std::move(names_)); }
  void give_up(Error error) override {
    done_(tl::unexpected(about(std::move(error), "listing tables", prefix_ + "*")));
  }

 private:
  std::string prefix_;
  Completion<std::vector<std::string>> done_;
  std::vector<std::string> names_;
};

class PingRequest final : public Request {
 public:
  explicit PingRequest(Completion<void> done) : Request(Operation::kPing), done_(std::move(done)) {}

  std::optional<Failure> attempt(Connection& connection) override {
    auto answered = connection.ping();
    if (!answered) return std::move(answered.error());
    return std::nullopt;
  }
  void answer() override { done_({}); }
  void give_up(Error error) override { done_(tl::unexpected(std::move(error))); }

 private:
  Completion<void> done_;
};

Requests only(std::unique_ptr<Request> request) {
  Requests requests;
  requests.push_back(std::move(request));
  return requests;
}

}  // namespace

Requests create_table_request(TableSpec spec, Completion<void> done) {
  return only(std::make_unique<CreateTableRequest>(std::move(spec), std::move(done)));
}

Requests drop_table_request(std::string table, Completion<void> done) {
  return only(std::make_unique<DropTableRequest>(std::move(table), std::move(done)));
}

Requests list_tables_request(std::string prefix, Completion<std::vector<std::string>> done) {
  return only(std::make_unique<ListTablesRequest>(std::move(prefix), std::move(done)));
}

Requests ping_request(Completion<void> done) { return only(std::make_unique<PingRequest>(std::move(done))); }

}  // namespace guidepost::hbase
