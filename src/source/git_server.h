#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "source/source.h"

namespace sluice::source {

// For tests: just enough HTTP on a port of 127.0.0.1 for a real git client to talk to Repositories::serve. One request
// a connection, each on a thread of its own.
class GitServer {
 public:
  GitServer(Repositories& repositories, pipeline::StackId stack, std::function<Result<std::string>()> pushed);
  ~GitServer();
  GitServer(const GitServer&) = delete;
  GitServer& operator=(const GitServer&) = delete;
  [[nodiscard]] std::string url() const;  // of the repository
  [[nodiscard]] std::uint16_t port() const { return port_; }
  std::vector<std::string> errors();  // what serve() returned, where it was no success

 private:
  void accept_all();
  void talk(int fd);

  Repositories& repositories_;
  pipeline::StackId stack_;
  std::function<Result<std::string>()> pushed_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::thread> talks_;
  std::vector<int> open_;
  std::vector<std::string> errors_;
  std::thread thread_;
};

}  // namespace sluice::source
