#pragma once
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

// What a build writes lies on the same disk as everything else that the server keeps, and no limit holds it: so the
// disk is looked at while one runs.
namespace sluice::build {

// The bytes that are missing until there is room on the disk that `folder` is on: 500 MB must stay free, and of a small
// one a twentieth. 0 where there is room, also where the disk cannot be asked.
std::int64_t missing_room(const std::filesystem::path& folder);
// What must stay free, in words: "500 MB".
std::string least_room(const std::filesystem::path& folder);

// One for all builds of a server. When there is no room any more it measures what each has written since it began, and
// ends the one that wrote most, alone; the others go on, and it looks again when that one and what it wrote are gone.
// One that has ended by itself meanwhile is waited for in the same way. While there is room it asks for nothing but the
// free space. As it knows who uses which cache, it is also who empties one: builds of one stack share it. Outlives its
// builds; any thread.
class DiskWatch {
 public:
  // What one wrote since it began, in bytes.
  struct Share {
    std::int64_t own = 0, cache = 0;
    bool is_cache_shared = false;  // another build used it meanwhile: that part may be the other's
    bool is_most = false;          // no other that runs wrote more
    bool was_ended = false;        // for it, by the watch
    std::int64_t missing = 0;      // the room
    [[nodiscard]] std::int64_t all() const { return own + cache; }
    // There would be room without it.
    [[nodiscard]] bool explains() const { return is_most && all() >= missing; }
  };

  // From before it writes anything until what it wrote is gone: `own`, which is empty when it begins, by who made it,
  // and the cache, where it is to be emptied, by this.
  class Build {
   public:
    Build(DiskWatch& watch, std::filesystem::path own, std::filesystem::path cache);
    ~Build();
    Build(const Build&) = delete;
    Build& operator=(const Build&) = delete;
    // While its command runs: `end` is asked to stop when it is the one to be ended.
    void runs(std::stop_source end);
    void ran();
    // As it was ended for; else as it is now, where there is no room; nothing where there is.
    [[nodiscard]] std::optional<Share> share() const;
    // As soon as no build uses it.
    void empty_cache();

   private:
    friend DiskWatch;
    struct State;
    DiskWatch& watch_;
    std::shared_ptr<State> state_;
  };

  // `missing` as missing_room().
  explicit DiskWatch(std::function<std::int64_t()> missing);
  ~DiskWatch();
  // Removes the folder; where builds use it, when the last of them is gone.
  Result<> empty(const std::filesystem::path& cache);

 private:
  struct Measured;
  // Of every build; not under the lock while it measures.
  [[nodiscard]] std::vector<Measured> measure(std::unique_lock<std::mutex>& lock) const;
  void watch(const std::stop_token& stop);
  [[nodiscard]] bool is_used(const std::filesystem::path& cache) const;

  std::function<std::int64_t()> missing_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::shared_ptr<Build::State>> builds_;
  std::set<std::filesystem::path> to_empty_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace sluice::build
