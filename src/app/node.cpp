#include "app/node.hpp"

#include "app/ask.hpp"
#include "app/installation.hpp"
#include "app/options.hpp"
#include "guidepost/base/executor.hpp"
#include "worker/versions.hpp"

namespace guidepost::app {

Node::Node(Config config, Stores stores)
    : config_(std::move(config)), names_(names_of(config_)), stores_(std::move(stores)) {}

Result<std::unique_ptr<Node>> Node::open(const LoadedConfig& loaded, OpenStores open_stores) {
  auto stores = open_stores(loaded.config);
  if (!stores) return tl::unexpected(stores.error());
  std::unique_ptr<Node> node(new Node(loaded.config, std::move(*stores)));
  if (loaded.config.storage.kind == StorageKind::kCluster) return node;
  // Of the version that is read: one that was dropped is not made again.
  if (const auto looked = node->look_at_version({}); !looked) return tl::unexpected(looked.error());
  auto config = node->config_;
  config.names.version = node->names_.version;
  std::string wrong;
  const bool good =
      install(config, node->log(), node->tables(), inline_executor().wall(), [&](const InstallStep& step) {
        const bool step_good =
            step.outcome == InstallStep::Outcome::kMade || step.outcome == InstallStep::Outcome::kThere;
        if (!step_good) wrong += (wrong.empty() ? "" : "\n") + step.kind + " " + step.name + ": " + step.note;
      });
  if (!good) return fail(ErrorCode::kFailed, wrong);
  return node;
}

Names Node::names() const {
  std::lock_guard lock(names_mutex_);
  return names_;
}

Result<void> Node::look_at_version(const std::stop_token& cancelled) {
  if (config_.names.version != 0) return {};
  worker::VersionTable versions(tables(), names_of(config_));
  const auto published = ask<worker::Published>([&](auto done) { versions.published(std::move(done)); }, cancelled);
  // Without a state table nothing was installed, or published.
  if (!published && published.error().code != ErrorCode::kNotFound) {
    return fail(published.error().code, "which version is published cannot be read: " + published.error().message);
  }
  std::lock_guard lock(names_mutex_);
  names_.version = published ? published->version : 1;
  return {};
}

Node::~Node() {
  if (workers_) workers_->stop(std::chrono::milliseconds{0});
}

Result<Workers*> Node::workers() {
  std::lock_guard lock(mutex_);
  if (!workers_) {
    auto started =
        Workers::start(config_, Stages::kBoth, log(), tables(), [this](const Error& error) { stage_failed(error); });
    if (!started) return tl::unexpected(started.error());
    workers_ = std::move(*started);
  }
  return workers_.get();
}

void Node::when_failed(std::function<void(const Error&)> tell) {
  std::lock_guard lock(failure_mutex_);
  tell_ = std::move(tell);
  if (failure_ && tell_) tell_(*failure_);
}

void Node::stage_failed(const Error& error) {
  std::lock_guard lock(failure_mutex_);
  failure_ = error;
  if (tell_) tell_(error);
}

Workers* Node::running_workers() {
  std::lock_guard lock(mutex_);
  return workers_.get();
}

Result<void> Node::close() {
  std::lock_guard lock(mutex_);
  if (!workers_) return {};
  const bool drained = workers_->stop(config_.process.drain);
  const auto failure = workers_->failure();
  workers_.reset();
  if (failure) return tl::unexpected(*failure);
  if (!drained)
    return fail(ErrorCode::kTimedOut, "not everything was written within process.drain; the next start does it");
  return {};
}

}  // namespace guidepost::app
