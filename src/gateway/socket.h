#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// HAProxy's sockets for the platform: for orders to the worker (admin.sock) and to its master (master.sock), and for
// looks at what it would answer (probe.sock).
namespace sluice::gateway {

class Socket {
 public:
  explicit Socket(std::filesystem::path dir) : dir_(std::move(dir)) {}
  // The worker's answer to one command. unavailable when no HAProxy listens, also not after `patience`: one that was
  // killed is back within a second or two.
  Result<std::string> ask(const std::string& command, Duration patience = kPatience) const {
    return send("admin.sock", command + "\n", patience);
  }
  // The master's. It executes itself anew after every start and reload, and breaks off what is under way: then it is
  // asked again.
  Result<std::string> ask_master(const std::string& command) const;
  // The head of the answer to a GET by the platform itself, as a client of `host` would be answered but for limits,
  // keys, caches and the log; with X-Sluice-Server, BACKEND/SERVER, where a server gave it.
  Result<std::string> look(const std::string& host, const std::string& path) const;

 private:
  static constexpr Duration kPatience = std::chrono::seconds(5);
  Result<std::string> send(const char* name, const std::string& text, Duration patience, const char* end = "") const;
  std::filesystem::path dir_;
};

}  // namespace sluice::gateway
