#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::cli {

// Lines of NAME=VALUE as .env files have them: blank lines and # comments are skipped, a leading "export " is dropped.
// In "double quotes" \n \t \" \\ \$ are read, 'single quotes' are taken as they are; both may run over several lines.
// Without quotes the value ends at " #" and loses the blanks around it. Nothing is expanded. An Error names the line.
Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(std::string_view text);

}  // namespace sluice::cli
