#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::build {

// The programs of this machine that builds use: those that the sandbox shows.
class Toolchain {
 public:
  // An Error that names the program, who asks for it and the package that has it, when one of them is not installed.
  static Result<> require(const std::vector<std::string>& tools, const std::string& asked_by);
  // Version by tool, each asked once for as long as its file stays the same.
  std::map<std::string, std::string> versions(const std::vector<std::string>& tools);

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> known_;  // by path, size and time of the program
};

}  // namespace sluice::build
