#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

// What processes use, by what the kernel says in /proc.
namespace sluice::supervise {

// Of a process and all its descendants.
struct TreeUse {
  Duration born{};               // of the first of them, since the machine came up
  std::uint64_t cpu_us = 0;      // also of those that ended and were waited for; in hundredths of a second
  std::uint64_t memory_kib = 0;  // resident; pages that processes share are counted for each
};

// Every process of one moment, read once: some 6 microseconds of processor time each.
class Uses {
 public:
  static Uses read();
  // Nothing when there is no such process.
  [[nodiscard]] std::optional<TreeUse> tree(int pid) const;

 private:
  struct One {
    int pid = 0, parent = 0;
    std::uint64_t started = 0, cpu = 0;  // ticks
    std::uint64_t pages = 0;
  };
  static std::optional<One> parse(int pid, const char* text, std::size_t size);
  std::vector<One> by_pid_, by_parent_;
};

}  // namespace sluice::supervise
