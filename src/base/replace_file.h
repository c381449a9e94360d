#pragma once
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace sluice {

// Writes beside the file and renames over it, so that readers see the old content or the new, also when this process
// dies in the middle. Unlike write_file it does not fsync (tens of milliseconds): for what is made anew from a durable
// record after a power cut. One writer a path at a time.
Result<> replace_file(const std::filesystem::path& path, std::string_view content, int mode = 0644);

}  // namespace sluice
