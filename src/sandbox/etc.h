#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::sandbox {

// What programs need of /etc, and nothing else that is there: it holds keys, password hashes and other services'
// settings. Files and small folders are copied into one folder, so that a sandbox mounts them in one go (a mount for
// each of some forty took 8 ms of every start), and so that what runs sees a file that was replaced, as a new
// resolv.conf. Large folders are mounted as they are.
class Etc {
 public:
  explicit Etc(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  // Copies anew what has changed since the last time; everything at the first. A part that cannot be read is left out.
  Result<> refresh();
  // The folders to be mounted over the copy, where they stand in both.
  [[nodiscard]] std::vector<std::string> mounts() const;

 private:
  using Mark =
      std::array<std::int64_t, 4>;  // device, inode, size, time of the last change: what a replaced file has not
  Result<> take(const std::string& name);

  std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::map<std::string, Mark> marks_;
  std::set<std::string> mounts_;
};

}  // namespace sluice::sandbox
