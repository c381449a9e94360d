#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// HAProxy's two sockets for orders: of the worker (admin.sock) and of its master (master.sock).
namespace sluice::gateway {

class Socket {
 public:
  explicit Socket(std::filesystem::path dir) : dir_(std::move(dir)) {}
  // The worker's answer to one command. unavailable when no HAProxy listens, also not after `patience`: one that was
  // killed is back within a second or two.
  Result<std::string> ask(const std::string& command, Duration patience = kPatience) const {
    return send("admin.sock", command, patience);
  }
  // The master's. It executes itself anew after every start and reload, and breaks off what is under way: then it is
  // asked again.
  Result<std::string> ask_master(const std::string& command) const;

 private:
  static constexpr Duration kPatience = std::chrono::seconds(5);
  Result<std::string> send(const char* name, const std::string& command, Duration patience) const;
  std::filesystem::path dir_;
};

}  // namespace sluice::gateway
