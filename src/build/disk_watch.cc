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

// Opens a folder, and follows no link, also where the build that still runs puts one in the folder's place. One that it
// has locked up is opened as it is when the build's files are taken over (seal.cc).
int open_folder(int at, const char* name) {
  constexpr int kHow = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const int fd = ::openat(at, name, O_RDONLY | kHow);
  if (fd >= 0 || errno != EACCES) return fd;
  const int locked = ::openat(at, name, O_PATH | kHow);
  if (locked < 0) return -1;
  const bool is_unlocked = ::chmod(("/proc/self/fd/" + std::to_string(locked)).c_str(), 0700) == 0;
  ::close(locked);
  return is_unlocked ? ::openat(at, name, O_RDONLY | kHow) : -1;
}

// What is on the disk beneath, of what changed since a time. The time of the last change is what no program can set.
class Written {
 public:
  std::int64_t beneath(const fs::path& folder, timespec since) {
    bytes_ = 0;
    since_ = since;
    add(AT_FDCWD, folder.c_str(), 0);
    return bytes_;
  }

 private:
  void add(int at, const char* name, int depth) {
    constexpr int kDeepest = 200;  // a folder is open at each
    const int fd = open_folder(at, name);
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
      if (is_before(info.st_ctim, since_)) continue;
      if (S_ISREG(info.st_mode) && info.st_nlink > 1 && !seen_.insert(info.st_ino).second) continue;
      bytes_ += static_cast<std::int64_t>(info.st_blocks) * 512;
    }
    ::closedir(folder);
  }

  timespec since_{};
  std::set<ino_t> seen_;  // with more than one name
  std::int64_t bytes_ = 0;
};

// Where one writes.
struct Places {
  fs::path own, cache;
  timespec began{};

  [[nodiscard]] DiskWatch::Share measure() const {
    Written written;
    DiskWatch::Share out;
    out.own = written.beneath(own, {});  // all of it: the clock may have been set back since
    out.cache = written.beneath(cache, began);
    return out;
  }
};

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
  Places places;
  bool is_cache_shared = false;
  bool has_begun = false;                     // its command, which may be over
  std::optional<std::stop_source> end;        // while its command runs
  std::optional<Steady::time_point> leaving;  // since when, where there was no room
  std::optional<Share> share;                 // before what it wrote began to go
  [[nodiscard]] bool runs() const { return end && !leaving; }
};

struct DiskWatch::Measured {
  std::shared_ptr<Build::State> build;
  Share now;
};

DiskWatch::DiskWatch(std::function<std::int64_t()> missing)
    : missing_(std::move(missing)), thread_([this](const std::stop_token& stop) { watch(stop); }) {}

DiskWatch::~DiskWatch() = default;

DiskWatch::Build::Build(DiskWatch& watch, fs::path own, fs::path cache)
    : watch_(watch), state_(std::make_shared<State>()) {
  state_->places = {std::move(own), std::move(cache), {}};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &state_->places.began);  // the clock of the files
  const std::scoped_lock lock(watch_.mutex_);
  for (const auto& other : watch_.builds_) {
    if (other->places.cache == state_->places.cache) other->is_cache_shared = state_->is_cache_shared = true;
  }
  watch_.builds_.push_back(state_);
  watch_.changed_.notify_all();
}

DiskWatch::Build::~Build() {
  bool is_aside = false;
  {
    const std::scoped_lock lock(watch_.mutex_);
    const fs::path cache = std::exchange(state_->places.cache, {});
    if (!watch_.is_used(cache) && watch_.to_empty_.erase(cache) > 0) {
      // Out of sight in one act: a build that begins next has a cache of its own. Where it cannot be moved, none begins
      // until it is gone.
      is_aside = ::rename(cache.c_str(), state_->places.own.c_str()) == 0;
      if (!is_aside) (void)remove_tree(cache);
    }
  }
  if (is_aside) (void)remove_tree(state_->places.own);
  // Not before: nobody else is ended while its files go.
  const std::scoped_lock lock(watch_.mutex_);
  std::erase(watch_.builds_, state_);
  watch_.changed_.notify_all();
}

void DiskWatch::Build::runs(std::stop_source end) {
  const std::scoped_lock lock(watch_.mutex_);
  state_->has_begun = true;
  state_->end = std::move(end);
  watch_.changed_.notify_all();
}

void DiskWatch::Build::ran() {
  const std::scoped_lock lock(watch_.mutex_);
  state_->end.reset();
  // What writes fast has met the end of the disk itself.
  if (!state_->leaving && watch_.missing_() > 0) state_->leaving = Steady::now();
}

std::optional<DiskWatch::Share> DiskWatch::Build::share() const {
  std::unique_lock lock(watch_.mutex_);
  if (state_->share) return state_->share;
  const auto missing = watch_.missing_();
  if (missing <= 0) return std::nullopt;
  const auto all = watch_.measure(lock);
  if (state_->share) return state_->share;
  Share now;
  std::int64_t most = 0;
  for (const auto& one : all) {
    if (one.build == state_) now = one.now;
    most = std::max({most, one.now.all(), one.build->share ? one.build->share->all() : 0});
  }
  now.missing = missing;
  now.is_most = now.all() >= most;
  now.is_cache_shared = state_->is_cache_shared;
  state_->share = now;
  return now;
}

void DiskWatch::Build::empty_cache() {
  const std::scoped_lock lock(watch_.mutex_);
  watch_.to_empty_.insert(state_->places.cache);
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
  return std::any_of(builds_.begin(), builds_.end(), [&](const auto& build) { return build->places.cache == cache; });
}

std::vector<DiskWatch::Measured> DiskWatch::measure(std::unique_lock<std::mutex>& lock) const {
  std::vector<Measured> all;
  std::vector<Places> places;
  for (const auto& build : builds_) {
    all.push_back({build, {}});
    places.push_back(build->places);
  }
  lock.unlock();
  for (std::size_t i = 0; i < all.size(); ++i) all[i].now = places[i].measure();
  lock.lock();
  return all;
}

void DiskWatch::watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto runs = [](const auto& build) { return build->runs(); };
  const auto is_one_leaving = [this] {
    return std::any_of(builds_.begin(), builds_.end(), [now = Steady::now()](const auto& build) {
      return build->leaving && now - *build->leaving < kLeaving;
    });
  };
  while (!stop.stop_requested()) {
    if (!changed_.wait(lock, stop, [&] { return std::any_of(builds_.begin(), builds_.end(), runs); })) return;
    if (missing_() <= 0 || is_one_leaving()) {
      changed_.wait_for(lock, stop, kPause, [] { return false; });
      continue;
    }
    auto all = measure(lock);
    std::erase_if(all, [](const auto& one) { return !one.build->has_begun || one.build->leaving; });
    const auto most = std::max_element(all.begin(), all.end(),
                                       [](const auto& a, const auto& b) { return a.now.all() < b.now.all(); });
    const auto missing = missing_();
    if (missing <= 0 || most == all.end() || is_one_leaving()) continue;  // since it was measured
    auto& build = *most->build;
    build.leaving = Steady::now();
    if (!build.end) continue;  // it ended by itself, and what it wrote goes or is kept
    build.share = most->now;
    build.share->missing = missing;
    build.share->is_most = build.share->was_ended = true;
    build.share->is_cache_shared = build.is_cache_shared;
    build.end->request_stop();
  }
}

}  // namespace sluice::build
