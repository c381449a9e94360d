#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"

// bubblewrap: user, pid, ipc and uts namespaces, a read-only system, and only the folders named. The data directory, other
// users' files and the host's processes are not there.
namespace sluice::sandbox {

struct Bind {
  std::filesystem::path from;
  std::string to;
  bool writable = false;
};
struct Spec {
  std::vector<std::string> argv;             // inside; often {"/bin/sh", "-c", command}
  std::string cwd = "/app";
  std::vector<Bind> binds;
  // A folder of mode 0700 with one file a variable, bound where the inner shim reads it: values never stand on a command
  // line, where the process list would show them.
  std::filesystem::path env_dir;
  std::string hostname = "app";
  std::int64_t tmp_limit = 0;       // bytes for /tmp; 0: none
  std::int64_t process_limit = 0;   // rlimit; 0: none
  bool die_with_parent = true;
};

// Writes the environment directory (0700, files 0600), replacing what was there.
Result<> write_env_dir(const std::filesystem::path& dir, const std::map<std::string, std::string>& env);

class Sandbox {
 public:
  // Tries a namespace once; the error carries the remedy (docker seccomp, AppArmor, sysctl). Never runs unsandboxed.
  static Result<Sandbox> probe();
  // The whole command line for `spec`, to be exec'd or written into a service's run file.
  [[nodiscard]] std::vector<std::string> command(const Spec& spec) const;

 private:
  Sandbox() = default;
};

}  // namespace sluice::sandbox
