#include "build/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/size.h"

namespace sluice::build {

Tree::Tree(const std::filesystem::path& root) : root_(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

Tree::~Tree() {
  if (root_ >= 0) ::close(root_);
}

int Tree::open(const std::string& path, int flags) const {
  open_how how{};
  // openat2 takes no other flags beside O_PATH; a pipe that is opened to be read must not be waited for.
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK));
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, root_, path.c_str(), &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  return ::openat(root_, path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

bool Tree::has(const std::string& file) const {
  const int fd = open(file, O_PATH);
  if (fd < 0) return false;
  struct stat info {};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  ::close(fd);
  return regular;
}

bool Tree::executable(const std::string& file) const {
  const int fd = open(file, O_PATH);
  if (fd < 0) return false;
  struct stat info {};
  const bool can = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IXUSR) != 0;
  ::close(fd);
  return can;
}

Result<std::optional<std::string>> Tree::text(const std::string& file, std::size_t limit) const {
  if (!has(file)) return std::optional<std::string>();
  const int fd = open(file, O_RDONLY);
  if (fd < 0) return fail(ErrorKind::failed, file + " cannot be read");
  std::string out;
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) > 0 && out.size() <= limit) {
    out.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (got < 0) return fail(ErrorKind::failed, file + " cannot be read");
  if (out.size() > limit) {
    return fail(ErrorKind::invalid,
                file + " is larger than " + size_text(static_cast<std::int64_t>(limit)) + ", the most it may be");
  }
  if (out.starts_with("\xEF\xBB\xBF")) out.erase(0, 3);  // a byte order mark, as some editors write
  return std::optional<std::string>(std::move(out));
}

std::vector<std::string> Tree::names(const std::string& folder) const {
  std::vector<std::string> out;
  const int fd = open(folder, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return out;
  DIR* dir = ::fdopendir(fd);
  if (!dir) {
    ::close(fd);
    return out;
  }
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") out.push_back(name);
  }
  ::closedir(dir);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sluice::build
