#include "base/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace sluice {

Result<> replace_file(const std::filesystem::path& path, std::string_view content, int mode) {
  auto problem = [&] {
    const bool passes = errno == ENOSPC || errno == EDQUOT || errno == EROFS;
    return fail(passes ? ErrorKind::unavailable : ErrorKind::failed,
                "cannot write " + path.string() + ": " + std::strerror(errno));
  };
  const std::string beside = path.string() + ".new";
  ::unlink(beside.c_str());
  int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return problem();
  bool good = ::fchmod(fd, static_cast<mode_t>(mode)) == 0;
  while (good && !content.empty()) {
    auto wrote = ::write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    good = wrote > 0;
    if (good) content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  good = ::close(fd) == 0 && good;
  if (good && ::rename(beside.c_str(), path.c_str()) == 0) return {};
  auto failed = problem();
  ::unlink(beside.c_str());
  return failed;
}

}  // namespace sluice
