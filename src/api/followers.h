#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/places.h"
#include "http/message.h"
#include "identity/identity.h"

namespace sluice::api {

// One thread serves every followed log: a look ten times a second while there is somebody, none when there is nobody.
class Followers {
 public:
  struct Piece {
    std::string frames;      // server-sent events, or nothing new
    bool ended = false;      // nothing more will come
    bool more = false;       // frames or not: there may be more right now
    std::string place = {};  // where to resume; told also when there was nothing to give for long
  };
  // Gives what is new since its last call; at most some 256 KiB.
  using Next = std::function<Piece()>;
  struct Options {
    std::chrono::milliseconds look{100};
    std::chrono::milliseconds look_again{10};  // where there is more than was sent
    std::chrono::milliseconds heartbeat{15'000};
    std::size_t most = 200;
  };
  Followers(identity::Identity& identity, Options options);
  ~Followers();
  // unavailable when there are too many; a follower has its place from here on, until it ends or is dropped unopened.
  Result<http::StartStream> stream(const std::string& credential, Next next);

 private:
  struct Follower {
    std::shared_ptr<http::Sink> sink;
    Places::Place place;
    std::string credential;
    Next next;
    std::chrono::steady_clock::time_point last_sent{};
  };
  void run(std::stop_token stop);
  enum class Found { nothing_more, more, over };
  Found look(Follower& follower);

  identity::Identity& identity_;
  Options options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Follower> arriving_;
  Places places_;
  std::jthread thread_;  // last: it uses all the rest
};

}  // namespace sluice::api
