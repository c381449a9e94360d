#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

// The data directory and whose process works in it.
namespace sluice::app {

// Makes the directory (0700) where it is missing and becomes its rightful user: started by root, the process turns into
// the user `sluice` for good, and what root made there before is given to that user. Neither builds nor apps nor the
// server itself ever run as root. `to_serve`: root gives it cgroups, too (cgroup::prepare).
Result<> enter_home(const std::filesystem::path& data, bool to_serve = false);

// What a running server leaves in DATA/server.json for tools on the same machine.
struct ServerNote {
  std::string api;      // "http://127.0.0.1:7420"
  std::string gateway;  // "127.0.0.1:8080"
  std::int64_t pid = 0;
};
Result<> write_note(const std::filesystem::path& data, const ServerNote& note);
std::optional<ServerNote> read_note(const std::filesystem::path& data);

}  // namespace sluice::app
