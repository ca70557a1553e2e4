// Cuts the rows of a call into requests of bounded size.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "guidepost/base/ids.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::hbase {

struct BatchLimits {
  std::size_t put_rows = 500;
  std::size_t get_rows = 200;
  Bytes put_bytes = 1_MiB;
  Bytes reply_bytes = 4_MiB;     ///< aimed at, by what rows of the table weighed so far
  Bytes request_bytes =
      60_MiB;  ///< never more: below the gateway's frame limit, which closes the connection without a word
};

/// What a row takes on the wire, rounded up.
std::size_t wire_size(const RowPut& row);
std::size_t wire_size(const RowGet& row);

/// In order; a row that alone is over `bytes` is a batch of its own.
std::vector<std::vector<RowPut>> cut(std::vector<RowPut> rows, std::size_t at_most, Bytes bytes);
std::vector<std::vector<RowGet>> cut(std::vector<RowGet> rows, std::size_t at_most, Bytes bytes);

/// Whether one row is written more than once: then the order of the batches matters.
bool repeats_a_row(const std::vector<RowPut>& rows);

/// What rows of each table weighed when last read, so that the next reply has about the size wanted.
/// Thread: any.
class RowWeights {
 public:
  /// Rows of `table` that a reply of `bytes` holds, at least 1; few while nothing is known.
  std::size_t rows_within(const std::string& table, Bytes bytes) const;
  void learn(const std::string& table, const std::vector<Row>& rows);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, double> bytes_per_row_;
};

std::size_t weight(const std::vector<Row>& rows);

}  // namespace guidepost::hbase
