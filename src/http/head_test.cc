#include "http/head.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Head, is_read) {
  const auto head = parse_head(
      "POST /a?b HTTP/1.1\r\nHost: localhost:7420\r\nX-Odd:\t  a \t b \t\r\nContent-Length: 12\r\nExpect: "
      "100-Continue\r\n"
      "Connection: keep-alive\r\nX-Empty:\r\nX-High: caf\xc3\xa9\r\n\r\n");
  ASSERT_TRUE(head) << head.error().detail;
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->target, "/a?b");
  EXPECT_EQ(head->minor, 1);
  EXPECT_EQ(head->headers.get("x-odd"), "a \t b");
  EXPECT_EQ(head->headers.get("X-EMPTY"), "");
  EXPECT_EQ(head->length, 12u);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_TRUE(head->has_body());
}

TEST(Head, says_whether_the_client_closes) {
  EXPECT_FALSE(parse_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: te, Close\r\n\r\n")->keep_alive);
  EXPECT_TRUE(parse_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n")->keep_alive);
  EXPECT_EQ(parse_head("GET / HTTP/1.0\r\n\r\n")->minor, 0);
}

TEST(Head, takes_chunked_in_any_case) {
  EXPECT_TRUE(parse_head("PUT / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n")->chunked);
}

struct Refused {
  std::string rest;  // after "GET / HTTP/1.1"
  int status;
  std::string word;
};
class RefusedHead : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedHead, is_refused_in_words) {
  const auto& [text, status, word] = GetParam();
  const auto head = parse_head(text.starts_with("\r\n") ? "GET / HTTP/1.1" + text : text);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().status, status) << head.error().detail;
  EXPECT_NE(head.error().detail.find(word), std::string::npos) << head.error().detail;
}

using namespace std::string_literals;
INSTANTIATE_TEST_SUITE_P(
    Each, RefusedHead,
    ::testing::Values(
        Refused{"\r\n\r\n", 400, "Host is missing"},
        Refused{"\r\nHost: a\r\nHost: a\r\n\r\n", 400, "Host is given twice"},
        Refused{"\r\nHost:\r\n\r\n", 400, "not a host"}, Refused{"\r\nHost: a b\r\n\r\n", 400, "not a host"},
        Refused{"\r\nHost: a,b\r\n\r\n", 400, "not a host"}, Refused{"\r\nHost: a/b\r\n\r\n", 400, "not a host"},
        Refused{"\r\nHost: u@a\r\n\r\n", 400, "not a host"},
        Refused{"\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 400, "twice"},
        Refused{"\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", 400, "not a number"},
        Refused{"\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400, "not a number"},
        Refused{"\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400, "not a number"},
        Refused{"\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400, "not a number"},
        Refused{"\r\nHost: a\r\nContent-Length:\r\n\r\n", 400, "not a number"},
        Refused{"\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413, "larger"},
        Refused{"\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, "exactly chunked"},
        Refused{"\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400, "exactly chunked"},
        Refused{"\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400, "exactly chunked"},
        Refused{"\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 400, "exactly chunked"},
        Refused{"\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "twice"},
        Refused{"\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400, "both"},
        Refused{"\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "both"},
        Refused{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "HTTP/1.0"},
        Refused{"\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400, "folded"}, Refused{"\r\n Host: a\r\n\r\n", 400, "folded"},
        Refused{"\r\nHost : a\r\n\r\n", 400, "malformed"}, Refused{"\r\nHost: a\r\nnonsense\r\n\r\n", 400, "malformed"},
        Refused{"\r\nHost: a\r\n: b\r\n\r\n", 400, "malformed"},
        Refused{"\r\nHost: a\r\nX\x01: b\r\n\r\n", 400, "malformed"},
        Refused{"\r\nHost: a\r\nX: a\0b\r\n\r\n"s, 400, "NUL"},
        Refused{"\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "lone CR"},
        Refused{"\r\nHost: a\r\nX: a\nY: b\r\n\r\n", 400, "lone"},
        Refused{"\r\nHost: a\r\nX: a\x01\r\n\r\n", 400, "control"},
        Refused{"\r\nHost: a\r\nX: a\x7f\r\n\r\n", 400, "control"},
        Refused{"\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, "100-continue"},
        Refused{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"},
        Refused{"PRI * HTTP/2.0\r\n\r\n", 505, "HTTP/1.1"},
        Refused{"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"},
        Refused{"GET / http/1.1\r\nHost: a\r\n\r\n", 400, "version"},
        Refused{"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "version"},
        Refused{"GET /\r\nHost: a\r\n\r\n", 400, "request line"}, Refused{"GET\r\n\r\n", 400, "request line"},
        Refused{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "space"},
        Refused{"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "space"},
        Refused{"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method"},
        Refused{"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method"},
        Refused{" / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "method"},
        Refused{"\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400, "before its end"}));

TEST(Head, has_a_hundred_fields_at_most) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < kMaxFields; ++i) text += "X: y\r\n";
  EXPECT_TRUE(parse_head(text + "\r\n"));
  const auto head = parse_head(text + "X: y\r\n\r\n");
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().status, 431);
}

TEST(Head, its_end_is_found) {
  EXPECT_EQ(find_head("").value(), std::nullopt);
  EXPECT_EQ(find_head("GET / HTTP/1.1\r\nHost").value(), std::nullopt);
  EXPECT_EQ(find_head("GET / HTTP/1.1\r\nHost: a\r\n\r").value(), std::nullopt);
  EXPECT_EQ(find_head("GET / HTTP/1.1\r\n\r\nbody\nof anything").value(), 18u);
}

TEST(Head, a_bare_line_end_is_refused_before_the_head_is_whole) {
  EXPECT_EQ(find_head("GET / HTTP/1.1\nHost").error().status, 400);
  EXPECT_EQ(find_head("\n").error().status, 400);
}

TEST(Head, of_more_than_32_kib_is_refused) {
  const std::string start = "GET / HTTP/1.1\r\nX: ";
  EXPECT_TRUE(find_head(start + std::string(kMaxHead - start.size(), 'a')));
  EXPECT_EQ(find_head(start + std::string(kMaxHead, 'a')).error().status, 431);
  EXPECT_EQ(find_head(start + std::string(kMaxHead, 'a') + "\r\n\r\n").error().status, 431);
}

TEST(Headers, are_found_in_any_case_and_replaced) {
  Headers headers;
  headers.set("Content-Type", "a");
  headers.set("content-type", "b");
  EXPECT_EQ(headers.get("CONTENT-TYPE"), "b");
  EXPECT_EQ(headers.all.size(), 1u);
  EXPECT_EQ(headers.get("other"), std::nullopt);
}

}  // namespace
}  // namespace sluice::http
