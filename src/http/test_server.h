#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "http/server.h"

namespace sluice::http {

// A client that sends exactly the bytes it is told. Nothing waits longer than the limit.
class RawClient {
 public:
  static constexpr int kLimitMs = 20'000;

  // `window`: bytes of the receive buffer; 0: the system's.
  explicit RawClient(std::uint16_t port, int window = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (window > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  // False when the other end has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // What comes next; empty when the other end has closed or the limit has passed.
  std::string some(std::size_t most = 64u << 10, int limit_ms = kLimitMs) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, limit_ms) <= 0) return {};
    std::string out(most, '\0');
    const auto got = ::recv(fd_, out.data(), out.size(), 0);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  std::string until(std::string_view word) {
    std::string& all = buffer_;
    std::size_t found;
    while ((found = all.find(word)) == std::string::npos) {
      const auto more = some();
      if (more.empty()) return std::exchange(all, {});
      all += more;
    }
    std::string out = all.substr(0, found + word.size());
    all.erase(0, out.size());
    return out;
  }
  std::string exactly(std::size_t size) {
    while (buffer_.size() < size) {
      const auto more = some();
      if (more.empty()) break;
      buffer_ += more;
    }
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, out.size());
    return out;
  }
  std::string until_closed() {
    std::string out = std::exchange(buffer_, {});
    for (std::string more = some(); !more.empty(); more = some()) out += more;
    return out;
  }
  // True when the other end closes, having sent nothing more.
  bool is_closed() {
    if (!buffer_.empty()) return false;
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, kLimitMs) <= 0) return false;
    char byte = 0;
    return ::recv(fd_, &byte, 1, 0) <= 0;
  }
  // One answer with a Content-Length: head and body.
  std::string answer() {
    std::string head = until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    return head + exactly(std::stoul(head.substr(at + 16)));
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

// A door that a test opens.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Routes made of functions; what is not set echoes.
class TestHandler : public Handler {
 public:
  std::function<Admission(const Request&)> on_admit;
  std::function<Response(const Request&)> on_handle;
  std::function<void(Exchange&)> on_exchange;

  Admission admit(const Request& head) override {
    if (on_admit) return on_admit(head);
    Admission admission;
    admission.streams = head.path == "/exchange";
    if (admission.streams) admission.body_limit = 1u << 30;
    return admission;
  }
  Response handle(const Request& request) override {
    if (on_handle) return on_handle(request);
    Response response;
    response.headers.set("Content-Type", "text/plain");
    response.body = request.method + " " + request.path + " [" + request.body + "]";
    return response;
  }
  void exchange(Exchange& exchange) override {
    if (on_exchange) on_exchange(exchange);
  }
};

struct ServerTest : ::testing::Test {
  void start(Server::Options options = {}) {
    auto started = Server::start(std::move(options), handler);
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
  }
  std::uint16_t port() {
    if (!server) start();
    return server->port();
  }
  TestHandler handler;
  std::unique_ptr<Server> server;
};

inline const std::string kGet = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";

inline bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

inline long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  return 0;
}

// The sanitizers keep freed memory for a while: what is resident says nothing then.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryTells = false;
#else
inline constexpr bool kMemoryTells = true;
#endif

}  // namespace sluice::http
