#include <gtest/gtest.h>

#include "gateway/test_gateway.h"

// What a load_balancer does for instances and for visitors who are to stay with one.
namespace sluice::gateway {
namespace {

Policy balanced(bool sticky = false) {
  Policy policy;
  policy.endpoint = Endpoint::load_balancer;
  policy.health = "/health";
  policy.sticky = sticky;
  return policy;
}

std::string body_of(const std::string& answer) {
  auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

TEST_F(GatewayTest, an_instance_that_says_it_is_ill_gets_no_requests_until_it_is_well) {
  std::atomic<bool> ill = false;
  Upstream one("one"), two("two", [&](const std::string&request) {
    const bool asked = request.rfind("GET /health HTTP/1.1\r\n", 0) == 0;
    return Answer{"two", "", asked && ill ? "500 Ill" : asked ? "302 Found" : "200 OK"};
  });
  deploy("x", {one.server(), two.server()}, balanced());
  auto answers = [&] {
    std::string all;
    for (int i = 0; i < 6; ++i) all += ask("dev.shop.localhost");
    return all;
  };
  EXPECT_TRUE(eventually([&] { return answers().find("two") != std::string::npos; }));
  ill = true;
  EXPECT_TRUE(eventually([&] { return answers().find("two") == std::string::npos; }));
  EXPECT_EQ(answers(), "oneoneoneoneoneone");
  ill = false;
  EXPECT_TRUE(eventually([&] { return answers().find("two") != std::string::npos; }));
}

TEST_F(GatewayTest, a_request_goes_where_the_fewest_are_under_way) {
  Upstream slow("slow"), fast("fast");
  deploy("x", {slow.server(), fast.server()}, balanced());
  auto asked = [&] { return gateway_->in_flight("stg_1", {slow.server().name}).value_or(-1); };
  slow.hold(true);
  std::vector<std::jthread> visitors;
  // The checks of the one that is held fail in time too; it has its requests long before.
  while (asked() < 1) visitors.emplace_back([&] { ask("dev.shop.localhost"); });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask("dev.shop.localhost"), "fast");
  slow.hold(false);
}

TEST_F(GatewayTest, R3_4_a_visitor_stays_with_the_instance_of_one_index_also_after_a_deployment) {
  auto parrot = [](const std::string& name) {
    return [name](const std::string& request) { return Answer{name + "\n" + request, "", "200 OK"}; };
  };
  Upstream zero("zero", parrot("zero")), one("one", parrot("one")), new_zero("new_zero", parrot("new_zero")),
      new_one("new_one", parrot("new_one"));
  deploy("x", {zero.server(0), one.server(1)}, balanced(true));
  auto first = get("/");
  auto at = first.find("set-cookie: sluice-instance=");
  ASSERT_NE(at, std::string::npos) << first;
  auto cookie = first.substr(at + 12, 17);
  EXPECT_NE(first.find(cookie + "; Path=/; HttpOnly; SameSite=Lax\r\n"), std::string::npos) << first;
  EXPECT_NE(first.find("cache-control: private\r\n"), std::string::npos) << "it is no other visitor's";
  EXPECT_EQ(body_of(first).rfind(cookie.back() == '0' ? "zero" : "one", 0), 0U) << first;
  for (int i = 0; i < 6; ++i) {
    auto again = get("/", "Cookie: a=b; sluice-instance=1; c=d\r\n");
    EXPECT_EQ(body_of(again).rfind("one\n", 0), 0U) << again;
    EXPECT_EQ(again.find("set-cookie"), std::string::npos);
    EXPECT_NE(again.find("cookie: a=b; c=d\r\n"), std::string::npos) << "the app has no part in it";
  }
  EXPECT_EQ(body_of(get("/", "Cookie: sluice-instance=1\r\n")).find("ookie"), std::string::npos);
  EXPECT_NE(get("/", "Cookie: sluice-instance=0; x=y\r\n").find("cookie: x=y\r\n"), std::string::npos);
  deploy("y", {new_zero.server(0), new_one.server(1)}, balanced(true));
  ASSERT_TRUE(gateway_->withdraw("stg_1", {zero.server().name, one.server().name}));
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(body_of(get("/", "Cookie: sluice-instance=1\r\n")).rfind("new_one\n", 0), 0U);
    EXPECT_EQ(body_of(get("/", "Cookie: sluice-instance=0\r\n")).rfind("new_zero\n", 0), 0U);
  }
  ASSERT_TRUE(gateway_->withdraw("stg_1", {new_one.server().name}));
  auto scaled = get("/", "Cookie: sluice-instance=1\r\n");
  EXPECT_EQ(body_of(scaled).rfind("new_zero\n", 0), 0U);
  EXPECT_NE(scaled.find("set-cookie: sluice-instance=0;"), std::string::npos) << scaled;
}

TEST_F(GatewayTest, a_visitor_whose_instance_is_gone_is_answered_by_another_at_once) {
  Upstream zero("zero");
  auto one = std::make_unique<Upstream>("one");
  deploy("x", {zero.server(0), one->server(1)}, balanced(true));
  EXPECT_EQ(body_of(get("/", "Cookie: sluice-instance=1\r\n")), "one");
  one.reset();
  auto answer = get("/", "Cookie: sluice-instance=1\r\n");
  EXPECT_EQ(body_of(answer), "zero");
  EXPECT_NE(answer.find("set-cookie: sluice-instance=0;"), std::string::npos) << answer;
}

TEST_F(GatewayTest, a_websocket_goes_through_both_endpoints_and_over_a_deployment) {
  Upstream one("one"), two("two");
  for (bool balancer : {false, true}) {
    deploy(balancer ? "x" : "y", {one.server(0)}, balancer ? balanced(true) : Policy{});
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(gateway_->port());
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
    auto say = [&](const std::string& text) {
      EXPECT_GT(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), 0);
      std::string heard(4096, '\0');
      auto got = ::recv(fd, heard.data(), heard.size(), 0);
      return heard.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    };
    auto opened =
        say("GET /ws HTTP/1.1\r\nHost: dev.shop.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_EQ(opened.substr(0, 12), "HTTP/1.1 101");
    EXPECT_EQ(say("hello"), "hello");
    deploy(balancer ? "x2" : "y2", {two.server(0)}, balancer ? Policy{} : balanced());
    EXPECT_EQ(say("still here"), "still here");
    EXPECT_EQ(gateway_->in_flight("stg_1", {one.server().name}).value_or(-1), 1);
    ::close(fd);
    EXPECT_TRUE(eventually([&] { return gateway_->in_flight("stg_1", {one.server().name}).value_or(-1) == 0; }));
  }
}

}  // namespace
}  // namespace sluice::gateway
