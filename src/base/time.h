#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

using Duration = std::chrono::milliseconds;
// Wall time, UTC, in whole milliseconds.
using Time = std::chrono::sys_time<Duration>;

// RFC 3339, UTC, always with three digits of milliseconds: 2026-01-31T09:30:00.000Z.
std::string to_rfc3339(Time t);
std::optional<Time> from_rfc3339(std::string_view text);

// "60s", "10m", "1h", "90d", "1500ms"; nothing else. Zero is allowed.
std::optional<Duration> parse_duration(std::string_view text);
// For people: "1.2s", "3m 20s", "2h 5m", "4d".
std::string human_duration(Duration d);

// The port through which every room but base and app learns the time.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
};

}  // namespace sluice
