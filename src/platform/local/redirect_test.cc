#include "platform/local/redirect.h"

#include <gtest/gtest.h>

namespace sluice::platform::local {
namespace {

std::optional<std::string> to(const std::string& location, const std::string& from = "/a/b?q=1",
                              const std::string& status = "302 Found") {
  return redirected_to("HTTP/1.1 " + status + "\r\nlocation: " + location + " \r\nX: y\r\n\r\n",
                       "dev.shop.localhost:80", from);
}

TEST(Redirect, follows_what_stays_in_the_app) {
  EXPECT_EQ(to("/login?next=/"), "/login?next=/");
  EXPECT_EQ(to("/x#part"), "/x");
  EXPECT_EQ(to("http://DEV.shop.localhost:80/x"), "/x");
  EXPECT_EQ(to("http://dev.shop.localhost:80"), "/");
  EXPECT_EQ(to("http://dev.shop.localhost:80?x"), "/?x");
  EXPECT_EQ(to("c"), "/a/c");
  EXPECT_EQ(to("?page=2"), "/a/b?page=2");
  EXPECT_EQ(to(""), "/a/b");
  EXPECT_EQ(to("/x", "/", "308 Permanent Redirect"), "/x");
}

TEST(Redirect, leaves_alone_what_leads_elsewhere) {
  EXPECT_EQ(to("https://dev.shop.localhost:80/"), std::nullopt);
  EXPECT_EQ(to("http://dev.shop.localhost:8080/"), std::nullopt);
  EXPECT_EQ(to("//cdn.example.org/x"), std::nullopt);
  EXPECT_EQ(to("mailto:ann@example.org"), std::nullopt);
  EXPECT_EQ(to("../up"), std::nullopt);
  EXPECT_EQ(to("/a b"), std::nullopt);
  EXPECT_EQ(to("/x", "/", "200 OK"), std::nullopt);
  EXPECT_EQ(to("/x", "/", "304 Not Modified"), std::nullopt);
  EXPECT_EQ(redirected_to("HTTP/1.1 302 Found\r\n\r\n", "h", "/"), std::nullopt);
}

TEST(Redirect, of_a_page_that_sets_a_cookie_may_come_back) {
  EXPECT_EQ(redirected_to("HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: seen=1\r\n\r\n", "h", "/"), std::nullopt);
}

}  // namespace
}  // namespace sluice::platform::local
