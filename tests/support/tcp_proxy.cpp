#include "support/tcp_proxy.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

extern char** environ;

namespace guidepost::test {

TcpProxy::TcpProxy(const std::string& host, std::uint16_t port) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe for the proxy");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string python = "python3";
  std::string script = GUIDEPOST_TESTS "/support/tcp_proxy.py";
  std::string target = host + ":" + std::to_string(port);
  std::array<char*, 4> arguments{python.data(), script.data(), target.data(), nullptr};
  const int failed = ::posix_spawnp(&process_, python.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  orders_ = ::fdopen(in[1], "w");
  answers_ = ::fdopen(out[0], "r");
  if (failed != 0) throw std::runtime_error("python3 does not start");
  const auto greeting = answer();
  if (!greeting.starts_with("listening ")) throw std::runtime_error("the proxy does not start: " + greeting);
  port_ = static_cast<std::uint16_t>(std::stoi(greeting.substr(10)));
}

TcpProxy::~TcpProxy() {
  std::fclose(orders_);  // its standard input ends, and so does it
  std::fclose(answers_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

std::string TcpProxy::answer() {
  std::array<char, 512> line{};
  if (std::fgets(line.data(), line.size(), answers_) == nullptr) return "nothing";
  std::string text = line.data();
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string TcpProxy::order(const std::string& line) {
  std::fputs((line + "\n").c_str(), orders_);
  std::fflush(orders_);
  auto said = answer();
  if (said.starts_with("error") || said == "nothing")
    throw std::runtime_error("the proxy, ordered to " + line + ": " + said);
  return said;
}

std::int64_t TcpProxy::count(const std::string& what) {
  const auto stats = " " + order("stats");
  const auto at = stats.find(" " + what + "=");
  if (at == std::string::npos) throw std::runtime_error("the proxy does not count " + what);
  return std::stoll(stats.substr(at + what.size() + 2));
}

}  // namespace guidepost::test
