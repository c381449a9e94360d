#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 64u << 20);
// Writes beside the file, fsyncs, renames over it and fsyncs the folder: the old content or the new, never a part.
Result<> write_file(const std::filesystem::path& path, std::string_view content, int mode = 0644);
Result<> make_dirs(const std::filesystem::path& path, int mode = 0755);
// Removes a tree also where folders in it are read-only; a path that is not there is no error. Follows no link.
Result<> remove_tree(const std::filesystem::path& path);

// An exclusive lock on a file for as long as this lives (flock); a second holder gets ErrorKind::conflict at once.
class FileLock {
 public:
  static Result<FileLock> take(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  FileLock() = default;
  int fd_ = -1;
};

}  // namespace sluice
