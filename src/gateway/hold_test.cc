#include <gtest/gtest.h>

#include <mutex>

#include "base/digest.h"
#include "base/files.h"
#include "gateway/test_gateway.h"

// Requests of a route that sleeps are held until it is shown again.
namespace sluice::gateway {
namespace {

class HoldTest : public GatewayTest {
 protected:
  void listen() {
    auto listens = gateway_->on_wanted([this](const std::string& id) {
      std::lock_guard lock(mutex_);
      wishes_.push_back(id);
    });
    ASSERT_TRUE(listens) << listens.error().message;
  }
  std::vector<std::string> wishes() {
    std::lock_guard lock(mutex_);
    return wishes_;
  }
  bool wanted() {
    return eventually([&] { return !wishes().empty(); });
  }
  // A route that had this server, and sleeps.
  void sleep(const Upstream& upstream, const std::optional<Policy>& policy = std::nullopt) {
    route("x", {upstream.server()}, "stg_1", "dev.shop.localhost", policy);
    ASSERT_TRUE(gateway_->show_sleeping("stg_1"));
    ASSERT_TRUE(gateway_->withdraw("stg_1", {upstream.server().name}));
  }
  void wake(const Upstream& upstream) {
    ASSERT_TRUE(gateway_->place("stg_1", "x", {{upstream.server().name + "-again", upstream.server().port}}));
    ASSERT_TRUE(gateway_->show("stg_1", "x"));
  }
  // Sent now, answered some time.
  std::jthread send(const std::string& request, std::string& answer) {
    return std::jthread([this, request, &answer] { answer = talk(gateway_->port(), request); });
  }
  static std::string request(const std::string& method, const std::string& headers = "", const std::string& body = "") {
    return method + " /late HTTP/1.1\r\nHost: dev.shop.localhost\r\nConnection: close\r\n" + headers + "\r\n" + body;
  }
  void TearDown() override {
    gateway_.reset();
    GatewayTest::TearDown();
  }

  std::mutex mutex_;
  std::vector<std::string> wishes_;
};

TEST_F(HoldTest, a_hundred_requests_at_once_are_all_answered_and_it_is_wanted_once) {
  Upstream one("one");
  sleep(one);
  listen();
  auto before = generation();
  std::vector<std::string> answers(100);
  std::vector<std::jthread> visitors;
  for (auto& answer : answers) visitors.push_back(send(request("GET"), answer));
  ASSERT_TRUE(wanted());
  EXPECT_EQ(wishes(), std::vector<std::string>{"stg_1"});
  wake(one);
  visitors.clear();
  for (const auto& answer : answers) ASSERT_EQ(answer.substr(0, 12), "HTTP/1.1 200") << answer;
  EXPECT_EQ(wishes().size(), 1U);
  EXPECT_EQ(generation(), before);
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
  ASSERT_TRUE(gateway_->show_sleeping("stg_1"));
  std::string answer;
  auto again = send(request("GET"), answer);
  EXPECT_TRUE(eventually([&] { return wishes().size() == 2; }, 2s)) << "at once, also when it was woken a moment ago";
  wake(one);
}

TEST_F(HoldTest, any_method_body_and_websocket_is_held) {
  Upstream one("one", [](const std::string& request) {
    return Answer{request.substr(0, request.find(' ')) + std::to_string(request.size() - request.find("\r\n\r\n") - 4),
                  "", "200 OK"};
  });
  sleep(one);
  listen();
  const std::string large(3'000'000, 'x');
  std::string put, post, removed, socket;
  std::vector<std::jthread> visitors;
  visitors.push_back(send(request("PUT", "Content-Length: 3000000\r\n", large), put));
  visitors.push_back(send(request("POST", "Content-Length: 5\r\n", "hello"), post));
  visitors.push_back(send(request("DELETE"), removed));
  visitors.emplace_back([&] {
    Visitor visitor(gateway_->port());
    socket = visitor.ask("dev.shop.localhost", "/ws",
                         "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                         true);
  });
  ASSERT_TRUE(wanted());
  wake(one);
  visitors.clear();
  EXPECT_TRUE(put.ends_with("PUT3000000")) << put;
  EXPECT_TRUE(post.ends_with("POST5")) << post;
  EXPECT_TRUE(removed.ends_with("DELETE0")) << removed;
  EXPECT_EQ(socket.substr(0, 12), "HTTP/1.1 101");
}

TEST_F(HoldTest, R9_2_a_request_is_held_while_the_server_is_away_and_heard_of_when_it_is_back) {
  Upstream one("one");
  sleep(one);
  std::string answer;
  auto visitor = send(request("GET"), answer);
  const Socket haproxy(gateway_->folder());
  ASSERT_TRUE(
      eventually([&] { return haproxy.ask("show info").value_or("").find("\nCurrConns: 1\n") != std::string::npos; }));
  open();  // another server, the same HAProxy
  ASSERT_TRUE(gateway_->await(5s));
  listen();
  ASSERT_TRUE(wanted());
  wake(one);
  visitor.join();
  EXPECT_TRUE(answer.ends_with("one")) << answer;
}

TEST_F(HoldTest, R9_2_a_page_says_that_the_server_is_away_or_that_it_took_too_long) {
  Upstream one("one");
  held_for_ = 3s;
  unheard_for_ = 1s;
  open();
  ASSERT_TRUE(gateway_->await(10s));
  sleep(one);
  auto answer = get("/");
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 503");
  EXPECT_NE(answer.find("server, which would start it, is not running"), std::string::npos) << answer;
  listen();
  answer = get("/");
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 503");
  EXPECT_NE(answer.find("takes longer than a request is held"), std::string::npos) << answer;
  EXPECT_NE(answer.find("retry-after: 5"), std::string::npos);
  EXPECT_LE(wishes().size(), 2U);
  EXPECT_GE(wishes().size(), 1U);
}

TEST_F(HoldTest, what_is_held_is_answered_also_after_a_reload) {
  Upstream one("one"), two("two");
  sleep(one);
  listen();
  std::string answer;
  auto visitor = send(request("POST", "Content-Length: 2\r\n", "ab"), answer);
  ASSERT_TRUE(wanted());
  route("y", {two.server()}, "stg_2", "other.shop.localhost");
  wake(one);
  visitor.join();
  EXPECT_TRUE(answer.ends_with("one")) << answer;
}

TEST_F(HoldTest, a_gateway_that_was_killed_holds_again_and_so_does_one_that_was_opened_anew) {
  Upstream one("one");
  sleep(one);
  start();
  open();
  ASSERT_TRUE(gateway_->await(5s));
  listen();
  std::string answer;
  auto visitor = send(request("GET"), answer);
  ASSERT_TRUE(wanted());
  wake(one);
  visitor.join();
  EXPECT_TRUE(answer.ends_with("one")) << answer;
}

TEST_F(HoldTest, who_has_no_key_wakes_nothing) {
  Upstream one("one");
  Policy policy;
  policy.restricted = true;
  policy.realm = "dev of shop";
  sleep(one, policy);
  ASSERT_TRUE(gateway_->set_keys("stg_1", {{"anna", sha256_hex("sesame")}}));
  listen();
  EXPECT_EQ(get("/").substr(0, 12), "HTTP/1.1 401");
  EXPECT_NE(get("/").find("www-authenticate: Basic realm=\"dev of shop\""), std::string::npos);
  EXPECT_EQ(get("/", "Authorization: Bearer thistle\r\n").substr(0, 12), "HTTP/1.1 401");
  EXPECT_EQ(gateway_->answered_by("dev.shop.localhost", "/"), "");
  EXPECT_TRUE(wishes().empty());
  std::vector<std::string> answers(3);
  std::vector<std::jthread> visitors;
  visitors.push_back(send(request("GET", "Authorization: Bearer sesame\r\n"), answers[0]));
  visitors.push_back(send(request("GET", "X-Api-Key: sesame\r\n"), answers[1]));
  visitors.push_back(send(request("GET", "Authorization: Basic eDpzZXNhbWU=\r\n"), answers[2]));
  ASSERT_TRUE(wanted());
  wake(one);
  visitors.clear();
  for (const auto& answer : answers) EXPECT_TRUE(answer.ends_with("one")) << answer;
}

TEST_F(HoldTest, R3_4_a_deployment_that_is_taken_back_leaves_it_sleeping) {
  Upstream one("one"), two("two");
  sleep(one);
  listen();
  route("y", {two.server()});
  EXPECT_EQ(ask("dev.shop.localhost"), "two");
  ASSERT_TRUE(gateway_->place("stg_1", "x", {}));
  ASSERT_TRUE(gateway_->show("stg_1", "x"));
  std::string answer;
  auto visitor = send(request("GET"), answer);
  ASSERT_TRUE(wanted());
  wake(one);
  visitor.join();
  EXPECT_TRUE(answer.ends_with("one")) << answer;
  ASSERT_TRUE(gateway_->withdraw("stg_1", {one.server().name + "-again"}));
  ASSERT_TRUE(gateway_->show("stg_1", "x"));
  EXPECT_NE(ask("dev.shop.localhost").find("scaled to 0"), std::string::npos) << "it was woken since";
}

TEST_F(HoldTest, what_is_scaled_to_0_or_removed_meanwhile_is_held_no_longer) {
  Upstream one("one");
  sleep(one);
  listen();
  std::string first, second;
  auto visitor = send(request("GET"), first);
  ASSERT_TRUE(wanted());
  ASSERT_TRUE(gateway_->show_asleep("stg_1", "It is <asleep> until Monday 08:00 & rests; 'tis 100%."));
  visitor.join();
  EXPECT_NE(first.find("It is &lt;asleep> until Monday 08:00 &amp; rests; 'tis 100%."), std::string::npos) << first;
  ASSERT_TRUE(gateway_->show_sleeping("stg_1"));
  visitor = send(request("GET"), second);
  ASSERT_TRUE(eventually([&] { return wishes().size() == 2; }));
  ASSERT_TRUE(gateway_->remove("stg_1"));
  visitor.join();
  EXPECT_EQ(second.substr(0, 12), "HTTP/1.1 404");
}

TEST_F(GatewayTest, R7_5_a_page_has_the_sentence_it_was_given_without_a_reload) {
  Upstream one("one");
  route("x", {one.server()});
  auto before = generation();
  ASSERT_TRUE(gateway_->show_asleep("stg_1"));
  EXPECT_NE(ask("dev.shop.localhost").find("scaled to 0"), std::string::npos);
  ASSERT_TRUE(gateway_->show_asleep("stg_1", "It is asleep until Monday 08:00."));
  EXPECT_NE(ask("dev.shop.localhost").find("until Monday 08:00."), std::string::npos);
  EXPECT_EQ(generation(), before);
  start();
  EXPECT_NE(ask("dev.shop.localhost").find("until Monday 08:00."), std::string::npos);
  ASSERT_TRUE(gateway_->show("stg_1", "x"));
  EXPECT_EQ(ask("dev.shop.localhost"), "one");
}

}  // namespace
}  // namespace sluice::gateway
