#include "http/workers.h"

#include <algorithm>

namespace sluice::http {

Workers::Workers(int most, Duration linger) : most_(static_cast<std::size_t>(std::max(most, 1))), linger_(linger) {}

Workers::~Workers() {
  std::list<std::thread> all;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    woken_.notify_all();
    // Each moves itself to ended_ as the last thing it does under the lock.
    woken_.wait(lock, [&] { return running_.empty(); });
    all.splice(all.end(), ended_);
  }
  for (auto& thread : all) thread.join();
}

void Workers::post(std::function<void()> job) {
  std::list<std::thread> gone;
  {
    const std::lock_guard lock(mutex_);
    gone.splice(gone.end(), ended_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && running_.size() < most_) {
      const auto self = running_.emplace(running_.end());
      try {
        *self = std::thread([this, self] { run(self); });
      } catch (const std::system_error&) {
        running_.erase(self);
        if (running_.empty()) {
          jobs_.pop_back();
          throw;
        }
      }
    }
    if (idle_ > 0) woken_.notify_one();
  }
  for (auto& thread : gone) thread.join();
}

std::size_t Workers::threads() const {
  const std::lock_guard lock(mutex_);
  return running_.size();
}

void Workers::run(std::list<std::thread>::iterator self) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (jobs_.empty()) {
      if (stopping_) break;
      ++idle_;
      const bool has_work = woken_.wait_for(lock, linger_, [&] { return stopping_ || !jobs_.empty(); });
      --idle_;
      if (!has_work) break;
      continue;
    }
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
  ended_.splice(ended_.end(), running_, self);
  if (stopping_ && running_.empty()) woken_.notify_all();
}

}  // namespace sluice::http
