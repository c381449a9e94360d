#include "dashboard/dashboard.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::dashboard {
namespace {

constexpr std::array<File, 3> kFiles{{
    {"/assets/index-abc.js", "text/javascript; charset=utf-8", "d1", "plain script", "zipped"},
    {"/icon.svg", "image/svg+xml", "d2", "<svg/>", ""},
    {"/index.html", "text/html; charset=utf-8", "d3", "<!doctype html>", ""},
}};

http::Response get(const std::string& path, const std::string& name = "X-None", const std::string& value = "",
                   std::span<const File> files = kFiles) {
  http::Request request;
  request.method = "GET";
  request.target = request.path = path;
  request.headers.set(name, value);
  return Dashboard(files).answer(request);
}

TEST(Dashboard, an_asset_is_kept_for_good_and_compressed_where_that_is_taken) {
  auto plain = get("/assets/index-abc.js");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.body, "plain script");
  EXPECT_EQ(plain.headers.get("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(plain.headers.get("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(plain.headers.get("Vary"), "Accept-Encoding");
  EXPECT_FALSE(plain.headers.get("Content-Encoding"));
  auto zipped = get("/assets/index-abc.js", "Accept-Encoding", "gzip, deflate, br");
  EXPECT_EQ(zipped.body, "zipped");
  EXPECT_EQ(zipped.headers.get("Content-Encoding"), "gzip");
  EXPECT_NE(zipped.headers.get("ETag"), plain.headers.get("ETag"));
}

TEST(Dashboard, every_page_has_an_address) {
  for (auto path : {"/", "/index.html", "/sign-in", "/stacks/shop", "/stacks/shop/stages/dev/logs", "/favicon.ico"}) {
    auto got = get(path, "Accept-Encoding", "gzip");
    EXPECT_EQ(got.status, 200) << path;
    EXPECT_EQ(got.body, "<!doctype html>") << path;
    EXPECT_EQ(got.headers.get("Content-Type"), "text/html; charset=utf-8") << path;
    EXPECT_EQ(got.headers.get("Cache-Control"), "no-cache") << path;
    EXPECT_FALSE(got.headers.get("Content-Encoding")) << path;
  }
  EXPECT_EQ(get("/icon.svg").body, "<svg/>");
  EXPECT_EQ(get("/icon.svg").headers.get("Cache-Control"), "no-cache");
}

TEST(Dashboard, an_asset_of_another_version_is_no_page) {
  auto got = get("/assets/index-old.js");
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.headers.get("Content-Type"), "application/problem+json");
  EXPECT_NE(got.headers.get("Cache-Control"), "public, max-age=31536000, immutable");
}

TEST(Dashboard, what_the_browser_has_is_not_sent_again) {
  auto first = get("/");
  auto tag = first.headers.get("ETag").value_or("");
  ASSERT_FALSE(tag.empty());
  auto again = get("/stacks/shop", "If-None-Match", tag);
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.headers.get("ETag"), tag);
  EXPECT_EQ(again.headers.get("Cache-Control"), "no-cache");
  EXPECT_EQ(get("/", "If-None-Match", "\"other\"").status, 200);
}

TEST(Dashboard, nothing_but_our_own_files_runs_in_a_page) {
  for (auto path : {"/", "/assets/index-abc.js", "/assets/none.js", "/icon.svg"}) {
    auto got = get(path);
    auto policy = got.headers.get("Content-Security-Policy").value_or("");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; ")) << path << policy;
    for (auto part : {"connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"})
      EXPECT_NE(policy.find(part), std::string::npos) << path << part;
    EXPECT_EQ(policy.find("http"), std::string::npos) << policy;
    EXPECT_EQ(got.headers.get("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(got.headers.get("Referrer-Policy"), "no-referrer") << path;
    EXPECT_TRUE(got.headers.get("Permissions-Policy")) << path;
  }
}

TEST(Dashboard, a_program_built_without_it_says_so) {
  EXPECT_TRUE(Dashboard(kFiles).is_there());
  EXPECT_FALSE(Dashboard({}).is_there());
  auto got = get("/stacks/shop", "X-None", "", {});
  EXPECT_EQ(got.status, 404);
  EXPECT_NE(got.body.find("built without its dashboard"), std::string::npos);
  EXPECT_TRUE(got.headers.get("Content-Security-Policy"));
}

TEST(Dashboard, accept_encoding_is_read_as_it_is_meant) {
  for (auto yes : {"gzip", "deflate, gzip;q=0.5", "GZIP", "br;q=1.0, *;q=0.1", "gzip ; q=1", "x-gzip", "*"})
    EXPECT_TRUE(takes_gzip(yes)) << yes;
  for (auto no : {"", "br", "gzip;q=0", "gzip;q=0.000, *", "identity", "*;q=0", "gzipped", ",,;"})
    EXPECT_FALSE(takes_gzip(no)) << no;
}

TEST(Dashboard, if_none_match_is_a_list) {
  for (auto yes : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "*", "\"b\",W/\"a\""})
    EXPECT_TRUE(names_tag(yes, "\"a\"")) << yes;
  for (auto no : {"", "a", "\"b\"", "\"a", "W/"}) EXPECT_FALSE(names_tag(no, "\"a\"")) << no;
}

}  // namespace
}  // namespace sluice::dashboard
