#include "gateway/wanted.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr std::size_t kLongest = 256;
constexpr timeval kPatience{1, 0};
constexpr std::string_view kHeard = "heard\n";

// Empty where none came.
std::string read_line(int fd) {
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  std::string line;
  std::array<char, kLongest> buffer{};
  while (line.size() < kLongest) {
    auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) return "";
    line.append(buffer.data(), static_cast<std::size_t>(got));
    if (auto end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
  }
  return "";
}

}  // namespace

Result<std::unique_ptr<Wanted>> Wanted::listen(const std::filesystem::path& dir,
                                               std::function<void(const std::string& id)> rung) {
  auto problem = [](const char* what) {
    return fail(ErrorKind::failed, std::string("cannot listen to the gateway: ") + what + ": " + std::strerror(errno));
  };
  // As in Socket::send: the data directory may have any length.
  int folder = ::open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return problem("its folder");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/wanted.sock";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ::unlink(path.c_str());
  int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = listener >= 0 &&
                     ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     ::chmod(path.c_str(), 0600) == 0 && ::listen(listener, SOMAXCONN) == 0;
  const int number = errno;
  ::close(folder);
  int stopper = bound ? ::eventfd(0, EFD_CLOEXEC) : -1;
  if (stopper < 0) {
    if (listener >= 0) ::close(listener);
    if (!bound) errno = number;
    return problem("its socket");
  }
  return std::unique_ptr<Wanted>(new Wanted(listener, stopper, std::move(rung)));
}

Wanted::Wanted(int listener, int stopper, std::function<void(const std::string& id)> rung)
    : listener_(listener), stopper_(stopper), rung_(std::move(rung)), thread_([this] { serve(); }) {}

Wanted::~Wanted() {
  ::eventfd_write(stopper_, 1);
  thread_.join();
  ::close(listener_);
  ::close(stopper_);
}

void Wanted::serve() const {
  std::array<pollfd, 2> both{{{listener_, POLLIN, 0}, {stopper_, POLLIN, 0}}};
  while (true) {
    if (::poll(both.data(), both.size(), -1) < 0 && errno != EINTR) return;
    if (both[1].revents != 0) return;
    if (both[0].revents == 0) continue;
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const auto id = read_line(fd);
    if (!id.empty()) {
      rung_(id);
      (void)::send(fd, kHeard.data(), kHeard.size(), MSG_NOSIGNAL);
    }
    ::close(fd);
  }
}

}  // namespace sluice::gateway
