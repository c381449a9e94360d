#include "http/server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <boost/json.hpp>

#include "http/late_handler.h"
#include "http/test_server.h"

namespace sluice::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(ServerTest, answers_a_request) {
  handler.on_handle = [](const Request& request) {
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/a%20b?x=1");
    EXPECT_EQ(request.path, "/a b");
    EXPECT_EQ(request.query.at("x"), "1");
    EXPECT_EQ(request.raw_query, "x=1");
    EXPECT_EQ(request.headers.get("authorization"), "Bearer t");
    EXPECT_EQ(request.peer, "127.0.0.1");
    Response response;
    response.status = 201;
    response.body = "made";
    return response;
  };
  RawClient client(port());
  client.send("GET /a%20b?x=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 Created\r\nDate: "));
  EXPECT_THAT(answer, EndsWith("Content-Length: 4\r\n\r\nmade"));
}

TEST_F(ServerTest, a_port_that_is_taken_is_a_conflict_so_that_another_can_be_tried) {
  Server::Options options;
  options.port = port();
  const auto second = Server::start(options, handler);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("is taken by another program"));
}

TEST_F(ServerTest, keeps_the_connection) {
  RawClient client(port());
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_THAT(client.answer(), EndsWith("GET /a []"));
  }
  client.send("GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.until_closed(), HasSubstr("Connection: close\r\n\r\nGET /last []"));
}

TEST_F(ServerTest, serves_pipelined_requests_in_order) {
  RawClient client(port());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nxy\r\n";
  client.send(all);
  for (int i = 0; i < 50; ++i) EXPECT_THAT(client.answer(), EndsWith("POST /" + std::to_string(i) + " [xy]"));
}

TEST_F(ServerTest, takes_a_head_byte_by_byte) {
  RawClient client(port());
  for (const char c : kGet) client.send(std::string_view(&c, 1));
  EXPECT_THAT(client.answer(), EndsWith("GET /a []"));
}

TEST_F(ServerTest, takes_bodies_with_a_length_and_chunked) {
  RawClient client(port());
  client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(client.answer(), EndsWith("POST /a [hello]"));
  client.send(
      "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: "
      "x\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("POST /a [hello]"));
  client.send(kGet);
  EXPECT_THAT(client.answer(), EndsWith("GET /a []"));
}

TEST_F(ServerTest, answers_HEAD_as_GET_without_the_body) {
  handler.on_handle = [](const Request& request) {
    Response response;
    response.status = request.method == "GET" ? 200 : 405;
    response.headers.set("ETag", "\"7\"");
    response.body = request.path == "/large" ? std::string(1u << 20, 'x') : request.path;
    return response;
  };
  RawClient client(port());
  for (const std::string path : {"/a", "/large"}) {
    const std::string rest = " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send("HEAD" + rest + "GET" + rest);
    const auto head = client.until("\r\n\r\n");
    const auto whole = client.answer();
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(
        head, HasSubstr("\r\nETag: \"7\"\r\nContent-Length: " + std::string(path == "/a" ? "2" : "1048576") + "\r\n"));
    const auto without_date = [](const std::string& text) { return text.substr(text.find("\r\nETag: ")); };
    EXPECT_EQ(without_date(head), without_date(whole.substr(0, whole.find("\r\n\r\n") + 4)));
  }
}

TEST_F(ServerTest, begins_no_stream_for_HEAD) {
  std::atomic<bool> begun = false;
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> still_held = held;
  handler.on_handle = [&](const Request&) {
    Response response;
    response.headers.set("Content-Type", "text/event-stream");
    response.stream = [&begun, held = std::exchange(held, nullptr)](const std::shared_ptr<Sink>&) { begun = true; };
    return response;
  };
  RawClient client(port());
  client.send("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.until_closed(), HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_TRUE(eventually([&] { return still_held.expired(); })) << "what the stream held is kept for nothing";
  EXPECT_FALSE(begun);
}

TEST_F(ServerTest, sends_no_body_with_204_and_304) {
  for (const int status : {204, 304}) {
    handler.on_handle = [&](const Request&) {
      Response response;
      response.status = status;
      response.body = "ignored";
      return response;
    };
    RawClient client(port());
    client.send(kGet);
    const auto answer = client.answer();
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  }
}

TEST_F(ServerTest, closes_after_an_HTTP_1_0_request) {
  RawClient client(port());
  client.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.until_closed(), EndsWith("Connection: close\r\n\r\nGET /a []"));
}

TEST_F(ServerTest, sends_a_large_answer_to_a_slow_reader) {
  std::string body;
  while (body.size() < (8u << 20)) body += std::to_string(body.size()) + "\n";
  handler.on_handle = [&](const Request&) {
    Response response;
    response.body = body;
    return response;
  };
  RawClient client(port(), 4096);
  client.send(kGet + kGet);
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\n" + body));
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\n" + body));
}

// ---- 100-continue

TEST_F(ServerTest, asks_for_a_body_that_waits) {
  RawClient client(port());
  client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_THAT(client.answer(), EndsWith("POST /a [hello]"));
}

TEST_F(ServerTest, does_not_ask_for_a_body_that_is_not_wanted) {
  handler.on_admit = [](const Request&) {
    Handler::Admission admission;
    admission.answer.emplace();
    admission.answer->status = 401;
    return admission;
  };
  RawClient client(port());
  client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 401 "));
  EXPECT_TRUE(client.is_closed());
}

// ---- refusals

// The problem that an answer of the server itself holds; none of its members is missing.
boost::json::object problem_in(const std::string& answer, int status, const std::string& kind) {
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: application/problem+json\r\n"));
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  boost::system::error_code error;
  const auto body = boost::json::parse(answer.substr(end + 4), error);
  EXPECT_FALSE(error) << answer;
  if (!body.is_object()) return {};
  const auto& members = body.as_object();
  for (const auto* name : {"type", "title", "status", "kind", "detail"}) EXPECT_TRUE(members.contains(name)) << name;
  EXPECT_EQ(members.at("status"), status);
  EXPECT_EQ(members.at("kind").as_string(), kind);
  EXPECT_FALSE(members.at("detail").as_string().empty());
  return members;
}

struct Refused {
  std::string bytes;
  int status;
};
class RefusedByServer : public ServerTest, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedByServer, with_a_problem_and_closed) {
  std::atomic<int> asked = 0;
  handler.on_admit = [&](const Request&) {
    ++asked;
    Handler::Admission admission;
    admission.body_limit = 10;
    return admission;
  };
  handler.on_handle = [&](const Request&) {
    ADD_FAILURE() << "the route was asked";
    return Response{};
  };
  RawClient client(port());
  client.send(GetParam().bytes + kGet);
  const auto answer = client.until_closed();
  static const std::map<int, std::string> kinds{{400, "invalid"},
                                                {413, "too_large"},
                                                {417, "expectation_failed"},
                                                {431, "too_large"},
                                                {505, "version_not_supported"}};
  problem_in(answer, GetParam().status, kinds.at(GetParam().status));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_LE(asked, GetParam().status == 413 || GetParam().bytes.find("\r\n\r\nz") != std::string::npos ? 1 : 0);
}

const std::string kPost = "POST /a HTTP/1.1\r\nHost: localhost\r\n";
INSTANTIATE_TEST_SUITE_P(
    Each, RefusedByServer,
    ::testing::Values(
        Refused{"GET /a HTTP/1.1\r\n\r\n", 400}, Refused{"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Refused{kPost + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        Refused{kPost + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        Refused{kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
        Refused{kPost + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
        Refused{kPost + "X: a\r\n b: c\r\n\r\n", 400}, Refused{kPost + "X : a\r\n\r\n", 400},
        Refused{"GET /a HTTP/1.1\nHost: a\n\n", 400}, Refused{kPost + "X: a\nY: b\r\n\r\n", 400},
        Refused{"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"GET /%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 400}, Refused{"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"GET /a?x=1&x=2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"GET http://localhost/a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Refused{"GET /a HTTP/2.0\r\nHost: a\r\n\r\n", 505}, Refused{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        Refused{"\x16\x03\x01\x02\x01\r\n\r\n", 400}, Refused{kPost + "Expect: money\r\n\r\n", 417},
        Refused{kPost + "X: " + std::string(40'000, 'x') + "\r\n\r\n", 431},
        Refused{kPost + "Content-Length: 11\r\n\r\nhello world", 413},
        Refused{kPost + "Content-Length: 999999999999\r\n\r\n", 413},
        Refused{kPost + "Content-Length: 99999999999999999999999\r\n\r\n", 413},
        Refused{kPost + "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n", 413},
        Refused{kPost + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", 400},
        Refused{kPost + "Transfer-Encoding: chunked\r\n\r\nz-5\r\nhello\r\n0\r\n\r\n", 400},
        Refused{kPost + "Transfer-Encoding: chunked\r\n\r\nz 5 \r\nhello\r\n0\r\n\r\n", 400}));

TEST_F(ServerTest, tells_a_client_in_the_middle_of_a_large_body) {
  RawClient client(port());
  client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n");
  std::string answer;
  std::thread reader([&] { answer = client.until("}"); });
  const std::string piece(100'000, 'x');
  for (int i = 0; i < 100 && client.send(piece); ++i) {
  }
  reader.join();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerTest, ends_in_silence_when_a_body_breaks_off) {
  RawClient client(port());
  client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhell");
  client.finish_sending();
  EXPECT_EQ(client.until_closed(), "");
}

TEST_F(ServerTest, an_early_answer_leaves_the_body_unread) {
  handler.on_admit = [](const Request&) {
    Handler::Admission admission;
    admission.answer.emplace();
    admission.answer->status = 404;
    admission.answer->body = "no such stack";
    return admission;
  };
  RawClient client(port());
  client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n" + kGet);
  const auto answer = client.until_closed();
  EXPECT_THAT(answer, EndsWith("Connection: close\r\n\r\nno such stack"));
  RawClient other(port());
  other.send(kGet + kGet);
  EXPECT_THAT(other.answer(), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(other.answer(), StartsWith("HTTP/1.1 404 ")) << "without a body the connection stays";
}

TEST_F(ServerTest, a_handler_that_throws_is_a_500_without_its_words) {
  std::mutex mutex;
  std::string reported;
  Server::Options options;
  options.report = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    reported = what;
  };
  start(options);
  handler.on_handle = [](const Request&) -> Response { throw std::runtime_error("the password is hunter2"); };
  RawClient client(port());
  client.send("GET /a?token=x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n");
  const auto answer = client.answer();
  problem_in(answer, 500, "internal");
  EXPECT_THAT(answer, Not(HasSubstr("hunter2")));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(reported, "GET /a: the password is hunter2");
}

TEST_F(ServerTest, says_to_come_back_while_its_routes_are_not_made) {
  LateHandler late;
  auto starting = Server::start({}, late).value();
  RawClient client(starting->port());
  client.send(kGet);
  const auto answer = client.answer();
  EXPECT_EQ(problem_in(answer, 503, "unavailable").at("detail"), "the server is starting; try again in a moment");
  EXPECT_THAT(answer, HasSubstr("\r\nRetry-After: 1\r\n"));
  handler.on_exchange = [](Exchange& exchange) { exchange.head(204, {}); };
  late.set(handler);
  client.send(kGet + "GET /exchange HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("GET /a []"));
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 204 "));
}

// ---- limits of time and number

TEST_F(ServerTest, a_head_that_does_not_come_is_408) {
  Server::Options options;
  options.head_time = Duration(50);
  start(options);
  RawClient client(port());
  client.send("GET /a HTTP/1.1\r\nHo");
  problem_in(client.until_closed(), 408, "timed_out");
}

TEST_F(ServerTest, a_trickle_does_not_lengthen_the_time_for_a_head) {
  Server::Options options;
  options.head_time = Duration(100);
  start(options);
  RawClient client(port());
  client.send("GET /a HTTP/1.1\r\nX: ");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string answer;
  while (answer.empty() && std::chrono::steady_clock::now() < until) {
    client.send("x");
    answer = client.some(1000, 5);
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
}

TEST_F(ServerTest, a_body_that_does_not_come_is_408) {
  Server::Options options;
  options.stall_time = Duration(50);
  start(options);
  RawClient client(port());
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhell");
  problem_in(client.until_closed(), 408, "timed_out");
}

TEST_F(ServerTest, an_idle_connection_is_closed_without_a_word) {
  Server::Options options;
  options.idle_time = Duration(50);
  start(options);
  RawClient fresh(port());
  RawClient used(port());
  used.send(kGet);
  used.answer();
  EXPECT_TRUE(fresh.is_closed());
  EXPECT_TRUE(used.is_closed());
}

TEST_F(ServerTest, a_handler_may_take_longer_than_any_limit) {
  Server::Options options;
  options.idle_time = options.head_time = options.stall_time = Duration(20);
  start(options);
  Gate gate;
  handler.on_handle = [&](const Request&) {
    EXPECT_FALSE(gate.wait(std::chrono::milliseconds(300)));
    return Response{};
  };
  RawClient client(port());
  client.send(kGet);
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, an_answer_that_nobody_reads_is_given_up) {
  Server::Options options;
  options.stall_time = Duration(50);
  start(options);
  handler.on_handle = [](const Request&) {
    Response response;
    response.body = std::string(32u << 20, 'x');
    return response;
  };
  RawClient client(port(), 4096);
  client.send(kGet);
  ASSERT_FALSE(client.exactly(10).empty());
  // The server's destructor would wait for it otherwise.
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return client.send("x"), !client.send("x"); }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(15));
}

TEST_F(ServerTest, more_connections_than_allowed_are_told_so) {
  Server::Options options;
  options.connections = 2;
  start(options);
  auto one = std::make_unique<RawClient>(port());
  RawClient two(port());
  one->send(kGet);
  one->answer();
  two.send(kGet);
  two.answer();
  {
    RawClient three(port());
    const auto answer = three.until_closed();
    problem_in(answer, 503, "unavailable");
    EXPECT_THAT(answer, HasSubstr("Retry-After: "));
  }
  one.reset();
  EXPECT_TRUE(eventually([&] {
    RawClient again(port());
    again.send(kGet);
    return again.answer().starts_with("HTTP/1.1 200 ");
  })) << "a place that is free again is given";
}

TEST_F(ServerTest, handlers_run_beside_each_other_but_no_more_than_allowed) {
  Server::Options options;
  options.threads = 2;
  start(options);
  std::atomic<int> now = 0;
  Gate gate;
  handler.on_handle = [&](const Request&) {
    ++now;
    gate.wait();
    return Response{};
  };
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(port()));
    clients.back()->send(kGet);
  }
  EXPECT_TRUE(eventually([&] { return now == 2; }));
  gate.open();
  for (const auto& client : clients) EXPECT_THAT(client->answer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(now, 4);
}

TEST_F(ServerTest, says_when_its_address_is_taken) {
  Server::Options options;
  options.port = port();
  TestHandler other;
  const auto second = Server::start(options, other);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "127.0.0.1:" + std::to_string(port()) + " is taken by another program; stop it or listen on another port");
  options.address = "nonsense";
  EXPECT_EQ(Server::start(options, other).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace sluice::http
