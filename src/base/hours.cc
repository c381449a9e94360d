#include "base/hours.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr const char* kShape = "write them like \"mon-fri 08:00-19:00 Europe/Berlin\"";
constexpr minutes kDay = std::chrono::hours(24);

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<int> day_of(std::string_view text) {
  const auto found = std::find(kDays.begin(), kDays.end(), text);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<int>(found - kDays.begin());
}

// "08:00"; 24:00 is the end of a day.
std::optional<minutes> minutes_of(std::string_view text) {
  const auto is_digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !is_digit(0) || !is_digit(1) || !is_digit(3) || !is_digit(4))
    return std::nullopt;
  const minutes out{(text[0] - '0') * 600 + (text[1] - '0') * 60 + (text[3] - '0') * 10 + (text[4] - '0')};
  if (text[3] > '5' || out > kDay) return std::nullopt;
  return out;
}

Result<Hours::Window> window_of(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" {}; {}", text, what, kShape));
  };
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return wrong("must be days and times");
  const auto days = text.substr(0, space);
  const auto times = trimmed(text.substr(space));
  Hours::Window out;
  if (days != "daily") {
    const auto dash = days.find('-');
    const auto first = day_of(days.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : day_of(days.substr(dash + 1));
    if (!first || !last) return wrong("begins with no days: mon, tue, wed, thu, fri, sat, sun, mon-fri or daily");
    out.first_day = *first;
    out.last_day = *last;
  }
  const auto dash = times.find('-');
  const auto from = minutes_of(times.substr(0, dash));
  const auto to = dash == std::string_view::npos ? std::nullopt : minutes_of(times.substr(dash + 1));
  if (!from || !to || *from == kDay) return wrong("has no times of 24 hours, 08:00-19:00");
  out.from = *from;
  out.to = *to;
  return out;
}

bool has_day(const Hours::Window& window, int day) {
  if (window.first_day <= window.last_day) return day >= window.first_day && day <= window.last_day;
  return day >= window.first_day || day <= window.last_day;
}

const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace

Result<> is_known_zone(const std::string& zone) {
  if (find_zone(zone) != nullptr) return {};
  return fail(ErrorKind::invalid,
              fmt::format("this machine knows no time zone \"{}\"; they are called like Europe/Berlin or UTC", zone));
}

Result<Hours> Hours::parse(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 500) return fail(ErrorKind::invalid, fmt::format("it is longer than 500 characters; {}", kShape));
  const auto space = text.rfind(' ');
  if (space == std::string_view::npos)
    return fail(ErrorKind::invalid, fmt::format("\"{}\" must be days, times and a time zone; {}", text, kShape));
  Hours out;
  out.zone = text.substr(space + 1);
  const bool is_name = std::all_of(out.zone.begin(), out.zone.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  });
  if (!is_name || minutes_of(std::string_view(out.zone).substr(0, 5)))
    return fail(ErrorKind::invalid, fmt::format("\"{}\" must end with a time zone; {}", text, kShape));
  for (auto rest = text.substr(0, space); !rest.empty();) {
    const auto comma = rest.find(',');
    auto window = window_of(trimmed(rest.substr(0, comma)));
    if (!window) return fail(window.error());
    out.windows.push_back(*window);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  if (out.windows.empty()) return fail(ErrorKind::invalid, fmt::format("they name no days; {}", kShape));
  return out;
}

std::string Hours::say(Time moment) const {
  const date::time_zone* known = find_zone(zone);
  const auto local = known == nullptr ? date::local_time<Duration>(moment.time_since_epoch()) : known->to_local(moment);
  return fmt::format("{} ({})", date::format("%A %H:%M", date::floor<minutes>(local)), known == nullptr ? "UTC" : zone);
}

Result<Hours::Phase> Hours::at(Time now) const {
  const date::time_zone* known = find_zone(zone);
  if (known == nullptr) return fail(is_known_zone(zone).error());
  const auto moment = [&](date::local_days day, minutes since_midnight) {
    return std::chrono::time_point_cast<Duration>(
        known->to_sys(date::local_time<minutes>(day) + since_midnight, date::choose::earliest));
  };
  const auto today = date::floor<date::days>(known->to_local(now));
  std::vector<std::pair<Time, Time>> spans;
  for (int offset = -1; offset <= 8; ++offset) {
    const auto day = today + date::days(offset);
    const int weekday = static_cast<int>(date::weekday(day).iso_encoding()) - 1;
    for (const Window& window : windows) {
      if (!has_day(window, weekday)) continue;
      spans.emplace_back(moment(day, window.from), moment(day, window.to > window.from ? window.to : window.to + kDay));
    }
  }
  std::sort(spans.begin(), spans.end());
  std::optional<Time> end;
  for (const auto& [from, to] : spans) {
    if (!end && to <= now) continue;
    if (!end && from > now) return Phase{false, from};
    if (!end) {
      end = to;
    } else if (from <= *end) {
      end = std::max(*end, to);
    }
  }
  if (end && *end - now > std::chrono::hours(24 * 7)) end.reset();
  return Phase{true, end};
}

}  // namespace sluice
