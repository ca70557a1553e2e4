// Writes a run's assignments: in batches, several in flight, only what is not so already.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/caller_executor.hpp"
#include "base/patience.hpp"
#include "identity/mapping.hpp"

namespace guidepost::identity {

struct MappingWriterOptions {
  std::string table;
  MappingView view;  ///< as of the run that is written: its own number, and the runs that do not count
  std::size_t batch_lines = 500;
  Bytes batch_bytes{1024 * 1024};
  std::size_t batches_in_flight = 4;
  Patience patience;
  std::function<bool()> go_on;  ///< asked after each batch; false: stop (kCancelled). Optional
};

struct MappingWriterCounts {
  std::uint64_t assigned = 0, unmapped = 0, removed = 0;  ///< cells written, by kind
  std::uint64_t unchanged = 0;                            ///< said what was so already
  std::uint64_t repeated =
      0;  ///< lines of the same GUID and valid_from as an earlier one of their batch: the last holds
};

/// Of several lines for one GUID and valid_from the last added is what holds.
/// Thread: the owner of the executor. Blocks: add and finish, while too much is in flight; the
/// destructor, until nothing is.
class MappingWriter {
 public:
  MappingWriter(TableStore& tables, CallerExecutor& executor, MappingWriterOptions options);
  ~MappingWriter();
  MappingWriter(const MappingWriter&) = delete;
  MappingWriter& operator=(const MappingWriter&) = delete;

  /// `customer` of kCustomer. Errors: those of the store (of any batch so far), once patience ended.
  Result<void> add(std::string_view merchant, std::string_view guid, TimeMs valid_from, Assignment::Kind kind,
                   std::string_view customer);
  /// Everything added is durable.
  Result<void> finish();

  MappingWriterCounts counts() const;
  /// Hashes of the GUIDs that were changed, sorted; nothing where they are over kMaxListedGuids.
  /// After finish(), once.
  std::optional<std::vector<std::uint64_t>> take_changed();
  std::uint64_t changed_guids() const;  ///< as take_changed() gave them; of more, roughly how many

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::identity
