#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace sluice {

std::string to_rfc3339(Time t) {
  auto day = std::chrono::floor<std::chrono::days>(t);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss<Duration> clock(t - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

namespace {

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool at(std::string_view text, std::size_t position, char c) { return position < text.size() && text[position] == c; }

}  // namespace

std::optional<Time> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2), h = digits(text, 11, 2),
       mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s || !at(text, 4, '-') || !at(text, 7, '-') || !at(text, 13, ':') ||
      !at(text, 16, ':')) {
    return std::nullopt;
  }
  if (!at(text, 10, 'T') && !at(text, 10, 't')) return std::nullopt;
  year_month_day date(year(*y), month(static_cast<unsigned>(*mo)), day(static_cast<unsigned>(*d)));
  if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  std::size_t position = 19;
  int millis = 0;
  if (at(text, position, '.')) {
    ++position;
    int weight = 100;
    std::size_t first = position;
    for (; position < text.size() && text[position] >= '0' && text[position] <= '9'; ++position) {
      millis += (text[position] - '0') * weight;
      weight /= 10;
    }
    if (position == first) return std::nullopt;
  }
  minutes offset{0};
  if (at(text, position, 'Z') || at(text, position, 'z')) {
    ++position;
  } else if (at(text, position, '+') || at(text, position, '-')) {
    auto oh = digits(text, position + 1, 2), om = digits(text, position + 4, 2);
    if (!oh || !om || !at(text, position + 3, ':') || *oh > 23 || *om > 59) return std::nullopt;
    offset = minutes(*oh * 60 + *om) * (text[position] == '-' ? -1 : 1);
    position += 6;
  } else {
    return std::nullopt;
  }
  if (position != text.size()) return std::nullopt;
  return Time(sys_days(date).time_since_epoch() + hours(*h) + minutes(*mi) + seconds(*s) + Duration(millis) - offset);
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end == text.data() || count < 0 || count > 1'000'000'000) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return Duration(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "m") return std::chrono::minutes(count);
  if (unit == "h") return std::chrono::hours(count);
  if (unit == "d") return std::chrono::days(count);
  return std::nullopt;
}

std::string human_duration(Duration d) {
  auto ms = d.count();
  if (ms < 0) ms = 0;
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms < 10'000 && ms % 1000 != 0) return fmt::format("{}.{}s", ms / 1000, ms % 1000 / 100);
  auto s = ms / 1000;
  if (s < 60) return fmt::format("{}s", s);
  auto pair = [](std::int64_t big, const char* big_unit, std::int64_t small, const char* small_unit) {
    return small ? fmt::format("{}{} {}{}", big, big_unit, small, small_unit) : fmt::format("{}{}", big, big_unit);
  };
  if (s < 3600) return pair(s / 60, "m", s % 60, "s");
  if (s < 86400) return pair(s / 3600, "h", s % 3600 / 60, "m");
  return pair(s / 86400, "d", s % 86400 / 3600, "h");
}

Time SystemClock::now() const { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

}  // namespace sluice
