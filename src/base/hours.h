#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// The times of the week at which something runs, as people write them: "mon-fri 08:00-19:00 Europe/Berlin", "daily
// 22:00-06:00 UTC", "mon-thu 08:00-18:00, fri 08:00-15:00 America/New_York".
namespace sluice {

struct Hours {
  struct Window {
    int first_day = 0, last_day = 6;    // 0 is Monday; round the week's end where last < first
    std::chrono::minutes from{}, to{};  // since midnight; to <= from: into the next day
    bool operator==(const Window&) const = default;
  };
  std::vector<Window> windows;  // at least one
  std::string zone;             // its name in the time zone database; whether it is there, is_known_zone says

  // The error says what was expected where.
  static Result<Hours> parse(std::string_view text);

  // Whether `now` is within them, and when that changes; they never end where they cover the whole week.
  struct Phase {
    bool open = false;
    std::optional<Time> until;
  };
  // An error: the machine knows no such zone.
  [[nodiscard]] Result<Phase> at(Time now) const;
  // For people, in their own zone: "Monday 08:00 (Europe/Berlin)"; in a zone that the machine does not know, in UTC.
  [[nodiscard]] std::string say(Time moment) const;
  bool operator==(const Hours&) const = default;
};

// An error names the zone and says what they look like.
Result<> is_known_zone(const std::string& zone);

}  // namespace sluice
