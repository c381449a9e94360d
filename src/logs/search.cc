#include "logs/search.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>

namespace sluice::logs {
namespace json = boost::json;
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Named {
  std::string_view name;
  Level level;
};
constexpr std::array kNames{
    Named{"trace", Level::trace},    Named{"verbose", Level::trace},   Named{"silly", Level::trace},
    Named{"debug", Level::debug},    Named{"info", Level::info},       Named{"information", Level::info},
    Named{"notice", Level::info},    Named{"http", Level::info},       Named{"warn", Level::warn},
    Named{"warning", Level::warn},   Named{"err", Level::error},       Named{"error", Level::error},
    Named{"severe", Level::error},   Named{"fatal", Level::fatal},     Named{"crit", Level::fatal},
    Named{"critical", Level::fatal}, Named{"alert", Level::fatal},     Named{"panic", Level::fatal},
    Named{"emerg", Level::fatal},    Named{"emergency", Level::fatal}, Named{"dpanic", Level::fatal},
};

// A name that says something comes before a number that may mean several things.
constexpr std::array<std::string_view, 7> kMembers{"level_name", "levelname", "severity", "level",
                                                   "log.level",  "lvl",       "@l"};

std::optional<Level> level_numbered(double number) {
  if (number < 10 || number > 60) return std::nullopt;
  return static_cast<Level>(static_cast<int>(number) / 10 - 1);
}

std::optional<Level> level_said(const json::value& value) {
  if (value.is_string()) return level_named(value.get_string());
  if (value.is_number()) return level_numbered(value.to_number<double>());
  return std::nullopt;
}

// Without the escape sequences that colour it.
std::string without_colours(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] != '\x1b' || at + 1 >= line.size() || line[at + 1] != '[') {
      out += line[at];
      continue;
    }
    for (at += 2; at < line.size() && (line[at] < 0x40 || line[at] > 0x7e);) ++at;
  }
  return out;
}

bool contains(std::string_view text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

}  // namespace

std::optional<Level> level_named(std::string_view name) {
  const auto same = [&](const Named& one) { return std::ranges::equal(one.name, name, {}, {}, lower); };
  const auto* found = std::ranges::find_if(kNames, same);
  return found == kNames.end() ? std::nullopt : std::optional(found->level);
}

std::optional<Level> level_of(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || line[begin] != '{') return std::nullopt;
  boost::system::error_code broken;
  std::array<unsigned char, 8192> room;  // most lines need no more
  json::monotonic_resource memory(room.data(), room.size());
  const auto value = json::parse(line.substr(begin), broken, &memory);
  if (broken || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  for (const auto member : kMembers)
    if (const auto* said = object.if_contains(member))
      if (const auto level = level_said(*said)) return level;
  if (const auto* log = object.if_contains("log"); log != nullptr && log->is_object())
    if (const auto* said = log->get_object().if_contains("level")) return level_said(*said);
  return std::nullopt;
}

bool Search::wants(std::string_view line) const {
  if (!words.empty()) {
    const bool plain = line.find('\x1b') == std::string_view::npos;
    if (!contains(plain ? line : std::string_view(without_colours(line)), words)) return false;
  }
  if (!level) return true;
  const auto found = level_of(line);
  return found && *found >= *level;
}

}  // namespace sluice::logs
