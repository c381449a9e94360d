#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "metrics/histogram.h"

namespace sluice::metrics {

// What a stage used over a span of time, as sums: adding two spans is adding their members (the peak: the larger).
struct Use {
  std::uint64_t instance_ms = 0;  // milliseconds that instances ran, of all together
  std::uint64_t cpu_us = 0;       // of all processes, in microseconds
  std::uint64_t memory = 0;       // resident memory over time, in KiB times milliseconds
  std::uint64_t peak = 0;         // the most resident at once, in KiB
  // Requests that were finished, by class of status: 2xx (with 1xx), 3xx, 4xx, 5xx.
  std::array<std::uint64_t, 4> requests{};
  Histogram latency;

  void add(const Use& other);
  [[nodiscard]] std::uint64_t all_requests() const { return requests[0] + requests[1] + requests[2] + requests[3]; }
  // What falls into the part from `begin` to `end` (milliseconds) of a span of `whole`, spread evenly; the parts of a
  // span add up to all of it. Requests are not spread: they have a time each.
  [[nodiscard]] Use part(std::uint64_t begin, std::uint64_t end, std::uint64_t whole) const;

  [[nodiscard]] std::string encode() const;
  static bool decode(std::string_view text, Use& out);  // false: it is not what encode() writes

  bool operator==(const Use&) const = default;
};

}  // namespace sluice::metrics
