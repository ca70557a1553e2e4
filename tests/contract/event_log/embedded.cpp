#include "adapters/embedded/embedded_event_log.hpp"
#include "contract/event_log/adapter.hpp"
#include "support/temp_folder.hpp"

namespace guidepost::contract {
namespace {

class EmbeddedAdapter final : public EventLogAdapter {
 public:
  EmbeddedAdapter() { open(); }

  EventLog& log() override { return *log_; }
  void restart() override {
    log_.reset();
    open();
  }
  void append_holes(const TopicPartition&) override {}  // its offsets are dense
  void truncate_before(const TopicPartition& partition, Offset begin) override {
    auto done = await<void>([&](auto answer) { log_->truncate_before(partition, begin, std::move(answer)); });
    if (!done) throw std::runtime_error(done.error().message);
  }
  std::chrono::milliseconds shortest_session() const override { return std::chrono::milliseconds{300}; }
  std::chrono::milliseconds patience() const override { return std::chrono::seconds{20}; }

 private:
  void open() {
    EmbeddedLogOptions options;
    options.store.folder = folder_.path() / "log";
    auto opened = EmbeddedEventLog::open(options);
    if (!opened) throw std::runtime_error(opened.error().message);
    log_ = std::move(*opened);
  }

  test::TempFolder folder_;
  std::unique_ptr<EmbeddedEventLog> log_;
};

const bool kAdded = add_adapter(
    "embedded", [] { return Result<std::unique_ptr<EventLogAdapter>>(std::make_unique<EmbeddedAdapter>()); });

}  // namespace
}  // namespace guidepost::contract
