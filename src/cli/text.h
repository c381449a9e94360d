#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// Words on a terminal: columns, colours, ages. Pure.
namespace sluice::cli {

enum class Colour { plain, bold, dim, red, green, yellow, blue, cyan };

// Columns that UTF-8 text takes: 2 for wide (East Asian, emoji), 0 for combining marks. Bytes that are not UTF-8
// count 1.
std::size_t width(std::string_view text);
// At most `columns` wide; what is cut off is shown by a final "…".
std::string cut(std::string_view text, std::size_t columns);
// Without control characters: what others wrote (commit messages, errors) must not steer the terminal. Line breaks and
// tabs become spaces.
std::string one_line(std::string_view text);
// The same, but keeps line breaks and tabs: for logs.
std::string tame(std::string_view text);
// The first line of a commit message, tamed.
std::string subject(std::string_view message);
std::string paint(std::string_view text, Colour colour, bool on);

// "now", "12s", "3m", "2h", "4d": one unit, rounded down. Never negative.
std::string age(Time then, Time now);
std::string short_commit(std::string_view commit);

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};
// Rows with aligned columns, two spaces between them, nothing after the last; a column that is empty in every row is
// left out with its head. A table wider than `columns` (0: no limit) takes the excess from column `shrink`, down to 8.
// Colour is written only when `colour`.
struct Table {
  std::vector<Cell> head;  // empty: none
  std::vector<std::vector<Cell>> rows;
  std::size_t shrink = std::string::npos;
  std::vector<std::size_t> spare;  // columns that go where there is still no room, the first of them first
};
std::string render(const Table& table, std::size_t columns, bool colour, std::string_view indent = "");

// What makes a terminal show `text` in place of all it shows: at most `rows` lines, the cursor's among them; the last
// says how many there was no room for. No line may be wider than the terminal.
std::string drawn_over(std::string_view text, std::size_t rows);

}  // namespace sluice::cli
