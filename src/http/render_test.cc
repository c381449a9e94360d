#include "http/render.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Render, a_head) {
  Headers headers;
  headers.set("Content-Type", "text/plain");
  const auto head = render_head(200, headers, Framing::length, 5, true);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << head;
  EXPECT_NE(head.find(" GMT\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"), std::string::npos) << head;
  EXPECT_NE(render_head(200, {}, Framing::chunked, 0, false)
                .find("\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"),
            std::string::npos);
}

TEST(Render, leaves_out_what_would_break_the_message) {
  Headers headers;
  headers.all = {{"X", "a\r\nSet-Cookie: b"}, {"Y\n", "b"}, {"content-length", "7"}, {"Connection", "upgrade"},
                 {"Transfer-Encoding", "x"},  {"Z", "fine"}};
  const auto head = render_head(200, headers, Framing::length, 0, true);
  EXPECT_EQ(head.find("Cookie"), std::string::npos);
  EXPECT_EQ(head.find("upgrade"), std::string::npos);
  EXPECT_EQ(head.find("Transfer"), std::string::npos);
  EXPECT_EQ(head.find("7\r\n\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nZ: fine\r\nContent-Length: 0\r\n\r\n"), std::string::npos) << head;
}

TEST(Render, a_date) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Render, chunks) {
  std::string out;
  append_chunk(out, std::string(26, 'x'));
  append_chunk(out, "");
  out += kLastChunk;
  EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

}  // namespace
}  // namespace sluice::http
