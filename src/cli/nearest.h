#pragma once
#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

// Of these words the one that was probably meant: at most two letters wrong (one in short words), or the word begins
// it.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace sluice::cli
