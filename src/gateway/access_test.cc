#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/digest.h"
#include "base/files.h"
#include "gateway/test_gateway.h"

// Who is let in to a restricted route, and who is turned away.
namespace sluice::gateway {
namespace {

constexpr const char* kBasic = "Authorization: Basic YW55Ym9keTpzZXNhbWU=\r\n";  // anybody:sesame
constexpr const char* kBearer = "Authorization: Bearer sesame\r\n";
constexpr const char* kApiKey = "X-Api-Key: sesame\r\n";

Key key(const std::string& name, const std::string& secret) { return {name, sha256_hex(secret)}; }

Policy restricted(Endpoint endpoint = Endpoint::api_gateway) {
  Policy policy;
  policy.endpoint = endpoint;
  policy.restricted = true;
  policy.realm = "canary of shop";
  return policy;
}

// Tells what it was sent.
Upstream::Reply parrot() {
  return [](const std::string& request) { return Answer{request, "", "200 OK"}; };
}

TEST_F(GatewayTest, a_restricted_route_lets_in_who_has_a_key_in_each_of_three_ways) {
  Upstream one("one", parrot());
  for (auto endpoint : {Endpoint::api_gateway, Endpoint::load_balancer}) {
    deploy(codec::enum_name(endpoint), {one.server()}, restricted(endpoint));
    ASSERT_TRUE(gateway_->set_keys("stg_1", {key("anna", "sesame"), key("ben@example.com", "thistle")}));
    auto refused = get("/");
    EXPECT_EQ(refused.substr(0, 12), "HTTP/1.1 401");
    EXPECT_NE(refused.find("www-authenticate: Basic realm=\"canary of shop\"\r\n"), std::string::npos) << refused;
    EXPECT_NE(refused.find("for those who have a key"), std::string::npos);
    for (const std::string headers : {kBasic, kBearer, kApiKey}) {
      auto let_in = get("/", headers);
      EXPECT_EQ(let_in.substr(0, 12), "HTTP/1.1 200") << headers;
      EXPECT_NE(let_in.find("x-sluice-key: anna\r\n"), std::string::npos) << let_in;
      EXPECT_EQ(let_in.find("sesame"), std::string::npos) << "the app sees no key";
      EXPECT_EQ(let_in.find("YW55Ym9keTpzZXNhbWU="), std::string::npos) << "nor here";
    }
    EXPECT_NE(get("/", "X-Api-Key: thistle\r\n").find("x-sluice-key: ben@example.com\r\n"), std::string::npos);
  }
}

TEST_F(GatewayTest, what_is_no_key_of_this_route_opens_nothing) {
  Upstream one("one", parrot()), two("two");
  deploy("x", {one.server()}, restricted());
  route("y", {two.server()}, "stg_2", "other.shop.localhost", restricted());
  EXPECT_EQ(get("/", kBasic).substr(0, 12), "HTTP/1.1 401") << "there is none yet";
  ASSERT_TRUE(gateway_->set_keys("stg_2", {key("anna", "sesame")}));
  EXPECT_EQ(get("/", kBasic).substr(0, 12), "HTTP/1.1 401") << "another's";
  ASSERT_TRUE(gateway_->set_keys("stg_1", {key("anna", "sesame")}));
  for (const std::string wrong :
       {"X-Api-Key: Sesame\r\n", "X-Api-Key: \r\n", "X-Api-Key: sesame, sesame\r\n", "Authorization: Bearer\r\n",
        "Authorization: Basic !!!\r\n", "Authorization: Digest sesame\r\n", "Authorization: Basic c2VzYW1lOg==\r\n",
        "X-Sluice-Key: anna\r\n"}) {
    EXPECT_EQ(get("/", wrong).substr(0, 12), "HTTP/1.1 401") << wrong;
  }
  EXPECT_EQ(get("/", "X-Api-Key: " + sha256_hex("sesame") + "\r\n").substr(0, 12), "HTTP/1.1 401") << "the digest";
}

TEST_F(GatewayTest, an_app_gets_passwords_of_its_own_and_never_the_route_s_key) {
  Upstream one("one", parrot());
  deploy("x", {one.server()}, restricted());
  ASSERT_TRUE(gateway_->set_keys("stg_1", {key("anna", "sesame")}));
  auto own = get("/", std::string(kApiKey) + "Authorization: Bearer of-the-app\r\n");
  EXPECT_NE(own.find("uthorization: Bearer of-the-app"), std::string::npos) << own;
  EXPECT_EQ(own.find("sesame"), std::string::npos);
  EXPECT_NE(get("/", std::string(kBasic) + "X-Api-Key: of-the-app\r\n").find("of-the-app"), std::string::npos);
  auto twice = get("/", std::string(kBearer) + kApiKey);
  EXPECT_EQ(twice.substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(twice.find("sesame"), std::string::npos);
  EXPECT_EQ(get("/", std::string(kApiKey) + "X-Sluice-Key: admin\r\n").find("admin"), std::string::npos);
}

TEST_F(GatewayTest, a_key_that_is_added_or_revoked_counts_at_once_and_without_a_reload) {
  Upstream one("one"), two("two");
  deploy("x", {one.server()}, restricted());
  ASSERT_TRUE(gateway_->set_keys("stg_1", {key("anna", "sesame")}));
  Visitor waits(gateway_->port());
  EXPECT_EQ(waits.ask("dev.shop.localhost", "/", kApiKey).substr(0, 12), "HTTP/1.1 200");
  route("y", {two.server()}, "stg_2", "other.shop.localhost");  // a reload, which this visitor's connection survives
  auto before = generation();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(gateway_->set_keys("stg_1", {key("ben", "thistle")}));
    EXPECT_EQ(get("/", kApiKey).substr(0, 12), "HTTP/1.1 401");
    EXPECT_EQ(get("/", "X-Api-Key: thistle\r\n").substr(0, 12), "HTTP/1.1 200");
    if (i == 0) {
      EXPECT_EQ(waits.ask("dev.shop.localhost", "/", kApiKey).substr(0, 12), "HTTP/1.1 401")
          << "in the worker that was replaced";
    }
    ASSERT_TRUE(gateway_->set_keys("stg_1", {key("anna", "sesame"), key("ben", "thistle")}));
    EXPECT_EQ(get("/", kApiKey).substr(0, 12), "HTTP/1.1 200");
  }
  EXPECT_EQ(generation(), before);
  EXPECT_EQ(gateway_->set_keys("stg_1", {{"an na", sha256_hex("x")}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(gateway_->set_keys("stg_1", {{"anna", "sesame"}}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(gateway_->set_keys("stg_9", {}).error().kind, ErrorKind::not_found);
}

TEST_F(GatewayTest, a_gateway_that_was_killed_asks_for_the_same_keys_and_limits) {
  Upstream one("one");
  auto policy = restricted();
  policy.body_limit = 10;
  deploy("x", {one.server()}, policy);
  ASSERT_TRUE(gateway_->set_keys("stg_1", {key("anna", "sesame")}));
  start();
  EXPECT_EQ(get("/").substr(0, 12), "HTTP/1.1 401");
  EXPECT_EQ(get("/", kBearer).substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(
      status("POST / HTTP/1.1\r\nHost: dev.shop.localhost\r\nContent-Length: 11\r\n" + std::string(kBearer) + "\r\n"),
      "HTTP/1.1 413");
}

TEST_F(GatewayTest, the_probe_needs_no_key_and_the_log_has_none) {
  Upstream one("one");
  deploy("x", {one.server()}, restricted());
  ASSERT_TRUE(gateway_->set_keys("stg_1", {key("anna", "sesame")}));
  EXPECT_EQ(gateway_->answered_by("dev.shop.localhost", "/looked"), "stg_1.a/" + one.server().name);
  for (const std::string headers : {kBasic, kBearer, kApiKey}) get("/seen", headers);
  auto log = [&] { return read_file(gateway_->folder() / "log").value_or(""); };
  EXPECT_TRUE(eventually([&] { return log().find("/seen") != std::string::npos; }));
  for (const std::string& secret : {std::string("sesame"), std::string("YW55Ym9keTpzZXNhbWU="), sha256_hex("sesame")}) {
    EXPECT_EQ(log().find(secret), std::string::npos);
  }
  EXPECT_NE(log().find(" id="), std::string::npos);
  EXPECT_EQ(log().find("/looked"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway
