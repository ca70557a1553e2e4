// Pages in a table store, as aggregate would have written them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "rollup/page.hpp"
#include "support/accepted_stream.hpp"
#include "support/fake_table_store.hpp"

namespace guidepost::test {

/// Folds events into the pages of their sources and buckets and puts them into the store.
class StoredPages {
 public:
  explicit StoredPages(FakeTableStore& store, Names names = {}) : store_(store), names_(std::move(names)) {}

  rollup::PageLimits limits;

  void add(const Visit& visit, TimeMs time, SourceId source = SourceId{1}, const std::string& merchant = "shop") {
    page(time, source, merchant).add(accepted(visit, Offset{next_++}, time), rollup_rules_);
  }

  /// An event with fields of its own, at an offset that is given here, and its part in a session where it has one.
  void add(event::Accepted event, std::optional<event::SessionChange> part = {}, SourceId source = SourceId{1}) {
    auto& page = this->page(event.time, source, "shop");
    event.offset = Offset{next_++};
    page.add(event, rollup_rules_);
    if (!part) return;
    part->cause = part->subject = event.offset;
    page.add(*part, event, rollup_rules_);
  }

  /// Writes what is dirty. Months without events get no table.
  void put() {
    for (auto& [key, page] : pages_) {
      RowPut put{rollup::page_row(page.key()), {}};
      for (auto& chunk : page.encode_dirty(Offset{next_})) {
        put.cells.push_back(
            {std::string(rollup::kPageFamily), std::move(chunk.qualifier), next_, std::move(chunk.value)});
      }
      if (put.cells.empty()) continue;
      const auto table = names_.rollups(Month::of(page.key().bucket.start()));
      store_.make_table(table, {std::string(rollup::kPageFamily)});
      const auto done = await<void>([&](auto then) { store_.put(table, {std::move(put)}, std::move(then)); });
      if (!done) throw std::runtime_error(done.error().message);
    }
  }

 private:
  rollup::Page& page(TimeMs time, SourceId source, const std::string& merchant) {
    const auto bucket = Bucket::of(time);
    const rollup::PageKey key{merchant, rollup::Span::kBucket, bucket, source};
    return pages_.try_emplace({merchant, bucket, source}, key, limits).first->second;
  }

  FakeTableStore& store_;
  Names names_;
  RulesHash rollup_rules_{1};
  std::int64_t next_ = 1;
  std::map<std::tuple<std::string, Bucket, SourceId>, rollup::Page> pages_;
};

}  // namespace guidepost::test
