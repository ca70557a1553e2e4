// What earlier versions have stored is read, and what is stored today is what they would read: tests/golden/README.md.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "unit/formats/formats.hpp"

namespace guidepost::test {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = fs::path(GUIDEPOST_TESTS).parent_path();

std::vector<Format> formats() {
  std::vector<Format> all;
  for (auto* of_room :
       {event_formats, rollup_formats, identity_formats, worker_formats, embedded_formats, app_formats}) {
    for (const auto& format : of_room()) all.push_back(format);
  }
  return all;
}

std::string contents(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream all;
  all << in.rdbuf();
  return std::move(all).str();
}

class StoredFormat : public ::testing::TestWithParam<Format> {};

TEST_P(StoredFormat, IsWrittenInTheSameBytes) {
  if (GetParam().write == nullptr) return;
  const auto written = GetParam().write().text();
  const auto file = Golden::path(GetParam().name);
  if (std::getenv("GUIDEPOST_WRITE_GOLDEN") != nullptr) std::ofstream(file) << written;
  EXPECT_EQ(written, contents(file))
      << "Bytes that are stored already are no longer what is written: that is a new version of the "
         "format. See tests/golden/README.md";
}

TEST_P(StoredFormat, IsReadForWhatItSays) { GetParam().read(Golden::load(GetParam().name)); }

TEST_P(StoredFormat, IsDescribedWhereItsBytesAreNamed) {
  const auto text = contents(kRoot / GetParam().document);
  EXPECT_NE(text.find(std::string("tests/golden/") + GetParam().name + ".hex"), std::string::npos)
      << GetParam().document << " does not say where its golden bytes are";
}

INSTANTIATE_TEST_SUITE_P(All, StoredFormat, ::testing::ValuesIn(formats()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(StoredFormats, EveryDocumentOfOneHasGoldenBytes) {
  std::set<std::string> described;
  for (const auto& format : formats()) described.insert(format.document);
  std::size_t documents = 0;
  for (const auto& entry : fs::directory_iterator(kRoot / "proto")) {
    if (entry.path().extension() != ".md") continue;
    ++documents;
    const auto name = "proto/" + entry.path().filename().string();
    EXPECT_TRUE(described.contains(name)) << name << " has no golden bytes: add it to tests/unit/formats";
  }
  EXPECT_GE(documents, 10U);
}

TEST(StoredFormats, EveryFileOfGoldenBytesIsOfOne) {
  std::set<std::string> known{"page_dense"};  // tests/unit/rollup/golden_test.cpp
  for (const auto& format : formats()) known.insert(format.name);
  for (const auto& entry : fs::directory_iterator(fs::path(GUIDEPOST_TESTS) / "golden")) {
    if (entry.path().extension() == ".hex") EXPECT_TRUE(known.contains(entry.path().stem().string())) << entry.path();
  }
}

}  // namespace
}  // namespace guidepost::test
