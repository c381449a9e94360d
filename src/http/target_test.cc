#include "http/target.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/utf8.h"

namespace sluice::http {
namespace {

TEST(Target, is_decoded_once) {
  const auto target = parse_target("/stacks/a%20b/%E2%82%AC%2525?name=a+b%26c&empty=&bare&%6B=%3D=");
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->path, "/stacks/a b/\u20ac%25");
  EXPECT_EQ(target->query,
            (std::map<std::string, std::string>{{"name", "a b&c"}, {"empty", ""}, {"bare", ""}, {"k", "=="}}));
  EXPECT_EQ(target->raw_query, "name=a+b%26c&empty=&bare&%6B=%3D=");
}

TEST(Target, of_every_harmless_form_is_taken) {
  EXPECT_EQ(parse_target("/")->path, "/");
  EXPECT_EQ(parse_target("/a/")->path, "/a/");
  EXPECT_EQ(parse_target("/a+b")->path, "/a+b");
  EXPECT_EQ(parse_target("/...a/.well-known")->path, "/...a/.well-known");
  EXPECT_EQ(parse_target("/git/shop.git/info/refs?service=git-upload-pack")->query["service"], "git-upload-pack");
  EXPECT_TRUE(parse_target("/a?")->query.empty());
  EXPECT_EQ(parse_target("/a?b=1&")->query.size(), 1u);
  EXPECT_EQ(parse_target("/a?x=/../%2F?")->query["x"], "/../\x2f?");
}

struct Refused {
  std::string target, word;
};
class RefusedTarget : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedTarget, is_refused_in_words) {
  const auto target = parse_target(GetParam().target);
  ASSERT_FALSE(target) << target->path;
  EXPECT_EQ(target.error().kind, ErrorKind::invalid);
  EXPECT_NE(target.error().message.find(GetParam().word), std::string::npos) << target.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Each, RefusedTarget,
    ::testing::Values(Refused{"", "begin with '/'"}, Refused{"*", "begin with '/'"}, Refused{"a/b", "begin with '/'"},
                      Refused{"http://host/", "begin with '/'"}, Refused{"/a%", "hexadecimal"},
                      Refused{"/a%2", "hexadecimal"}, Refused{"/a%zz", "hexadecimal"}, Refused{"/a%%20", "hexadecimal"},
                      Refused{"/a%2Fb", "slash"}, Refused{"/a%2fb", "slash"}, Refused{"/a%00b", "control"},
                      Refused{"/a%0ab", "control"}, Refused{"/a%7f", "control"}, Refused{"//", "empty segment"},
                      Refused{"/a//b", "empty segment"}, Refused{"/a/./b", "'.' or '..'"},
                      Refused{"/a/../b", "'.' or '..'"}, Refused{"/a/..", "'.' or '..'"}, Refused{"/.", "'.' or '..'"},
                      Refused{"/%2e%2E/x", "'.' or '..'"}, Refused{"/a/%2e./x", "'.' or '..'"},
                      Refused{"/%c0%af", "UTF-8"}, Refused{"/%ed%a0%80", "UTF-8"}, Refused{"/%ff", "UTF-8"},
                      Refused{"/%e2%82", "UTF-8"}, Refused{"/a b", "percent-encoded"},
                      Refused{"/a\tb", "percent-encoded"}, Refused{"/a#b", "percent-encoded"},
                      Refused{"/a\\b", "percent-encoded"}, Refused{"/\xe2\x82\xac", "percent-encoded"},
                      Refused{"/a?b=\x01", "percent-encoded"}, Refused{"/a?b=1&b=2", "'b' twice"},
                      Refused{"/a?b=1&%62=2", "'b' twice"}, Refused{"/a?b&b", "'b' twice"},
                      Refused{"/a?=1", "without a name"}, Refused{"/a?b=%", "hexadecimal"}, Refused{"/a?b=%00", "NUL"},
                      Refused{"/a?b%0a=1", "control"}, Refused{"/a?b=%ff", "UTF-8"}));

TEST(Target, whatever_is_taken_is_harmless) {
  rc::check([] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "/", ".", "..", "%2e", "%2f", "%5c", "%00", "a", "b", "%", "%e2%82%ac", "%ff", "?", "=", "&", "+", "//"));
    std::string text = "/";
    for (const auto& piece : pieces) text += piece;
    const auto target = parse_target(text);
    if (!target) return;
    const std::string path = target->path + "/";
    RC_ASSERT(path.find("/../") == std::string::npos);
    RC_ASSERT(path.find("/./") == std::string::npos);
    RC_ASSERT(target->path.find("//") == std::string::npos);
    RC_ASSERT(is_utf8(target->path));
    RC_ASSERT(target->path.find('\0') == std::string::npos);
  });
}

}  // namespace
}  // namespace sluice::http
