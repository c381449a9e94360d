#include "postgres/try_url.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>
#include <vector>

#include "postgres/port.h"
#include "postgres/test_cluster.h"

namespace sluice::postgres {
namespace {

class TryUrlTest : public ClusterTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    url_ = stage("stg_a_1", "hunter2");
  }
  std::string why(const Url& url, Duration at_most = 10s) {
    auto tried = try_url(url, at_most);
    if (tried) return "it works";
    EXPECT_EQ(tried.error().message.find("hunter2"), std::string::npos) << tried.error().message;
    EXPECT_EQ(tried.error().message.find("the server says"), std::string::npos) << tried.error().message;
    return tried.error().message;
  }
  void expect(const Url& url, const std::string& words) {
    const auto said = why(url);
    EXPECT_NE(said.find(words), std::string::npos) << said;
  }
  Url url_;
};

TEST_F(TryUrlTest, says_what_it_found) {
  auto tried = try_url(url_);
  ASSERT_TRUE(tried) << tried.error().message;
  EXPECT_GE(tried->major, 15);
  EXPECT_TRUE(tried->version.starts_with(std::to_string(tried->major) + ".")) << tried->version;
  EXPECT_EQ(tried->schema, "public");
  EXPECT_TRUE(tried->may_create_tables);
  EXPECT_EQ(as_owner("ALTER SCHEMA public OWNER TO sluice;", "stg_a_1"), "");
  tried = try_url(url_);
  ASSERT_TRUE(tried);
  EXPECT_FALSE(tried->may_create_tables);
  EXPECT_EQ(as_owner("ALTER ROLE stg_a_1 SET search_path = nowhere;"), "");
  tried = try_url(url_);
  ASSERT_TRUE(tried);
  EXPECT_EQ(*tried, (Tried{tried->version, tried->major, "", false}));
}

TEST_F(TryUrlTest, each_failure_is_a_sentence_of_its_own) {
  Url url = url_;
  url.password = "hunter2-wrong";
  expect(url, "refuses the user or the password");
  url.password = "";
  expect(url, "wants a password");
  url = url_;
  url.host = "no-such-host.invalid";
  expect(url, "its host no-such-host.invalid:");
  url = url_;
  url.port = free_port(0).value_or(0);
  expect(url, "nothing listens on 127.0.0.1:" + std::to_string(url.port));
  url = url_;
  url.database = "postgres";
  expect(url, "without TLS");
  url = url_;
  url.settings["sslmode"] = "require";
  expect(url, "speaks no TLS");
  EXPECT_EQ(as_owner("ALTER ROLE stg_a_1 SET default_transaction_read_only = on;"), "");
  expect(url_, "read only");
  EXPECT_EQ(as_owner("ALTER ROLE stg_a_1 NOLOGIN;"), "");
  expect(url_, "may not log in");
  EXPECT_EQ(as_owner("ALTER ROLE stg_a_1 LOGIN CONNECTION LIMIT 0;"), "");
  expect(url_, "all connections that its user");
  EXPECT_EQ(as_owner("ALTER ROLE stg_a_1 CONNECTION LIMIT 5; ALTER DATABASE stg_a_1 ALLOW_CONNECTIONS false;"), "");
  expect(url_, "accepts no connections");
  EXPECT_EQ(as_owner("ALTER DATABASE stg_a_1 ALLOW_CONNECTIONS true; REVOKE CONNECT ON DATABASE stg_a_1 FROM stg_a_1;"),
            "");
  expect(url_, "may not connect");
  // Where the server itself lets anybody ask for anything.
  ASSERT_TRUE(write_file(place() / "pg_hba.conf",
                         "local all all peer map=owner\nhost all all 127.0.0.1/32 scram-sha-256\n", 0600));
  EXPECT_EQ(as_owner("SELECT pg_reload_conf();"), "t");
  url = url_;
  url.database = "none";
  EXPECT_TRUE(eventually([&] { return why(url).find("no such database") != std::string::npos; })) << why(url);
  EXPECT_EQ(as_owner("DROP DATABASE stg_a_1 WITH (FORCE);"), "");
  expect(url_, "no such database");
}

// Something that is no PostgreSQL: it answers what is told, or nothing.
class Impostor {
 public:
  explicit Impostor(std::vector<std::string> answers) : answers_(std::move(answers)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof in;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&in), &size);
    port_ = ntohs(in.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  ~Impostor() {
    thread_.request_stop();
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;
  Url url() const { return {"127.0.0.1", port_, "u", "hunter2", "d", {}}; }

 private:
  void serve(std::stop_token stop) {
    std::vector<int> silent;
    while (!stop.stop_requested()) {
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      silent.push_back(fd);
      char buffer[512];
      for (const auto& answer : answers_) {
        (void)::recv(fd, buffer, sizeof buffer, 0);
        (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      if (!answers_.empty()) ::shutdown(fd, SHUT_WR);
    }
    for (int fd : silent) ::close(fd);
  }
  std::vector<std::string> answers_;  // one to each thing it is sent
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

std::vector<std::string> refusing(const std::string& text) {  // TLS at first, then the login
  std::string body = "SFATAL", size(4, '\0');
  body += '\0';
  body += "VFATAL";
  body += '\0';
  body += "C53300";
  body += '\0';
  body += "M" + text;
  body += std::string(2, '\0');
  const auto length = htonl(static_cast<std::uint32_t>(body.size() + 4));
  return {"N", "E" + std::string(reinterpret_cast<const char*>(&length), 4) + body};
}

TEST(TryUrl, what_is_no_server_or_in_no_state_to_answer) {
  be_an_ordinary_user();
  const auto said = [](const std::vector<std::string>& answers, Duration at_most = 10s) {
    const Impostor impostor(answers);
    auto tried = try_url(impostor.url(), at_most);
    return tried ? "it works" : tried.error().message;
  };
  const auto contains = [](const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
  };
  EXPECT_TRUE(contains(said({"HTTP/1.1 400 Bad Request\r\n\r\n"}), "no PostgreSQL server"))
      << said({"HTTP/1.1 400\r\n"});
  EXPECT_TRUE(contains(said({}, 300ms), "does not answer within 300ms")) << said({}, 300ms);
  EXPECT_TRUE(contains(said(refusing("sorry, too many clients already")), "max_connections"));
  EXPECT_TRUE(contains(said(refusing("the database system is starting up")), "is starting"));
  EXPECT_TRUE(contains(said(refusing("something in another language about hunter2")),
                       "the server says: something in another language about ***"))
      << said(refusing("something"));
}

}  // namespace
}  // namespace sluice::postgres
