#include "api/guard.h"

#include "api/test_house.h"
#include "base/digest.h"

// What a request must pass before a handler sees it.
namespace sluice::api {
namespace {

using Headers = std::map<std::string, std::string>;

struct Browser {
  House& house;
  std::string cookie;
  // Signs in with a token, as the dashboard does.
  explicit Browser(House& of, const std::string& origin = "http://localhost:7420") : house(of) {
    http::Request request;
    request.method = "POST";
    request.target = "/api/v1/session";
    request.body = R"({"token":")" + house.token(pipeline::Role::admin) + R"("})";
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Origin", origin);
    auto got = house.send(request);
    EXPECT_EQ(got.status, 201) << got.text;
    set_cookie = got.headers.get("Set-Cookie").value_or("");
    cookie = set_cookie.substr(0, set_cookie.find(';'));
  }
  std::string set_cookie;
  Got send(const std::string& method, const std::string& target, const std::string& body, const Headers& headers) {
    http::Request request;
    request.method = method;
    request.target = "/api/v1" + target;
    request.body = body;
    request.headers.set("Cookie", "other=1; " + cookie);
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    for (const auto& [name, value] : headers) request.headers.set(name, value);
    return house.send(request);
  }
};

TEST(Guard, only_its_own_names_are_answered_to) {
  House house;
  auto status = [&](const std::string& host) {
    return house.call("GET", "/me", "", pipeline::Role::viewer, {{"Host", host}}).status;
  };
  for (auto host : {"localhost", "localhost:1", "LOCALHOST:7420", "127.0.0.1:7420", "127.1.2.3", "[::1]:7420"})
    EXPECT_EQ(status(host), 200) << host;
  for (auto host : {"evil.example", "dev.shop.localhost:7420", "localhost.evil.example", "127.0.0.1.evil.example",
                    "192.168.0.1", "user@localhost", "[::1", " "})
    EXPECT_EQ(status(host), 421) << host;
}

TEST(Guard, a_session_cookie_is_strict_and_under_tls_bound_to_its_host) {
  House house;
  Browser plain(house);
  EXPECT_TRUE(plain.set_cookie.starts_with("sluice_session=")) << plain.set_cookie;
  for (auto part : {"; HttpOnly", "; SameSite=Strict", "; Path=/"})
    EXPECT_NE(plain.set_cookie.find(part), std::string::npos) << part;
  EXPECT_EQ(plain.set_cookie.find("Secure"), std::string::npos);
  House tls("https://sluice.example");
  Browser strict(tls, "https://sluice.example");
  EXPECT_TRUE(strict.set_cookie.starts_with("__Host-sluice_session=")) << strict.set_cookie;
  EXPECT_NE(strict.set_cookie.find("; Secure"), std::string::npos);
  auto got = strict.send("GET", "/me", "", {});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.str("kind"), "session");
  EXPECT_TRUE(got.headers.get("Strict-Transport-Security"));
}

TEST(Guard, a_write_with_a_cookie_comes_from_our_own_page) {
  House house;
  Browser browser(house);
  int n = 0;
  auto status = [&](const Headers& headers) {
    return browser.send("POST", "/stacks", R"({"name":"s)" + std::to_string(++n) + R"("})", headers).status;
  };
  EXPECT_EQ(status({{"X-Sluice", "1"}, {"Origin", "http://localhost:7420"}}), 201);
  EXPECT_EQ(status({{"X-Sluice", "1"}, {"Sec-Fetch-Site", "same-origin"}}), 201);
  EXPECT_EQ(status({}), 403);
  EXPECT_EQ(status({{"X-Sluice", "1"}}), 403);
  EXPECT_EQ(status({{"Origin", "http://localhost:7420"}}), 403);
  EXPECT_EQ(status({{"X-Sluice", "1"}, {"Origin", "http://dev.shop.localhost:8080"}}), 403);
  EXPECT_EQ(status({{"X-Sluice", "1"}, {"Origin", "null"}}), 403);
  EXPECT_EQ(status({{"X-Sluice", "1"}, {"Origin", "http://localhost:7420"}, {"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(browser.send("GET", "/me", "", {}).status, 200);
}

TEST(Guard, signing_out_ends_the_session) {
  House house;
  Browser browser(house);
  const Headers ours = {{"X-Sluice", "1"}, {"Origin", "http://localhost:7420"}};
  EXPECT_EQ(browser.send("DELETE", "/session", "", ours).status, 204);
  EXPECT_EQ(browser.send("GET", "/me", "", {}).status, 401);
  EXPECT_EQ(house.call("DELETE", "/session").status, 409);
}

TEST(Guard, the_one_time_code_signs_an_admin_in_once) {
  House house;
  for (const auto& token : house.identity().tokens()) ASSERT_TRUE(house.identity().revoke(token.id));
  auto code = house.identity().first_sign_in();
  ASSERT_TRUE(code);
  http::Request request;
  request.method = "POST";
  request.target = "/api/v1/session";
  request.body = R"({"code":")" + *code + R"("})";
  request.headers.set("Content-Type", "application/json");
  auto got = house.send(request);
  ASSERT_EQ(got.status, 201) << got.text;
  EXPECT_EQ(got.str("role"), "admin");
  EXPECT_EQ(house.send(request).status, 401);
  request.body = R"({"code":"a","token":"b"})";
  EXPECT_EQ(house.send(request).status, 400);
}

TEST(Guard, basic_credentials_open_nothing_but_git) {
  House house;
  auto basic = "Basic " + base64_encode("ann:" + house.token(pipeline::Role::admin));
  EXPECT_EQ(house.call("GET", "/me", "", pipeline::Role::admin, {{"Authorization", basic}}).status, 401);
  http::Request request;
  request.method = "GET";
  request.target = request.path = "/git/shop.git/info/refs";
  request.query["service"] = "git-upload-pack";
  request.headers.set("Host", "localhost");
  request.headers.set("Authorization", basic);
  EXPECT_FALSE(house.handler().admit(request).answer);
  Browser browser(house);
  request.headers = {};
  request.headers.set("Host", "localhost");
  request.headers.set("Cookie", browser.cookie);
  ASSERT_TRUE(house.handler().admit(request).answer);
  EXPECT_EQ(house.handler().admit(request).answer->status, 401);
}

TEST(Guard, what_is_wrong_is_named) {
  House house;
  auto got = house.call("PUT", "/me");
  EXPECT_EQ(got.status, 405);
  EXPECT_EQ(got.headers.get("Allow"), "GET, HEAD");
  EXPECT_EQ(got.detail(), "\"PUT\" is not possible here; possible: GET, HEAD");
  EXPECT_EQ(
      house.call("POST", "/stacks", R"({"name":"a"})", pipeline::Role::admin, {{"Content-Type", "text/plain"}}).status,
      415);
  EXPECT_EQ(house.get("/nothing").status, 404);
  EXPECT_EQ(house.get("/stacks/").status, 404);
  EXPECT_EQ(house.get("/stacks/Not_A_Label").status, 404);
  got = house.get("/stacks?limt=3");
  EXPECT_EQ(got.status, 400);
  EXPECT_EQ(got.detail(), "limt: is not known here; known are limit, after");
  EXPECT_EQ(house.get("/stacks?limit=0").status, 400);
  EXPECT_EQ(house.get("/stacks?limit=201").status, 400);
  EXPECT_EQ(house.get("/stacks?after=nonsense").status, 400);

  got = house.call("POST", "/stacks", R"({"name":7,"colour":"red","repository":{"url":"https://x","branch":"a..b"}})");
  EXPECT_EQ(got.status, 400);
  ASSERT_EQ(got.object().at("errors").as_array().size(), 4u) << got.text;
  EXPECT_NE(got.text.find("must be a string, not a number"), std::string::npos);
  EXPECT_NE(got.text.find("repository.url"), std::string::npos);
  EXPECT_NE(got.text.find("remote repositories are not available yet"), std::string::npos);
  EXPECT_NE(got.text.find("repository.branch"), std::string::npos);
  EXPECT_NE(got.text.find("colour"), std::string::npos);
  for (auto body : {"{", "[]", "7", "\"x\"", "{\"name\":\"a\"} x", ""})
    EXPECT_EQ(house.call("POST", "/stacks", body, pipeline::Role::admin).status, 400) << body;
  EXPECT_EQ(house.call("POST", "/stacks", std::string(1000, '[')).status, 400);
}

TEST(Guard, no_token_is_taken_from_a_query) {
  House house;
  http::Request request;
  request.method = "GET";
  request.target = "/api/v1/me?token=" + house.token(pipeline::Role::admin);
  EXPECT_EQ(house.send(request).status, 401);
}

}  // namespace
}  // namespace sluice::api
