#include "http/client.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <future>

#include "http/test_server.h"

namespace sluice::http {
namespace {

struct ClientTest : ServerTest {
  Call call(const std::string& path = "/a") {
    Call out;
    out.url = "http://127.0.0.1:" + std::to_string(port()) + path;
    return out;
  }
  Client client;
};

TEST_F(ClientTest, sends_and_receives) {
  handler.on_handle = [](const Request& request) {
    EXPECT_EQ(request.headers.get("X-One"), "1");
    EXPECT_EQ(request.headers.get("X-Empty"), "");
    EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(request.headers.get("Expect"), std::nullopt);
    Response response;
    response.status = 202;
    response.headers.set("X-Two", "2");
    response.body = request.method + request.body;
    return response;
  };
  auto post = call();
  post.method = "POST";
  post.headers.set("X-One", "1");
  post.headers.set("X-Empty", "");
  post.body = std::string("{\0}", 3);
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.send(post);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->headers.get("x-two"), "2");
    EXPECT_EQ(answer->body, "POST" + post.body);
  }
}

TEST_F(ClientTest, knows_every_method) {
  handler.on_handle = [](const Request& request) {
    Response response;
    response.body = request.method;
    return response;
  };
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    auto one = call();
    one.method = method;
    EXPECT_EQ(client.send(one)->body, method);
  }
  auto head = call();
  head.method = "HEAD";
  EXPECT_EQ(client.send(head)->body, "");
}

TEST_F(ClientTest, streams_a_body_until_it_is_told_to_end) {
  std::promise<std::shared_ptr<Sink>> handed_out;
  handler.on_handle = [&](const Request&) {
    Response response;
    response.stream = [&](const std::shared_ptr<Sink>& given) {
      handed_out.set_value(given);
      given->send("one ");
    };
    return response;
  };
  auto get = call();
  std::shared_ptr<Sink> sink;
  std::string got;
  get.timeout = Duration(0);
  get.on_body = [&](std::string_view bytes) {
    got += bytes;
    if (!sink) {
      sink = handed_out.get_future().get();
      sink->send("two");
    }
    return got != "one two";
  };
  const auto answer = client.send(get);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(got, "one two");
}

TEST_F(ClientTest, keeps_an_errors_body_apart_from_a_stream) {
  handler.on_handle = [](const Request&) {
    Response response;
    response.status = 404;
    response.body = "problem";
    return response;
  };
  auto get = call();
  get.on_body = [](std::string_view) {
    ADD_FAILURE();
    return true;
  };
  EXPECT_EQ(client.send(get)->body, "problem");
}

TEST_F(ClientTest, follows_no_redirect) {
  handler.on_handle = [](const Request&) {
    Response response;
    response.status = 302;
    response.headers.set("Location", "/elsewhere");
    return response;
  };
  EXPECT_EQ(client.send(call())->status, 302);
}

TEST_F(ClientTest, goes_to_loopback_past_any_proxy) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto answer = client.send(call());
  ::unsetenv("http_proxy");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

TEST_F(ClientTest, says_when_nobody_listens) {
  const auto get = call("/a?token=secret");
  server.reset();
  const auto answer = client.send(get);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().message, "cannot reach " + get.url.substr(0, get.url.find("/a")) + ": connection refused");
}

TEST_F(ClientTest, says_when_the_answer_is_slow) {
  Gate gate;
  handler.on_handle = [&](const Request&) {
    gate.wait();
    return Response{};
  };
  auto get = call();
  get.timeout = Duration(100);
  const auto answer = client.send(get);
  gate.open();
  server.reset();  // its handler may still stand in the gate, which goes with this test
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::timed_out);
  EXPECT_THAT(answer.error().message, ::testing::HasSubstr("did not answer within"));
}

TEST_F(ClientTest, says_when_the_connection_breaks) {
  handler.on_admit = [](const Request&) {
    Handler::Admission admission;
    admission.streams = true;
    return admission;
  };
  handler.on_exchange = [](Exchange& exchange) {
    exchange.head(200, {});
    EXPECT_TRUE(exchange.write("part"));
    throw std::runtime_error("x");
  };
  const auto answer = client.send(call());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(answer.error().message, ::testing::HasSubstr("the connection broke"));
}

TEST_F(ClientTest, refuses_what_is_no_address) {
  for (const std::string url : {"", "localhost:", "ftp://127.0.0.1/", "http://"}) {
    Call get;
    get.url = url;
    const auto answer = client.send(get);
    ASSERT_FALSE(answer) << url;
    EXPECT_TRUE(answer.error().kind == ErrorKind::invalid || answer.error().kind == ErrorKind::unavailable);
    EXPECT_FALSE(answer.error().message.empty());
  }
}

TEST_F(ClientTest, refuses_a_header_of_two_lines) {
  auto get = call();
  get.headers.set("X", "a\r\nY: b");
  EXPECT_EQ(client.send(get).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace sluice::http
