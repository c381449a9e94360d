#include "gateway/table.h"

#include <algorithm>
#include <charconv>

namespace sluice::gateway {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    auto end = std::min(text.find(separator, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace

std::vector<std::string> read_lines(const std::string& text) { return split(text, '\n'); }

std::vector<std::map<std::string, std::string>> read_table(const std::string& text, char separator) {
  std::vector<std::map<std::string, std::string>> rows;
  std::vector<std::string> columns;
  for (const auto& line : read_lines(text)) {
    if (line.rfind("# ", 0) == 0) {
      columns = split(line.substr(2), separator);
      continue;
    }
    auto cells = split(line, separator);
    if (columns.empty() || cells.size() < 2) continue;
    std::map<std::string, std::string> row;
    for (std::size_t i = 0; i < std::min(columns.size(), cells.size()); ++i) row[columns[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace sluice::gateway
