#include <gtest/gtest.h>

#include "base/files.h"
#include "base/process.h"
#include "gateway/certificate.h"
#include "gateway/test_certificate.h"
#include "gateway/test_gateway.h"

namespace sluice::gateway {
namespace {

const Time kNow = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());

class TlsTest : public GatewayTest {
 protected:
  void SetUp() override {
    tls_port_ = 0;
    GatewayTest::SetUp();
  }
  void give(const std::string& domain, long number = 1) {
    auto set = gateway_->set_certificate(domain, certificate_of(domain, 86'400, number), kNow);
    ASSERT_TRUE(set) << set.error().message;
  }
  // What curl prints: the answer's body, HTTP's version and what `more` asks for; empty: no connection.
  std::string fetch(const std::string& domain, std::vector<std::string> more = {}) {
    const auto port = std::to_string(gateway_->tls_port());
    ProcessCommand curl;
    curl.argv = {"curl",
                 "-sk",
                 "--max-time",
                 "20",
                 "--noproxy",
                 "*",
                 "--resolve",
                 domain + ":" + port + ":127.0.0.1",
                 "-w",
                 " %{http_version} %{num_connects}",
                 "https://" + domain + ":" + port + "/path?q=1"};
    curl.argv.insert(curl.argv.end(), more.begin(), more.end());
    auto ran = run(curl);
    return ran && ran->ok() ? ran->out : "";
  }
  // The number of the certificate that is shown for this domain.
  std::string serial(const std::string& domain) {
    const auto said = fetch(domain, {"-w", "%{certs}", "-o", "/dev/null"});
    const auto at = said.find("Serial Number:");
    return at == std::string::npos ? "" : said.substr(at + 14, said.find('\n', at) - at - 14);
  }
  std::string plain(const std::string& host, const std::string& path = "/") {
    return talk(gateway_->port(), "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  }
};

TEST_F(TlsTest, a_domain_with_a_certificate_is_served_over_http_2_and_the_app_is_told) {
  Upstream one("one", [](const std::string& request) { return Answer{request, "", "200 OK"}; });
  route("x", {one.server()});
  ASSERT_TRUE(gateway_->set_hosts("stg_1", {"example.com", "www.example.com"}));
  EXPECT_EQ(fetch("example.com"), "") << "there is no certificate";
  auto before = generation();
  give("example.com");
  EXPECT_EQ(generation(), before);
  auto answer = fetch("example.com");
  EXPECT_NE(answer.find("GET /path?q=1 HTTP/1.1"), std::string::npos) << answer;
  EXPECT_NE(answer.find("x-forwarded-proto: https\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find(" 2 1"), std::string::npos) << "HTTP/2: " << answer;
  EXPECT_NE(fetch("example.com", {"--http1.1"}).find(" 1.1 1"), std::string::npos);
  EXPECT_EQ(fetch("www.example.com"), "") << "with no other's certificate";
  auto other = plain("www.example.com");
  EXPECT_EQ(other.substr(0, 12), "HTTP/1.1 200");
  EXPECT_NE(other.find("x-forwarded-proto: http\r\n"), std::string::npos) << other;
  EXPECT_EQ(fetch("example.com", {"--tls-max", "1.1"}), "");
}

TEST_F(TlsTest, a_plain_request_of_a_domain_with_a_certificate_is_sent_there_but_a_challenge_is_answered) {
  Upstream one("one");
  route("x", {one.server()});
  ASSERT_TRUE(gateway_->set_hosts("stg_1", {"example.com"}));
  const std::string challenge = "/.well-known/acme-challenge/abc_DEF-1";
  EXPECT_TRUE(plain("example.com", challenge).ends_with("one")) << "the app may have its own";
  ASSERT_TRUE(gateway_->set_challenge("abc_DEF-1", "abc_DEF-1.thumb"));
  EXPECT_TRUE(plain("example.com", challenge).ends_with("\r\n\r\nabc_DEF-1.thumb"));
  give("example.com");
  EXPECT_TRUE(plain("example.com", challenge).ends_with("\r\n\r\nabc_DEF-1.thumb"));
  auto moved = plain("example.com", "/path?q=1");
  EXPECT_EQ(moved.substr(0, 12), "HTTP/1.1 308");
  const auto port = std::to_string(gateway_->tls_port());
  EXPECT_NE(moved.find("location: https://example.com:" + port + "/path?q=1\r\n"), std::string::npos) << moved;
  ASSERT_TRUE(gateway_->set_challenge("abc_DEF-1", ""));
  EXPECT_TRUE(plain("example.com", challenge).ends_with("one")) << "never sent elsewhere";
  EXPECT_EQ(plain("dev.shop.localhost").substr(0, 12), "HTTP/1.1 200");
  ASSERT_TRUE(gateway_->remove_certificate("example.com"));
  EXPECT_TRUE(plain("example.com").ends_with("one"));
  EXPECT_EQ(fetch("example.com"), "");
  EXPECT_TRUE(gateway_->certificates().empty());
  EXPECT_EQ(gateway_->set_challenge("a/b", "x").error().kind, ErrorKind::invalid);
  EXPECT_EQ(gateway_->set_challenge("a", "x\ny").error().kind, ErrorKind::invalid);
}

TEST_F(TlsTest, renewing_a_certificate_loses_no_request_and_a_gateway_that_was_killed_has_the_new_one) {
  Upstream one("one");
  route("x", {one.server()});
  ASSERT_TRUE(gateway_->set_hosts("stg_1", {"example.com"}));
  give("example.com");
  std::atomic<bool> done = false;
  std::atomic<int> answers = 0, failed = 0;
  {
    std::vector<std::jthread> visitors;
    for (int i = 0; i < 2; ++i) {
      visitors.emplace_back([&] {
        while (!done) (fetch("example.com").rfind("one", 0) == 0 ? answers : failed) += 1;
      });
    }
    for (long number = 2; number < 12; ++number) {
      give("example.com", number);
      auto seen = answers.load();
      EXPECT_TRUE(eventually([&] { return answers > seen + 1; }));
    }
    done = true;
  }
  EXPECT_EQ(failed, 0) << "of " << answers;
  const auto newest = serial("example.com");
  EXPECT_NE(newest.find("0b"), std::string::npos) << newest;
  start();
  EXPECT_EQ(serial("example.com"), newest);
  route("y", {one.server()}, "stg_2", "other.shop.localhost");  // a reload
  EXPECT_EQ(serial("example.com"), newest);
  give("www.example.com", 77);
  give("example.com", 12);
  EXPECT_NE(serial("example.com"), newest);
  open();
  ASSERT_TRUE(gateway_->await(5s));
  EXPECT_EQ(gateway_->certificates().size(), 2U);
  EXPECT_EQ(fetch("example.com").rfind("one", 0), 0U);
}

TEST_F(TlsTest, a_request_over_tls_wakes_a_sleeping_route) {
  Upstream one("one");
  route("x", {one.server()});
  ASSERT_TRUE(gateway_->set_hosts("stg_1", {"example.com"}));
  give("example.com");
  ASSERT_TRUE(gateway_->show_sleeping("stg_1"));
  std::atomic<bool> wanted = false;
  ASSERT_TRUE(gateway_->on_wanted([&](const std::string&) { wanted = true; }));
  std::string answer;
  std::jthread visitor([&] { answer = fetch("example.com"); });
  ASSERT_TRUE(eventually([&] { return wanted.load(); }));
  ASSERT_TRUE(gateway_->show("stg_1", "x"));
  visitor.join();
  EXPECT_EQ(answer.rfind("one", 0), 0U) << answer;
}

TEST_F(TlsTest, what_is_no_certificate_of_the_domain_is_refused_and_changes_nothing) {
  const auto good = certificate_of("example.com");
  auto refused = [&](const std::string& domain, const std::string& pem) {
    auto set = gateway_->set_certificate(domain, pem, kNow);
    return set ? std::string() : set.error().fields.empty() ? set.error().message : set.error().fields[0].field;
  };
  EXPECT_EQ(refused("example.org", good), "certificate");
  EXPECT_EQ(refused("../example.com", good), "domain");
  EXPECT_EQ(refused("example.com", ""), "key");
  EXPECT_EQ(refused("example.com", good.substr(0, good.find("-----BEGIN PRIVATE"))), "key");
  EXPECT_EQ(refused("example.com", good.substr(good.find("-----BEGIN PRIVATE"))), "certificate");
  const auto other = certificate_of("example.com");
  EXPECT_EQ(refused("example.com",
                    good.substr(0, good.find("-----BEGIN PRIVATE")) + other.substr(other.find("-----BEGIN PRIVATE"))),
            "key");
  EXPECT_EQ(refused("example.com", certificate_of("example.com", -3'600)), "certificate");
  EXPECT_TRUE(gateway_->certificates().empty());
  const auto there = read_certificate(other + "\n\nwords between\n\n" + good, "example.com", kNow);
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_EQ(there->pem.find("\n\n"), std::string::npos);
  EXPECT_GT(there->term.until, kNow + std::chrono::hours(23));
}

TEST_F(GatewayTest, without_a_port_for_tls_there_are_no_certificates) {
  EXPECT_EQ(gateway_->tls_port(), 0);
  EXPECT_EQ(gateway_->set_certificate("example.com", certificate_of("example.com"), kNow).error().kind,
            ErrorKind::conflict);
}

}  // namespace
}  // namespace sluice::gateway
