// Writing and reading our binary formats: little endian, varints, checksums; big endian for keys.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace guidepost {

/// Appends to a byte string that it owns.
class ByteWriter {
 public:
  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void fixed32(std::uint32_t v);  ///< little endian
  void fixed64(std::uint64_t v);  ///< little endian
  void be16(std::uint16_t v);     ///< big endian: sorts as the number does
  void be32(std::uint32_t v);
  void be64(std::uint64_t v);
  void varint(std::uint64_t v);       ///< LEB128, 1-10 bytes
  void zigzag(std::int64_t v);        ///< signed LEB128 by zigzag
  void bytes(std::string_view v) { out_.append(v); }
  void text(std::string_view v) {     ///< length as varint, then the bytes
    varint(v.size());
    out_.append(v);
  }
  std::size_t size() const { return out_.size(); }
  std::string_view view() const { return out_; }
  std::string take() && { return std::move(out_); }
  void clear() { out_.clear(); }
  void reserve(std::size_t n) { out_.reserve(n); }

 private:
  std::string out_;
};

/// Reads what a ByteWriter wrote. Every read is checked: past the end, or a varint over 64 bits,
/// gives 0 or an empty view and makes ok() false for good. Views point into the input.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}
  std::uint8_t u8();
  std::uint32_t fixed32();
  std::uint64_t fixed64();
  std::uint16_t be16();
  std::uint32_t be32();
  std::uint64_t be64();
  std::uint64_t varint() {
    // Most are small.
    if (ok_ && pos_ < in_.size() && static_cast<unsigned char>(in_[pos_]) < 0x80)
      return static_cast<unsigned char>(in_[pos_++]);
    return long_varint();
  }
  std::int64_t zigzag() {
    const auto v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  void skip_varints(std::size_t n);  ///< also such as zigzag() reads; whether they fit 64 bits is not looked at
  std::string_view bytes(std::size_t n);
  std::string_view text() { return bytes(static_cast<std::size_t>(varint())); }
  bool ok() const { return ok_; }
  bool at_end() const { return pos_ == in_.size(); }
  std::size_t remaining() const { return in_.size() - pos_; }
  std::size_t position() const { return pos_; }

 private:
  std::uint64_t long_varint();

  std::string_view in_;
  std::size_t pos_ = 0;
  bool ok_ = true;
};

/// XXH3, 64 bits: hash tables, salts, shards, ids. Stored; never change it.
std::uint64_t hash64(std::string_view bytes);
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed);

/// CRC-32 (IEEE 802.3, as zlib's crc32): the checksum at the end of every stored format.
std::uint32_t crc32(std::string_view bytes);

/// LZ4 block / Zstandard frame of `bytes`. decompress_* give nothing where the input is not valid
/// or its size is not exactly `size`.
std::string compress_lz4(std::string_view bytes);
bool decompress_lz4(std::string_view bytes, std::size_t size, std::string& out);
bool decompress_lz4(std::string_view bytes, std::span<char> out);  ///< exactly out.size() bytes
std::string compress_zstd(std::string_view bytes, int level);
bool decompress_zstd(std::string_view bytes, std::size_t size, std::string& out);

}  // namespace guidepost
