#pragma once
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace sluice::sim {

// All chance of a run comes from its seed (splitmix64, Steele, Lea and Flood 2014).
class Chance final : public Random {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 to below - 1.
  std::size_t below(std::size_t below) { return static_cast<std::size_t>(next() % below); }
  bool percent(unsigned of_hundred) { return next() % 100 < of_hundred; }
  template <class T>
  const T& pick(const std::vector<T>& of) {
    return of[below(of.size())];
  }
  std::string hex(std::size_t length) {
    std::string out;
    while (out.size() < length) out += "0123456789abcdef"[below(16)];
    return out;
  }
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
  }

 private:
  std::uint64_t state_;
};

class FakeClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  void pass(Duration duration) { now_ += duration; }
  void go_to(Time time) { now_ = std::max(now_, time); }

 private:
  Time now_{std::chrono::seconds(1'800'000'000)};
};

}  // namespace sluice::sim
