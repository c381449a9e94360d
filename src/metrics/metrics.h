#pragma once
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/probe.h"
#include "metrics/requests.h"
#include "metrics/tail.h"
#include "metrics/tally.h"
#include "metrics/use.h"
#include "store/series.h"

// What stages use, counted and kept (docs/monitoring.md).
namespace sluice::metrics {

// How long which spans are kept. The finest is that of a look at the world.
struct Resolution {
  Duration step, kept;
};
inline constexpr Resolution kResolutions[] = {
    {std::chrono::seconds(10), std::chrono::minutes(70)},
    {std::chrono::minutes(1), std::chrono::hours(25)},
    {std::chrono::minutes(15), std::chrono::hours(24 * 31)},
};
inline constexpr Duration kLook = kResolutions[0].step;

struct Point {
  Time at{};  // when its span begins
  Use use;
};
// A stage at the last look.
struct Now {
  std::int64_t instances = 0;
  double cpu = 0;  // of one processor, since the look before
  std::uint64_t memory_kib = 0;
};

class Metrics {
 public:
  // The probe outlives it. `report` gets a sentence when figures cannot be written, once until they can be again.
  static Result<std::unique_ptr<Metrics>> open(const std::filesystem::path& file, Probe& probe,
                                               std::function<void(const std::string&)> report);
  ~Metrics();  // writes what is not written yet

  // Looks every ten seconds, on a thread of its own, from now on.
  void start();
  // One look. From one thread at a time.
  void look();
  // Writes what was seen since the last time; look() does it every minute.
  Result<> flush();

  // When the last look was; nothing is known of what came after.
  [[nodiscard]] Time looked_at() const;
  [[nodiscard]] Now now(const std::string& stage) const;
  // What was used since this object began.
  [[nodiscard]] Use since_start(const std::string& stage) const;
  // A whole number of kept spans, such that `until` - `since` is at most `points` of it and begins where they are kept.
  [[nodiscard]] Duration step_for(Time since, Time until, std::size_t points) const;
  // Spans of `step` (of step_for) that begin from `since` to before `until`, those left out in which there was nothing.
  // `since` should be a multiple of it.
  [[nodiscard]] Result<std::vector<Point>> points(const std::string& stage, Time since, Time until, Duration step);

 private:
  struct Key {
    std::string stage;
    std::int64_t step, at;  // milliseconds
    auto operator<=>(const Key&) const = default;
  };
  Metrics(std::unique_ptr<store::Series> series, Probe& probe, std::function<void(const std::string&)> report);
  void spread(const Spent& spent, const Moment& now);
  void add(const std::string& stage, Time at, const Use& use);
  Result<> flush_locked();
  void prune(const Moment& now);

  std::unique_ptr<store::Series> series_;
  Probe& probe_;
  std::function<void(const std::string&)> report_;
  Tally tally_;
  std::map<std::filesystem::path, std::unique_ptr<Tail>> tails_;

  mutable std::mutex mutex_;
  std::map<Key, Use> pending_;  // not written yet: to be added to what the file has
  std::map<std::string, Now> now_;
  std::map<std::string, Use> since_start_;
  Time looked_at_{}, flushed_at_{};
  bool failing_ = false;
  std::optional<Moment> pruned_;
  std::jthread thread_;  // last: it uses all the rest
};

}  // namespace sluice::metrics
