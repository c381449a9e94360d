#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "base/time.h"

namespace sluice::http {

// Threads that are there only while there is work: made as jobs come, up to `most`, and gone after `linger` without
// one. Jobs beyond `most` wait in order; whoever posts bounds their number. A job must not throw.
class Workers {
 public:
  explicit Workers(int most, Duration linger = std::chrono::seconds(10));
  ~Workers();  // runs what is queued, then joins
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  // Throws std::system_error when there is no thread and none can be made.
  void post(std::function<void()> job);
  [[nodiscard]] std::size_t threads() const;

 private:
  void run(std::list<std::thread>::iterator self);

  const std::size_t most_;
  const Duration linger_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::function<void()>> jobs_;
  std::list<std::thread> running_, ended_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace sluice::http
