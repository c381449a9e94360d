#pragma once
#include <string>
#include <string_view>

namespace sluice::cli {

// Whole lines of a stage's log as a terminal shows them: what an app wrote is tamed but for colours, the time is dim,
// and each instance has a colour, those of two deployments after one another different ones. Pure.
std::string coloured_log(std::string_view text);

}  // namespace sluice::cli
