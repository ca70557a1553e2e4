#include "guidepost/base/codec.hpp"

#include <lz4.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>
#include <bit>
#include <cstring>
#include <memory>

namespace guidepost {
namespace {

template <class T>
void append_big_endian(std::string& out, T v) {
  for (int shift = static_cast<int>(sizeof(T) * 8) - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(v >> shift));
  }
}

template <class T>
T read_big_endian(std::string_view in) {
  T v = 0;
  for (char c : in) v = static_cast<T>((v << 8) | static_cast<unsigned char>(c));
  return v;
}

static_assert(std::endian::native == std::endian::little, "fixed32 and fixed64 copy native integers");

}  // namespace

void ByteWriter::fixed32(std::uint32_t v) { out_.append(reinterpret_cast<const char*>(&v), sizeof v); }
void ByteWriter::fixed64(std::uint64_t v) { out_.append(reinterpret_cast<const char*>(&v), sizeof v); }
void ByteWriter::be16(std::uint16_t v) { append_big_endian(out_, v); }
void ByteWriter::be32(std::uint32_t v) { append_big_endian(out_, v); }
void ByteWriter::be64(std::uint64_t v) { append_big_endian(out_, v); }

void ByteWriter::varint(std::uint64_t v) {
  while (v >= 0x80) {
    out_.push_back(static_cast<char>(v | 0x80));
    v >>= 7;
  }
  out_.push_back(static_cast<char>(v));
}

void ByteWriter::zigzag(std::int64_t v) {
  varint((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
}

std::string_view ByteReader::bytes(std::size_t n) {
  if (!ok_ || n > remaining()) {
    ok_ = false;
    return {};
  }
  auto piece = in_.substr(pos_, n);
  pos_ += n;
  return piece;
}

std::uint8_t ByteReader::u8() {
  auto b = bytes(1);
  return b.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(b[0]);
}

std::uint32_t ByteReader::fixed32() {
  std::uint32_t v = 0;
  if (auto b = bytes(sizeof v); !b.empty()) std::memcpy(&v, b.data(), sizeof v);
  return v;
}

std::uint64_t ByteReader::fixed64() {
  std::uint64_t v = 0;
  if (auto b = bytes(sizeof v); !b.empty()) std::memcpy(&v, b.data(), sizeof v);
  return v;
}

std::uint16_t ByteReader::be16() { return read_big_endian<std::uint16_t>(bytes(2)); }
std::uint32_t ByteReader::be32() { return read_big_endian<std::uint32_t>(bytes(4)); }
std::uint64_t ByteReader::be64() { return read_big_endian<std::uint64_t>(bytes(8)); }

std::uint64_t ByteReader::long_varint() {
  std::uint64_t v = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (pos_ == in_.size()) break;
    const auto byte = static_cast<unsigned char>(in_[pos_++]);
    if (shift == 63 && byte > 1) break;
    v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return ok_ ? v : 0;
  }
  ok_ = false;
  return 0;
}

void ByteReader::skip_varints(std::size_t n) {
  while (n >= 8 && remaining() >= 8) {  // eight bytes at a time end eight varints at most
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    std::uint64_t word = 0;
    std::memcpy(&word, in_.data() + pos_, sizeof word);
    n -= static_cast<std::size_t>((((~word >> 7) & kOnes) * kOnes) >> 56);
    pos_ += sizeof word;
  }
  while (n > 0 && pos_ < in_.size()) {
    if (static_cast<unsigned char>(in_[pos_++]) < 0x80) --n;
  }
  if (n > 0) ok_ = false;
}

std::uint64_t hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint32_t crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::string compress_lz4(std::string_view bytes) {
  const auto size = static_cast<int>(bytes.size());
  std::string out(static_cast<std::size_t>(LZ4_compressBound(size)), '\0');
  out.resize(
      static_cast<std::size_t>(LZ4_compress_default(bytes.data(), out.data(), size, static_cast<int>(out.size()))));
  return out;
}

bool decompress_lz4(std::string_view bytes, std::span<char> out) {
  if (bytes.size() > LZ4_MAX_INPUT_SIZE || out.size() > LZ4_MAX_INPUT_SIZE) return false;
  const int got =
      LZ4_decompress_safe(bytes.data(), out.data(), static_cast<int>(bytes.size()), static_cast<int>(out.size()));
  return got >= 0 && static_cast<std::size_t>(got) == out.size();
}

bool decompress_lz4(std::string_view bytes, std::size_t size, std::string& out) {
  out.resize(size);
  return decompress_lz4(bytes, std::span<char>(out));
}

// Contexts are kept: making one costs as much as a small frame.

std::string compress_zstd(std::string_view bytes, int level) {
  thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compressCCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size(), level));
  return out;
}

bool decompress_zstd(std::string_view bytes, std::size_t size, std::string& out) {
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  out.resize(size);
  const auto got = ZSTD_decompressDCtx(context.get(), out.data(), size, bytes.data(), bytes.size());
  return ZSTD_isError(got) == 0U && got == size;
}

}  // namespace guidepost
