#pragma once
#include <filesystem>

#include "doctor/finding.h"
#include "doctor/flow.h"

namespace sluice::doctor {

// What is on this machine of stages that were deleted: their folders, services that belong to no deployment,
// and databases, which a forced deletion leaves. What
// is younger than ten minutes may be about to go, or to be known.
Finding leftovers(const std::filesystem::path& data, const Stacks& stacks, Time now);

}  // namespace sluice::doctor
