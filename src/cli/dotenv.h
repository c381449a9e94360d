#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::cli {

// `.env` text as docs/env-files.md says; dotenv_cases.json has the cases, for the dashboard's reader too. An Error
// names the line.
Result<std::vector<std::pair<std::string, std::string>>> parse_dotenv(std::string_view text);

}  // namespace sluice::cli
