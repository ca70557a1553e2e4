#include "rollup/page.hpp"

#include <algorithm>
#include <deque>

#include "base/assert.hpp"
#include "guidepost/base/codec.hpp"
#include "rollup/page_state.hpp"

namespace guidepost::rollup {
namespace {

tl::unexpected<Error> corrupt(const PageKey& key, std::string_view what) {
  return fail(ErrorCode::kCorrupt, "the page of " + key.merchant + ", bucket " + std::to_string(key.bucket.value) +
                                       ", source " + std::to_string(key.source.value) + " " + std::string(what));
}

StoredSketch stored(const ReadSketch& read) {
  StoredSketch sketch;
  read.copy_hashes(sketch.hashes);
  sketch.image = read.image;
  return sketch;
}

/// An entry as the format wants it. Images have no memory of their own: they go into `images`.
EntryRef ref(const Entry& entry, Bucket bucket, const DistinctCount* customers, std::deque<std::string>& images) {
  EntryRef ref{entry.dimension, entry.traffic, bucket, entry.value, &entry.counters, {}, entry.money};
  const auto sketch = [&](const DistinctCount& count) -> SketchRef {
    if (!count.dense()) return {count.hashes(), {}};
    return {{}, images.emplace_back(count.image())};
  };
  ref.distinct[static_cast<std::size_t>(Distinct::kDevices)] = sketch(entry.devices);
  ref.distinct[static_cast<std::size_t>(Distinct::kUsers)] = sketch(entry.users_apart ? entry.users : entry.devices);
  if (customers != nullptr) ref.distinct[static_cast<std::size_t>(Distinct::kCustomers)] = sketch(*customers);
  return ref;
}

/// Not where a chunk holds an (other) that is not at its own place: it stands for values of that chunk,
/// and the page was made with a lower limit of splits than today's.
bool splits_further(const std::vector<ChunkReader>& chunks, std::uint8_t bits) {
  const auto own = 1 + (hash64(kOther) & ((1U << bits) - 1));
  return std::none_of(chunks.begin(), chunks.end(), [&](const ChunkReader& chunk) {
    const auto id = chunk.header().id;
    return id.chunk != 0 && id.bits == bits && id.chunk != own &&
           std::any_of(chunk.entries().begin(), chunk.entries().end(),
                       [](const ReadEntry& e) { return is_other(e.value); });
  });
}

}  // namespace

Page::Page(PageKey key, PageLimits limits) : impl_(std::make_unique<Impl>(std::move(key), limits)) {
  GUIDEPOST_ASSERT(limits.max_bits <= kMaxBits);
}
Page::Page(Page&&) noexcept = default;
Page& Page::operator=(Page&&) noexcept = default;
Page::~Page() = default;

const PageKey& Page::key() const { return impl_->key; }
Offset Page::position() const { return impl_->position; }
bool Page::dirty() const { return impl_->dirty; }
std::uint64_t Page::dirty_events() const { return impl_->dirty_events; }
std::uint64_t Page::events() const { return impl_->events; }
std::uint8_t Page::bits() const { return impl_->bits; }
std::uint64_t Page::folded() const { return impl_->folded; }

Result<Page> Page::load(PageKey key, PageLimits limits, const std::vector<std::string_view>& cells) {
  Page page(std::move(key), limits);
  auto& impl = *page.impl_;
  if (cells.empty()) return page;
  std::vector<ChunkReader> chunks(cells.size());
  const ChunkReader* first = nullptr;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (auto ok = chunks[i].read(cells[i]); !ok) return corrupt(impl.key, "cannot be read: " + ok.error().message);
    if (chunks[i].header().id.chunk != 0) continue;
    if (first != nullptr) return corrupt(impl.key, "has two chunks 0");
    first = &chunks[i];
  }
  // Chunk 0 is put last: whoever put the others died before, and nobody has seen them.
  if (first == nullptr) return page;
  const auto& header = first->header();
  impl.bits = header.valid_bits;
  impl.max_bits = splits_further(chunks, impl.bits) ? std::max(limits.max_bits, impl.bits) : impl.bits;
  impl.position = header.position;
  impl.next = header.position;
  impl.first_offset = header.first_offset;
  impl.rules = header.rules;
  impl.events = header.events;
  impl.chunks.assign(std::size_t{1} + (std::size_t{1} << impl.bits), {});
  for (const auto& chunk : chunks) {
    if (chunk.header().id.chunk != 0 && chunk.header().id.bits != impl.bits) continue;
    if (auto ok = impl.load(chunk); !ok) return tl::unexpected(ok.error());
  }
  return page;
}

Result<void> Page::Impl::load(const ChunkReader& chunk) {
  const auto& header = chunk.header();
  if (header.span != key.span) return corrupt(key, "has chunks that do not belong together");
  if (header.position > position) chunks[header.id.chunk].ahead = header.position;
  for (const auto& read : chunk.entries()) {
    const auto value = placed(read, header.id.chunk);
    if (!value) return tl::unexpected(value.error());
    if (find(*value) >= 0) return corrupt(key, "holds a value twice");
    auto& entry = insert(*value);
    entry.counters = read.counters;
    entry.money.assign(read.money.begin(), read.money.end());
    const auto count = [&](Distinct kind) {
      return DistinctCount::load(stored(read.distinct[static_cast<std::size_t>(kind)]));
    };
    auto devices = count(Distinct::kDevices);
    auto users = count(Distinct::kUsers);
    auto own = count(Distinct::kCustomers);
    if (!devices || !users || !own) return corrupt(key, "holds a distinct count that cannot be");
    entry.devices = std::move(*devices);
    const auto a = entry.devices.hashes();
    const auto b = users->hashes();
    entry.users_apart = entry.devices.dense() || users->dense() || !std::equal(a.begin(), a.end(), b.begin(), b.end());
    if (entry.users_apart) entry.users = std::move(*users);
    if (entry.dimension == Dimension::kTotal) customers[static_cast<std::size_t>(entry.traffic)] = std::move(*own);
    outside_memory += entry.outside_memory();
    account(entry);
  }
  return {};
}

/// What add() would call the entry's value; an error where add() would not have put it there.
Result<Value> Page::Impl::placed(const ReadEntry& read, std::uint8_t chunk) const {
  if (read.bucket != key.bucket) return corrupt(key, "holds entries of another bucket");
  const auto& own = read.distinct[static_cast<std::size_t>(Distinct::kCustomers)];
  const bool is_total = read.dimension == Dimension::kTotal;
  if (is_total ? !read.value.empty() : !own.packed.empty() || !own.image.empty()) {
    return corrupt(key, "holds a value of the total, or customers elsewhere");
  }
  auto first = read.value;
  std::string_view second;
  if (read.dimension == Dimension::kUrlCountry) {
    const auto border = read.value.rfind('\0');
    if (border == std::string_view::npos) return corrupt(key, "holds a url and country without their border");
    first = read.value.substr(0, border);
    second = read.value.substr(border + 1);
  }
  const auto hash = hash64(first);
  auto route = chunk == 0 ? std::uint8_t{0} : route_of(hash);
  if (chunk != 0 && first == kOther && bits == max_bits) route = static_cast<std::uint8_t>(chunk - 1);
  const auto value = make_value(read.dimension, read.traffic, first, hash, second, route);
  if (chunk_of(value.dimension, value.route) != chunk) {
    return corrupt(key, "holds a value in a chunk that is not its own");
  }
  return value;
}

std::vector<EncodedChunk> Page::encode_dirty(Offset label) {
  auto& page = *impl_;
  if (!dirty()) return {};
  GUIDEPOST_ASSERT(label >= page.next);
  page.chunks[0].dirty = true;
  std::vector<std::vector<EntryRef>> entries(page.chunks.size());
  std::deque<std::string> images;
  for (const auto& entry : page.entries) {
    const auto chunk = page.chunk_of(entry.dimension, entry.route);
    if (!page.chunks[chunk].dirty) continue;
    const auto* customers =
        entry.dimension == Dimension::kTotal ? &page.customers[static_cast<std::size_t>(entry.traffic)] : nullptr;
    entries[chunk].push_back(ref(entry, page.key.bucket, customers, images));
  }
  std::vector<EncodedChunk> encoded;
  for (std::size_t chunk = 0; chunk < page.chunks.size(); ++chunk) {
    page.chunks[chunk].dirty = false;
    auto& refs = entries[chunk];
    if (refs.empty()) continue;
    std::sort(refs.begin(), refs.end(), [](const EntryRef& a, const EntryRef& b) {
      return std::tie(a.dimension, a.traffic, a.value) < std::tie(b.dimension, b.traffic, b.value);
    });
    const auto body = encode_body(refs);
    GUIDEPOST_ASSERT(body.size() == page.chunks[chunk].body_bytes());
    ChunkHeader header{page.rules, label, page.first_offset, page.key.span, {}, 0, 0};
    if (chunk == 0) {
      header.valid_bits = page.bits;
      header.events = page.events;
    } else {
      header.id = {page.bits, static_cast<std::uint8_t>(chunk)};
    }
    encoded.push_back({page_qualifier(header.id, page.key.source), encode_chunk(header, page.key.bucket, body)});
  }
  page.position = label;
  page.next = label;
  page.dirty_events = 0;
  page.dirty = false;
  return encoded;
}

std::size_t Page::memory_bytes() const {
  const auto& page = *impl_;
  auto bytes = sizeof(Impl) + page.entries.capacity() * sizeof(Entry) + page.table.memory_bytes() +
               page.outside_memory + page.chunks.capacity() * sizeof(ChunkAccount) + page.key.merchant.capacity();
  bytes += page.value_memory + page.value_memory / 16 + kValueBlock;  // blocks are not filled to their end
  for (const auto& customers : page.customers) bytes += customers.memory_bytes();
  return bytes;
}

}  // namespace guidepost::rollup
