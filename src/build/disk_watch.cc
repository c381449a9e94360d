#include "build/disk_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/size.h"

namespace sluice::build {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr std::int64_t kLeast = std::int64_t{500} << 20;
constexpr std::int64_t kPart = 20;
constexpr auto kPause = std::chrono::milliseconds(50);
// How long one that was ended and its files may take to be gone before the next is looked for.
constexpr auto kLeaving = std::chrono::seconds(30);

std::int64_t least_free(const fs::space_info& space) {
  return std::min(kLeast, static_cast<std::int64_t>(space.capacity) / kPart);
}

bool is_before(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

// What is on the disk beneath, of what changed since `began`. The time of the last change is what no program can set.
class Written {
 public:
  explicit Written(timespec began) : began_(began) {}
  std::int64_t beneath(const fs::path& folder) {
    bytes_ = 0;
    add(AT_FDCWD, folder.c_str(), 0);
    return bytes_;
  }

 private:
  void add(int at, const char* name, int depth) {
    constexpr int kDeepest = 200;  // a folder is open at each
    int fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    // One that its build has locked up is opened as it is when the build's files are taken over (seal.cc).
    if (fd < 0 && errno == EACCES && ::fchmodat(at, name, 0700, 0) == 0)
      fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR* folder = fd < 0 ? nullptr : ::fdopendir(fd);
    if (folder == nullptr) {
      if (fd >= 0) ::close(fd);
      return;
    }
    while (const dirent* entry = ::readdir(folder)) {
      const std::string_view word = entry->d_name;
      struct stat info {};
      if (word == "." || word == ".." || ::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISDIR(info.st_mode) && depth < kDeepest) add(fd, entry->d_name, depth + 1);
      if (is_before(info.st_ctim, began_)) continue;
      if (S_ISREG(info.st_mode) && info.st_nlink > 1 && !seen_.insert(info.st_ino).second) continue;
      bytes_ += static_cast<std::int64_t>(info.st_blocks) * 512;
    }
    ::closedir(folder);
  }

  timespec began_;
  std::set<ino_t> seen_;  // with more than one name
  std::int64_t bytes_ = 0;
};

// Out of sight in one act: a build that begins next has a cache of its own, whatever becomes of this one.
bool put_aside(const fs::path& cache, const fs::path& to) { return ::rename(cache.c_str(), to.c_str()) == 0; }

}  // namespace

std::int64_t missing_room(const fs::path& folder) {
  std::error_code error;
  const auto space = fs::space(folder, error);
  return error ? 0 : std::max<std::int64_t>(0, least_free(space) - static_cast<std::int64_t>(space.available));
}

std::string least_room(const fs::path& folder) {
  std::error_code error;
  const auto space = fs::space(folder, error);
  return size_text(error ? kLeast : least_free(space) >> 20 << 20);
}

struct DiskWatch::Build::State {
  fs::path own, cache;
  timespec began{};
  bool is_cache_shared = false;
  std::optional<std::stop_source> end;  // while its command runs
  std::optional<Steady::time_point> ended;
  std::optional<Share> share;  // for which it was ended

  [[nodiscard]] Share measure() const {
    Written written(began);
    Share out;
    out.own = written.beneath(own);
    out.cache = written.beneath(cache);
    return out;
  }
};

DiskWatch::DiskWatch(std::function<std::int64_t()> missing)
    : missing_(std::move(missing)), thread_([this](const std::stop_token& stop) { watch(stop); }) {}

DiskWatch::~DiskWatch() = default;

DiskWatch::Build::Build(DiskWatch& watch, fs::path own, fs::path cache)
    : watch_(watch), state_(std::make_shared<State>()) {
  state_->own = std::move(own);
  state_->cache = std::move(cache);
  ::clock_gettime(CLOCK_REALTIME_COARSE, &state_->began);  // the clock of the files
  const std::scoped_lock lock(watch_.mutex_);
  for (const auto& other : watch_.builds_) {
    if (other->cache == state_->cache) other->is_cache_shared = state_->is_cache_shared = true;
  }
  watch_.builds_.push_back(state_);
  watch_.changed_.notify_all();
}

DiskWatch::Build::~Build() {
  bool is_last = false;
  {
    const std::scoped_lock lock(watch_.mutex_);
    std::erase(watch_.builds_, state_);
    is_last = !watch_.is_used(state_->cache) && watch_.to_empty_.erase(state_->cache) > 0;
    if (is_last) is_last = put_aside(state_->cache, state_->own);
    watch_.changed_.notify_all();
  }
  if (is_last) (void)remove_tree(state_->own);
}

void DiskWatch::Build::runs(std::stop_source end) {
  const std::scoped_lock lock(watch_.mutex_);
  state_->end = std::move(end);
  watch_.changed_.notify_all();
}

void DiskWatch::Build::ran() {
  const std::scoped_lock lock(watch_.mutex_);
  state_->end.reset();
}

std::optional<DiskWatch::Share> DiskWatch::Build::share() const {
  std::vector<std::shared_ptr<State>> others;
  {
    const std::scoped_lock lock(watch_.mutex_);
    if (state_->share) return state_->share;
    others = watch_.builds_;
  }
  const auto missing = watch_.missing_();
  if (missing <= 0) return std::nullopt;
  auto now = state_->measure();
  now.missing = missing;
  now.is_most = std::all_of(others.begin(), others.end(),
                            [&](const auto& other) { return other == state_ || other->measure().all() <= now.all(); });
  const std::scoped_lock lock(watch_.mutex_);
  now.is_cache_shared = state_->is_cache_shared;
  return now;
}

void DiskWatch::Build::empty_cache() {
  const std::scoped_lock lock(watch_.mutex_);
  watch_.to_empty_.insert(state_->cache);
}

Result<> DiskWatch::empty(const fs::path& cache) {
  {
    const std::scoped_lock lock(mutex_);
    if (is_used(cache)) {
      to_empty_.insert(cache);
      return {};
    }
  }
  return remove_tree(cache);
}

bool DiskWatch::is_used(const fs::path& cache) const {
  return std::any_of(builds_.begin(), builds_.end(), [&](const auto& build) { return build->cache == cache; });
}

void DiskWatch::watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto runs = [](const auto& build) { return build->end.has_value() && !build->ended; };
  while (!stop.stop_requested()) {
    if (!changed_.wait(lock, stop, [&] { return std::any_of(builds_.begin(), builds_.end(), runs); })) return;
    const auto now = Steady::now();
    const bool is_leaving = std::any_of(builds_.begin(), builds_.end(), [&](const auto& build) {
      return build->ended && now - *build->ended < kLeaving;
    });
    if (missing_() <= 0 || is_leaving) {
      changed_.wait_for(lock, stop, kPause, [] { return false; });
      continue;
    }
    auto running = builds_;
    std::erase_if(running, [&](const auto& build) { return !runs(build); });
    lock.unlock();
    std::vector<Share> shares;
    for (const auto& build : running) shares.push_back(build->measure());
    lock.lock();
    const auto missing = missing_();
    std::size_t most = running.size();
    for (std::size_t i = 0; i < running.size(); ++i) {
      if (!runs(running[i])) continue;
      if (most == running.size() || shares[i].all() > shares[most].all()) most = i;
    }
    if (missing <= 0 || most == running.size()) continue;
    auto& build = *running[most];
    build.share = shares[most];
    build.share->missing = missing;
    build.share->is_most = build.share->was_ended = true;
    build.share->is_cache_shared = build.is_cache_shared;
    build.ended = Steady::now();
    build.end->request_stop();
  }
}

}  // namespace sluice::build
