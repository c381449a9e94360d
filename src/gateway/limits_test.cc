#include <gtest/gtest.h>

#include <chrono>

#include "gateway/test_gateway.h"

// What an api_gateway refuses: too many requests, too large ones, too slow answers.
namespace sluice::gateway {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begin) { return std::chrono::duration<double>(Steady::now() - begin).count(); }

Policy limited(std::int64_t rate, std::int64_t burst) {
  Policy policy;
  policy.rate = rate;
  policy.burst = burst;
  return policy;
}

TEST_F(GatewayTest, a_burst_is_let_through_and_then_the_rate) {
  Upstream one("one");
  deploy("x", {one.server()}, limited(1, 5));
  const auto begin = Steady::now();
  int good = 0;
  std::string refused;
  for (int i = 0; i < 20; ++i) {
    auto answer = get("/");
    if (answer.find(" 200 ") != std::string::npos) {
      ++good;
    } else {
      refused = answer;
    }
  }
  EXPECT_GE(good, 5);
  EXPECT_LE(good, 5 + seconds_since(begin));
  EXPECT_EQ(refused.substr(0, 12), "HTTP/1.1 429");
  EXPECT_NE(refused.find("retry-after: 1\r\n"), std::string::npos) << refused;
  EXPECT_NE(refused.find("Too many requests"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return get("/").find(" 200 ") != std::string::npos; })) << "one more each second";
}

TEST_F(GatewayTest, what_is_let_through_over_a_while_is_burst_and_rate_also_from_several_connections) {
  Upstream one("one");
  deploy("x", {one.server()}, limited(50, 100));
  std::atomic<int> good = 0, refused = 0, other = 0;
  const auto begin = Steady::now();
  double took = 0;
  {
    std::vector<std::jthread> visitors;
    for (int i = 0; i < 4; ++i) {
      visitors.emplace_back([&] {
        Visitor visitor(gateway_->port());
        while (seconds_since(begin) < 2) {
          auto answer = visitor.ask("dev.shop.localhost");
          (answer.rfind("HTTP/1.1 200", 0) == 0 ? good : answer.rfind("HTTP/1.1 429", 0) == 0 ? refused : other) += 1;
        }
      });
    }
    for (auto& visitor : visitors) visitor.join();
    took = seconds_since(begin);
  }
  EXPECT_EQ(other, 0);
  EXPECT_GT(refused, 50);
  EXPECT_GE(good, (100 + 50 * 2) * 0.9);
  EXPECT_LE(good, (100 + 50 * took) * 1.05);
}

TEST_F(GatewayTest, R7_2_a_deployment_gives_nobody_another_burst_and_one_client_takes_nothing_of_another_s) {
  Upstream one("one"), two("two");
  const auto policy = limited(1, 60);
  deploy("x", {one.server()}, policy);
  deploy("y", {two.server()}, policy);
  deploy("x2", {one.server()}, policy);
  auto before = generation();
  const auto begin = Steady::now();
  int good = 0;
  for (int i = 0; i < 80; ++i) good += get("/").find(" 200 ") != std::string::npos ? 1 : 0;
  deploy("y2", {two.server()}, policy);
  for (int i = 0; i < 20; ++i) good += get("/").find(" 200 ") != std::string::npos ? 1 : 0;
  EXPECT_EQ(generation(), before);
  EXPECT_GE(good, 60);
  EXPECT_LE(good, 60 + seconds_since(begin));
  EXPECT_EQ(gateway_->answered_by("dev.shop.localhost", "/"), "stg_1.b/" + two.server().name);
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  ::inet_pton(AF_INET, "127.0.0.9", &from.sin_addr);
  ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  to.sin_port = htons(gateway_->port());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from), 0);
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  const std::string request = "GET / HTTP/1.1\r\nHost: dev.shop.localhost\r\n\r\n";
  EXPECT_GT(::send(fd, request.data(), request.size(), 0), 0);
  char head[13] = "";
  EXPECT_GT(::recv(fd, head, 12, MSG_WAITALL), 0);
  EXPECT_STREQ(head, "HTTP/1.1 200") << "another address";
  ::close(fd);
}

TEST_F(GatewayTest, a_body_above_the_limit_is_refused_and_one_that_does_not_say_its_length) {
  std::atomic<std::size_t> received = 0;
  Upstream one("one", [&](const std::string& request) {
    received = request.size() - request.find("\r\n\r\n") - 4;
    return Answer{"one", "", "200 OK"};
  });
  Policy policy;
  policy.body_limit = 100'000;
  deploy("x", {one.server()}, policy);
  auto post = [&](const std::string& headers, const std::string& body) {
    return status("POST / HTTP/1.1\r\nHost: dev.shop.localhost\r\nConnection: close\r\n" + headers + "\r\n" + body);
  };
  EXPECT_EQ(post("Content-Length: 100000\r\n", std::string(100'000, 'x')), "HTTP/1.1 200");
  EXPECT_EQ(received, 100'000U);
  EXPECT_EQ(post("Content-Length: 100001\r\n", std::string(100'001, 'x')), "HTTP/1.1 413");
  EXPECT_EQ(post("Content-Length: 90000000000\r\n", ""), "HTTP/1.1 413");
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), "HTTP/1.1 411");
  EXPECT_EQ(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), "HTTP/1.1 411");
  EXPECT_EQ(post("Content-Length: 0\r\n", ""), "HTTP/1.1 200");
}

TEST_F(GatewayTest, an_answer_that_takes_longer_than_the_limit_is_not_waited_for) {
  Upstream slow("slow");
  Policy policy;
  policy.time_limit = 1;
  deploy("x", {slow.server()}, policy);
  slow.hold(true);
  const auto begin = Steady::now();
  auto answer = get("/");
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 504");
  EXPECT_GE(seconds_since(begin), 0.9);
  slow.hold(false);
  EXPECT_EQ(ask("dev.shop.localhost"), "slow");
}

TEST(Policy, R7_4_what_an_endpoint_does_not_have_is_refused_and_named) {
  auto field = [](auto change) {
    Policy policy;
    change(policy);
    auto checked = check(policy);
    return checked ? std::string() : checked.error().fields.at(0).field;
  };
  EXPECT_EQ(field([](Policy&) {}), "");
  EXPECT_EQ(field([](Policy& p) { p.rate = 10, p.burst = 20, p.caching = Caching{5, {"/static/"}}; }), "");
  EXPECT_EQ(field([](Policy& p) { p.endpoint = Endpoint::load_balancer, p.sticky = true; }), "");
  EXPECT_EQ(field([](Policy& p) { p.endpoint = Endpoint::load_balancer, p.caching = Caching{}; }), "caching");
  EXPECT_EQ(field([](Policy& p) { p.endpoint = Endpoint::load_balancer, p.rate = 1; }), "rate");
  EXPECT_EQ(field([](Policy& p) { p.endpoint = Endpoint::load_balancer, p.body_limit = 1; }), "body_limit");
  EXPECT_EQ(field([](Policy& p) { p.sticky = true; }), "sticky");
  EXPECT_EQ(field([](Policy& p) { p.rate = -1; }), "rate");
  EXPECT_EQ(field([](Policy& p) { p.rate = 10'001; }), "rate");
  EXPECT_EQ(field([](Policy& p) { p.rate = 10, p.burst = 9; }), "burst");
  EXPECT_EQ(field([](Policy& p) { p.rate = 1, p.burst = 1'001; }), "burst");
  EXPECT_EQ(field([](Policy& p) { p.burst = 1; }), "burst");
  EXPECT_EQ(field([](Policy& p) { p.body_limit = -1; }), "body_limit");
  EXPECT_EQ(field([](Policy& p) { p.time_limit = 0; }), "time_limit");
  EXPECT_EQ(field([](Policy& p) { p.caching = Caching{0, {}}; }), "caching.ttl");
  EXPECT_EQ(field([](Policy& p) { p.caching = Caching{5, {"static"}}; }), "caching.paths");
  EXPECT_EQ(field([](Policy& p) { p.caching = Caching{5, std::vector<std::string>(21, "/")}; }), "caching.paths");
  for (const char* bad : {"", "x", "/a b", "/a\nb", "/a}", "/#", "/\"", "/'", "/\\", "/$HOME"}) {
    EXPECT_EQ(field([&](Policy& p) { p.health = bad; }), "health") << bad;
  }
  EXPECT_EQ(field([](Policy& p) { p.realm = "prod of shop"; }), "");
  EXPECT_EQ(field([](Policy& p) { p.realm = "a\" b"; }), "realm");
}

}  // namespace
}  // namespace sluice::gateway
