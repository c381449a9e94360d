#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metrics/use.h"

namespace sluice::metrics {

// One moment by two clocks: the wall's, which people set, and the machine's, which only grows until it is restarted.
struct Moment {
  Time wall{};
  Duration up{};     // since the machine came up
  std::string boot;  // which start of the machine
};

// One instance as it is now.
struct Instance {
  std::string stage;             // id
  int pid = 0;                   // of its main process; with `born` it is nobody else
  Duration born{};               // since the machine came up
  std::uint64_t cpu_us = 0;      // of its processes since then
  std::uint64_t memory_kib = 0;  // resident
};

// What instances used between two looks.
struct Spent {
  std::string stage;
  Duration span{};  // until the second look
  Use use;
};

// Turns counters of processes into what was used since the last look, whatever happened between: instances that ended
// or began, a server that was away, a machine that was restarted, a wall clock that was set.
class Tally {
 public:
  std::vector<Spent> look(const Moment& now, const std::vector<Instance>& instances);
  // What the next look is compared with, as text for a later server.
  [[nodiscard]] std::string encode() const;
  // Text that is not encode()'s: as if it were the first look.
  static Tally decode(const std::string& text);

 private:
  using Who = std::pair<int, std::int64_t>;  // pid, born
  std::optional<Moment> last_;
  std::map<Who, std::uint64_t> cpu_;
};

}  // namespace sluice::metrics
