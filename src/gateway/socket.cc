#include "gateway/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace sluice::gateway {
namespace {

constexpr auto kPause = std::chrono::milliseconds(20);

struct Fd {
  int value;
  ~Fd() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

Result<std::string> Socket::ask_master(const std::string& command) const {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    auto answer = send("master.sock", command + "\n", kPatience);
    if (answer || std::chrono::steady_clock::now() >= until) return answer;
    std::this_thread::sleep_for(kPause);
  }
}

Result<std::string> Socket::look(const std::string& host, const std::string& path) const {
  return send("probe.sock",
              "GET " + path + " HTTP/1.1\r\nHost: " + host +
                  "\r\nUser-Agent: sluice-health\r\nAccept: */*\r\nConnection: close\r\n\r\n",
              kPatience, "\r\n\r\n");
}

// What is answered until the other side closes or `end`, unless empty, has been said.
Result<std::string> Socket::send(const char* name, const std::string& text, Duration patience, const char* end) const {
  auto problem = [](const char* what) {
    return fail(ErrorKind::unavailable,
                std::string("the gateway does not answer: ") + what + ": " + std::strerror(errno));
  };
  // A socket's path has 107 bytes at most; through the folder's descriptor a data directory may have any length.
  Fd dir{::open(dir_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (dir.value < 0) return problem("its folder");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = "/proc/self/fd/" + std::to_string(dir.value) + "/" + name;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const auto until = std::chrono::steady_clock::now() + patience;
  Fd fd{-1};
  while (true) {
    fd.value = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd.value < 0) return problem("socket");
    if (::connect(fd.value, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) break;
    if (std::chrono::steady_clock::now() >= until) return problem("connecting");
    ::close(std::exchange(fd.value, -1));
    std::this_thread::sleep_for(kPause);
  }
  timeval limit{5, 0};
  ::setsockopt(fd.value, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.value, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  for (std::size_t sent = 0; sent < text.size();) {
    auto wrote = ::send(fd.value, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (wrote <= 0) return problem("sending");
    sent += static_cast<std::size_t>(wrote);
  }
  const bool to_its_end = *end == '\0';
  if (to_its_end) ::shutdown(fd.value, SHUT_WR);  // the master answers no more commands, and closes
  std::string answer;
  char buffer[16384];
  while (to_its_end || answer.find(end) == std::string::npos) {
    auto got = ::recv(fd.value, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return problem("receiving");
    if (got == 0) break;
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  while (!answer.empty() && answer.back() == '\n') answer.pop_back();
  while (!answer.empty() && answer.front() == '\n') answer.erase(0, 1);
  return answer;
}

}  // namespace sluice::gateway
