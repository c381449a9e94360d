#include "metrics/tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace sluice::metrics {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPiece = 256 << 10;
constexpr std::size_t kLongest = 1 << 20;  // of a line; one that is longer is passed over in parts
constexpr std::size_t kBegins = 40;        // bytes by which a file is known: the time of its first line, and more

std::uint64_t inode_of(const fs::path& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

// Oldest first. Names are TAI64N stamps, so that their order is that of time; `current` comes after all of them.
std::vector<fs::path> files(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with('@')) out.push_back(at->path());
  }
  std::ranges::sort(out);
  out.push_back(folder / "current");
  return out;
}

std::string beginning(int fd) {
  char buffer[kBegins];
  const auto got = ::pread(fd, buffer, sizeof buffer, 0);
  return {buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

}  // namespace

Tail::Tail(fs::path folder, Place place) : folder_(std::move(folder)), place_(std::move(place)) {}
Tail::~Tail() { close(); }

void Tail::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

// The file of place_ when none is open, else the one after it. False: there is none (yet).
bool Tail::open_next() {
  const auto all = files(folder_);
  const auto ours = std::ranges::find_if(all, [&](const fs::path& path) {
    if (place_.inode == 0 || inode_of(path) != place_.inode) return false;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool same = beginning(fd).starts_with(place_.begins);
    ::close(fd);
    return same;
  });
  auto next = ours;
  if (ours == all.end()) {
    next = all.begin();  // all that there is came after it
  } else if (fd_ >= 0) {
    ++next;
  }
  for (; next != all.end(); ++next) {
    const int fd = ::open(next->c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    close();
    fd_ = fd;
    struct stat found {};
    ::fstat(fd_, &found);
    const bool goes_on = next == ours && static_cast<std::uint64_t>(found.st_size) >= place_.offset;
    if (!goes_on) place_ = {found.st_ino, 0, {}};
    return true;
  }
  return false;
}

void Tail::drain(const std::function<void(std::string_view line)>& take) {
  std::string buffer;
  std::size_t kept = 0;
  while (true) {
    buffer.resize(kept + kPiece);
    const auto got = ::pread(fd_, buffer.data() + kept, kPiece, static_cast<off_t>(place_.offset + kept));
    buffer.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) return;
    if (place_.begins.size() < kBegins) place_.begins = beginning(fd_);
    std::size_t begin = 0;
    for (auto end = buffer.find('\n', kept); end != std::string::npos; end = buffer.find('\n', begin)) {
      take(std::string_view(buffer).substr(begin, end - begin));
      begin = end + 1;
    }
    if (begin == 0 && buffer.size() > kLongest) begin = buffer.size();
    place_.offset += begin;
    buffer.erase(0, begin);
    kept = buffer.size();
  }
}

void Tail::read(const std::function<void(std::string_view line)>& take) {
  if (fd_ < 0 && !open_next()) return;
  while (true) {
    drain(take);
    if (inode_of(folder_ / "current") == place_.inode) return;
    drain(take);  // what was written between the end that was seen and the file's being put away
    if (!open_next()) return;
  }
}

}  // namespace sluice::metrics
