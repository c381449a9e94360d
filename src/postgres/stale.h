#pragma once
#include <filesystem>

#include "base/result.h"

namespace sluice::postgres {

// Takes away postmaster.pid when no process works in the cluster's folder. PostgreSQL leaves it there when it is
// killed, and after a restart of the machine or the container another program of the same user may have that number:
// then PostgreSQL would take it for itself and never start again.
Result<> clear_stale_lock(const std::filesystem::path& cluster);

}  // namespace sluice::postgres
