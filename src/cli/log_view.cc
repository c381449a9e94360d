#include "cli/log_view.h"

#include <array>
#include <charconv>

#include "cli/text.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kTime = 24;  // "2026-01-31T09:30:00.000Z"
constexpr std::array kColours{Colour::cyan, Colour::green, Colour::yellow, Colour::blue};

// Of "[12.3.0]": change, attempt, instance.
Colour colour_of(std::string_view tag) {
  const auto number_after = [&](std::size_t dot) {
    unsigned value = 0;
    if (dot < tag.size()) std::from_chars(tag.data() + dot + 1, tag.data() + tag.size(), value);
    return value;
  };
  const auto first = tag.find('.');
  const auto second = tag.find('.', first == std::string_view::npos ? first : first + 1);
  return kColours[(number_after(first) * 2 + number_after(second)) % kColours.size()];
}

// Colours pass, and end with the line; nothing else that steers a terminal does.
std::string tame_but_colours(std::string_view text) {
  std::string out;
  bool coloured = false;
  while (true) {
    const auto begin = text.find("\x1b[");
    out += tame(text.substr(0, begin));
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const auto end = text.find_first_not_of("0123456789;:", 2);
    const bool colour = end != std::string_view::npos && text[end] == 'm';
    const auto size = colour ? end + 1 : 2;
    out += colour ? std::string(text.substr(0, size)) : tame(text.substr(0, size));
    coloured = coloured || colour;
    text.remove_prefix(size);
  }
  return coloured ? out + "\x1b[0m" : out;
}

std::string coloured_line(std::string_view line) {
  const bool led = line.size() > kTime && line[4] == '-' && line[10] == 'T' && line[kTime - 1] == 'Z';
  if (!led) return tame_but_colours(line);
  auto rest = line.substr(kTime + 1);
  auto out = paint(line.substr(0, kTime), Colour::dim, true) + " ";
  const auto end = rest.find("] ");
  if (rest.starts_with('[') && end != std::string_view::npos) {
    const auto tag = rest.substr(0, end + 1);
    out += paint(tame(tag), colour_of(tag), true) + " ";
    rest.remove_prefix(end + 2);
  }
  return out + tame_but_colours(rest);
}

}  // namespace

std::string coloured_log(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out += coloured_line(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace sluice::cli
