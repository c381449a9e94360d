#include <gtest/gtest.h>

#include <chrono>

#include "base/digest.h"
#include "gateway/socket.h"
#include "gateway/test_gateway.h"

// Answers that are kept: which, for whom, how long, and never longer than their deployment.
namespace sluice::gateway {
namespace {

Policy cached(std::int64_t ttl = 3'600, const std::vector<std::string>& paths = {}) {
  Policy policy;
  policy.caching = Caching{ttl, paths};
  return policy;
}

// "NAME N" of the Nth answer; the query "?a:b" adds the header "a: b".
Upstream::Reply counting(const std::string& name, std::atomic<int>& count) {
  return [name, &count](const std::string& request) {
    auto target = request.substr(0, request.find(" HTTP/"));
    auto query = target.find('?');
    Answer answer{name + " " + std::to_string(++count), "", "200 OK"};
    if (query != std::string::npos) answer.headers = target.substr(query + 1) + "\r\n";
    if (target.find("/big") != std::string::npos) answer.body = std::string(1'100'000, 'x');
    if (target.find("/gone") != std::string::npos) answer.status = "404 Not Found";
    return answer;
  };
}

bool is(const std::string& answer, const std::string& x_cache) {
  return answer.find("x-cache: " + x_cache + "\r\n") != std::string::npos;
}

TEST_F(GatewayTest, an_answer_is_kept_for_its_time_and_says_so) {
  std::atomic<int> count = 0;
  Upstream one("one", counting("one", count));
  deploy("x", {one.server()}, cached(1));
  auto first = get("/a");
  EXPECT_TRUE(is(first, "MISS")) << first;
  auto second = get("/a");
  EXPECT_TRUE(is(second, "HIT")) << second;
  EXPECT_NE(second.find("one 1"), std::string::npos);
  EXPECT_EQ((first + second).find("ache-control"), std::string::npos) << first << second;
  EXPECT_EQ((first + second).find("x-sluice"), std::string::npos);
  EXPECT_TRUE(is(get("/b"), "MISS"));
  EXPECT_TRUE(is(get("/a?x:y"), "MISS"));
  EXPECT_TRUE(eventually([&] { return is(get("/a"), "MISS"); }));
}

TEST_F(GatewayTest, what_is_for_one_visitor_is_never_kept) {
  std::atomic<int> count = 0;
  Upstream one("one", counting("one", count));
  deploy("x", {one.server()}, cached());
  for (const std::string path :
       {"/?Set-Cookie:a=b", "/?Cache-Control:private", "/?Cache-Control:no-store", "/?Cache-Control:no-cache",
        "/?Cache-Control:max-age=0", "/?Vary:Cookie", "/?Vary:*", "/gone", "/big"}) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(is(get(path), "MISS")) << path;
  }
  for (const std::string header : {"Cookie: a=b\r\n", "Authorization: Bearer x\r\n", "X-Api-Key: x\r\n"}) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/h", header).find("x-cache"), std::string::npos) << header;
  }
  EXPECT_TRUE(is(get("/h"), "MISS")) << "none of them was kept";
  EXPECT_TRUE(is(get("/h"), "HIT"));
  EXPECT_EQ(get("/h", "Cookie: a=b\r\n").find("x-cache"), std::string::npos) << "nor given what was";
  auto looked = Socket(gateway_->folder()).look("dev.shop.localhost", "/h");
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_NE(looked->find("x-sluice-server: "), std::string::npos) << *looked;
  EXPECT_EQ(looked->find("x-cache"), std::string::npos) << *looked;
  auto posted = talk(gateway_->port(),
                     "POST /h HTTP/1.1\r\nHost: dev.shop.localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(posted.find("x-cache"), std::string::npos);
  EXPECT_TRUE(is(get("/?Cache-Control:max-age=60"), "MISS"));
  auto own = get("/?Cache-Control:max-age=60");
  EXPECT_TRUE(is(own, "HIT"));
  EXPECT_NE(own.find("ache-control: max-age=60"), std::string::npos) << own;
  EXPECT_TRUE(is(get("/?X-Sluice-Aged:1"), "MISS"));
}

TEST_F(GatewayTest, only_the_paths_that_were_named_are_kept_and_each_host_and_key_has_its_own) {
  std::atomic<int> count = 0;
  Upstream one("one", counting("one", count));
  auto policy = cached(60, {"/static/", "/logo"});
  policy.restricted = true;
  deploy("x", {one.server()}, policy);
  ASSERT_TRUE(gateway_->set_keys("stg_1", {{"anna", sha256_hex("sesame")}, {"ben", sha256_hex("thistle")}}));
  ASSERT_TRUE(gateway_->set_hosts("stg_1", {"www.example.com"}));
  const std::string anna = "X-Api-Key: sesame\r\n", ben = "X-Api-Key: thistle\r\n";
  EXPECT_EQ(get("/page", anna).find("x-cache"), std::string::npos);
  for (const std::string path : {"/static/a", "/logo.png"}) {
    EXPECT_TRUE(is(get(path, anna), "MISS"));
    EXPECT_TRUE(is(get(path, anna), "HIT"));
    EXPECT_TRUE(is(get(path, ben), "MISS")) << "the app may answer each key differently";
    EXPECT_EQ(get(path).substr(0, 12), "HTTP/1.1 401");
  }
  auto other = talk(gateway_->port(),
                    "GET /logo.png HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n" + anna + "\r\n");
  EXPECT_TRUE(is(other, "MISS")) << other;
}

TEST_F(GatewayTest, R3_4_no_answer_outlives_its_deployment_and_a_purge_empties_at_once) {
  std::atomic<int> count = 0;
  Upstream one("one", counting("one", count)), two("two", counting("two", count));
  deploy("x", {one.server()}, cached());
  deploy("y", {two.server()}, cached());
  deploy("x2", {one.server()}, cached());
  const auto before = generation();
  auto body = [&] {
    auto answer = get("/");
    return answer.substr(answer.find("\r\n\r\n") + 4, 3);
  };
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(body(), "one");
    EXPECT_TRUE(is(get("/"), "HIT"));
    deploy("y" + std::to_string(i), {two.server()}, cached());
    EXPECT_EQ(body(), "two");
    EXPECT_TRUE(is(get("/"), "HIT"));
    ASSERT_TRUE(gateway_->purge("stg_1"));
    EXPECT_TRUE(is(get("/"), "MISS"));
    EXPECT_TRUE(is(get("/"), "HIT"));
    deploy("again" + std::to_string(i), {one.server()}, cached());  // back to what ran before
    EXPECT_TRUE(is(get("/"), "MISS"));
  }
  EXPECT_EQ(generation(), before) << "none of this is a reload";
  start();
  EXPECT_TRUE(is(get("/"), "MISS"));
  EXPECT_TRUE(is(get("/"), "HIT"));
  EXPECT_EQ(gateway_->purge("stg_9").error().kind, ErrorKind::not_found);
}

// Every visitor notes which version was the newest that was shown when he asked, and must not be answered by an older.
TEST_F(GatewayTest, R3_4_across_fifty_quick_deployments_under_requests_no_stale_answer_is_given) {
  constexpr int kDeployments = 50;
  std::atomic<int> shown = 0, stale = 0, failed = 0, hits = 0, answers = 0;
  auto version = [](int number) {
    return std::make_unique<Upstream>("v", [number](const std::string& request) {
      // Some are still being answered while the next version is shown: these must not be kept for it.
      if (request.rfind("GET /slow", 0) == 0) std::this_thread::sleep_for(15ms);
      return Answer{std::to_string(number), "", "200 OK"};
    });
  };
  auto policy = [](int number) { return cached(number % 10 < 8 ? 60 : 120); };  // now and then a reload
  std::vector<std::unique_ptr<Upstream>> versions;
  versions.push_back(version(0));
  deploy("v0", {versions[0]->server()}, policy(0));
  std::atomic<bool> done = false;
  std::vector<std::jthread> visitors;
  for (int i = 0; i < 6; ++i) {
    visitors.emplace_back([&, i] {
      Visitor visitor(gateway_->port());
      while (!done) {
        const int before = shown;
        auto answer = visitor.ask("dev.shop.localhost", i % 2 == 0 ? "/slow" : "/");
        if (answer.rfind("HTTP/1.1 200", 0) != 0) {
          ++failed;
          continue;
        }
        ++answers;
        if (is(answer, "HIT")) ++hits;
        if (std::stoi(answer.substr(answer.find("\r\n\r\n") + 4)) < before) ++stale;
        if (i > 3) std::this_thread::sleep_for(5ms);
      }
    });
  }
  for (int number = 1; number <= kDeployments; ++number) {
    versions.push_back(version(number));
    const auto old = versions[static_cast<std::size_t>(number) - 1]->server();
    deploy("v" + std::to_string(number), {versions.back()->server()}, policy(number));
    shown = number;
    ASSERT_TRUE(gateway_->withdraw("stg_1", {old.name}));
    ASSERT_TRUE(eventually([&] { return gateway_->in_flight("stg_1", {old.name}).value_or(1) == 0; }));
    ASSERT_TRUE(gateway_->forget("stg_1", {old.name}));
    auto begun = answers.load();
    EXPECT_TRUE(eventually([&] { return answers > begun + 10; }));
  }
  done = true;
  visitors.clear();
  EXPECT_EQ(stale, 0);
  EXPECT_EQ(failed, 0);
  EXPECT_GT(hits, kDeployments);
}

}  // namespace
}  // namespace sluice::gateway
