#include "cgroup/mounts.h"

#include <sys/stat.h>

#include <sstream>
#include <string_view>

#include "base/files.h"

namespace fs = std::filesystem;

namespace sluice::cgroup {
namespace {

bool belongs_to(const fs::path& path, uid_t uid) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && info.st_uid == uid;
}

}  // namespace

// proc_pid_mountinfo(5): … root mountpoint options … - type source super-options. No cgroup is mounted at a path with
// spaces.
Mounts Mounts::read(const fs::path& mountinfo) {
  Mounts out;
  std::istringstream lines(read_file(mountinfo).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
    std::string skip, at, type, source, options;
    before >> skip >> skip >> skip >> skip >> at;
    after >> type >> source >> options;
    if (type == "cgroup2" && out.v2.empty()) out.v2 = at;
    if (type != "cgroup") continue;
    std::istringstream names(options);
    for (std::string name; std::getline(names, name, ',');) {
      if (name == "memory" || name == "cpu" || name == "pids") out.v1.emplace(name, at);
    }
  }
  return out;
}

fs::path own_folder(const Mounts& mounts, const fs::path& own) {
  if (mounts.v2.empty()) return {};
  std::istringstream lines(read_file(own).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::/") && line.find("/..") == std::string::npos)
      return (mounts.v2 / line.substr(4)).lexically_normal();
  }
  return {};
}

fs::path delegated(const fs::path& mount, const fs::path& own, uid_t uid) {
  fs::path found;
  for (fs::path at = own; at != mount && at.string().starts_with(mount.string()); at = at.parent_path()) {
    if (!belongs_to(at, uid) || !belongs_to(at / "cgroup.procs", uid) ||
        !belongs_to(at / "cgroup.subtree_control", uid))
      break;
    found = at;
  }
  return found;
}

}  // namespace sluice::cgroup
