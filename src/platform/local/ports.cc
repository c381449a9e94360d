#include "platform/local/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/ids.h"

namespace sluice::platform::local {
namespace {

constexpr std::int64_t kLowest = 10'000;
constexpr std::int64_t kHighest = 65'535;

struct Range {
  std::int64_t from = 32'768, to = 60'999;  // ip(7)
};

Range outgoing() {
  Range range;
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  file >> range.from >> range.to;
  return range;
}

struct Listener {
  std::uint32_t inode = 0;
  std::int64_t port = 0;
};

// One dump of sock_diag(7), of this family's TCP sockets that listen; false when the kernel has none to give.
bool add_listeners(int fd, std::uint8_t family, std::vector<Listener>& to) {
  struct {
    nlmsghdr head;
    inet_diag_req_v2 ask;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.ask.sdiag_family = family;
  request.ask.sdiag_protocol = IPPROTO_TCP;
  request.ask.idiag_states = 1u << TCP_LISTEN;
  if (::send(fd, &request, sizeof request, 0) < 0) return false;
  alignas(nlmsghdr) char buffer[32768];
  while (true) {
    auto size = ::recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    auto* message = reinterpret_cast<nlmsghdr*>(buffer);
    for (auto left = static_cast<unsigned>(size); NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) return true;
      if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
      const auto* socket = static_cast<const inet_diag_msg*>(NLMSG_DATA(message));
      to.push_back({socket->idiag_inode, ntohs(socket->id.idiag_sport)});
    }
  }
}

// Every TCP socket of this machine that listens. /proc/net/tcp has them too, after a walk through every connection
// there could be: ten milliseconds on a large machine.
std::vector<Listener> listeners() {
  std::vector<Listener> found;
  int fd = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  bool told = fd >= 0;
  for (std::uint8_t family : {AF_INET, AF_INET6}) told = told && add_listeners(fd, family, found);
  if (fd >= 0) ::close(fd);
  if (told) return found;
  found.clear();
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode (proc(5))
      std::istringstream words(line);
      std::string sl, local, remote, state, queues, timer, retransmit, uid, timeout;
      Listener listener;
      words >> sl >> local >> remote >> state >> queues >> timer >> retransmit >> uid >> timeout >> listener.inode;
      if (state != "0A") continue;
      listener.port = std::stol(local.substr(local.rfind(':') + 1), nullptr, 16);
      found.push_back(listener);
    }
  }
  return found;
}

}  // namespace

bool is_free(std::int64_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  in.sin_addr.s_addr = htonl(INADDR_ANY);
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  bool good = ::bind(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return good;
}

Result<std::int64_t> free_port(const std::set<std::int64_t>& taken) {
  const Range range = outgoing();
  std::vector<std::int64_t> candidates;
  for (auto port = kLowest; port <= kHighest; ++port) {
    if ((port < range.from || port > range.to) && !taken.contains(port)) candidates.push_back(port);
  }
  SystemRandom random;
  while (!candidates.empty()) {
    std::uint8_t bytes[4];
    random.fill(bytes);
    auto& chosen = candidates[(bytes[0] | bytes[1] << 8 | bytes[2] << 16) % candidates.size()];
    if (is_free(chosen)) return chosen;
    std::swap(chosen, candidates.back());
    candidates.pop_back();
  }
  return fail(ErrorKind::unavailable, "no port of this machine is free for an instance");
}

std::set<std::int64_t> listening(const std::vector<int>& pids) {
  std::set<std::string> inodes;
  for (int pid : pids) {
    std::string folder = "/proc/" + std::to_string(pid) + "/fd";
    DIR* dir = ::opendir(folder.c_str());
    if (!dir) continue;
    while (const dirent* entry = ::readdir(dir)) {
      char target[128];
      auto size = ::readlink((folder + "/" + entry->d_name).c_str(), target, sizeof target);
      std::string_view text(target, size > 0 ? static_cast<std::size_t>(size) : 0);
      if (text.rfind("socket:[", 0) == 0) inodes.emplace(text.substr(8, text.size() - 9));
    }
    ::closedir(dir);
  }
  if (inodes.empty()) return {};
  std::set<std::int64_t> found;
  for (const auto& socket : listeners()) {
    if (inodes.contains(std::to_string(socket.inode))) found.insert(socket.port);
  }
  return found;
}

bool tells_of_refused_port(const std::vector<std::string>& lines) {
  bool denied = false, binds = false;
  for (auto line : lines) {
    std::transform(line.begin(), line.end(), line.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    const auto has = [&](const char* word) { return line.find(word) != std::string::npos; };
    denied = denied || has("permission denied") || has("permissiondenied") || has("eacces");
    binds = binds || has("bind") || has("listen");
  }
  return denied && binds;
}

}  // namespace sluice::platform::local
