#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::cli {
namespace {

struct Point {
  char32_t code;
  std::size_t bytes;  // 1 for a byte that is not part of UTF-8
  bool valid;
};

Point point_at(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char lead = byte(i);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 && lead < 0xF5   ? 4
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                                                           : 0;
  if (length == 0 || i + length > text.size()) return {lead, 1, false};
  char32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) return {lead, 1, false};
    code = (code << 6) | (byte(i + k) & 0x3Fu);
  }
  return {code, length, true};
}

using Range = std::pair<char32_t, char32_t>;
// Of Unicode 15: the blocks of combining marks, joiners and variation selectors, and of wide characters, that texts
// use.
constexpr std::array<Range, 12> kZero{{{0x0300, 0x036F},
                                       {0x0483, 0x0489},
                                       {0x0591, 0x05BD},
                                       {0x0610, 0x061A},
                                       {0x064B, 0x065F},
                                       {0x1AB0, 0x1AFF},
                                       {0x1DC0, 0x1DFF},
                                       {0x200B, 0x200F},
                                       {0x20D0, 0x20FF},
                                       {0xFE00, 0xFE0F},
                                       {0xFE20, 0xFE2F},
                                       {0xE0100, 0xE01EF}}};
constexpr std::array<Range, 12> kWide{{{0x1100, 0x115F},
                                       {0x231A, 0x231B},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0xA4CF},
                                       {0xA960, 0xA97F},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1FAFF},
                                       {0x20000, 0x3FFFD}}};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](const Range& r) { return code >= r.first && code <= r.second; });
}
std::size_t columns_of(const Point& point) {
  if (!point.valid) return 1;
  if (in(kZero, point.code)) return 0;
  return in(kWide, point.code) ? 2 : 1;
}

std::string clean(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Point point = point_at(text, i);
    const bool layout = point.code == '\n' || point.code == '\t';
    if (!point.valid) {
      out += "\xEF\xBF\xBD";
    } else if (layout) {
      out += keep_lines ? static_cast<char>(point.code) : ' ';
    } else if (point.code < 0x20 || point.code == 0x7F || (point.code >= 0x80 && point.code < 0xA0) ||
               (point.code >= 0x202A && point.code <= 0x202E) || (point.code >= 0x2066 && point.code <= 0x2069)) {
      if (point.code != '\r') out += '?';
    } else {
      out += text.substr(i, point.bytes);
    }
    i += point.bytes;
  }
  return out;
}

}  // namespace

std::size_t width(std::string_view text) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Point point = point_at(text, i);
    out += columns_of(point);
    i += point.bytes;
  }
  return out;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t used = 0, i = 0;
  while (i < text.size()) {
    const Point point = point_at(text, i);
    if (used + columns_of(point) > columns - 1) break;
    used += columns_of(point);
    i += point.bytes;
  }
  return std::string(text.substr(0, i)) + "…";
}

std::string one_line(std::string_view text) { return clean(text, false); }
std::string tame(std::string_view text) { return clean(text, true); }
std::string subject(std::string_view message) { return one_line(message.substr(0, message.find('\n'))); }

std::string paint(std::string_view text, Colour colour, bool on) {
  if (!on || colour == Colour::plain || text.empty()) return std::string(text);
  const char* code = "";
  switch (colour) {
    case Colour::plain:
      break;
    case Colour::bold:
      code = "1";
      break;
    case Colour::dim:
      code = "2";
      break;
    case Colour::red:
      code = "31";
      break;
    case Colour::green:
      code = "32";
      break;
    case Colour::yellow:
      code = "33";
      break;
    case Colour::blue:
      code = "34";
      break;
    case Colour::cyan:
      code = "36";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string age(Time then, Time now) {
  using namespace std::chrono;
  const auto seconds = duration_cast<std::chrono::seconds>(now - then).count();
  if (seconds < 1) return "now";
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86400) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86400);
}

std::string short_commit(std::string_view commit) { return std::string(commit.substr(0, 7)); }

std::string render(const Table& table, std::size_t columns, bool colour, std::string_view indent) {
  std::size_t count = table.head.size();
  for (const auto& row : table.rows) count = std::max(count, row.size());
  std::vector<std::size_t> wide(count, 0);
  const auto measure = [&](const std::vector<Cell>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) wide[i] = std::max(wide[i], width(row[i].text));
  };
  for (const auto& row : table.rows) measure(row);
  for (std::size_t i = 0; i < table.head.size(); ++i)
    if (wide[i] > 0 || table.rows.empty()) wide[i] = std::max(wide[i], width(table.head[i].text));

  const auto total = [&] {
    std::size_t out = width(indent);
    std::size_t shown = 0;
    for (const std::size_t w : wide) {
      out += w;
      shown += w > 0 ? 1 : 0;
    }
    return out + (shown > 0 ? 2 * (shown - 1) : 0);
  };
  if (columns > 0) {
    const auto least = [&] {
      const std::size_t shrinks = table.shrink < count && wide[table.shrink] > 8 ? wide[table.shrink] - 8 : 0;
      return total() - shrinks;
    };
    for (const auto spare : table.spare)
      if (least() > columns) wide[spare] = 0;
    if (table.shrink < count && total() > columns && wide[table.shrink] > 8) {
      auto& victim = wide[table.shrink];
      victim = std::max<std::size_t>(8, victim - std::min(victim, total() - columns));
    }
  }

  std::string out;
  const auto line = [&](const std::vector<Cell>& row, bool head) {
    std::string built(indent);
    std::size_t pending = 0;  // blanks that are written only when something follows them
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (wide[i] == 0) continue;
      const std::string text = i == table.shrink ? cut(row[i].text, wide[i]) : row[i].text;
      if (!text.empty()) {
        built.append(pending, ' ');
        pending = 0;
        built += paint(text, head ? Colour::dim : row[i].colour, colour);
      }
      pending += wide[i] - std::min(wide[i], width(text)) + 2;
    }
    out += built + "\n";
  };
  if (!table.head.empty()) line(table.head, true);
  for (const auto& row : table.rows) line(row, false);
  return out;
}

std::string drawn_over(std::string_view text, std::size_t rows) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t room = std::max<std::size_t>(rows, 2) - 1;  // the cursor stands below the last line
  const std::size_t shown = lines > room ? room - 1 : lines;
  std::string out = "\x1b[H";
  std::size_t begin = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto end = text.find('\n', begin);
    out += text.substr(begin, end - begin);
    out += "\x1b[K\n";
    begin = end + 1;
  }
  if (shown < lines) out += fmt::format("… {} more lines\x1b[K\n", lines - shown);
  return out + "\x1b[J";
}

}  // namespace sluice::cli
