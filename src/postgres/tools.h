#pragma once
#include <filesystem>
#include <string>

#include "base/result.h"

namespace sluice::postgres {

// PostgreSQL's own programs of one major version, from where Debian keeps them: what stands in /usr/bin are wrappers
// that look for clusters which are none of ours.
struct Tools {
  int version = 0;  // major
  std::filesystem::path bin;
  [[nodiscard]] std::string path(const char* program) const { return (bin / program).string(); }
};

inline constexpr const char* kInstalled = "/usr/lib/postgresql";
inline constexpr int kOldestServer = 15;  // that a cluster of ours is made with

// The newest that is installed, from version 15 on; with `version` exactly that one. The error names the package.
Result<Tools> find_server(int version = 0, const std::filesystem::path& installed = kInstalled);
// The newest psql, whatever its version.
Result<Tools> find_client(const std::filesystem::path& installed = kInstalled);

}  // namespace sluice::postgres
