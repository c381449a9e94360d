#include "platform/local/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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
  std::set<std::int64_t> found;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode (proc(5))
      std::istringstream words(line);
      std::string sl, local, remote, state, queues, timer, retransmit, uid, timeout, inode;
      words >> sl >> local >> remote >> state >> queues >> timer >> retransmit >> uid >> timeout >> inode;
      if (state != "0A" || !inodes.contains(inode)) continue;
      found.insert(std::stol(local.substr(local.rfind(':') + 1), nullptr, 16));
    }
  }
  return found;
}

}  // namespace sluice::platform::local
