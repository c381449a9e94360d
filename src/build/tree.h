#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::build {

// A checked out repository, read from outside the sandbox. Nothing in it is trusted: no symbolic link leads out of it,
// and no file is read beyond a limit.
class Tree {
 public:
  explicit Tree(const std::filesystem::path& root);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  [[nodiscard]] bool has(const std::string& file) const;  // a regular file
  [[nodiscard]] bool executable(const std::string& file) const;
  // The content of a regular file; nothing when there is none.
  [[nodiscard]] Result<std::optional<std::string>> text(const std::string& file, std::size_t limit) const;
  // Names in a folder of the tree, sorted; empty when there is no such folder.
  [[nodiscard]] std::vector<std::string> names(const std::string& folder = ".") const;

 private:
  [[nodiscard]] int open(const std::string& path, int flags) const;
  int root_ = -1;
};

}  // namespace sluice::build
