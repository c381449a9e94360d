#include "sandbox/etc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <vector>

#include "base/files.h"
#include "base/replace_file.h"
#include "sandbox/sandbox.h"

namespace sluice::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* kParts[] = {"alternatives",
                                  "ca-certificates",
                                  "ca-certificates.conf",
                                  "crypto-policies",
                                  "fonts",
                                  "gai.conf",
                                  "host.conf",
                                  "hosts",
                                  "ld.so.cache",
                                  "ld.so.conf",
                                  "ld.so.conf.d",
                                  "locale.alias",
                                  "localtime",
                                  "magic",
                                  "magic.mime",
                                  "maven",
                                  "mime.types",
                                  "networks",
                                  "nsswitch.conf",
                                  "os-release",
                                  "perl",
                                  "php",
                                  "pip.conf",
                                  "pki/ca-trust",
                                  "pki/tls/certs",
                                  "protocols",
                                  "resolv.conf",
                                  "services",
                                  "ssl/certs",
                                  "ssl/openssl.cnf",
                                  "timezone",
                                  "xml"};

// Runtimes keep settings in folders named after their version: java-17-openjdk, python3.11.
std::vector<std::string> parts() {
  std::vector<std::string> out(std::begin(kParts), std::end(kParts));
  std::error_code error;
  for (fs::directory_iterator it("/etc", error), end; !error && it != end; it.increment(error)) {
    auto name = it->path().filename().string();
    if (name.starts_with("java") || name.starts_with("python")) out.push_back(std::move(name));
  }
  return out;
}

constexpr std::size_t kManyEntries = 40;  // of a folder that is not copied
constexpr int kDeepest = 8;               // folders in folders

Error cannot(const fs::path& from, const std::error_code& error) {
  return Error{ErrorKind::failed, "cannot copy " + from.string() + " for sandboxes: " + error.message(), {}};
}

// Links are copied as links, but for one that leads to where a sandbox sees nothing: then what it leads to. What is not
// there or may not be read is left out.
Result<> copy_part(const fs::path& from, const fs::path& to, int depth = 0) {
  std::error_code error;
  const auto kind = fs::symlink_status(from, error).type();
  if (depth > kDeepest || ::faccessat(AT_FDCWD, from.c_str(), R_OK, AT_EACCESS) != 0) return {};
  if (kind == fs::file_type::symlink) {
    const auto real = fs::canonical(from, error);
    if (error) return {};
    const std::string text = real.string();
    const auto target = fs::read_symlink(from, error);
    const bool beside = target.is_relative() && target.string().find('/') == std::string::npos;
    if (text.starts_with("/usr/") || text.starts_with("/opt/")) {
      fs::create_symlink(real, to, error);
    } else if (beside) {
      fs::create_symlink(target, to, error);
    } else {
      return copy_part(real, to, depth + 1);
    }
  } else if (kind == fs::file_type::regular) {
    fs::copy_file(from, to, error);
  } else if (kind == fs::file_type::directory) {
    fs::create_directory(to, error);
    for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
      if (auto done = copy_part(it->path(), to / it->path().filename(), depth + 1); !done) return done;
    }
  }
  if (error) return fail(cannot(from, error));
  return {};
}

}  // namespace

// The newest change beneath it counts for a folder, as long as it is small.
Etc::Mark Etc::look(const fs::path& path) {
  Mark mark;
  auto add = [&](const fs::path& one) {
    struct stat info {};
    if (::stat(one.c_str(), &info) != 0) return;
    ++mark.entries;
    mark.bytes += info.st_size;
    mark.inodes += info.st_ino;
    mark.newest = std::max<std::int64_t>(mark.newest, info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec);
  };
  add(path);
  std::error_code error;
  if (!fs::is_directory(path, error)) return mark;
  mark.folder = true;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (mark.entries > kManyEntries) break;
    add(it->path());
  }
  return mark;
}

Result<> Etc::refresh() {
  const std::lock_guard lock(mutex_);
  std::set<std::string> names;
  for (auto& name : parts()) names.insert(std::move(name));
  for (const auto& [name, mark] : marks_) names.insert(name);  // one of a version may be gone
  if (marks_.empty()) {
    if (auto done = make_dirs(folder_, 0755); !done) return done;
    const auto users =
        std::string("app:x:1000:1000::") + kHome + ":/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n";
    if (auto done = replace_file(folder_ / "passwd", users); !done) return done;
    if (auto done = replace_file(folder_ / "group", "app:x:1000:\nnogroup:x:65534:\n"); !done) return done;
  }
  for (const auto& name : names) {
    const Mark mark = look(fs::path("/etc") / name);
    const auto before = marks_.find(name);
    if (before != marks_.end() && before->second == mark) continue;
    if (auto taken = take(name, mark); !taken) return taken;
    marks_[name] = mark;
  }
  return {};
}

std::vector<std::string> Etc::mounts() const {
  const std::lock_guard lock(mutex_);
  return {mounts_.begin(), mounts_.end()};
}

// In place, as what runs has this very folder mounted; each part in one act, or not at all. A folder over which one is
// mounted is never replaced or removed: the kernel would take that mount from everything that runs.
Result<> Etc::take(const std::string& name, const Mark& mark) {
  const fs::path from = fs::path("/etc") / name, to = folder_ / name, made = folder_ / ".new";
  std::error_code error;
  if (mark.folder && mark.entries > kManyEntries) {
    if (auto there = make_dirs(to, 0755); !there) return there;
    mounts_.insert(name);
    return {};
  }
  if (mounts_.contains(name)) return {};  // it was large; the mount shows what it has become
  if (auto gone = remove_tree(made); !gone) return gone;
  if (mark.entries > 0) {
    if (auto copied = copy_part(from, made); !copied) return copied;
  }
  if (!fs::exists(fs::symlink_status(made, error))) return remove_tree(to);
  if (auto there = make_dirs(to.parent_path(), 0755); !there) return there;
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return remove_tree(made);
  // It is new, or this filesystem cannot exchange: then a folder is away for a moment.
  if (fs::is_directory(fs::symlink_status(to, error))) {
    if (auto gone = remove_tree(to); !gone) return gone;
  }
  fs::rename(made, to, error);
  if (error) return fail(cannot(from, error));
  return {};
}

}  // namespace sluice::sandbox
