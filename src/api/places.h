#pragma once
#include <atomic>
#include <cstddef>
#include <memory>

namespace sluice::api {

// Room for so many at once. Whoever has a place keeps it until the last copy of it is let go, also one who took it and
// then never came. Any thread.
class Places {
 public:
  using Place = std::shared_ptr<void>;
  explicit Places(std::size_t most) : most_(most) {}
  // Empty when all are taken. A place may outlive this.
  [[nodiscard]] Place take() {
    auto taken = taken_->load();
    do {
      if (taken >= most_) return {};
    } while (!taken_->compare_exchange_weak(taken, taken + 1));
    return {taken_.get(), [taken = taken_](void*) { --*taken; }};
  }

 private:
  const std::size_t most_;
  std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace sluice::api
