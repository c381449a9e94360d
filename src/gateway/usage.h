#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"

// What the routes' requests did lately, from HAProxy's counters.
namespace sluice::gateway {

// Of one backend.
struct Counted {
  std::int64_t open = 0;                         // requests now
  std::int64_t requests = 0;                     // in all
  std::optional<Duration> began = std::nullopt;  // how long ago a server was last given one, to a second
};
// From what `show stat` answers: by the backend's name.
std::map<std::string, Counted> read_counted(const std::string& statistics);

// Of one route.
struct Use {
  std::int64_t open = 0;      // requests and WebSockets now
  std::int64_t requests = 0;  // since the gateway was opened
  Duration idle = {};         // since the last one ended, at most as long ago as the last look; 0 while one is open
};

// HAProxy's counters begin anew with every reload, and it does not say when a request ended: what a look sees is held
// against what the last one saw.
class Usage {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  std::map<std::string, Use> look(const std::map<std::string, Counted>& backends,
                                  Moment now = std::chrono::steady_clock::now());

 private:
  struct Seen {
    std::int64_t counted = 0, requests = 0;
    Moment last;
  };
  std::mutex mutex_;
  Moment opened_ = std::chrono::steady_clock::now();
  std::map<std::string, Seen> seen_;
};

}  // namespace sluice::gateway
