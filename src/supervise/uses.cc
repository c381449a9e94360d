#include "supervise/uses.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace sluice::supervise {

// proc(5): pid (comm) state ppid …; comm may hold anything, so the last ')' ends it. A process that ended and was not
// waited for yet is among them: its time is in nobody else's.
std::optional<Uses::One> Uses::parse(int pid, const char* text, std::size_t size) {
  const std::string_view all(text, size);
  const auto close = all.rfind(')');
  if (close == std::string_view::npos || close + 4 > all.size()) return std::nullopt;
  One out;
  out.pid = pid;
  const char* at = all.data() + close + 4;  // behind the state, the third field
  const char* const end = all.data() + all.size();
  for (int field = 4; field <= 24 && at < end; ++field) {
    std::int64_t number = 0;
    at = std::from_chars(at + (*at == ' ' ? 1 : 0), end, number).ptr;
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
    if (field == 4) out.parent = static_cast<int>(number);
    if (field >= 14 && field <= 17) out.cpu += count;  // its own and of children waited for, user and system
    if (field == 22) out.started = count;
    if (field == 24) out.pages = count;
  }
  return out;
}

Uses Uses::read() {
  Uses out;
  DIR* dir = ::opendir("/proc");
  if (dir == nullptr) return out;
  char path[32], text[1024];
  while (const dirent* entry = ::readdir(dir)) {
    int pid = 0;
    const std::string_view name(entry->d_name);
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{} || pid <= 0) continue;
    std::snprintf(path, sizeof path, "%d/stat", pid);
    const int fd = ::openat(::dirfd(dir), path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const auto got = ::read(fd, text, sizeof text);
    ::close(fd);
    if (got <= 0) continue;
    if (auto one = parse(pid, text, static_cast<std::size_t>(got))) out.by_pid_.push_back(*one);
  }
  ::closedir(dir);
  out.by_parent_ = out.by_pid_;
  std::ranges::sort(out.by_pid_, {}, &One::pid);
  std::ranges::sort(out.by_parent_, {}, &One::parent);
  return out;
}

std::optional<TreeUse> Uses::tree(int pid) const {
  static const auto kTick = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
  static const auto kPageKib = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
  const auto root = std::ranges::lower_bound(by_pid_, pid, {}, &One::pid);
  if (root == by_pid_.end() || root->pid != pid) return std::nullopt;
  std::vector<One> theirs{*root};
  TreeUse out;
  out.born = Duration(root->started * 1000 / kTick);
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const One one = theirs[i];
    out.cpu_us += one.cpu * 1'000'000 / kTick;
    out.memory_kib += one.pages * kPageKib;
    const auto [begin, end] = std::ranges::equal_range(by_parent_, one.pid, {}, &One::parent);
    theirs.insert(theirs.end(), begin, end);
  }
  return out;
}

}  // namespace sluice::supervise
