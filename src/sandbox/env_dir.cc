#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/files.h"
#include "base/proc.h"
#include "sandbox/sandbox.h"

namespace sluice::sandbox {
namespace {

constexpr std::size_t kOneLimit = (128u << 10) - 1;  // the kernel's MAX_ARG_STRLEN, its NUL included
constexpr std::size_t kAllLimit = 3u << 19;  // below a quarter of the usual 8 MiB stack, room left for arguments

bool is_name(const std::string& name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!good) return false;
  }
  return true;
}

// Not synced: it is on the way to every start. Who needs it after a loss of power syncs it.
Result<> write_new(const std::filesystem::path& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool good = fd >= 0 && ::fchmod(fd, 0600) == 0;
  while (good && !text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    good = wrote >= 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  const int number = errno;
  if (fd >= 0) ::close(fd);
  if (!good) {
    return fail(ErrorKind::failed, "cannot write " + path.string() + ": " + std::generic_category().message(number));
  }
  return {};
}

}  // namespace

Result<> write_env_dir(const std::filesystem::path& dir, const std::map<std::string, std::string>& env) {
  const std::string end(1, '\0');
  std::string all;
  for (const auto& [name, value] : env) {
    if (!is_name(name)) {
      return fail_field(name, "is no name of a variable: use letters, digits and _, not led by a digit");
    }
    if (value.find('\0') != std::string::npos)
      return fail_field(name, "its value contains a NUL byte; no variable can");
    if (name.size() + 1 + value.size() >= kOneLimit) {
      return fail_field(name, "its value is longer than 128 KB, the most the kernel passes in one variable");
    }
    all += "--setenv" + end + name + end + value + end;
  }
  if (all.size() + env.size() * sizeof(char*) > kAllLimit) {
    return fail(ErrorKind::too_large,
                "the variables together are larger than 1.5 MB, more than the kernel passes to a program; put large "
                "ones into files");
  }
  // A folder that was there may be looser than 0700, and may hold what an earlier write left.
  if (auto gone = remove_tree(dir); !gone) return gone;
  if (auto made = make_dirs(dir, 0700); !made) return made;
  if (::chmod(dir.c_str(), 0700) != 0) {
    return fail(ErrorKind::failed,
                "cannot set the mode of " + dir.string() + ": " + std::generic_category().message(errno));
  }
  return write_new(dir / kEnvironment, all);
}

Result<> kill_users_of(const std::filesystem::path& folder) {
  using namespace std::chrono_literals;
  for (auto pause = 1ms; pause < 3s; pause *= 2) {
    auto left = proc::with_argument(folder.string());
    if (left.empty()) return {};
    // What runs inside the sandbox has its folder on no command line.
    const auto all = proc::all();
    for (std::size_t i = 0, named = left.size(); i < named; ++i) {
      for (const auto& process : proc::descendants(all, left[i].pid)) left.push_back(process);
    }
    for (const auto& process : left) proc::send(process, SIGKILL);
    std::this_thread::sleep_for(pause);
  }
  return fail(ErrorKind::failed, "a process that uses " + folder.string() + " does not end, not even when killed");
}

}  // namespace sluice::sandbox
