#include "support/golden.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace guidepost::test {
namespace {

std::string escaped(std::string_view qualifier) {
  std::string text;
  for (const char c : qualifier) {
    if (c > ' ' && c < 0x7f && c != '%') {
      text.push_back(c);
    } else {
      text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string qualifier;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      qualifier.push_back(text[i]);
      continue;
    }
    qualifier += bytes_of(text.substr(i + 1, 2));
    i += 2;
  }
  return qualifier;
}

}  // namespace

std::string hex_of(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

std::string Golden::path(std::string_view name) { return fmt::format("{}/golden/{}.hex", GUIDEPOST_TESTS, name); }

Golden Golden::load(std::string_view name) {
  std::ifstream in(path(name));
  if (!in) throw std::runtime_error(path(name) + " cannot be read");
  Golden golden;
  for (std::string line; std::getline(in, line);) {
    const auto blank = line.rfind(' ');
    if (blank == std::string::npos) throw std::runtime_error(path(name) + " has a line without a name: " + line);
    const auto hex = std::string_view(line).substr(blank + 1);
    golden.parts_.emplace_back(line.substr(0, blank), hex == "-" ? std::string() : bytes_of(hex));
  }
  return golden;
}

Golden& Golden::add(std::string name, std::string_view bytes) {
  parts_.emplace_back(std::move(name), bytes);
  return *this;
}

Golden& Golden::add(const std::string& name, const RowPut& row) {
  add(name, row.row);
  for (const auto& cell : row.cells)
    add(fmt::format("{} {}:{}@{}", name, cell.family, escaped(cell.qualifier), cell.timestamp), cell.value);
  return *this;
}

Golden& Golden::add(const std::string& name, const Row& row) {
  RowPut put{row.key, {}};
  for (const auto& cell : row.cells) put.cells.push_back({cell.family, cell.qualifier, cell.timestamp, cell.value});
  return add(name, put);
}

const std::string& Golden::bytes(std::string_view name) const {
  for (const auto& [known, bytes] : parts_) {
    if (known == name) return bytes;
  }
  throw std::runtime_error(fmt::format("there are no golden bytes of `{}`", name));
}

Row Golden::row(std::string_view name) const {
  Row row{bytes(name), {}};
  const auto prefix = std::string(name) + ' ';
  for (const auto& [known, bytes] : parts_) {
    if (!known.starts_with(prefix)) continue;
    const auto cell = std::string_view(known).substr(prefix.size());
    const auto colon = cell.find(':');
    const auto at = cell.rfind('@');
    row.cells.push_back({std::string(cell.substr(0, colon)), unescaped(cell.substr(colon + 1, at - colon - 1)),
                         std::stoll(std::string(cell.substr(at + 1))), bytes});
  }
  return row;
}

std::string Golden::text() const {
  std::string text;
  for (const auto& [name, bytes] : parts_) text += fmt::format("{} {}\n", name, bytes.empty() ? "-" : hex_of(bytes));
  return text;
}

}  // namespace guidepost::test
