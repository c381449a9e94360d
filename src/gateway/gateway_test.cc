#include "gateway/gateway.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/files.h"
#include "base/process.h"
#include "gateway/table.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace sluice::gateway {
namespace {

template <class Condition>
bool eventually(Condition condition, Duration at_most = 10s) {
  auto until = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// Answers every request with its name; while held, not before it is let go.
class Upstream {
 public:
  explicit Upstream(std::string name) : name_(std::move(name)) {
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
  Server server() const { return {name_ + "-" + std::to_string(port_), port_}; }
  void hold(bool held) { held_ = held; }

 private:
  void serve(std::stop_token stop) {
    std::vector<std::jthread> connections;
    while (!stop.stop_requested()) {
      int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      connections.emplace_back([this, fd] {
        std::string head;
        char buffer[4096];
        ssize_t got = 0;
        while (head.find("\r\n\r\n") == std::string::npos && (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0) {
          head.append(buffer, static_cast<std::size_t>(got));
        }
        if (!head.empty()) {
          eventually([this] { return !held_; });
          std::string answer =
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(name_.size()) + "\r\n\r\n" +
              name_;
          (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        ::close(fd);
      });
    }
  }
  std::string name_;
  int fd_ = -1;
  std::int64_t port_ = 0;
  std::atomic<bool> held_ = false;
  std::jthread thread_;
};

std::string talk(std::uint16_t port, const std::string& request) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
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
    auto opened = Gateway::open({dir_ / "gw", "127.0.0.1", 0});
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
  std::string status(const std::string& request) { return talk(gateway_->port(), request).substr(0, 12); }
  void route(const std::string& tag, const std::vector<Server>& servers, const std::string& id = "stg_1",
             const std::string& host = "dev.shop.localhost") {
    auto good = [](const Result<>& done) { return done ? std::string() : done.error().message; };
    ASSERT_EQ(good(gateway_->ensure(id, host)), "");
    ASSERT_EQ(good(gateway_->place(id, tag, servers)), "");
    ASSERT_EQ(good(gateway_->show(id, tag)), "");
  }
  std::string generation() { return read_file(gateway_->folder() / "reloads").value_or("0"); }

  fs::path dir_;
  std::unique_ptr<Gateway> gateway_;
  std::optional<Child> child_;
};

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

TEST_F(GatewayTest, what_was_written_and_not_told_is_told_by_the_next_server) {
  Upstream one("one"), two("two");
  route("a", {one.server()});
  route("b", {two.server()}, "stg_2", "prod.shop.localhost");
  auto file = gateway_->folder() / "routes" / "stg_1.json";
  auto text = read_file(file).value_or("");
  text.replace(text.find("dev.shop"), 8, "new.shop");
  ASSERT_TRUE(write_file(file, text));
  open();
  ASSERT_TRUE(gateway_->await(5s));
  EXPECT_EQ(ask("new.shop.localhost"), "one");
  EXPECT_NE(ask("dev.shop.localhost").find("No stage has this address"), std::string::npos);
  EXPECT_EQ(ask("prod.shop.localhost"), "two");
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

TEST_F(GatewayTest, a_removed_address_is_nobodys) {
  Upstream one("one");
  route("a", {one.server()});
  ASSERT_TRUE(gateway_->remove("stg_1"));
  EXPECT_TRUE(gateway_->remove("stg_1"));
  EXPECT_NE(ask("dev.shop.localhost").find("No stage has this address"), std::string::npos);
  start();
  EXPECT_NE(ask("dev.shop.localhost").find("No stage has this address"), std::string::npos);
  EXPECT_TRUE(gateway_->ids().empty());
}

TEST_F(GatewayTest, R6_4_an_address_that_a_new_stage_has_stays_when_the_old_one_is_removed) {
  Upstream one("one"), two("two");
  route("a", {one.server()}, "stg_1");
  route("b", {two.server()}, "stg_2");
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  ASSERT_TRUE(gateway_->remove("stg_1"));
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  start();
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
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
  Route route{"stg_1", "dev.shop.localhost", {"x", {{"s", 1}}}, {}, "", ""};
  EXPECT_EQ(map_value(route), "stg_1.empty");
  route.live = "b";
  EXPECT_EQ(map_value(route), "stg_1.b");
  route.page = "asleep";
  EXPECT_EQ(render_map({route}), "dev.shop.localhost stg_1.asleep\n");
}

}  // namespace
}  // namespace sluice::gateway
