#pragma once
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace sluice::build {

struct Sealed {
  std::string digest;  // 64 hex digits
  std::int64_t bytes = 0;
  std::int64_t entries = 0;  // files, folders and links
};
// How much an artifact may hold.
struct Most {
  std::int64_t bytes = 0;
  std::int64_t entries = 0;  // files, folders and links
};
// Makes a built tree what an artifact is: read-only, and named by its content: relative paths in order,
// which files can be executed, contents, link targets; neither times, owners nor the umask. Refused: a symbolic link
// that leads out of /app to where an app sees nothing of the system, and anything but files, folders and links;
// and more than `most`, in a sentence that names the key of sluice.toml.
Result<Sealed> seal(const std::filesystem::path& tree, const Most& most, std::stop_token stop);

}  // namespace sluice::build
