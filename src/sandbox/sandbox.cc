#include "sandbox/sandbox.h"

#include <algorithm>
#include <system_error>

#include "sandbox/shims.h"

namespace sluice::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInside = "/run/sluice";  // where the environment directory is seen

// What programs need of /etc. Not the whole: it holds keys, password hashes and other services' settings, which a
// server run by root could read.
constexpr const char* kEtc[] = {"alternatives",
                                "ca-certificates",
                                "ca-certificates.conf",
                                "crypto-policies",
                                "fonts",
                                "gai.conf",
                                "host.conf",
                                "hosts",
                                "ld.so.cache",
                                "ld.so.conf",
                                "ld.so.conf.d",
                                "locale.alias",
                                "localtime",
                                "magic",
                                "magic.mime",
                                "maven",
                                "mime.types",
                                "networks",
                                "nsswitch.conf",
                                "os-release",
                                "perl",
                                "php",
                                "pip.conf",
                                "pki/ca-trust",
                                "pki/tls/certs",
                                "protocols",
                                "resolv.conf",
                                "services",
                                "ssl/certs",
                                "ssl/openssl.cnf",
                                "timezone",
                                "xml"};

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
  for (const char* name : kEtc) {
    const std::string path = std::string("/etc/") + name;
    if (exists(path)) add(args, {"--ro-bind-try", path, path});
  }
  // Runtimes keep settings in folders named after their version: java-17-openjdk, python3.11.
  std::error_code error;
  std::vector<std::string> versioned;
  for (const auto& entry : fs::directory_iterator("/etc", error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("java") || name.starts_with("python")) versioned.push_back(entry.path());
  }
  std::sort(versioned.begin(), versioned.end());
  for (const std::string& path : versioned) add(args, {"--ro-bind-try", path, path});
}

void add_tmpfs(std::vector<std::string>& args, std::int64_t limit, const std::string& where) {
  if (limit > 0) add(args, {"--size", std::to_string(limit)});
  add(args, {"--tmpfs", where});
}

bool beneath(const fs::path& path, const fs::path& top) {
  const auto [end, rest] = std::mismatch(top.begin(), top.end(), path.begin(), path.end());
  return end == top.end();
}

}  // namespace

void Sandbox::hide(const fs::path& folder) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(folder, error);
  if (!error && (beneath(real, "/usr") || beneath(real, "/opt"))) hidden_.push_back(std::move(real));
}

std::vector<std::string> Sandbox::command(const Spec& spec) const {
  std::vector<std::string> args;
  if (spec.die_with_parent) add(args, {"setpriv", "--pdeathsig", "KILL", "--"});
  add(args, {"/bin/sh", "-c", kOuterShim, "sluice-sandbox", kTellShim});
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
             kHome});
  add_system(args);
  for (const fs::path& folder : hidden_) add(args, {"--tmpfs", folder.string(), "--remount-ro", folder.string()});
  add(args, {"--proc", "/proc", "--dev", "/dev", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"});
  add_tmpfs(args, spec.tmp_limit, "/tmp");
  add_tmpfs(args, spec.tmp_limit, kHome);
  if (!spec.env_dir.empty()) {
    add(args, {"--ro-bind", spec.env_dir.string(), kInside});
    for (const char* name : {"passwd", "group"}) {
      add(args, {"--ro-bind", (spec.env_dir / name).string(), std::string("/etc/") + name});
    }
  }
  for (const Bind& bind : spec.binds) {
    add(args, {bind.writable ? "--bind" : "--ro-bind", bind.from.string(), bind.to});
  }
  // bubblewrap's root is a tmpfs without a limit; nothing but what is mounted above may be written.
  add(args, {"--remount-ro", "/", "--chdir", spec.cwd, "--"});
  if (spec.process_limit > 0) {
    const std::string limit = std::to_string(spec.process_limit);
    add(args, {"/usr/bin/prlimit", "--nproc=" + limit + ":" + limit, "--"});
  }
  if (!spec.env_dir.empty()) add(args, {"/usr/bin/perl", "-e", kInnerShim, std::string(kInside) + "/environ"});
  args.insert(args.end(), spec.argv.begin(), spec.argv.end());
  return args;
}

}  // namespace sluice::sandbox
