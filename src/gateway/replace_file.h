#pragma once
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace sluice::gateway {

// Writes beside the file and renames over it: readers, and a process that dies in the middle, see the old content or
// the new. Not fsynced (which costs tens of milliseconds): for what is made anew from a durable record after a power
// cut.
Result<> replace_file(const std::filesystem::path& path, std::string_view content, int mode = 0644);

}  // namespace sluice::gateway
