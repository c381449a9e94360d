#include "base/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace sluice {
namespace fs = std::filesystem;
namespace {

tl::unexpected<Error> errno_error(const std::string& doing, const fs::path& path, int number = errno) {
  ErrorKind kind = ErrorKind::failed;
  if (number == ENOENT) kind = ErrorKind::not_found;
  if (number == ENOSPC || number == EDQUOT || number == EROFS) kind = ErrorKind::unavailable;
  return fail(kind, doing + " " + path.string() + ": " + std::strerror(number));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t limit) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_error("cannot read", path);
  std::string out;
  char buffer[65536];
  while (true) {
    auto got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      int number = errno;
      ::close(fd);
      return errno_error("cannot read", path, number);
    }
    if (got == 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
    if (out.size() > limit) {
      ::close(fd);
      return fail(ErrorKind::too_large, path.string() + " is larger than " + std::to_string(limit) + " bytes");
    }
  }
  ::close(fd);
  return out;
}

Result<> write_file(const fs::path& path, std::string_view content, int mode) {
  static std::atomic<unsigned> counter{0};
  fs::path beside = path;
  beside += "." + std::to_string(::getpid()) + "." + std::to_string(counter++) + ".new";
  int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return errno_error("cannot write", beside);
  bool written = ::fchmod(fd, static_cast<mode_t>(mode)) == 0 && write_all(fd, content) && ::fsync(fd) == 0;
  int number = errno;
  ::close(fd);
  if (!written || ::rename(beside.c_str(), path.c_str()) != 0) {
    if (written) number = errno;
    ::unlink(beside.c_str());
    return errno_error("cannot write", path, number);
  }
  fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  int folder = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

Result<> make_dirs(const fs::path& path, int mode) {
  if (path.empty()) return {};
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return {};
    return errno_error("cannot make folder", path, ENOTDIR);
  }
  if (path.has_parent_path() && path.parent_path() != path) {
    if (auto made = make_dirs(path.parent_path(), mode); !made) return made;
  }
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) {
    return errno_error("cannot make folder", path);
  }
  return {};
}

Result<> remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return {};
  // A read-only folder keeps its entries: make every folder ours to write, then once more.
  std::error_code walk;
  auto folder = fs::symlink_status(path, walk);
  if (fs::is_directory(folder)) {
    ::chmod(path.c_str(), 0700);
    for (fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, walk), end; it != end;
         it.increment(walk)) {
      if (walk) break;
      std::error_code ignored;
      if (it->is_directory(ignored) && !it->is_symlink(ignored)) ::chmod(it->path().c_str(), 0700);
    }
  }
  fs::remove_all(path, error);
  if (error) return fail(ErrorKind::failed, "cannot remove " + path.string() + ": " + error.message());
  return {};
}

Result<FileLock> FileLock::take(const fs::path& path) {
  FileLock lock;
  lock.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.fd_ < 0) return errno_error("cannot open lock", path);
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(ErrorKind::conflict, path.string() + " is held by another process");
    return errno_error("cannot lock", path);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice
