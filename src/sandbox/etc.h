#pragma once
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
  // Beside the copy, as it must be there as long: the filter of the kernel's calls.
  [[nodiscard]] std::filesystem::path filter() const { return folder_ / ".filter"; }
  // Copies anew what has changed since the last time; everything at the first. A part that may not be read is left out;
  // one that cannot be copied stays what it was, and is tried again.
  Result<> refresh();
  // The folders to be mounted over the copy, where they are still there.
  [[nodiscard]] std::vector<std::string> mounts() const;

 private:
  // What tells one state of a part from the next.
  struct Mark {
    std::size_t entries = 0;  // 0: it is not there
    bool folder = false;
    std::int64_t bytes = 0, newest = 0;
    std::uint64_t inodes = 0;
    bool operator==(const Mark&) const = default;
  };
  static Mark look(const std::filesystem::path& path);
  Result<> take(const std::string& name, const Mark& mark);

  std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::map<std::string, Mark> marks_;
  std::set<std::string> mounts_;
};

}  // namespace sluice::sandbox
