#include "adapters/embedded/log_writer.hpp"

#include <utility>

#include "base/log.hpp"

namespace guidepost::embedded {
namespace {

constexpr std::size_t kSliceBytes = std::size_t{8} * 1024 * 1024;
constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;
constexpr std::uint64_t kChunkRecords = 4096;
constexpr std::chrono::milliseconds kFullDiskPause{200};

}  // namespace

LogWriter::LogWriter(Rocks& rocks, LogCatalog& catalog, Executor& clock, Events events)
    : rocks_(rocks),
      catalog_(catalog),
      clock_(clock),
      events_(std::move(events)),
      queue_("log-write", [this](std::deque<LogOp> ops) { apply(std::move(ops)); }) {}

LogWriter::~LogWriter() {
  queue_.close([](LogOp& op) {
    if (auto* append = std::get_if<AppendOp>(&op)) {
      answer(*append, fail(ErrorCode::kCancelled, "the log was closed"));
    } else {
      std::visit(
          [](auto& one) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(one)>, AppendOp>)
              one.done(fail(ErrorCode::kCancelled, "the log was closed"));
          },
          op);
    }
  });
}

void LogWriter::apply(std::deque<LogOp> ops) {
  Slice slice;
  for (auto& op : ops) {
    if (auto* append = std::get_if<AppendOp>(&op)) {
      slice.bytes += append->record.key.size() + append->record.value.size();
      slice.appends.push_back(std::move(*append));
      if (slice.bytes >= kSliceBytes) flush(slice);
      continue;
    }
    if (auto* one = std::get_if<CommitOp>(&op)) {
      slice.commits.push_back(std::move(*one));
      continue;
    }
    flush(slice);  // what came before is seen by what comes after
    if (auto* one = std::get_if<CommittedOp>(&op)) one->done(committed(*one));
    if (auto* one = std::get_if<CreateTopicOp>(&op)) one->done(create(one->spec));
    if (auto* one = std::get_if<DeleteTopicOp>(&op)) one->done(remove(one->topic));
    if (auto* one = std::get_if<TruncateOp>(&op)) one->done(truncate(one->partition, one->begin));
    if (auto* one = std::get_if<ExpireOp>(&op)) one->done(expire());
    if (auto* one = std::get_if<CheckpointOp>(&op))
      one->done(rocks_.checkpoint(one->to).and_then([&] { return one->meanwhile(); }));
  }
  flush(slice);
}

void LogWriter::answer(AppendOp& op, Result<Offset> result) {
  op.producer->in_flight -= op.record.key.size() + op.record.value.size();
  op.done(std::move(result));
}

/// Writes a slice, however often that takes: appends are given up only by their producers' wish.
void LogWriter::flush(Slice& slice) {
  while (!slice.appends.empty() || !slice.commits.empty()) {
    slice.appends = give_up_late(std::move(slice.appends));
    Built built;
    build(slice, built);
    std::vector<std::pair<Completion<void>, Result<void>>> commit_answers;
    for (auto& op : std::exchange(slice.commits, {})) {
      auto ok = check_commit(op);
      if (ok)
        built.writes.Put(rocks_.meta, commit_key(catalog_.find(op.partition)->number, op.partition.partition, op.group),
                         encode_commit(op.commit));
      commit_answers.emplace_back(std::move(op.done), std::move(ok));
    }
    const auto written = commit(built.writes);
    for (auto& [done, ok] : commit_answers) done(ok ? written : ok);
    if (written) {
      for (const auto& [_, growing] : built.partitions) catalog_.set_end(growing.partition, growing.end);
      for (std::size_t i = 0; i < slice.appends.size(); ++i) answer(slice.appends[i], std::move(built.offsets[i]));
      for (const auto& [_, growing] : built.partitions) events_.changed(growing.partition);
      slice = {};
      return;
    }
    const bool closing = written.error().retryable() && !queue_.pause(kFullDiskPause);
    if (written.error().retryable() && !closing) continue;
    for (auto& op : slice.appends) {
      answer(op, closing ? fail(ErrorCode::kCancelled, "the log was closed")
                         : fail(ErrorCode::kFailed, written.error().message));
    }
    slice = {};
  }
  slice.bytes = 0;
}

std::deque<AppendOp> LogWriter::give_up_late(std::deque<AppendOp> appends) const {
  const auto now = clock_.now();
  std::deque<AppendOp> kept;
  for (auto& op : appends) {
    if (op.producer->closed) {
      answer(op, fail(ErrorCode::kCancelled, "the producer was closed"));
    } else if (op.give_up && *op.give_up <= now) {
      answer(op, fail(ErrorCode::kTimedOut, "the record could not be written in time"));
    } else {
      kept.push_back(std::move(op));
    }
  }
  return kept;
}

void LogWriter::build(const Slice& slice, Built& built) {
  const TimeMs now = clock_.wall();
  built.offsets.reserve(slice.appends.size());
  for (const auto& op : slice.appends) built.offsets.push_back(place_record(op.record, now, built));
  for (auto& [_, growing] : built.partitions) end_chunk(growing, built.writes);
}

Result<Offset> LogWriter::place_record(const NewRecord& record, TimeMs now, Built& built) {
  auto at = built.partitions.find({record.to.topic, record.to.partition});
  if (at == built.partitions.end()) {
    auto place = catalog_.find(record.to);
    if (!place) return tl::unexpected(place.error());
    const Offset end = place->bounds.end;
    // The key's view points into the operation, which outlives what is built.
    at = built.partitions
             .emplace(std::pair{std::string_view(record.to.topic), record.to.partition},
                      Growing{record.to, std::move(*place), {}, end, end})
             .first;
  }
  auto& growing = at->second;
  const auto bytes = record.key.size() + record.value.size();
  if (bytes > growing.place.max_record.value) {
    return fail(ErrorCode::kPoison, "a record of " + std::to_string(bytes) + " bytes is over the " +
                                        std::to_string(growing.place.max_record.value) + " of topic " +
                                        record.to.topic);
  }
  growing.chunk.add(growing.place.log_append_time ? now : record.time.value_or(now), record.key, record.value);
  const Offset offset = growing.end;
  growing.end = growing.end + 1;
  if (growing.chunk.size() >= kChunkBytes || growing.chunk.count() >= kChunkRecords) end_chunk(growing, built.writes);
  return offset;
}

void LogWriter::end_chunk(Growing& growing, rocksdb::WriteBatch& writes) const {
  if (growing.chunk.empty()) return;
  writes.Put(rocks_.bulk, chunk_key(growing.place.number, growing.place.partition, growing.chunk_first),
             growing.chunk.take());
  growing.chunk_first = growing.end;
}

Result<void> LogWriter::commit(rocksdb::WriteBatch& writes) {
  if (broken_) return tl::unexpected(*broken_);
  if (writes.Count() == 0) return {};
  auto written = rocks_.commit(writes);
  const bool waiting = !written && written.error().retryable();
  if (waiting != disk_full_) {  // once for each change, however many tries there are in between
    disk_full_ = waiting;
    if (waiting) {
      log::error("log_disk_full", {{"reason", written.error().message}});
    } else {
      log::info("log_disk_writable");
    }
  }
  if (!written && !waiting) {
    log::error("log_write_failed", {{"reason", written.error().message}});
    broken_ = written.error();
  }
  return written;
}

Result<void> LogWriter::check_commit(const CommitOp& op) const {
  const auto place = catalog_.find(op.partition);
  if (!place) return tl::unexpected(place.error());
  if (place->topic_id != op.topic_id)
    return fail(ErrorCode::kTopicChanged, "topic " + op.partition.topic + " was deleted and made again");
  return {};
}

Result<std::optional<Commit>> LogWriter::committed(const CommittedOp& op) const {
  const auto place = catalog_.find(op.partition);
  if (!place) return tl::unexpected(place.error());
  std::string value;
  const auto status = rocks_.db->Get({}, rocks_.meta, commit_key(place->number, place->partition, op.group), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return tl::unexpected(to_error(status, "read of a commit"));
  auto commit = decode_commit(value);
  if (!commit) return fail(ErrorCode::kCorrupt, "a commit of group " + op.group + " cannot be read");
  return commit;
}

}  // namespace guidepost::embedded
