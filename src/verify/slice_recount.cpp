#include "verify/slice_recount.hpp"

namespace guidepost::verify {

void SliceRecount::add(const event::StoredEvent& stored, bool inside) {
  for (const auto& change : stored.changes) {
    if (change.subject_time >= from_ && change.subject_time < to_) changes_.push_back({stored.source, change});
  }
  if (!inside) return;
  const std::pair key(Bucket::of(stored.event.time), stored.source);
  const auto page = pages_.find(key);
  if (page != pages_.end() && stored.event.offset < page->second.position) {
    recounts_[key].add(stored.event);
  } else if (stored.event.offset < findings_.durable(stored.source)) {
    behind_[key].add(stored.event.offset);
  } else {
    ++findings_.report().uncounted;
  }
  auto& subject = subjects_[{stored.source, stored.event.offset}];
  subject.traffic = stored.event.traffic;
  for (std::size_t i = 0; i < event::kSessionFields.size(); ++i) {
    subject.texts[i] = stored.event.text[event::kSessionFields[i]];
  }
}

void SliceRecount::finish(const std::string& merchant) {
  for (const auto& [source, change] : changes_) {
    const std::pair key(Bucket::of(change.subject_time), source);
    const auto page = pages_.find(key);
    if (page == pages_.end() || change.change.cause >= page->second.position) {
      if (change.change.cause < findings_.durable(source)) changes_behind_[key].add(change.change.cause);
      continue;
    }
    const auto subject = subjects_.find({source, change.change.subject});
    if (subject == subjects_.end()) {
      FirstOffsets row;
      row.add(change.change.cause);
      findings_.add({merchant, source, key.first.start(), "row", "", std::to_string(change.change.subject.value),
                     "sessions change about an event that has no row", 0, 1, row});
      continue;
    }
    event::Accepted event;
    event.traffic = subject->second.traffic;
    for (std::size_t i = 0; i < event::kSessionFields.size(); ++i) {
      event.text[event::kSessionFields[i]] = subject->second.texts[i];
    }
    recounts_[key].add(change.change, event);
  }
  for (const auto& [key, behind] : changes_behind_) {
    findings_.add({merchant, key.second, key.first.start(), "page", "", "",
                   "changes of sessions below D that no page counts", 0, static_cast<double>(behind.count),
                   behind.rows});
  }
  for (const auto& [key, behind] : behind_) {
    findings_.add({merchant, key.second, key.first.start(), "page", "", "", "rows below D that no page counts", 0,
                   static_cast<double>(behind.count), behind.rows});
  }
}

}  // namespace guidepost::verify
