#include <algorithm>
#include <mutex>

#include "adapters/hbase/requests.hpp"
#include "base/text.hpp"

namespace guidepost::hbase {
namespace {

std::string name_of(const std::string& row) {
  constexpr std::size_t kShown = 80;
  return "row '" + text::escape(std::string_view(row).substr(0, kShown)) + (row.size() > kShown ? "'..." : "'");
}

/// How much an error says about a whole call: what never helps, then what a repetition may cure, then
/// that all but some rows are written.
int rank(const Error& error) {
  if (error.code == ErrorCode::kPoison) return 1;
  if (error.retryable()) return 2;
  return 3;
}

/// Counts the open requests of one call, and keeps the error that says most.
/// Thread: any.
class Parts {
 public:
  explicit Parts(std::size_t open) : open_(open) {}

  void add(std::size_t more) {
    std::lock_guard lock(mutex_);
    open_ += more;
  }
  void failed(Error error) {
    std::lock_guard lock(mutex_);
    if (!error_ || rank(error) > rank(*error_)) {
      error_ = std::move(error);
    } else if (error.code == ErrorCode::kPoison && error_->code == ErrorCode::kPoison &&
               error_->message.size() < kEnough) {
      error_->message += "; " + error.message;
    }
  }
  /// True for the last one.
  bool end_one() {
    std::lock_guard lock(mutex_);
    return --open_ == 0;
  }
  std::optional<Error> take_error() {
    std::lock_guard lock(mutex_);
    return std::move(error_);
  }

 private:
  static constexpr std::size_t kEnough = 2000;
  std::mutex mutex_;
  std::size_t open_;
  std::optional<Error> error_;
};

template <class T>
std::vector<std::vector<T>> halves(std::vector<T> rows) {
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
  std::vector<std::vector<T>> two(2);
  two[0].assign(std::make_move_iterator(rows.begin()), std::make_move_iterator(middle));
  two[1].assign(std::make_move_iterator(middle), std::make_move_iterator(rows.end()));
  return two;
}

template <class T>
std::size_t wire_size_of(const std::vector<T>& rows) {
  std::size_t bytes = 0;
  for (const auto& row : rows) bytes += wire_size(row);
  return bytes;
}

template <class T>
Error explain(Error error, std::string_view what, const std::vector<T>& rows, const std::string& table) {
  const auto about = rows.size() == 1 ? name_of(rows.front().row) : std::to_string(rows.size()) + " rows";
  error.message = std::string(what) + " " + about + " of table " + table + ": " + error.message;
  return error;
}

struct PutCall {
  PutCall(std::string t, std::size_t open, Completion<void> d) : table(std::move(t)), parts(open), done(std::move(d)) {}
  std::string table;
  Parts parts;
  Completion<void> done;

  void end_one() {
    if (!parts.end_one()) return;
    if (auto error = parts.take_error()) {
      done(tl::unexpected(std::move(*error)));
    } else {
      done({});
    }
  }
};

class PutRequest final : public Request {
 public:
  PutRequest(std::shared_ptr<PutCall> call, std::vector<RowPut> rows)
      : Request(Operation::kPut), call_(std::move(call)), rows_(std::move(rows)), bytes_(wire_size_of(rows_)) {}

  std::optional<Failure> attempt(Connection& connection) override {
    auto reply = connection.put(call_->table, rows_);
    if (reply) return std::nullopt;
    // A stock gateway takes frames of 2 MB, and answers larger ones by hanging up.
    constexpr std::size_t kStockFrame = 1900 * 1024;
    if (reply.error().connection == Reuse::kSpent && bytes_ > kStockFrame) {
      reply.error().message +=
          " (a request of " + std::to_string(bytes_) +
          " bytes: is hbase.regionserver.thrift.framed.max_frame_size_in_mb of the gateway large enough?)";
    }
    return std::move(reply.error());
  }
  void answer() override { call_->end_one(); }
  void give_up(Error error) override {
    call_->parts.failed(explain(std::move(error), "putting", rows_, call_->table));
    call_->end_one();
  }
  Requests split() override {
    Requests parts;
    if (rows_.size() < 2) return parts;
    call_->parts.add(1);
    for (auto& half : halves(std::move(rows_))) parts.push_back(std::make_unique<PutRequest>(call_, std::move(half)));
    return parts;
  }
  std::size_t rows() const override { return rows_.size(); }
  std::size_t bytes() const override { return bytes_; }

 private:
  std::shared_ptr<PutCall> call_;
  std::vector<RowPut> rows_;
  std::size_t bytes_;
};

struct GetCall {
  GetCall(std::string t, std::size_t open, std::size_t rows, RowWeights& w, Completion<std::vector<Row>> d)
      : table(std::move(t)), parts(open), answer(rows), weights(&w), done(std::move(d)) {}
  std::string table;
  Parts parts;
  std::vector<Row> answer;  ///< each request writes its own range of it
  RowWeights* weights;
  Completion<std::vector<Row>> done;

  void end_one() {
    if (!parts.end_one()) return;
    if (auto error = parts.take_error()) {
      done(tl::unexpected(std::move(*error)));
    } else {
      done(std::move(answer));
    }
  }
};

class GetRequest final : public Request {
 public:
  GetRequest(std::shared_ptr<GetCall> call, std::vector<RowGet> rows, std::size_t first)
      : Request(Operation::kGet),
        call_(std::move(call)),
        rows_(std::move(rows)),
        first_(first),
        bytes_(wire_size_of(rows_)) {}

  std::optional<Failure> attempt(Connection& connection) override {
    auto reply = connection.get(call_->table, rows_);
    if (!reply) return std::move(reply.error());
    got_ = std::move(*reply);
    return std::nullopt;
  }
  void answer() override {
    call_->weights->learn(call_->table, got_);
    std::move(got_.begin(), got_.end(), call_->answer.begin() + static_cast<std::ptrdiff_t>(first_));
    call_->end_one();
  }
  void give_up(Error error) override {
    call_->parts.failed(explain(std::move(error), "getting", rows_, call_->table));
    call_->end_one();
  }
  Requests split() override {
    Requests parts;
    if (rows_.size() < 2) return parts;
    call_->parts.add(1);
    auto first = first_;
    for (auto& half : halves(std::move(rows_))) {
      const auto count = half.size();
      parts.push_back(std::make_unique<GetRequest>(call_, std::move(half), first));
      first += count;
    }
    return parts;
  }
  std::size_t rows() const override { return rows_.size(); }
  std::size_t bytes() const override { return bytes_; }

 private:
  std::shared_ptr<GetCall> call_;
  std::vector<RowGet> rows_;
  std::size_t first_;
  std::size_t bytes_;
  std::vector<Row> got_;
};

/// Pages without a scanner: each reply is a scan of its own that begins after the last row, so it can
/// be asked again, and elsewhere. HBase bounds replies by rows only; the bytes are ours to watch.
class PageRequest final : public Request {
 public:
  PageRequest(std::string table, ScanRequest request, RowWeights& weights, Bytes page_bytes, Completion<ScanPage> done)
      : Request(Operation::kScan),
        table_(std::move(table)),
        request_(std::move(request)),
        weights_(&weights),
        page_bytes_(page_bytes.value),
        done_(std::move(done)),
        start_(request_.start) {}

  std::optional<Failure> attempt(Connection& connection) override {
    for (;;) {
      const auto limit = next_limit();
      auto reply = connection.scan(table_, {start_, request_.stop, request_.cells, limit});
      if (!reply) {
        last_limit_ = limit;
        return std::move(reply.error());
      }
      weights_->learn(table_, *reply);
      bytes_ += weight(*reply);
      const bool more = reply->size() == limit;
      std::move(reply->begin(), reply->end(), std::back_inserter(page_.rows));
      if (!page_.rows.empty()) start_ = page_.rows.back().key + '\0';
      if (!more || (!request_.stop.empty() && start_ >= request_.stop)) return std::nullopt;
      if (page_.rows.size() == request_.max_rows || bytes_ >= page_bytes_) {
        page_.next = start_;
        return std::nullopt;
      }
    }
  }
  void answer() override { done_(std::move(page_)); }
  void give_up(Error error) override {
    error.message = "scanning table " + table_ + " from " + name_of(start_) + ": " + error.message;
    done_(tl::unexpected(std::move(error)));
  }
  /// Goes on in half the rows: of a reply too large, or one that a row spoils.
  Requests split() override {
    Requests parts;
    if (last_limit_ < 2) return parts;
    auto smaller = std::make_unique<PageRequest>(std::move(table_), std::move(request_), *weights_, Bytes{page_bytes_},
                                                 std::move(done_));
    smaller->ceiling_ = last_limit_ / 2;
    smaller->start_ = std::move(start_);
    smaller->page_ = std::move(page_);
    smaller->bytes_ = bytes_;
    parts.push_back(std::move(smaller));
    return parts;
  }

 private:
  std::size_t next_limit() const {
    constexpr std::size_t kMostRows = 100000;
    const auto room = page_bytes_ > bytes_ ? page_bytes_ - bytes_ : 1;
    const auto wanted = std::min(request_.max_rows - page_.rows.size(), kMostRows);
    return std::min({wanted, weights_->rows_within(table_, Bytes{room}), ceiling_});
  }

  std::string table_;
  ScanRequest request_;
  RowWeights* weights_;
  std::size_t page_bytes_;
  Completion<ScanPage> done_;
  std::string start_;
  ScanPage page_;
  std::size_t bytes_ = 0;
  std::size_t ceiling_ = static_cast<std::size_t>(-1);
  std::size_t last_limit_ = 1;
};

class CheckAndPutRequest final : public Request {
 public:
  CheckAndPutRequest(std::string table, CheckAndPut request, Completion<bool> done)
      : Request(Operation::kCheckAndPut),
        table_(std::move(table)),
        request_(std::move(request)),
        done_(std::move(done)) {}

  std::optional<Failure> attempt(Connection& connection) override {
    auto reply = connection.check_and_put(table_, request_);
    if (!reply) return std::move(reply.error());
    applied_ = *reply;
    return std::nullopt;
  }
  void answer() override { done_(applied_); }
  void give_up(Error error) override {
    error.message = "check and put of " + name_of(request_.row) + " of table " + table_ + ": " + error.message;
    done_(tl::unexpected(std::move(error)));
  }
  /// A second try after an unknown outcome would find its own first one, and answer false.
  Repeat repeat() const override { return Repeat::kHarmful; }
  std::size_t bytes() const override { return wire_size(request_.put); }

 private:
  std::string table_;
  CheckAndPut request_;
  Completion<bool> done_;
  bool applied_ = false;
};

Requests only(std::unique_ptr<Request> request) {
  Requests requests;
  requests.push_back(std::move(request));
  return requests;
}

}  // namespace

Requests put_requests(std::string table, std::vector<std::vector<RowPut>> batches, Completion<void> done) {
  const auto call = std::make_shared<PutCall>(std::move(table), batches.size(), std::move(done));
  Requests requests;
  for (auto& batch : batches) requests.push_back(std::make_unique<PutRequest>(call, std::move(batch)));
  return requests;
}

Requests get_requests(std::string table, std::vector<std::vector<RowGet>> batches, RowWeights& weights,
                      Completion<std::vector<Row>> done) {
  std::size_t rows = 0;
  for (const auto& batch : batches) rows += batch.size();
  const auto call = std::make_shared<GetCall>(std::move(table), batches.size(), rows, weights, std::move(done));
  Requests requests;
  std::size_t first = 0;
  for (auto& batch : batches) {
    const auto count = batch.size();
    requests.push_back(std::make_unique<GetRequest>(call, std::move(batch), first));
    first += count;
  }
  return requests;
}

Requests scan_request(std::string table, ScanRequest request, RowWeights& weights, Bytes page_bytes,
                      Completion<ScanPage> done) {
  return only(
      std::make_unique<PageRequest>(std::move(table), std::move(request), weights, page_bytes, std::move(done)));
}

Requests check_and_put_request(std::string table, CheckAndPut request, Completion<bool> done) {
  return only(std::make_unique<CheckAndPutRequest>(std::move(table), std::move(request), std::move(done)));
}

}  // namespace guidepost::hbase
