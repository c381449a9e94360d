#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"

namespace sluice::gateway {

// Where HAProxy says which route's requests it holds (hold.lua): a Unix socket in the gateway's folder. `rung` is
// called on the listener's own thread, for each time HAProxy says it.
class Wanted {
 public:
  static Result<std::unique_ptr<Wanted>> listen(const std::filesystem::path& dir,
                                                std::function<void(const std::string& id)> rung);
  ~Wanted();
  Wanted(const Wanted&) = delete;
  Wanted& operator=(const Wanted&) = delete;

 private:
  Wanted(int listener, int stopper, std::function<void(const std::string& id)> rung);
  void serve() const;
  int listener_, stopper_;
  std::function<void(const std::string& id)> rung_;
  std::thread thread_;
};

}  // namespace sluice::gateway
