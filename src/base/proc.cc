#include "base/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

namespace sluice::proc {
namespace {

std::string slurp(int pid, const char* name, std::size_t limit) {
  std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while (text.size() < limit && (got = ::read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return text;
}

template <class Number>
Number to_number(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// One that begins another program has no command line for a moment. Some take theirs away for good.
constexpr std::chrono::milliseconds kSilent{200};

struct Seen {
  Process process;
  bool is_kernels = false;
};

// proc(5): pid (comm) state ppid … flags and starttime are the 9th and the 22nd field. comm may hold anything, so the
// last ')' ends it.
std::optional<Seen> read_process(int pid) {
  constexpr unsigned kKernelThread = 0x00200000;  // PF_KTHREAD
  std::string text = slurp(pid, "stat", 4096);
  auto close = text.rfind(')');
  if (close == std::string::npos || close + 2 >= text.size()) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(close + 2);
  Seen out;
  Process& process = out.process;
  process.pid = pid;
  for (int field = 3; field <= 22 && !rest.empty(); ++field) {
    auto space = rest.find(' ');
    auto word = rest.substr(0, space);
    if (field == 3 && (word == "Z" || word == "X")) return std::nullopt;
    if (field == 4) process.parent = to_number<int>(word);
    if (field == 9) out.is_kernels = (to_number<unsigned>(word) & kKernelThread) != 0;
    if (field == 22) process.started = to_number<std::uint64_t>(word);
    rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
  }
  return out;
}

std::vector<Seen> look() {
  std::vector<Seen> found;
  DIR* dir = ::opendir("/proc");
  if (!dir) return found;
  while (const dirent* entry = ::readdir(dir)) {
    int pid = to_number<int>(entry->d_name);
    if (pid <= 0) continue;
    if (auto process = read_process(pid)) found.push_back(*process);
  }
  ::closedir(dir);
  return found;
}

}  // namespace

std::vector<Process> all() {
  std::vector<Process> found;
  for (const auto& one : look()) found.push_back(one.process);
  return found;
}

std::vector<Process> descendants(const std::vector<Process>& all, int pid) {
  std::vector<Process> found;
  std::vector<int> parents{pid};
  for (std::size_t i = 0; i < parents.size(); ++i) {
    for (const auto& process : all) {
      if (process.parent != parents[i]) continue;
      found.push_back(process);
      parents.push_back(process.pid);
    }
  }
  return found;
}

std::vector<int> descendants_of(int pid) {
  const auto tasks = [](int of) { return "/proc/" + std::to_string(of) + "/task"; };
  std::vector<int> found;
  if (::access((tasks(pid) + "/" + std::to_string(pid) + "/children").c_str(), R_OK) != 0) {
    // A kernel built without CONFIG_PROC_CHILDREN.
    for (const auto& process : descendants(all(), pid)) found.push_back(process.pid);
    return found;
  }
  std::vector<int> parents{pid};
  for (std::size_t i = 0; i < parents.size(); ++i) {
    DIR* dir = ::opendir(tasks(parents[i]).c_str());
    if (!dir) continue;
    while (const dirent* entry = ::readdir(dir)) {
      if (entry->d_name[0] == '.') continue;
      const std::string text = slurp(parents[i], ("task/" + std::string(entry->d_name) + "/children").c_str(), 1 << 20);
      for (std::size_t at = 0; at < text.size(); at = text.find(' ', at) + 1) {
        const int child = to_number<int>(std::string_view(text).substr(at));
        if (child > 0) parents.push_back(child), found.push_back(child);
        if (text.find(' ', at) == std::string::npos) break;
      }
    }
    ::closedir(dir);
  }
  return found;
}

std::vector<Process> with_argument(std::string_view text) {
  std::vector<Process> found;
  auto left = look();
  std::erase_if(left, [](const Seen& one) { return one.process.pid == ::getpid(); });
  for (const auto end = std::chrono::steady_clock::now() + kSilent;;) {
    std::erase_if(left, [&](const Seen& one) {
      const std::string line = slurp(one.process.pid, "cmdline", 1 << 20);
      if (line.find(text) != std::string::npos) found.push_back(one.process);
      return !line.empty() || one.is_kernels || !alive(one.process);
    });
    if (left.empty() || std::chrono::steady_clock::now() >= end) return found;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

bool alive(const Process& process) {
  auto now = read_process(process.pid);
  return now && now->process.started == process.started;
}

void send(const Process& process, int signal) {
  int fd = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  if (fd < 0) return;
  // Looked at only after the descriptor holds on to whoever has the number now.
  if (alive(process)) ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0);
  ::close(fd);
}

}  // namespace sluice::proc
