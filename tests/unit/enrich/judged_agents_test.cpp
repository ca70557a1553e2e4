// The agents of a real log against what reading them says that they are.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "base/config.hpp"
#include "enrich/user_agent.hpp"

namespace guidepost::enrich {
namespace {

struct Judged {
  std::string user_agent;
  std::string browser;
  std::string os;
  std::string device_class;
  bool bot = false;
};

std::vector<Judged> judged_agents() {
  std::ifstream file(GUIDEPOST_TESTS "/unit/enrich/data/judged_agents.tsv");
  std::vector<Judged> all;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#") || line.starts_with("user_agent\t")) continue;
    std::istringstream columns(line);
    Judged judged;
    std::string bot;
    std::getline(columns, judged.user_agent, '\t');
    std::getline(columns, judged.browser, '\t');
    std::getline(columns, judged.os, '\t');
    std::getline(columns, judged.device_class, '\t');
    std::getline(columns, bot, '\t');
    judged.bot = bot == "1";
    all.push_back(judged);
  }
  return all;
}

// How often one question was answered as it was judged; tells where it was not.
class Tally {
 public:
  explicit Tally(std::string question) : question_(std::move(question)) {}
  void count(const std::string& user_agent, std::string_view judged, std::string_view found) {
    ++asked_;
    if (judged == found) return;
    ++differ_;
    std::cout << question_ << ": judged " << judged << ", found " << found << ": " << user_agent << "\n";
  }
  double share() const {
    const double share = 1.0 - static_cast<double>(differ_) / static_cast<double>(asked_);
    std::cout << question_ << ": " << asked_ - differ_ << " of " << asked_ << " agree\n";
    return share;
  }

 private:
  std::string question_;
  int asked_ = 0;
  int differ_ = 0;
};

TEST(JudgedAgents, AreFoundToBeWhatReadingThemSays) {
  const auto all = judged_agents();
  std::set<std::string> distinct;
  for (const auto& judged : all) distinct.insert(judged.user_agent);
  ASSERT_EQ(all.size(), 200U);
  ASSERT_EQ(distinct.size(), 200U);
  const auto agents = UserAgents::open("", default_bot_agents()).value();
  Tally browser("browser"), os("os"), device("device class"), bot("bot");
  for (const auto& judged : all) {
    const auto found = agents.recognise(judged.user_agent);
    browser.count(judged.user_agent, judged.browser, found.browser);
    os.count(judged.user_agent, judged.os, found.os);
    device.count(judged.user_agent, judged.device_class, found.device_class);
    bot.count(judged.user_agent, judged.bot ? "bot" : "person", found.bot ? "bot" : "person");
  }
  EXPECT_GE(browser.share(), 0.96);  // uap-core does not know every program of a long tail
  EXPECT_GE(os.share(), 0.99);
  EXPECT_GE(device.share(), 0.99);
  EXPECT_GE(bot.share(), 0.99);
}

}  // namespace
}  // namespace guidepost::enrich
