#include "platform/local/health.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "platform/local/redirect.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr Steady::duration kShortestPause = 1ms;
constexpr auto kAnswerLimit = 10s;  // of one look
constexpr auto kGiveUpInterval = 100ms;
constexpr std::size_t kMostRedirects = 10;
constexpr std::size_t kLongestHead = 64 * 1024;

int connect_to(std::int64_t port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0 || errno == EINPROGRESS) return fd;
  ::close(fd);
  return -1;
}

// The status of "HTTP/1.1 200 OK"; 0 while it is not there, -1 when it is something else.
int status_of(const std::string& head) {
  if (head.size() < 12)
    return std::string("HTTP/1.").compare(0, head.size(), head, 0, 7) == 0 || head.size() >= 7 ? 0 : -1;
  if (head.rfind("HTTP/1.", 0) != 0 || head[8] != ' ') return -1;
  int status = 0;
  for (int i = 9; i < 12; ++i) {
    if (!std::isdigit(static_cast<unsigned char>(head[static_cast<std::size_t>(i)]))) return -1;
    status = status * 10 + (head[static_cast<std::size_t>(i)] - '0');
  }
  return status;
}

std::string request_for(const std::string& host, const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host +
         "\r\nUser-Agent: sluice-health\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

std::string chain(const std::vector<std::string>& way) {
  std::string out;
  for (const auto& path : way) out += (out.empty() ? "" : ", ") + path.substr(0, 100);
  return out;
}

// One instance being looked at.
struct Look {
  Health health;
  int fd = -1;
  std::size_t sent = 0;
  std::string head, request;
  std::vector<std::string> way;  // the paths that were asked for, when the first answers with a redirect
  Steady::time_point first = Steady::now(), next{}, until{};

  // The next look comes after a fortieth of the time waited so far, at most `interval`: health is never seen more than
  // 2.5 in a hundred late, and a slow start is not asked a thousand times.
  void end(const HealthCheck& check) {
    if (fd >= 0) ::close(fd);
    fd = -1;
    // The first answer was a redirect, and nothing is wrong with that but where it leads back to itself.
    if (way.size() > 1 && health.circle.empty()) health.well = true;
    way.clear();
    const auto now = Steady::now();
    next = now + std::max(kShortestPause, std::min<Steady::duration>((now - first) / 40, check.interval));
  }
  void begin(const HealthCheck& check) {
    if (way.empty()) way = {check.path};
    request = request_for(check.host, way.back());
    fd = connect_to(health.port);
    sent = 0;
    head.clear();
    until = Steady::now() + kAnswerLimit;
  }
  // Whether the answer that is here sends on to the app itself; then that is asked next.
  bool follow(const HealthCheck& check) {
    auto to = redirected_to(head, check.host, way.back());
    if (!to) return false;
    const bool again = std::find(way.begin(), way.end(), *to) != way.end();
    way.push_back(std::move(*to));
    if (again || way.size() > kMostRedirects) {
      health.circle = chain(way);
      return false;
    }
    ::close(fd);
    begin(check);
    return fd >= 0;
  }
  void go_on(const HealthCheck& check) {
    if (sent < request.size()) {
      auto wrote = ::send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (wrote < 0) return errno == EAGAIN || errno == EINTR ? void() : end(check);
      health.connected = true;
      sent += static_cast<std::size_t>(wrote);
      return;
    }
    char buffer[512];
    auto got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end(check);
    head.append(buffer, static_cast<std::size_t>(got));
    const int status = status_of(head);
    if (status == 0) return;
    const bool redirects = status >= 300 && status < 400;
    if (redirects && head.find("\r\n\r\n") == std::string::npos && head.size() < kLongestHead) return;
    if (way.size() == 1) {
      health.circle.clear();
      if (status > 0) health.status = status;
      health.well = status >= 200 && status < 300;
    }
    if (redirects && follow(check)) return;
    if (redirects && health.circle.empty()) health.well = true;
    end(check);
  }
};

}  // namespace

bool Looked::all_well() const {
  return std::all_of(instances.begin(), instances.end(), [](const Health& h) { return h.well; });
}

Looked look(const std::vector<std::int64_t>& ports, const HealthCheck& check, std::stop_token stop,
            const std::function<std::optional<std::string>(const std::vector<Health>&)>& give_up) {
  const auto end = Steady::now() + check.timeout;
  auto next_question = Steady::now() + kGiveUpInterval;
  std::vector<Look> looks(ports.size());
  for (std::size_t i = 0; i < ports.size(); ++i) looks[i].health.port = ports[i];
  Looked out;
  auto collect = [&] {
    out.instances.clear();
    for (const auto& one : looks) out.instances.push_back(one.health);
  };
  while (true) {
    auto now = Steady::now();
    collect();
    if (out.all_well() || now >= end) break;
    if (stop.stop_requested()) {
      out.stopped = true;
      break;
    }
    if (give_up && now >= next_question) {
      if ((out.given_up = give_up(out.instances))) break;
      next_question = Steady::now() + kGiveUpInterval;
    }
    auto wake = std::min(end, next_question);
    std::vector<pollfd> fds;
    std::vector<Look*> whose;
    for (auto& one : looks) {
      if (one.health.well) continue;
      if (one.fd >= 0 && now >= one.until) one.end(check);
      if (one.fd < 0 && now >= one.next) {
        one.begin(check);
        if (one.fd < 0) one.end(check);
      }
      if (one.fd >= 0) {
        fds.push_back({one.fd, static_cast<short>(one.sent < one.request.size() ? POLLOUT : POLLIN), 0});
        whose.push_back(&one);
        wake = std::min(wake, one.until);
      } else {
        wake = std::min(wake, one.next);
      }
    }
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(wake - Steady::now()).count();
    ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<long>(left, 1, 100)));
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents != 0) whose[i]->go_on(check);
    }
  }
  for (auto& one : looks) {
    if (one.fd >= 0) ::close(one.fd);
  }
  return out;
}

}  // namespace sluice::platform::local
