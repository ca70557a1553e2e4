// Reads a mapping file, line by line. Format, for people: docs/identity.md.
#pragma once

#include <array>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "guidepost/base/ids.hpp"
#include "guidepost/base/result.hpp"

namespace guidepost::identity {

/// What a line says. Views live until the next call of MappingFile::next.
struct MappingLine {
  std::uint64_t line = 0;  ///< where it begins, from 1
  std::string_view merchant;
  std::string_view guid;
  std::string_view customer;  ///< empty: nobody's from then on
  TimeMs valid_from;          ///< kSinceEver where the line gives none
};

/// A line that says nothing usable.
struct BadLine {
  std::uint64_t line = 0;
  std::string reason;  ///< a sentence for people
};

/// Lower-cased; nothing where it is not a slug of 1-40 characters [a-z0-9._-].
std::optional<std::string> merchant_slug(std::string_view text);

struct MappingFileOptions {
  std::string default_merchant;  ///< for lines without one; empty: such lines are bad
  std::size_t id_bytes = 128;    ///< guid, customer
};

/// CSV (RFC 4180, with a header line) or NDJSON, whichever the first character tells. Holds one line
/// and a read buffer in memory, whatever the file is.
/// Thread: one owner. Blocks: as long as the stream does.
class MappingFile {
 public:
  MappingFile(std::istream& in, MappingFileOptions options);
  ~MappingFile();
  MappingFile(const MappingFile&) = delete;
  MappingFile& operator=(const MappingFile&) = delete;

  using Item = std::variant<MappingLine, BadLine>;
  /// The next line, or nothing at the end. Blank lines are passed over.
  /// Errors: kInvalidArgument (the header), kFailed (the stream cannot be read).
  Result<std::optional<Item>> next();
  std::uint64_t bytes_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace guidepost::identity
