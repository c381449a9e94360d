#include "app/home.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/codec.h"
#include "base/files.h"
#include "base/process.h"
#include "cgroup/groups.h"

namespace sluice::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kUser = "sluice";

struct StoredNote {
  std::string api, gateway;
  std::int64_t pid = 0;
};
BOOST_DESCRIBE_STRUCT(StoredNote, (), (api, gateway, pid))

Result<> give_tree(const fs::path& path, uid_t uid, gid_t gid) {
  if (::lchown(path.c_str(), uid, gid) != 0) {
    return fail(ErrorKind::failed, "cannot give " + path.string() + " to the user sluice: " + std::strerror(errno));
  }
  std::error_code error;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) == 0 && info.st_uid == 0) {
      auto ignored = ::lchown(it->path().c_str(), uid, gid);
      (void)ignored;
    }
  }
  return {};
}

Result<passwd*> sluice_user() {
  if (auto* user = ::getpwnam(kUser)) return user;
  ProcessCommand add;
  add.argv = {"useradd",         "--system", "--user-group",      "--home-dir",
              "/var/lib/sluice", "--shell",  "/usr/sbin/nologin", kUser};
  auto added = run(add);
  auto* user = ::getpwnam(kUser);
  if (user) return user;
  std::string why = !added ? added.error().message : added->err;
  return fail(ErrorKind::failed,
              "the server does not work as root and the user `sluice` cannot be made (" + why +
                  "); make it with `useradd --system sluice`, or start the server as an ordinary user");
}

}  // namespace

Result<> enter_home(const fs::path& data, bool to_serve) {
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // a core dump would hold secrets
  struct stat info {};
  bool fresh = ::stat(data.c_str(), &info) != 0;
  if (fresh) {
    if (data.has_parent_path()) {
      if (auto made = make_dirs(data.parent_path()); !made) return made;
    }
    if (auto made = make_dirs(data, 0700); !made) return made;
  } else if (!S_ISDIR(info.st_mode)) {
    return fail(ErrorKind::invalid, "--data: " + data.string() + " is not a folder");
  }
  if (::geteuid() == 0) {
    auto user = sluice_user();
    if (!user) return fail(user.error());
    auto [uid, gid] = std::pair((*user)->pw_uid, (*user)->pw_gid);
    ::stat(data.c_str(), &info);
    bool empty = fs::is_empty(data);
    if (info.st_uid == 0 && !fresh && !empty && !fs::exists(data / "sluice.db")) {
      return fail(ErrorKind::invalid,
                  "--data: " + data.string() + " belongs to root and holds other things; name an empty folder");
    }
    if (info.st_uid == 0) {
      if (auto given = give_tree(data, uid, gid); !given) return given;
      ::chmod(data.c_str(), 0700);
    } else if (info.st_uid != uid) {
      return fail(ErrorKind::invalid,
                  "--data: " + data.string() + " belongs to another user; start the server as that user, without sudo");
    }
    if (to_serve) cgroup::prepare(data, uid, gid);
    if (::setgroups(0, nullptr) != 0 || ::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0) {
      return fail(ErrorKind::failed, std::string("cannot become the user sluice: ") + std::strerror(errno));
    }
    ::setenv("HOME", data.c_str(), 1);
    ::setenv("USER", kUser, 1);
    ::setenv("LOGNAME", kUser, 1);
  }
  ::prctl(PR_SET_DUMPABLE, 0);
  if (::access(data.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(ErrorKind::failed, "--data: cannot write in " + data.string() + ": " + std::strerror(errno) +
                                       "; every folder above it must be open to this user");
  }
  if (::chdir(data.c_str()) != 0) {
    return fail(ErrorKind::failed, "--data: cannot enter " + data.string() + ": " + std::strerror(errno));
  }
  return {};
}

Result<> write_note(const fs::path& data, const ServerNote& note) {
  auto json = codec::write(StoredNote{note.api, note.gateway, note.pid});
  return write_file(data / "server.json", boost::json::serialize(json) + "\n", 0600);
}

std::optional<ServerNote> read_note(const fs::path& data) {
  auto text = read_file(data / "server.json");
  if (!text) return std::nullopt;
  boost::system::error_code error;
  auto json = boost::json::parse(*text, error);
  if (error) return std::nullopt;
  auto note = codec::read<StoredNote>(json);
  if (!note) return std::nullopt;
  return ServerNote{note->api, note->gateway, note->pid};
}

}  // namespace sluice::app
