#include "build/procfile.h"

#include <algorithm>

#include "base/utf8.h"

namespace sluice::build {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_type(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

Result<std::map<std::string, std::string>> parse_procfile(std::string_view text) {
  std::map<std::string, std::string> out;
  const auto wrong = [](std::size_t number, const std::string& what) {
    return fail(ErrorKind::invalid, "Procfile, line " + std::to_string(number) + ": " + what);
  };
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (line.find('\0') != line.npos) return wrong(number, "it contains a NUL byte");
    if (!is_utf8(line)) return wrong(number, "it is not UTF-8 text; save the file in UTF-8");
    const auto colon = line.find(':');
    const std::string name(trim(line.substr(0, std::min(colon, line.size()))));
    if (colon == line.npos || !is_type(name)) {
      return wrong(number, "each line is a process type, a colon and its command, such as \"web: node server.js\"");
    }
    const std::string_view command = trim(line.substr(colon + 1));
    if (command.empty()) return wrong(number, "\"" + name + "\" has no command after its colon");
    if (!out.emplace(name, command).second) return wrong(number, "\"" + name + "\" stands there twice");
  }
  return out;
}

}  // namespace sluice::build
