#include "app/control_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <thread>
#include <utility>

#include "app/data_folder.hpp"
#include "guidepost/base/codec.hpp"

namespace guidepost::app {
namespace {

// A call: the bytes of encode(), their length before them; the caller's three streams go with the first byte.
// The answers, one byte each: started, or busy (nothing was run); then the exit status.
constexpr std::uint8_t kVersion = 1;
constexpr char kStarted = 's';
constexpr char kBusy = 'b';
constexpr std::size_t kLongestCall = std::size_t{1024} * 1024;
constexpr std::size_t kMostCalls = 64;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string encode(const RemoteCall& call) {
  ByteWriter body;
  body.u8(kVersion);
  body.varint(call.words.size());
  for (const auto& word : call.words) body.text(word);
  body.text(call.directory);
  for (const auto& look : {call.out_look, call.err_look}) {
    body.u8(static_cast<std::uint8_t>((look.terminal ? 1 : 0) | (look.colour ? 2 : 0)));
    body.varint(look.width);
  }
  ByteWriter message;
  message.be32(static_cast<std::uint32_t>(body.size()));
  message.bytes(body.view());
  return std::move(message).take();
}

std::optional<RemoteCall> decode(std::string_view bytes) {
  ByteReader in(bytes);
  RemoteCall call;
  if (in.u8() != kVersion) return std::nullopt;
  const auto words = in.varint();
  if (words > bytes.size()) return std::nullopt;
  for (std::uint64_t i = 0; i < words && in.ok(); ++i) call.words.emplace_back(in.text());
  call.directory = in.text();
  for (auto* look : {&call.out_look, &call.err_look}) {
    const auto flags = in.u8();
    look->terminal = (flags & 1) != 0;
    look->colour = (flags & 2) != 0;
    look->width = static_cast<std::size_t>(in.varint());
  }
  return in.ok() && in.remaining() == 0 ? std::optional(std::move(call)) : std::nullopt;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool receive_all(int fd, char* to, std::size_t size) {
  while (size > 0) {
    const auto n = recv(fd, to, size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

/// Sends the first byte together with the three descriptors.
bool send_streams(int fd, char first, const std::array<int, 3>& streams) {
  iovec part{&first, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof streams)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof streams);
  std::memcpy(CMSG_DATA(header), streams.data(), sizeof streams);
  return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

/// The first byte and the descriptors that came with it; fewer than three where the caller is none of ours.
std::vector<Descriptor> receive_streams(int fd, char& first) {
  iovec part{&first, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 8)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  std::vector<Descriptor> streams;
  if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) != 1) return streams;
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(header) + at, sizeof received);
      streams.emplace_back(received);
    }
  }
  return streams;
}

bool is_same_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

sockaddr_un address_of(const SocketAddress& address) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address.path().data(), address.path().size());
  return to;
}

bool connects(int fd, const sockaddr_un& to) {
  return connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

}  // namespace

struct ControlServer::Impl {
  struct Running {
    std::atomic<bool> ended = false;
    std::jthread thread;
  };

  std::string folder;
  Handler handler;
  std::stop_token ending;
  Descriptor listener;
  Descriptor wake{eventfd(0, EFD_CLOEXEC)};
  std::list<Running> calls;  // the accepting thread's, until that has ended
  std::thread accepting;

  void accept_calls() {
    for (;;) {
      std::array<pollfd, 2> ready{pollfd{listener.get(), POLLIN, 0}, pollfd{wake.get(), POLLIN, 0}};
      if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
      if (ready[1].revents != 0) return;
      if (ready[0].revents == 0) continue;
      Descriptor connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (connection.get() < 0) continue;
      calls.remove_if([](const Running& call) { return call.ended.load(); });
      if (calls.size() >= kMostCalls) {
        send_all(connection.get(), {&kBusy, 1});
        continue;
      }
      auto& call = calls.emplace_back();
      call.thread = std::jthread([this, &call, c = std::move(connection)](const std::stop_token& stop) {
        answer(c.get(), stop);
        call.ended = true;
      });
    }
  }

  void answer(int fd, const std::stop_token& stop) {
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char size_bytes[4];
    const auto streams = receive_streams(fd, size_bytes[0]);
    if (!is_same_user(fd) || streams.size() != 3 || !receive_all(fd, size_bytes + 1, 3)) return;
    const auto size = ByteReader({size_bytes, 4}).be32();
    if (size > kLongestCall) return;
    std::string body(size, '\0');
    if (!receive_all(fd, body.data(), body.size())) return;
    const auto call = decode(body);
    if (!call || !send_all(fd, {&kStarted, 1})) return;
    const char status = static_cast<char>(run(*call, fd, streams, stop));
    send_all(fd, {&status, 1});
  }

  /// Runs the command and meanwhile watches whether its caller is still there.
  int run(const RemoteCall& call, int fd, const std::vector<Descriptor>& streams, const std::stop_token& stop) {
    std::stop_source cancel;
    const std::stop_callback pass_on(stop, [&] { cancel.request_stop(); });
    const std::stop_callback holder_ends(ending, [&] { cancel.request_stop(); });
    const Descriptor ended(eventfd(0, EFD_CLOEXEC));
    const std::jthread watch([&] {
      std::array<pollfd, 2> ready{pollfd{fd, POLLRDHUP, 0}, pollfd{ended.get(), POLLIN, 0}};
      while (poll(ready.data(), ready.size(), -1) < 0 && errno == EINTR) {
      }
      if (ready[1].revents == 0) cancel.request_stop();
    });
    Output out({streams[0].get(), streams[1].get(), streams[2].get(), call.out_look, call.err_look});
    const int status = handler(call, out, cancel.get_token());
    eventfd_write(ended.get(), 1);
    return status;
  }

  void stop_accepting() {
    if (!accepting.joinable()) return;
    eventfd_write(wake.get(), 1);
    accepting.join();
    // Who waits in the listener's queue is turned away by its closing, and tries lock or socket again.
    if (auto address = SocketAddress::in(folder)) unlink(address->path().c_str());
    listener = Descriptor();
  }
};

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::string& folder, Handler handler,
                                                            std::stop_token ending) {
  auto address = SocketAddress::in(folder);
  if (!address) return tl::unexpected(address.error());
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto to = address_of(*address);
  unlink(to.sun_path);
  if (listener.get() < 0 || bind(listener.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
      chmod(to.sun_path, 0600) != 0 || listen(listener.get(), 64) != 0) {
    return fail(ErrorCode::kFailed, folder + "/control.sock cannot be made: " + std::strerror(errno));
  }
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->handler = std::move(handler);
  impl->ending = std::move(ending);
  impl->listener = std::move(listener);
  impl->accepting = std::thread([i = impl.get()] { i->accept_calls(); });
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

ControlServer::~ControlServer() {
  impl_->stop_accepting();
  for (auto& call : impl_->calls) call.thread.request_stop();
}

void ControlServer::finish() {
  impl_->stop_accepting();
  for (auto& call : impl_->calls) call.thread.join();
  impl_->calls.clear();
}

Result<int> call_holder(const std::string& folder, const RemoteCall& call, const Streams& streams,
                        const std::stop_token& cancelled) {
  auto address = SocketAddress::in(folder);
  if (!address) return fail(ErrorCode::kUnavailable, address.error().message);
  const Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto message = encode(call);
  if (message.size() > kLongestCall) return fail(ErrorCode::kFailed, "the command line is too long");
  if (!connects(connection.get(), address_of(*address)))
    return fail(ErrorCode::kUnavailable, "nobody answers in " + folder);
  char answer = 0;
  if (!send_streams(connection.get(), message[0], {streams.in, streams.out, streams.err}) ||
      !send_all(connection.get(), std::string_view(message).substr(1)) || !receive_all(connection.get(), &answer, 1) ||
      answer != kStarted) {
    return fail(ErrorCode::kUnavailable, "the process that has " + folder + " takes no calls now");
  }
  // To the other side it looks as if the caller had gone, but its answer still comes.
  const std::stop_callback hang_up(cancelled, [&] { shutdown(connection.get(), SHUT_WR); });
  char status = 0;
  if (!receive_all(connection.get(), &status, 1)) {
    return fail(ErrorCode::kFailed, "the process that has " + folder + " ended before the command did");
  }
  return static_cast<unsigned char>(status);
}

}  // namespace guidepost::app
