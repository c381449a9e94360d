#include "build/artifacts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <thread>
#include <vector>

#include "base/codec.h"
#include "base/digest.h"
#include "base/files.h"

namespace sluice::build {

namespace fs = std::filesystem;

std::string artifact_digest(const std::string& tree_digest, const std::string& plan_json) {
  return sha256_hex("sluice-artifact-1\n" + tree_digest + "\n" + plan_json);
}

bool is_artifact_name(const std::string& name) {
  return name.size() == 71 && name.starts_with("sha256-") &&
         name.find_first_not_of("0123456789abcdef", 7) == std::string::npos;
}

fs::path key_file(const fs::path& artifacts, const std::string& key) {
  const bool plain = !key.empty() && key.size() <= 128 &&
                     key.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-_") == std::string::npos;
  return artifacts / "by-key" / (plain ? key : "h-" + sha256_hex(key));
}

std::optional<KeyEntry> read_key(const fs::path& artifacts, const std::string& key) {
  const auto text = read_file(key_file(artifacts, key), 1u << 20);
  if (!text) return std::nullopt;
  boost::json::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error) return std::nullopt;
  auto entry = codec::read<KeyEntry>(value);
  if (!entry || !is_artifact_name(entry->artifact)) return std::nullopt;
  return std::move(*entry);
}

Result<> write_plain(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return fail(ErrorKind::failed, "cannot write " + path.string() + "; is the disk full?");
  return {};
}

Result<> sync_all(const fs::path& path, std::int64_t entries) {
  // Few files are synced one by one: a sync of the whole disk waits for what everybody else has written, too.
  constexpr std::int64_t kFew = 64;
  auto sync = [](const fs::path& one, int (*how)(int)) -> Result<> {
    const int fd = ::open(one.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    const bool good = fd >= 0 && how(fd) == 0;
    const int number = errno;
    if (fd >= 0) ::close(fd);
    if (good) return {};
    return fail(ErrorKind::failed, "cannot sync " + one.string() + ": " + std::generic_category().message(number));
  };
  if (entries > kFew) return sync(path, ::syncfs);
  std::vector<fs::path> all{path};
  std::error_code error;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_symlink()) all.push_back(it->path());
  }
  if (error) return fail(ErrorKind::failed, "cannot sync " + path.string() + ": " + error.message());
  // Side by side: the disk makes one flush of many that come together.
  constexpr std::size_t kThreads = 8;
  std::vector<Result<>> done(all.size());
  std::atomic<std::size_t> next = 0;
  auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) done[i] = sync(all[i], ::fsync);
  };
  {
    std::vector<std::jthread> threads;
    try {
      while (threads.size() + 1 < std::min(kThreads, all.size())) threads.emplace_back(work);
    } catch (const std::system_error&) {
      // Fewer do it, too.
    }
    work();
  }
  for (auto& synced : done) {
    if (!synced) return synced;
  }
  return {};
}

Result<> write_key(const fs::path& artifacts, const std::string& key, const KeyEntry& entry) {
  if (auto made = make_dirs(artifacts / "by-key", 0700); !made) return made;
  // Not synced: what a loss of power takes is built again, and half an entry is none.
  const fs::path path = key_file(artifacts, key);
  const fs::path beside = path.string() + ".new";
  if (auto wrote = write_plain(beside, boost::json::serialize(codec::write(entry))); !wrote) return wrote;
  std::error_code error;
  fs::rename(beside, path, error);
  if (error) return fail(ErrorKind::failed, "cannot write " + path.string() + ": " + error.message());
  return {};
}

void touch(const fs::path& artifact, Time now) {
  const auto since = now.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const timespec time{static_cast<time_t>(seconds.count()),
                      static_cast<long>(std::chrono::nanoseconds(since - seconds).count())};
  const timespec both[2] = {time, time};
  (void)::utimensat(AT_FDCWD, (artifact / "meta.json").c_str(), both, AT_SYMLINK_NOFOLLOW);
}

std::optional<Time> last_used(const fs::path& artifact) {
  struct stat info {};
  if (::stat((artifact / "meta.json").c_str(), &info) != 0) return std::nullopt;
  return Time(std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::milliseconds(info.st_mtim.tv_nsec / 1'000'000));
}

void sync_dir(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace sluice::build
