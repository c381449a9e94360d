#pragma once
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "source/source.h"

namespace sluice::source {

// Repacks a repository that has gathered many packs, after the push that made it so was answered. One at a time; a
// failure costs nothing but time, as the next push asks again. Ends its git when destroyed.
class Repositories::Upkeep {
 public:
  Upkeep();
  void look_at(const std::filesystem::path& repository);

 private:
  void work(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any asked_;
  std::set<std::filesystem::path> due_;
  std::jthread thread_;
};

}  // namespace sluice::source
