#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <unordered_set>

#include "http/server.h"
#include "http/workers.h"

// Private to the server: what the files that know of the event loop share.
namespace sluice::http {

using SteadyTime = std::chrono::steady_clock::time_point;

// One connection, as the server sees it: something that may pass a deadline, and that can be asked to end.
class Connection {
 public:
  virtual ~Connection() = default;
  // Past it expire() is called, late by a part of a second.
  [[nodiscard]] virtual SteadyTime deadline() const = 0;
  virtual void expire() = 0;
  virtual void stop() = 0;   // ends what is idle or streams; lets a request that runs be answered
  virtual void abort() = 0;  // ends everything now
};

// What all connections share. Touched by the loop's thread only, but for the two pools.
struct Loop {
  Loop(Server::Options chosen, Handler& routes)
      : options(std::move(chosen)), handler(routes), workers(options.threads), streamers(options.streams) {}
  const Server::Options options;
  Handler& handler;
  boost::asio::io_context context{1};
  std::unordered_set<Connection*> connections;
  bool stopping = false;
  std::function<void()> on_gone;  // a connection has left `connections`
  // Last, so that they end first: what they run still posts to the context.
  Workers workers, streamers;
};

// Serves a connection until it ends. `refused`: answers 503 to whatever comes.
void serve(Loop& loop, boost::asio::ip::tcp::socket socket, bool refused);

}  // namespace sluice::http
