#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <thread>

// What a build writes lies on the same disk as everything else that the server keeps, and no limit holds it: so the
// disk is looked at while one runs.
namespace sluice::build {

// What has to stay free on the disk that `folder` is on: 500 MB, and of a small one a twentieth.
std::int64_t least_free(const std::filesystem::path& folder);
// Whether it is; also where the disk cannot be asked.
bool has_room(const std::filesystem::path& folder);

// From its making to its end; calls `full` once, from another thread, when there is no room any more.
class DiskWatch {
 public:
  DiskWatch(std::filesystem::path folder, std::function<void()> full);
  [[nodiscard]] bool was_full() const { return was_full_; }

 private:
  std::atomic<bool> was_full_ = false;
  std::jthread thread_;
};

}  // namespace sluice::build
