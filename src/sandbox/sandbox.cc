#include "sandbox/sandbox.h"

#include <sys/syscall.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <system_error>

#include "sandbox/etc.h"
#include "sandbox/shims.h"

namespace sluice::sandbox {
namespace {

namespace fs = std::filesystem;

void add(std::vector<std::string>& to, std::initializer_list<std::string> words) { to.insert(to.end(), words); }

bool exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

void add_system(std::vector<std::string>& args) {
  add(args, {"--ro-bind", "/usr", "/usr"});
  for (const char* top : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    std::error_code error;
    if (fs::is_symlink(top, error)) {
      add(args, {"--symlink", fs::read_symlink(top, error).string(), top});
    } else if (exists(top)) {
      add(args, {"--ro-bind", top, top});
    }
  }
  add(args, {"--ro-bind-try", "/opt", "/opt"});
}

void add_tmpfs(std::vector<std::string>& args, std::int64_t limit, const std::string& where) {
  if (limit > 0) add(args, {"--size", std::to_string(limit)});
  add(args, {"--tmpfs", where});
}

// As kOuterShim reads them.
std::string lines_of(const std::vector<cgroup::Folder>& folders) {
  std::string out;
  for (const auto& folder : folders) {
    out += (out.empty() ? "" : "\n") + folder.path.string();
    for (const auto& [file, content] : folder.settings) out += " " + file + "=" + content;
  }
  return out;
}
std::string lines_of(const std::vector<cgroup::Watch>& watches) {
  std::string out;
  for (const auto& watch : watches)
    out += (out.empty() ? "" : "\n") + watch.file.string() + " " + watch.key + " " + watch.sentence;
  return out;
}

bool beneath(const fs::path& path, const fs::path& top) {
  const auto [end, rest] = std::mismatch(top.begin(), top.end(), path.begin(), path.end());
  return end == top.end();
}

}  // namespace

struct Sandbox::Reserved {
  std::mutex mutex;
  std::set<int> ports;
};

Sandbox::Sandbox(const fs::path& etc)
    : etc_(std::make_shared<Etc>(fs::absolute(etc))), reserved_(std::make_shared<Reserved>()) {}

void Sandbox::reserve(std::uint16_t port) const {
  const std::scoped_lock lock(reserved_->mutex);
  if (port != 0) reserved_->ports.insert(port);
}

void Sandbox::hide(const fs::path& folder) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(folder, error);
  if (!error && (beneath(real, "/usr") || beneath(real, "/opt"))) hidden_.push_back(std::move(real));
}

void Sandbox::hold_limits_with(cgroup::Groups groups) {
  groups_ = std::make_shared<const cgroup::Groups>(std::move(groups));
}

Result<> Sandbox::refresh() const { return etc_->refresh(); }

// An app has its one port, whatever came to be Sluice's own since it was given that.
std::string Sandbox::never_of(const Ports& listens) const {
  std::string out;
  if (listens.from >= listens.to) return out;
  const std::scoped_lock lock(reserved_->mutex);
  for (const int port : reserved_->ports) out += (out.empty() ? "" : " ") + std::to_string(port);
  return out;
}

std::vector<std::string> Sandbox::command(const Spec& spec) const {
  std::vector<std::string> args;
  if (spec.die_with_parent) add(args, {"setpriv", "--pdeathsig", "KILL", "--"});
  const std::string more = spec.env_dir.empty() ? "/dev/null" : (spec.env_dir / kEnvironment).string();
  cgroup::Group group;
  if (groups_ && !spec.group.empty()) group = groups_->group(spec.group, spec.limits);
  add(args, {"/bin/sh", "-c", kOuterShim, "sluice-sandbox", kTellShim, more, etc_->filter().string(),
             lines_of(group.folders), lines_of(group.watches)});
  add(args, {"perl", "-e", kFenceShim, std::to_string(SYS_prctl), std::to_string(spec.listens.from),
             std::to_string(spec.listens.to), never_of(spec.listens)});
  if (!spec.leads_session) args.push_back("setsid");
  add(args, {"bwrap",
             "--unshare-user",
             "--unshare-pid",
             "--unshare-ipc",
             "--unshare-uts",
             "--unshare-cgroup-try",
             "--die-with-parent",
             "--new-session",
             "--uid",
             "1000",
             "--gid",
             "1000",
             "--cap-drop",
             "ALL",
             "--hostname",
             spec.hostname,
             "--clearenv",
             "--setenv",
             "PATH",
             kPath,
             "--setenv",
             "HOME",
             kHome,
             "--args",
             "4",
             "--seccomp",
             "5"});
  // There is no such variable; by the folder's name on its command line its processes are found.
  if (!spec.env_dir.empty()) add(args, {"--unsetenv", spec.env_dir.string()});
  add_system(args);
  (void)refresh();  // where it cannot be brought up to date, what it was must do
  add(args, {"--ro-bind", etc_->folder().string(), "/etc"});
  for (const auto& name : etc_->mounts()) add(args, {"--ro-bind-try", "/etc/" + name, "/etc/" + name});
  for (const fs::path& folder : hidden_) add(args, {"--tmpfs", folder.string(), "--remount-ro", folder.string()});
  add(args, {"--proc", "/proc", "--dev", "/dev", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"});
  add_tmpfs(args, spec.tmp_limit, "/dev/shm");
  add_tmpfs(args, spec.tmp_limit, "/tmp");
  add_tmpfs(args, spec.tmp_limit, kHome);
  for (const Bind& bind : spec.binds) {
    add(args, {bind.writable ? "--bind" : "--ro-bind", bind.from.string(), bind.to});
  }
  // bubblewrap's root, and /dev, are a tmpfs without a limit; nothing but what is mounted above may be written.
  add(args, {"--remount-ro", "/dev", "--remount-ro", "/", "--chdir", spec.cwd, "--"});
  // Set inside, the limit counts what is in this sandbox alone. No shell does it: names such as UID or OPTIND are its
  // own, and would not reach the program. Either says so, and exits 127, when there is no such program.
  const bool by_group = groups_ && groups_->holds_processes() && !spec.group.empty();
  if (spec.limits.processes > 0 && !by_group) {
    const std::string limit = std::to_string(spec.limits.processes);
    add(args, {"/usr/bin/prlimit", "--nproc=" + limit + ":" + limit, "--"});
  } else {
    add(args, {"/usr/bin/env", "--"});
  }
  args.insert(args.end(), spec.argv.begin(), spec.argv.end());
  return args;
}

}  // namespace sluice::sandbox
