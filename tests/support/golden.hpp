// Golden bytes: an example of a stored format as a file keeps it for all versions to come, tests/golden/NAME.hex.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guidepost/ports/table_store.hpp"

namespace guidepost::test {

/// Two digits a byte.
std::string hex_of(std::string_view bytes);
std::string bytes_of(std::string_view hex);

/// Byte strings with names, in order. As text a line each, `NAME HEX`; a name may have blanks in it, and `-` stands for no
/// bytes. A table's row is its key, and below it a line for each cell, `NAME FAMILY:QUALIFIER@TIMESTAMP HEX`, with what is
/// not printable in a qualifier as %XX.
class Golden {
 public:
  static std::string path(std::string_view name);
  /// Throws where the file is not there, or is none.
  static Golden load(std::string_view name);

  Golden& add(std::string name, std::string_view bytes);
  Golden& add(const std::string& name, const RowPut& row);
  Golden& add(const std::string& name, const Row& row);
  /// Throws where there is none of that name.
  const std::string& bytes(std::string_view name) const;
  Row row(std::string_view name) const;

  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> parts_;
};

}  // namespace guidepost::test
