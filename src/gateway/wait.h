#pragma once
#include <algorithm>
#include <chrono>
#include <thread>

#include "base/time.h"

namespace sluice::gateway {

// Whether the condition came true within this time; looked at every few milliseconds.
template <class Condition>
bool wait_for(Duration at_most, Condition condition) {
  using namespace std::chrono_literals;
  auto until = std::chrono::steady_clock::now() + at_most;
  for (auto pause = 1ms; !condition(); pause = std::min(pause * 2, 8ms)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace sluice::gateway
