#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/time.h"

namespace sluice::api {

// The server's own counters, for /metrics.
class Figures {
 public:
  explicit Figures(Time started) : started_(started) {}
  // A method nobody knows is counted with its like, so that strangers cannot fill the table.
  void count(const std::string& method, int status) {
    bool known = false;
    for (const char* one : {"GET", "POST", "PUT", "PATCH", "DELETE"}) known = known || method == one;
    std::lock_guard lock(mutex_);
    ++requests_[{known ? method : "OTHER", status}];
  }
  [[nodiscard]] std::map<std::pair<std::string, int>, std::uint64_t> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] Time started() const { return started_; }

 private:
  Time started_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
};

}  // namespace sluice::api
