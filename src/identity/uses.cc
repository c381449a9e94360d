#include "identity/uses.h"

#include <utility>

namespace sluice::identity {

Uses::Uses(std::function<void(const std::string&, Time)> write)
    : write_(std::move(write)), thread_([this] { run(); }) {}

Uses::~Uses() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  noted_.notify_one();
  thread_.join();
}

void Uses::note(const std::string& id, Time at) {
  {
    std::lock_guard lock(mutex_);
    waiting_[id] = at;
  }
  noted_.notify_one();
}

void Uses::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    noted_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
    auto taken = std::exchange(waiting_, {});
    if (taken.empty()) return;
    lock.unlock();
    for (const auto& [id, at] : taken) write_(id, at);
    lock.lock();
  }
}

}  // namespace sluice::identity
