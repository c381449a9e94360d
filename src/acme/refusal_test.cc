#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/client.h"

namespace sluice::acme {
namespace {

const std::string kWhere = "https://acme.example.org/dir";

TEST(Refusal, the_authority_s_own_words_are_told_and_what_to_do) {
  const std::string said =
      "uacme: challenge https://acme.example.org/chal/1 failed with status invalid\n"
      "uacme: the server reported the following error:\n"
      "{\n"
      "    \"type\": \"urn:ietf:params:acme:error:unauthorized\",\n"
      "    \"detail\": \"Non-200 status code from HTTP: http://shop.example.org/x returned {404}.\",\n"
      "    \"status\": 403\n"
      "}\n"
      "uacme: failed to authorize order at https://acme.example.org/order/2\n";
  EXPECT_EQ(refusal("shop.example.org", kWhere, said),
            "the certificate authority refused shop.example.org: Non-200 status code from HTTP: "
            "http://shop.example.org/x returned {404}; http://shop.example.org must lead to this server's gateway, on "
            "port 80");
}

TEST(Refusal, an_authority_out_of_reach_is_named_with_the_reason) {
  const std::string said =
      "uacme: curl_get: GET https://acme.example.org/dir failed: Couldn't connect to server\n"
      "uacme: curl_get: waiting 5 seconds before retrying\n"
      "uacme: acme_get: curl_get failed\n"
      "uacme: failed to fetch directory at https://acme.example.org/dir\n";
  EXPECT_EQ(refusal("shop.example.org", kWhere, said),
            "the certificate authority at https://acme.example.org/dir gave nothing for shop.example.org: Couldn't "
            "connect to server");
}

TEST(Refusal, without_words_it_is_one_sentence_still) {
  EXPECT_EQ(refusal("a.example.org", kWhere, ""),
            "the certificate authority at https://acme.example.org/dir gave nothing for a.example.org");
  const auto broken = refusal("a.example.org", kWhere, "uacme: x\n{\n\"detail\": \xff\n}\n");
  EXPECT_THAT(broken, testing::EndsWith("a.example.org: x"));
  const auto lines = refusal("a.example.org", kWhere, "uacme: y\n{\n\"detail\": \"one\\ntwo\"\n}\n");
  EXPECT_EQ(lines, "the certificate authority refused a.example.org: one two");
}

}  // namespace
}  // namespace sluice::acme
