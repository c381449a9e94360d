#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::build {

// A Procfile's commands by process type ("web", "release", "worker" …): one `type: command` a line; # begins a comment
// line.
Result<std::map<std::string, std::string>> parse_procfile(std::string_view text);

}  // namespace sluice::build
