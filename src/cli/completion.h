#pragma once
#include <string>
#include <vector>

#include "cli/parse.h"

namespace sluice::cli {

// A script that completes every command and option; names of stacks and stages are asked of the server. Written from
// the commands themselves: packaging/completions holds its output, and a test holds the two together.
std::string bash_completion(const std::vector<CommandShape>& shapes);
std::string zsh_completion(const std::vector<CommandShape>& shapes);

}  // namespace sluice::cli
