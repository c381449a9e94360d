#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "cgroup/groups.h"

// bubblewrap: user, pid, ipc and uts namespaces, a read-only system, and only the folders named. The data directory,
// other users' files and the host's processes are not there; the kernel's calls are filtered (filter.h). The network is
// the host's: an app listens on a port of 127.0.0.1, and on no other's (fence.h). Inside everything is the user 1000,
// whoever runs it outside.
namespace sluice::sandbox {

class Etc;

struct Bind {
  std::filesystem::path from;
  std::string to;
  bool writable = false;
};
// TCP ports; none where `to` is below `from`.
struct Ports {
  int from = 1, to = 0;
};
// What a build or another command of an app may listen on, where nobody does when it starts, and but what reserve()
// took out: below every port that apps are given.
inline constexpr Ports kCommandPorts{3000, 9999};

struct Spec {
  std::vector<std::string> argv;  // inside; often {"/bin/sh", "-c", command}
  std::string cwd = "/app";
  std::vector<Bind> binds;
  // A folder of mode 0700 made by write_env_dir, from which bubblewrap reads it: values never stand on a command line,
  // where the process list would show them. Empty: nothing but PATH and HOME is set.
  std::filesystem::path env_dir;
  std::string hostname = "app";
  std::int64_t tmp_limit = 0;  // bytes for /tmp, as many for /dev/shm and the home directory; 0: none
  std::string group;           // a name for its cgroup, where there are some; empty: none of its own
  // Without a cgroup only `processes` is held, by rlimit, which never holds root.
  cgroup::Limits limits;
  Ports listens;                // beside ports that the kernel picks; held where fence() says so
  bool die_with_parent = true;  // SIGKILL when the thread that started it ends
  bool leads_session = false;   // what starts it gives it a session of its own already, as s6 does
};

// The file of the environment directory that write_env_dir writes last. bubblewrap takes 9,000 arguments in all, three
// a variable.
inline constexpr const char* kEnvironment = "setenv";
// Writes the environment directory (0700, its files 0600), replacing what was there; it is not synced to the disk.
// Values arrive exactly, byte for byte, but that of PWD: bubblewrap says there where the program starts. Refused: names
// that are none, values with NUL, and more than the kernel passes to a program (one variable of 128 KiB, 1.5 MiB in
// all).
Result<> write_env_dir(const std::filesystem::path& dir, const std::map<std::string, std::string>& env);

// SIGKILL to whatever has this folder on its command line, as all that runs, or is about to, in a sandbox has its
// env_dir, and to their descendants; waits until they are gone. For what was ended early: bubblewrap binds its inside
// to its own life when all is set up, and not before.
Result<> kill_users_of(const std::filesystem::path& folder);

// What PATH is inside when the environment does not say otherwise: what the app brought along first.
inline constexpr const char* kPath =
    "/app/.venv/bin:/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/"
    "bin";
// The folders of it that are the system's, the same outside.
inline constexpr const char* kSystemPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin";
inline constexpr const char* kHome = "/home/app";  // empty, writable, gone with the sandbox

class Sandbox {
 public:
  // Tries a namespace once; the error carries the remedy (docker seccomp, AppArmor, sysctl). Never runs unsandboxed.
  // `etc` becomes the copy of what programs need of /etc, brought up to date by each command(); it stays while anything
  // runs that command() was asked for.
  static Result<Sandbox> probe(const std::filesystem::path& etc);
  // Brings the copy of /etc up to date, also for what runs. command() does it, too.
  Result<> refresh() const;
  // Not seen inside although it lies beneath /usr or /opt, which are shown: the data directory. Before any command().
  void hide(const std::filesystem::path& folder);
  // From now on what has a group is held to its limits. Before any command().
  void hold_limits_with(cgroup::Groups groups);
  // nullptr: limits of memory and processor cannot be held. Who names a group removes it when all in it has ended.
  [[nodiscard]] const cgroup::Groups* groups() const { return groups_.get(); }
  // A port that Sluice itself listens on: no build and no command that begins from now on may, also while nobody does.
  // 0 is none. Any thread; known to every copy of this sandbox.
  void reserve(std::uint16_t port) const;
  // The whole command line for `spec`, to be exec'd or written into a service's run file; it must be run with the
  // environment's PATH and needs nothing else of it. Its exit status is the program's. SIGTERM, SIGINT and SIGHUP to it
  // reach the program as SIGTERM (where that is a shell or npm without a handler, what it waits for); SIGKILL ends all
  // inside.
  [[nodiscard]] std::vector<std::string> command(const Spec& spec) const;

 private:
  explicit Sandbox(const std::filesystem::path& etc);
  [[nodiscard]] std::string never_of(const Ports& listens) const;
  std::shared_ptr<Etc> etc_;
  std::shared_ptr<const cgroup::Groups> groups_;
  std::vector<std::filesystem::path> hidden_;
  struct Reserved;
  std::shared_ptr<Reserved> reserved_;
};

}  // namespace sluice::sandbox
