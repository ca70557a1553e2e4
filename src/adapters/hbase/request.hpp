// One request to HBase as the queue sees it: something to try, to halve, or to give up.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "adapters/hbase/connection.hpp"
#include "adapters/hbase/meters.hpp"
#include "adapters/hbase/tries.hpp"

namespace guidepost::hbase {

class Request;
using Requests = std::vector<std::unique_ptr<Request>>;

/// Part of a call of the port, or all of it. Exactly one of answer(), give_up() and a split() that
/// returns something ends it.
/// Thread: one at a time, not always the same.
class Request {
 public:
  explicit Request(Operation operation) : operation_(operation) {}
  virtual ~Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// One try. Nothing: it succeeded. Blocks: as the connection does.
  virtual std::optional<Failure> attempt(Connection& connection) = 0;
  /// Hands out what the last attempt got.
  virtual void answer() = 0;
  /// Hands out why there is no answer.
  virtual void give_up(Error error) = 0;
  /// Smaller requests that together are this one. None: it cannot be split, and goes on.
  virtual Requests split() { return {}; }

  virtual std::size_t rows() const { return 1; }
  virtual std::size_t bytes() const { return 0; }
  virtual Repeat repeat() const { return Repeat::kHarmless; }
  Operation operation() const { return operation_; }

 private:
  Operation operation_;
};

}  // namespace guidepost::hbase
