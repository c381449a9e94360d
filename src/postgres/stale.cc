#include "postgres/stale.h"

#include <algorithm>
#include <system_error>

namespace sluice::postgres {
namespace fs = std::filesystem;

// Every process of PostgreSQL works in the cluster's folder, also one whose postmaster was killed.
Result<> clear_stale_lock(const fs::path& cluster) {
  std::error_code error;
  if (!fs::exists(cluster / "postmaster.pid", error)) return {};
  const auto folder = fs::canonical(cluster, error);
  if (error) return fail(ErrorKind::failed, "cannot read " + cluster.string() + ": " + error.message());
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    std::error_code unreadable;  // another user's, who has no business in this folder; or it has just ended
    if (fs::read_symlink(it->path() / "cwd", unreadable) == folder && !unreadable) return {};
  }
  if (error) return {};
  fs::remove(cluster / "postmaster.pid", error);
  for (fs::directory_iterator it(cluster / ".." / "run", error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    fs::remove(it->path(), ignored);
  }
  return {};
}

}  // namespace sluice::postgres
