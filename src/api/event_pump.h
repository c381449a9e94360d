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
#include "conductor/conductor.h"
#include "http/message.h"
#include "identity/identity.h"
#include "store/store.h"

namespace sluice::api {

// One thread serves every open event stream: it waits for commits, reads what is new once, and hands it to each. Nobody
// listening, it sleeps.
class EventPump {
 public:
  struct Options {
    std::chrono::milliseconds heartbeat{15'000};
    // How long a wait for a commit lasts at most: a revoked token's streams close within it.
    std::chrono::milliseconds look{250};
    std::int64_t too_far = 10'000;  // events behind: a `reset` instead of them
    std::size_t most = 1'000;       // streams at once
  };
  // The frame of one event.
  using Encode = std::function<std::string(const store::StoredEvent&)>;
  EventPump(conductor::Conductor& conductor, store::Store& store, identity::Identity& identity, Encode encode,
            Options options);
  ~EventPump();

  // A stream of what follows `after` (of one stack, or "" for all). unavailable when there are too many; a stream has
  // its place from here on, until it ends or is dropped unopened.
  Result<http::StartStream> stream(const std::string& credential, const std::string& stack, std::int64_t after);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Client {
    std::shared_ptr<http::Sink> sink;
    Places::Place place;
    std::string credential, stack;
    std::int64_t seq = 0;
    SteadyTime last_sent{};
    bool gone = false;
  };
  void run(std::stop_token stop);
  void round(std::vector<Client>& clients);
  static void send(Client& client, std::string frame, SteadyTime now);
  static void close_gone(std::vector<Client>& clients);

  conductor::Conductor& conductor_;
  store::Store& store_;
  identity::Identity& identity_;
  Encode encode_;
  Options options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Client> arriving_;
  Places places_;
  std::jthread thread_;  // last: it uses all the rest
};

}  // namespace sluice::api
