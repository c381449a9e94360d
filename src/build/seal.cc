#include "build/seal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/digest.h"
#include "base/size.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> errno_error(const std::string& doing, const fs::path& path) {
  return fail(ErrorKind::failed, doing + " " + path.string() + ": " + std::strerror(errno));
}

struct Entry {
  fs::path relative;
  struct stat info {};
};

// With a comma between thousands.
std::string counted(std::int64_t number) {
  std::string out = std::to_string(number);
  for (auto at = static_cast<std::int64_t>(out.size()) - 3; at > 0; at -= 3)
    out.insert(static_cast<std::size_t>(at), ",");
  return out;
}

Result<std::vector<Entry>> list(const fs::path& tree, const Most& most, const std::stop_token& stop) {
  std::vector<Entry> entries;
  std::int64_t bytes = 0, largest = 0;
  fs::path at_largest;
  std::error_code error;
  for (fs::recursive_directory_iterator it(tree, error), end; !error && it != end; it.increment(error)) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped");
    if (static_cast<std::int64_t>(entries.size()) >= most.entries) {
      return fail(ErrorKind::invalid, "what was built has more than " + counted(most.entries) +
                                          " files and folders, the most that an artifact may have; [limits] "
                                          "artifact_files in sluice.toml sets another limit");
    }
    Entry entry;
    entry.relative = it->path().lexically_relative(tree);
    if (::lstat(it->path().c_str(), &entry.info) != 0) return errno_error("cannot look at", it->path());
    // Later steps must be able to read what a build made unreadable.
    if (S_ISDIR(entry.info.st_mode) && (entry.info.st_mode & 0700) != 0700) ::chmod(it->path().c_str(), 0755);
    if (S_ISREG(entry.info.st_mode)) {
      bytes += entry.info.st_size;
      if (entry.info.st_size > largest) {
        largest = entry.info.st_size;
        at_largest = entry.relative;
      }
    }
    entries.push_back(std::move(entry));
  }
  if (error) return fail(ErrorKind::failed, "cannot list what was built: " + error.message());
  if (bytes > most.bytes) {
    return fail(ErrorKind::invalid,
                "what was built takes " + size_text(bytes) + ", more than the " + size_text(most.bytes) +
                    " of an artifact (its largest file: " + at_largest.string() + " with " + size_text(largest) +
                    "); [limits] artifact_size in sluice.toml sets another limit");
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.relative.native() < b.relative.native(); });
  return entries;
}

// Where a link leads, as seen inside the sandbox; an Error when that is a place that an app does not see.
Result<std::string> link_target(const fs::path& tree, const fs::path& relative) {
  std::error_code error;
  const fs::path target = fs::read_symlink(tree / relative, error);
  if (error) return fail(ErrorKind::failed, "cannot read the link " + relative.string() + ": " + error.message());
  const fs::path whole = (fs::path("/app") / relative.parent_path() / target).lexically_normal();
  const auto top = std::next(whole.begin());
  const std::string first = top == whole.end() ? "" : top->string();
  for (const char* seen :
       {"app", "usr", "bin", "sbin", "lib", "lib32", "lib64", "opt", "etc", "dev", "proc", "tmp", "var"}) {
    if (first == seen) return target.string();
  }
  return fail(ErrorKind::invalid, "the symbolic link " + relative.string() + " leads out of the app, to " +
                                      target.string() + "; make it a relative one, or a copy");
}

Result<> hash_file(Sha256& digest, const fs::path& path, const std::stop_token& stop) {
  int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == EACCES) {
    ::chmod(path.c_str(), 0600);
    fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  }
  if (fd < 0) return errno_error("cannot read", path);
  std::array<char, 128u << 10> buffer{};
  ssize_t got = 0;
  while (!stop.stop_requested() && (got = ::read(fd, buffer.data(), buffer.size())) > 0)
    digest.update({buffer.data(), static_cast<std::size_t>(got)});
  const bool good = got == 0 || stop.stop_requested();
  const auto failure = errno_error("cannot read", path);
  ::close(fd);
  if (!good) return failure;
  return {};
}

}  // namespace

Result<Sealed> seal(const fs::path& tree, const Most& most, std::stop_token stop) {
  auto entries = list(tree, most, stop);
  if (!entries) return fail(entries.error());
  Sha256 digest;
  Sealed sealed;
  digest.update("sluice-tree-1\n");
  for (const Entry& entry : *entries) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped");
    const fs::path path = tree / entry.relative;
    const std::string name = entry.relative.string() + '\0';
    ++sealed.entries;
    if (S_ISDIR(entry.info.st_mode)) {
      digest.update("d" + name);
    } else if (S_ISLNK(entry.info.st_mode)) {
      auto target = link_target(tree, entry.relative);
      if (!target) return fail(target.error());
      digest.update("l" + name + *target + '\0');
    } else if (S_ISREG(entry.info.st_mode)) {
      const bool executable = (entry.info.st_mode & S_IXUSR) != 0;
      digest.update((executable ? "x" : "f") + name + std::to_string(entry.info.st_size) + '\0');
      if (auto hashed = hash_file(digest, path, stop); !hashed) return fail(hashed.error());
      if (::chmod(path.c_str(), executable ? 0555 : 0444) != 0) return errno_error("cannot make read-only", path);
      sealed.bytes += entry.info.st_size;
    } else {
      return fail(ErrorKind::invalid,
                  entry.relative.string() +
                      " is a device, pipe or socket, which an artifact cannot hold; remove it at the build's end");
    }
  }
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped");
  // Folders last, deepest first, as nothing can be changed beneath one that is read-only.
  for (auto it = entries->rbegin(); it != entries->rend(); ++it) {
    if (!S_ISDIR(it->info.st_mode)) continue;
    const fs::path path = tree / it->relative;
    if (::chmod(path.c_str(), 0555) != 0) return errno_error("cannot make read-only", path);
  }
  if (::chmod(tree.c_str(), 0555) != 0) return errno_error("cannot make read-only", tree);
  sealed.digest = digest.hex();
  return sealed;
}

}  // namespace sluice::build
