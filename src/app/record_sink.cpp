#include "app/record_sink.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "adapters/http/client.hpp"

namespace guidepost::app {
namespace {

constexpr std::uint64_t kLogInFlight = std::uint64_t{16} * 1024 * 1024;
constexpr std::size_t kPostEvents = 500;
constexpr std::size_t kPostBytes = std::size_t{900} * 1024;

/// Counts what is on its way; the first error stays.
class InFlight {
 public:
  void add(std::uint64_t n) {
    std::lock_guard lock(mutex_);
    amount_ += n;
  }
  void settle(std::uint64_t n, const std::optional<Error>& error) {
    std::lock_guard lock(mutex_);
    amount_ -= n;
    if (error && !error_) error_ = error;
    changed_.notify_all();
  }
  /// Waits until at most `amount` is on its way, or something failed.
  Result<void> wait(std::uint64_t amount) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || amount_ <= amount; });
    if (error_) return tl::unexpected(*error_);
    return {};
  }
  /// Waits for everything, also after an error: nobody may be answered into a sink that is gone.
  void wait_for_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return amount_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t amount_ = 0;
  std::optional<Error> error_;
};

class LogSink final : public RecordSink {
 public:
  LogSink(EventLog& log, std::string topic, std::int32_t partitions, ShardsOf shards)
      : topic_(std::move(topic)), partitions_(partitions), shards_(std::move(shards)), producer_(log.producer({})) {}
  ~LogSink() override {
    producer_.reset();  // answers what is open
    in_flight_.wait_for_all();
  }

  Result<void> send(Outgoing record) override {
    if (auto room = in_flight_.wait(kLogInFlight); !room) return room;
    auto key = event::record_key(record.merchant, record.identity, shards_(record.merchant));
    const auto partition = partition_of_key(key, partitions_);
    const auto size = record.value.size() + key.size();
    in_flight_.add(size);
    producer_->append({{topic_, partition}, std::move(key), std::move(record.value), std::nullopt},
                      {inline_executor(), [this, size](const Result<Offset>& result) {
                         in_flight_.settle(size, result ? std::nullopt : std::optional(result.error()));
                       }});
    ++sent_.records;
    return {};
  }
  Result<Sent> finish() override {
    if (auto all = in_flight_.wait(0); !all) return tl::unexpected(all.error());
    return sent_;
  }

 private:
  std::string topic_;
  std::int32_t partitions_;
  ShardsOf shards_;
  InFlight in_flight_;
  std::unique_ptr<LogProducer> producer_;
  Sent sent_;
};

class HttpSink final : public RecordSink {
 public:
  HttpSink(const http::Endpoint& endpoint, int connections) {
    for (int i = 0; i < connections; ++i) {
      threads_.emplace_back([this, endpoint](const std::stop_token& stop) { post_batches(stop, endpoint); });
    }
  }
  ~HttpSink() override {
    {
      std::lock_guard lock(mutex_);
      for (auto& thread : threads_) thread.request_stop();
    }
    changed_.notify_all();
  }

  Result<void> send(Outgoing record) override {
    // A line is an event: what has a line end inside cannot be sent so, and is no JSON anyway.
    for (const char c : record.payload) batch_.push_back(c == '\n' ? ' ' : c);
    batch_.push_back('\n');
    ++sent_.records;
    if (++batch_events_ < kPostEvents && batch_.size() < kPostBytes) return {};
    return hand_over();
  }
  Result<Sent> finish() override {
    if (batch_events_ > 0) {
      if (auto handed = hand_over(); !handed) return tl::unexpected(handed.error());
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || (waiting_.empty() && posting_ == 0); });
    if (error_) return tl::unexpected(*error_);
    sent_.refused = refused_;
    return sent_;
  }

 private:
  Result<void> hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return error_ || waiting_.size() < threads_.size(); });
    if (error_) return tl::unexpected(*error_);
    waiting_.push_back(std::exchange(batch_, {}));
    batch_events_ = 0;
    lock.unlock();
    changed_.notify_all();
    return {};
  }

  void post_batches(const std::stop_token& stop, const http::Endpoint& endpoint) {
    http::Client client(endpoint);
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stop.stop_requested() || error_ || !waiting_.empty(); });
      if (stop.stop_requested() || error_) return;
      auto body = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      ++posting_;
      lock.unlock();
      auto answer = client.post("/v1/events", "application/x-ndjson", std::move(body));
      lock.lock();
      --posting_;
      if (!answer) {
        error_ = answer.error();
      } else if (answer->status != 200 && answer->status != 207) {
        error_ = Error{ErrorCode::kFailed,
                       "the collector answered " + std::to_string(answer->status) + ": " + answer->body.substr(0, 300)};
      } else {
        for (auto at = answer->body.find("\"bad\""); at != std::string::npos; at = answer->body.find("\"bad\"", at + 1))
          ++refused_;
      }
      changed_.notify_all();
    }
  }

  std::string batch_;
  std::size_t batch_events_ = 0;
  Sent sent_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> waiting_;
  int posting_ = 0;
  std::uint64_t refused_ = 0;
  std::optional<Error> error_;
  std::vector<std::jthread> threads_;
};

class FileSink final : public RecordSink {
 public:
  explicit FileSink(std::FILE* file) : file_(file) {}
  ~FileSink() override {
    if (file_ != nullptr) std::fclose(file_);
  }
  Result<void> send(Outgoing record) override {
    record.value += '\n';
    if (std::fwrite(record.value.data(), 1, record.value.size(), file_) != record.value.size()) return failed();
    ++sent_.records;
    return {};
  }
  Result<Sent> finish() override {
    if (std::fclose(std::exchange(file_, nullptr)) != 0) return tl::unexpected(failed().value());
    return sent_;
  }

 private:
  static tl::unexpected<Error> failed() {
    return fail(ErrorCode::kFailed, std::string("cannot write the file: ") + std::strerror(errno));
  }
  std::FILE* file_;
  Sent sent_;
};

}  // namespace

std::unique_ptr<RecordSink> log_sink(EventLog& log, std::string topic, std::int32_t partitions, ShardsOf shards) {
  return std::make_unique<LogSink>(log, std::move(topic), partitions, std::move(shards));
}

Result<std::unique_ptr<RecordSink>> http_sink(std::string_view url, int connections) {
  const auto endpoint = http::parse_endpoint(url);
  if (!endpoint) return tl::unexpected(endpoint.error());
  return std::make_unique<HttpSink>(*endpoint, connections);
}

Result<std::unique_ptr<RecordSink>> file_sink(const std::string& path) {
  auto* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return fail(ErrorCode::kFailed, "cannot write " + path + ": " + std::strerror(errno));
  return std::make_unique<FileSink>(file);
}

}  // namespace guidepost::app
