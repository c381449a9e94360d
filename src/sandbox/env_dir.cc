#include <sys/stat.h>

#include <system_error>

#include "base/files.h"
#include "sandbox/sandbox.h"

namespace sluice::sandbox {
namespace {

constexpr std::size_t kOneLimit = (128u << 10) - 1;  // the kernel's MAX_ARG_STRLEN, its NUL included
constexpr std::size_t kAllLimit = 3u << 19;  // below a quarter of the usual 8 MiB stack, room left for arguments

bool is_name(const std::string& name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!good) return false;
  }
  return true;
}

}  // namespace

Result<> write_env_dir(const std::filesystem::path& dir, const std::map<std::string, std::string>& env) {
  std::string all;
  for (const auto& [name, value] : env) {
    if (!is_name(name)) {
      return fail_field(name, "is no name of a variable: use letters, digits and _, not led by a digit");
    }
    if (value.find('\0') != std::string::npos)
      return fail_field(name, "its value contains a NUL byte; no variable can");
    if (name.size() + 1 + value.size() >= kOneLimit) {
      return fail_field(name, "its value is longer than 128 KiB, the most the kernel passes in one variable");
    }
    all += name + "=" + value + '\0';
  }
  if (all.size() + env.size() * sizeof(char*) > kAllLimit) {
    return fail(ErrorKind::too_large,
                "the variables together are larger than 1.5 MiB, more than the kernel passes to a program; put large "
                "ones into files");
  }
  // A folder that was there may be looser than 0700, and may hold what an earlier write left.
  if (auto gone = remove_tree(dir); !gone) return gone;
  if (auto made = make_dirs(dir, 0700); !made) return made;
  if (::chmod(dir.c_str(), 0700) != 0) {
    return fail(ErrorKind::failed,
                "cannot set the mode of " + dir.string() + ": " + std::generic_category().message(errno));
  }
  const std::string passwd =
      std::string("app:x:1000:1000::") + kHome + ":/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n";
  if (auto done = write_file(dir / "passwd", passwd, 0600); !done) return done;
  if (auto done = write_file(dir / "group", "app:x:1000:\nnogroup:x:65534:\n", 0600); !done) return done;
  return write_file(dir / "environ", all, 0600);
}

}  // namespace sluice::sandbox
