#include "build/disk_watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

namespace sluice::build {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLeast = std::int64_t{500} << 20;
constexpr std::int64_t kPart = 20;
constexpr auto kPause = std::chrono::milliseconds(50);

}  // namespace

std::int64_t least_free(const fs::path& folder) {
  std::error_code error;
  const auto space = fs::space(folder, error);
  return error ? 0 : std::min(kLeast, static_cast<std::int64_t>(space.capacity) / kPart);
}

bool has_room(const fs::path& folder) {
  std::error_code error;
  const auto space = fs::space(folder, error);
  return error || static_cast<std::int64_t>(space.available) >= least_free(folder);
}

DiskWatch::DiskWatch(fs::path folder, std::function<void()> full)
    : thread_([this, folder = std::move(folder), full = std::move(full)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (has_room(folder)) {
          if (wake.wait_for(lock, stop, kPause, [&stop] { return stop.stop_requested(); })) return;
        }
        was_full_ = true;
        full();
      }) {}

}  // namespace sluice::build
