#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/process.h"
#include "gateway/gateway.h"

// A real HAProxy for one test, and small servers behind it.
namespace sluice::gateway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

template <class Condition>
bool eventually(Condition condition, Duration at_most = 10s) {
  auto until = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

struct Answer {
  std::string body;
  std::string headers;  // each ended by CRLF
  std::string status = "200 OK";
};

// Answers every request with its name, or as it is told; while held, not before it is let go. What asks to upgrade gets
// back what it sends.
class Upstream {
 public:
  using Reply = std::function<Answer(const std::string& request)>;
  explicit Upstream(std::string name, Reply reply = nullptr) : name_(std::move(name)), reply_(std::move(reply)) {
    if (!reply_) reply_ = [this](const std::string&) { return Answer{name_, "", "200 OK"}; };
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof in;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
    EXPECT_EQ(::listen(fd_, 64), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&in), &size);
    port_ = ntohs(in.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  ~Upstream() {
    held_ = false;
    thread_.request_stop();
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  Server server(std::optional<std::int64_t> index = std::nullopt) const {
    return {name_ + "-" + std::to_string(port_), port_, index};
  }
  void hold(bool held) { held_ = held; }
  void keep(bool kept) { kept_ = kept; }  // connections, for the next request
  int connections() const { return accepted_; }

 private:
  void serve(std::stop_token stop) {
    std::vector<std::jthread> connections;
    while (!stop.stop_requested()) {
      int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++accepted_;
      connections.emplace_back([this, fd, stop] {
        timeval limit{0, 50'000};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        while (answer_one(fd, stop) && kept_) {
        }
        ::close(fd);
      });
    }
  }
  bool answer_one(int fd, const std::stop_token& stop) {
    std::string request;
    char buffer[16384];
    auto receive = [&] {
      ssize_t got = -1;
      do got = ::recv(fd, buffer, sizeof buffer, 0);
      while (got < 0 && errno == EAGAIN && !stop.stop_requested());
      return std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    };
    auto send = [&](const std::string& text) { return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) > 0; };
    auto whole = [&] {
      auto end = request.find("\r\n\r\n");
      auto length = request.find("ontent-length: ");
      if (length == std::string::npos) length = request.find("ontent-Length: ");
      auto more = length < end ? std::stoul(request.substr(length + 15)) : 0;
      return end != std::string::npos && request.size() >= end + 4 + more;
    };
    while (!whole()) {
      auto more = receive();
      if (more.empty()) return false;
      request += more;
    }
    if (request.find("pgrade: websocket") != std::string::npos) {
      send(
          "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");  // the example of RFC 6455
      for (auto text = receive(); !text.empty(); text = receive()) send(text);
      return false;
    }
    eventually([this] { return !held_; });
    auto answer = reply_(request);
    return send("HTTP/1.1 " + answer.status + (kept_ ? "\r\n" : "\r\nConnection: close\r\n") + answer.headers +
                "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body);
  }
  std::string name_;
  Reply reply_;
  int fd_ = -1;
  std::int64_t port_ = 0;
  std::atomic<bool> held_ = false, kept_ = false;
  std::atomic<int> accepted_ = 0;
  std::jthread thread_;
};

inline std::string talk(std::uint16_t port, const std::string& request, const char* address = "127.0.0.1") {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  ::inet_pton(AF_INET, address, &in.sin_addr);
  std::string answer;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::recv(fd, buffer, sizeof buffer, 0)) > 0) answer.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return answer;
}

// One connection, kept alive as long as the gateway says; opened again only after that.
class Visitor {
 public:
  explicit Visitor(std::uint16_t port) : port_(port) {}
  ~Visitor() { leave(); }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  // The whole answer; empty: there was none, or no whole one. Of one that is only `begun`, the head.
  std::string ask(const std::string& host, const std::string& path = "/", const std::string& headers = "",
                  bool begun = false) {
    if (fd_ < 0) enter();
    std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n", answer;
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) <= 0) return leave();
    char buffer[4096];
    while (true) {
      auto end = answer.find("\r\n\r\n");
      if (end != std::string::npos) {
        if (begun) break;
        auto length = answer.find("ontent-length: ");
        if (length == std::string::npos || length > end) return leave();
        if (answer.size() >= end + 4 + std::stoul(answer.substr(length + 15))) break;
      }
      auto got = ::recv(fd_, buffer, sizeof buffer, 0);
      if (got <= 0) return leave();
      answer.append(buffer, static_cast<std::size_t>(got));
    }
    if (answer.find("onnection: close") != std::string::npos) leave();
    return answer;
  }

 private:
  void enter() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
  }
  std::string leave() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    return "";
  }
  std::uint16_t port_;
  int fd_ = -1;
};

class GatewayTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sluice-gw-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
    open();
    start();
  }
  void TearDown() override {
    child_.reset();
    EXPECT_TRUE(remove_tree(dir_));
  }
  void open() {
    gateway_.reset();
    auto opened = Gateway::open({dir_ / "gw", "127.0.0.1", 0, tls_port_, held_for_, unheard_for_});
    ASSERT_TRUE(opened) << opened.error().message;
    gateway_ = std::move(*opened);
  }
  void start() {
    child_.reset();
    ProcessCommand command;
    command.argv = {"sh", "-c", "exec \"$@\" >log 2>&1", "gateway"};
    for (const auto& word : Gateway::command()) command.argv.push_back(word);
    command.cwd = gateway_->folder().string();
    auto started = Child::start(command);
    ASSERT_TRUE(started) << started.error().message;
    child_.emplace(std::move(*started));
    auto up = gateway_->await(10s);
    ASSERT_TRUE(up) << up.error().message;
  }
  std::string ask(const std::string& host, const std::string& path = "/") {
    auto answer =
        talk(gateway_->port(), "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }
  // Whole, head and body.
  std::string get(const std::string& path, const std::string& headers = "") {
    return talk(gateway_->port(),
                "GET " + path + " HTTP/1.1\r\nHost: dev.shop.localhost\r\nConnection: close\r\n" + headers + "\r\n");
  }
  void deploy(const std::string& tag, const std::vector<Server>& servers, const Policy& policy) {
    route(tag, servers, "stg_1", "dev.shop.localhost", policy);
  }
  std::string status(const std::string& request) { return talk(gateway_->port(), request).substr(0, 12); }
  void route(const std::string& tag, const std::vector<Server>& servers, const std::string& id = "stg_1",
             const std::string& host = "dev.shop.localhost", const std::optional<Policy>& policy = std::nullopt) {
    auto good = [](const Result<>& done) { return done ? std::string() : done.error().message; };
    ASSERT_EQ(good(gateway_->ensure(id, host)), "");
    ASSERT_EQ(good(gateway_->place(id, tag, servers, 5s, policy)), "");
    ASSERT_EQ(good(gateway_->show(id, tag)), "");
  }
  std::string generation() { return read_file(gateway_->folder() / "reloads").value_or("0"); }

  fs::path dir_;
  std::optional<std::uint16_t> tls_port_;
  Duration held_for_ = 120s, unheard_for_ = 30s;
  std::unique_ptr<Gateway> gateway_;
  std::optional<Child> child_;
};

}  // namespace sluice::gateway
