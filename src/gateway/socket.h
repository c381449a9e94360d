#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

// HAProxy's two sockets for orders: of the worker (admin.sock) and of its master (master.sock).
namespace sluice::gateway {

class Socket {
 public:
  explicit Socket(std::filesystem::path dir) : dir_(std::move(dir)) {}
  // The worker's answer to one command; unavailable when no HAProxy listens.
  Result<std::string> ask(const std::string& command) const { return send("admin.sock", command); }
  Result<std::string> ask_master(const std::string& command) const { return send("master.sock", command); }

 private:
  Result<std::string> send(const char* name, const std::string& command) const;
  std::filesystem::path dir_;
};

}  // namespace sluice::gateway
