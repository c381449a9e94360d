#include "sandbox/etc.h"

#include <fcntl.h>
#include <sys/stat.h>

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

bool is_large(const fs::path& folder) {
  std::error_code error;
  std::size_t entries = 0;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (++entries > kManyEntries) return true;
  }
  return false;
}

constexpr int kDeepest = 8;  // folders in folders

// Links are copied as links, but for one that leads to where a sandbox sees nothing: then what it leads to.
void copy_part(const fs::path& from, const fs::path& to, int depth = 0) {
  std::error_code error;
  if (depth > kDeepest) return;
  const auto kind = fs::symlink_status(from, error).type();
  if (kind == fs::file_type::symlink) {
    const auto real = fs::canonical(from, error);
    if (error) return;
    const std::string text = real.string();
    if (text.starts_with("/usr/") || text.starts_with("/opt/")) return fs::create_symlink(real, to, error);
    const auto target = fs::read_symlink(from, error);
    const bool beside = target.is_relative() && target.string().find('/') == std::string::npos;
    return beside ? fs::create_symlink(target, to, error) : copy_part(real, to, depth + 1);
  }
  if (kind == fs::file_type::regular) {
    fs::copy_file(from, to, error);
  } else if (kind == fs::file_type::directory) {
    fs::create_directory(to, error);
    for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
      copy_part(it->path(), to / it->path().filename(), depth + 1);
    }
  }
}

}  // namespace

Result<> Etc::refresh() {
  const std::lock_guard lock(mutex_);
  if (marks_.empty()) {
    if (auto done = make_dirs(folder_, 0755); !done) return done;
    const auto users =
        std::string("app:x:1000:1000::") + kHome + ":/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n";
    if (auto done = replace_file(folder_ / "passwd", users); !done) return done;
    if (auto done = replace_file(folder_ / "group", "app:x:1000:\nnogroup:x:65534:\n"); !done) return done;
  }
  for (const auto& name : parts()) {
    if (auto taken = take(name); !taken) return taken;
  }
  return {};
}

std::vector<std::string> Etc::mounts() const {
  const std::lock_guard lock(mutex_);
  return {mounts_.begin(), mounts_.end()};
}

// In place, as what runs has this very folder mounted; each part in one act.
Result<> Etc::take(const std::string& name) {
  const fs::path from = fs::path("/etc") / name, to = folder_ / name, made = folder_ / ".new";
  struct stat info {};
  Mark mark{};
  if (::stat(from.c_str(), &info) == 0) {
    mark = {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino), info.st_size,
            info.st_ctim.tv_sec * 1'000'000'000 + info.st_ctim.tv_nsec};
  }
  const auto before = marks_.find(name);
  if (before != marks_.end() && before->second == mark) return {};
  if (auto gone = remove_tree(made); !gone) return gone;
  std::error_code error;
  mounts_.erase(name);
  if (fs::is_directory(from, error) && is_large(from)) {
    mounts_.insert(name);
    fs::create_directory(made, error);
  } else if (mark != Mark{}) {
    copy_part(from, made);
  }
  if (!fs::exists(fs::symlink_status(made, error))) {
    if (auto gone = remove_tree(to); !gone) return gone;
  } else {
    if (auto there = make_dirs(to.parent_path(), 0755); !there) return there;
    const bool swapped = ::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0;
    if (!swapped) fs::rename(made, to, error);
    if (!swapped && error) return fail(ErrorKind::failed, "cannot copy " + from.string() + ": " + error.message());
    if (auto gone = remove_tree(made); !gone) return gone;
  }
  marks_[name] = mark;
  return {};
}

}  // namespace sluice::sandbox
