#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

// Where the kernel shows its cgroups, and where in them this process is.
namespace sluice::cgroup {

struct Mounts {
  std::map<std::string, std::filesystem::path> v1;  // by controller: "memory", "cpu", "pids"
  std::filesystem::path v2;                         // empty: none
  // `mountinfo` as /proc/self/mountinfo gives it.
  static Mounts read(const std::filesystem::path& mountinfo = "/proc/self/mountinfo");
};

// The folder of this process in v2; empty when it has none there.
std::filesystem::path own_folder(const Mounts& mounts, const std::filesystem::path& own = "/proc/self/cgroup");

// The topmost folder from `own` upwards that is `uid`'s with all between: what a systemd user session is given. A
// process moves between groups only where what holds both is its user's (cgroups(7)). Empty: none.
std::filesystem::path delegated(const std::filesystem::path& mount, const std::filesystem::path& own, uid_t uid);

}  // namespace sluice::cgroup
