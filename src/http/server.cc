#include "http/server.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <thread>

#include "http/loop.h"

namespace sluice::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// Beyond the limit this many are still told so; more are closed without a word.
constexpr std::size_t kRefusedAtOnce = 64;

class BeastServer final : public Server {
 public:
  BeastServer(Options options, Handler& handler)
      : loop_(std::move(options), handler),
        acceptor_(loop_.context),
        sweeper_(loop_.context),
        patience_(loop_.context) {
    loop_.on_gone = [this] {
      if (loop_.stopping && loop_.connections.empty()) rest();
    };
  }

  ~BeastServer() override {
    if (!thread_.joinable()) return;
    asio::post(loop_.context, [this] { stop(); });
    thread_.join();
  }

  Result<> bind() {
    const auto& options = loop_.options;
    ErrorCode error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) return fail(ErrorKind::invalid, fmt::format("'{}' is not an IP address to listen on", options.address));
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(1024, error);
    if (error == asio::error::address_in_use)
      return fail(ErrorKind::conflict,
                  fmt::format("{}:{} is taken by another program; stop it or listen on another port", options.address,
                              options.port));
    if (error)
      return fail(ErrorKind::unavailable,
                  fmt::format("cannot listen on {}:{}: {}", options.address, options.port, error.message()));
    port_ = acceptor_.local_endpoint().port();
    return {};
  }

  void run() {
    accept();
    // Signals are for the threads of whoever started us.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    thread_ = std::thread([this] { loop_.context.run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  std::uint16_t port() const override { return port_; }

 private:
  void accept() {
    acceptor_.async_accept([this](const ErrorCode& error, tcp::socket socket) {
      if (loop_.stopping) return;
      if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
          error == asio::error::no_buffer_space || error.value() == ENFILE) {
        patience_.expires_after(std::chrono::milliseconds(100));
        patience_.async_wait([this](const ErrorCode&) {
          if (!loop_.stopping) accept();
        });
        return;
      }
      if (!error) take(std::move(socket));
      accept();
    });
  }

  void take(tcp::socket socket) {
    const auto most = static_cast<std::size_t>(loop_.options.connections);
    if (loop_.connections.size() >= most + kRefusedAtOnce) return;
    const bool refused = loop_.connections.size() >= most;
    serve(loop_, std::move(socket), refused);
    if (!std::exchange(sweeping_, true)) sweep();
  }

  // One timer for the deadlines of all connections, and none while there is none.
  void sweep() {
    const auto& options = loop_.options;
    const auto shortest = std::min({options.head_time, options.idle_time, options.stall_time});
    sweeper_.expires_after(std::clamp<Duration>(shortest / 4, Duration(5), Duration(1000)));
    sweeper_.async_wait([this](const ErrorCode& error) {
      if (error) return;
      const auto now = std::chrono::steady_clock::now();
      for (auto* connection : loop_.connections) {
        if (connection->deadline() <= now) connection->expire();
      }
      sweeping_ = !loop_.connections.empty();
      if (sweeping_) sweep();
    });
  }

  void stop() {
    loop_.stopping = true;
    ErrorCode ignored;
    acceptor_.close(ignored);
    patience_.expires_after(loop_.options.stop_time);
    patience_.async_wait([this](const ErrorCode& error) {
      if (error) return;
      for (auto* connection : loop_.connections) connection->abort();
    });
    for (auto* connection : loop_.connections) connection->stop();
    if (loop_.connections.empty()) rest();
  }

  void rest() {
    sweeper_.cancel();
    patience_.cancel();
  }

  Loop loop_;
  tcp::acceptor acceptor_;
  asio::steady_timer sweeper_, patience_;
  bool sweeping_ = false;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Options options, Handler& handler) {
  auto server = std::make_unique<BeastServer>(std::move(options), handler);
  if (auto bound = server->bind(); !bound) return fail(std::move(bound.error()));
  server->run();
  return server;
}

}  // namespace sluice::http
