#include "gateway/gateway.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/files.h"
#include "gateway/table.h"
#include "gateway/test_gateway.h"

namespace sluice::gateway {
namespace {

TEST_F(GatewayTest, moves_between_two_sets_without_a_reload) {
  Upstream one("one"), two("two"), three("three");
  route("a", {one.server()});
  auto before = generation();
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
  route("b", {two.server()});
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  route("c", {three.server()});
  EXPECT_EQ(ask("dev.shop.localhost"), "three");
  route("b2", {one.server()});
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
  EXPECT_EQ(generation(), before);
}

TEST_F(GatewayTest, a_fresh_one_is_not_reloaded_and_a_restarted_server_changes_nothing) {
  Upstream one("one");
  EXPECT_EQ(generation(), "0");
  route("a", {one.server()});
  EXPECT_EQ(generation(), "1") << "a new address";
  auto port = gateway_->port();
  open();
  ASSERT_TRUE(gateway_->await(5s));
  EXPECT_EQ(gateway_->port(), port);
  EXPECT_EQ(generation(), "1");
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
}

TEST_F(GatewayTest, comes_back_from_its_files_with_everything) {
  Upstream one("one"), two("two");
  route("a", {one.server()});
  route("b", {two.server()});
  start();
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
}

TEST_F(GatewayTest, requests_under_way_are_counted_also_across_a_reload) {
  Upstream slow("slow"), fast("fast");
  route("a", {slow.server()});
  slow.hold(true);
  std::string answer;
  std::jthread visitor([&] { answer = ask("dev.shop.localhost"); });
  auto in_flight = [&] { return gateway_->in_flight("stg_1", {slow.server().name}).value_or(-1); };
  EXPECT_TRUE(eventually([&] { return in_flight() == 1; }));
  route("b", {fast.server()});
  ASSERT_TRUE(gateway_->withdraw("stg_1", {slow.server().name}));
  EXPECT_EQ(in_flight(), 1);
  EXPECT_EQ(ask("dev.shop.localhost"), "fast");
  route("x", {fast.server()}, "stg_2", "other.shop.localhost");
  EXPECT_EQ(in_flight(), 1) << "in the worker that was replaced";
  slow.hold(false);
  visitor.join();
  EXPECT_EQ(answer, "slow");
  EXPECT_TRUE(eventually([&] { return in_flight() == 0; }));
  EXPECT_TRUE(gateway_->forget("stg_1", {slow.server().name}));
}

TEST_F(GatewayTest, what_is_not_there_cannot_be_shown) {
  Upstream one("one");
  route("a", {one.server()});
  EXPECT_EQ(gateway_->show("stg_1", "nobody").error().kind, ErrorKind::not_found);
  EXPECT_EQ(gateway_->place("stg_9", "a", {}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
}

TEST_F(GatewayTest, refuses_what_two_parsers_could_read_differently) {
  Upstream one("one");
  route("a", {one.server()});
  const std::string get = "GET / HTTP/1.1\r\nConnection: close\r\n", host = "Host: dev.shop.localhost\r\n";
  EXPECT_EQ(status(get + host + "\r\n"), "HTTP/1.1 200");
  for (const auto& bad :
       {get + host + "Host: prod.shop.localhost\r\n\r\n", get + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        get + host + "Transfer-Encoding: xchunked\r\n\r\n", get + host + "Bad Header: x\r\n\r\n",
        std::string("GARBAGE\r\n\r\n"), get + host + "X: " + std::string(20000, 'x') + "\r\n\r\n", get + "\r\n"}) {
    EXPECT_EQ(status(bad), "HTTP/1.1 400") << bad.substr(0, 100);
  }
  EXPECT_EQ(status("TRACE / HTTP/1.1\r\nConnection: close\r\n" + host + "\r\n"), "HTTP/1.1 405");
  // A folded line is part of the one before it: no stage has such an address.
  EXPECT_EQ(status(get + host + " folded: x\r\n\r\n"), "HTTP/1.1 404");
}

TEST_F(GatewayTest, an_app_can_believe_what_only_a_proxy_may_say) {
  Upstream one("one", [](const std::string& request) { return Answer{request, "", "200 OK"}; });
  route("a", {one.server()});
  for (const char* name : {"Forwarded", "Proxy", "X-Real-Ip", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Proto",
                           "x-forwarded-host", "X-Forwarded-", "X-Sluice-Key", "x-sluice-anything"}) {
    const auto told = get("/", std::string(name) + ": a-lie\r\n");
    EXPECT_EQ(told.find("a-lie"), std::string::npos) << told;
    EXPECT_NE(told.find("x-forwarded-for: 127.0.0.1\r\n"), std::string::npos) << told;
  }
  const auto told = get("/", "Proxy: a-lie\r\nX-Reason: b\r\nX-Real-Ips: c\r\nProxy-Word: d\r\n");
  EXPECT_EQ(told.find("a-lie"), std::string::npos) << told;
  for (const char* kept : {"x-reason: b", "x-real-ips: c", "proxy-word: d"}) {
    EXPECT_NE(told.find(kept), std::string::npos) << told;
  }
}

TEST_F(GatewayTest, a_port_that_is_taken_is_refused_and_named) {
  auto other = Gateway::open({dir_ / "other", "127.0.0.1", gateway_->port()});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::conflict);
  EXPECT_EQ(Gateway::open({dir_ / "other", "elsewhere", 0}).error().kind, ErrorKind::invalid);
}

TEST(Table, reads_what_haproxy_prints) {
  auto rows = read_table("1\n# name state\nx 2\ny 0\n\n", ' ');
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].at("name"), "x");
  EXPECT_EQ(rows[1].at("state"), "0");
  EXPECT_TRUE(read_table("", ',').empty());
  EXPECT_TRUE(read_table("no header here\n", ' ').empty());
}

TEST(Render, the_map_names_the_live_set_or_a_page) {
  Route route;
  route.id = "stg_1";
  route.host = "dev.shop.localhost";
  EXPECT_EQ(map_value(route), "stg_1.empty");
  route.live = "b";
  EXPECT_EQ(map_value(route), "stg_1.b");
  route.page = "asleep";
  EXPECT_EQ(render_map({route}, host_entries), "dev.shop.localhost stg_1.asleep\n");
}

// Listens like any app, and accepts only while it is not busy.
class Busy {
 public:
  Busy() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof in;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&in), size) != 0 || ::listen(fd_, 1) != 0) std::abort();
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&in), &size);
    port_ = ntohs(in.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pollfd ready{fd_, POLLIN, 0};
        if (busy_ || ::poll(&ready, 1, 20) != 1) {
          std::this_thread::sleep_for(5ms);
          continue;
        }
        const int visitor = ::accept(fd_, nullptr, nullptr);
        timeval limit{0, 200'000};
        ::setsockopt(visitor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        char request[4096];
        const std::string answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nwell";
        if (::recv(visitor, request, sizeof request, 0) > 0)
          (void)!::send(visitor, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::close(visitor);
      }
    });
  }
  ~Busy() {
    thread_.request_stop();
    thread_.join();
    for (int fd : queue_) ::close(fd);
    ::close(fd_);
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  [[nodiscard]] Server server() const { return {"busy", port_, std::nullopt}; }
  // No further connection is taken, not even by the kernel.
  void hold() {
    busy_ = true;
    for (int i = 0; i < 4; ++i) {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(static_cast<std::uint16_t>(port_));
      in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      queue_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)::connect(queue_.back(), reinterpret_cast<sockaddr*>(&in), sizeof in);
    }
  }
  void go_on() { busy_ = false; }

 private:
  int fd_;
  std::int64_t port_ = 0;
  std::atomic<bool> busy_ = false;
  std::vector<int> queue_;
  std::jthread thread_;
};

class BusyTest : public GatewayTest {
 protected:
  // Two checks in a row that gave up after two seconds would take it out within seven.
  bool is_taken_for_dead() {
    const Runtime runtime(dir_ / "gw");
    const auto set = gateway_->find("stg_1")->live;
    return eventually(
        [&] {
          const auto servers = runtime.servers("stg_1." + set);
          return servers && !servers->at("busy");
        },
        8s);
  }
  Busy app_;
};

TEST_F(BusyTest, an_app_that_is_too_busy_to_accept_is_not_taken_for_dead) {
  deploy("x", {app_.server()}, {});
  app_.hold();  // before HAProxy has checked it even once
  EXPECT_FALSE(is_taken_for_dead());
  app_.go_on();
  EXPECT_EQ(ask("dev.shop.localhost"), "well");
}

TEST_F(BusyTest, a_reload_that_another_route_needs_does_not_make_it_dead) {
  deploy("x", {app_.server()}, {});
  app_.hold();
  const auto before = generation();
  ASSERT_TRUE(gateway_->ensure("stg_2", "prod.shop.localhost"));
  EXPECT_NE(generation(), before);
  EXPECT_FALSE(is_taken_for_dead());
  app_.go_on();
  EXPECT_EQ(ask("dev.shop.localhost"), "well");
}

}  // namespace
}  // namespace sluice::gateway
