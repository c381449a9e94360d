#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The tables HAProxy answers with: a line of column names led by "# ", then a line a row.
namespace sluice::gateway {

std::vector<std::string> read_lines(const std::string& text);
std::vector<std::map<std::string, std::string>> read_table(const std::string& text, char separator);
std::int64_t number_of(const std::string& text);  // 0 where none begins

}  // namespace sluice::gateway
