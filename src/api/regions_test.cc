#include <gtest/gtest.h>

#include "api/test_house.h"

namespace sluice::api {
namespace {

using pipeline::Role;

TEST(Regions, are_added_listed_and_removed_by_an_admin) {
  House house;
  auto made = house.call("POST", "/regions", R"({"name":"west","platform":"local","gateway":"127.0.0.2:8081"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.headers.get("Location"), "/api/v1/regions/west");
  EXPECT_EQ(made.str("gateway"), "127.0.0.2:8081");
  EXPECT_NE(made.str("notice").find("curl --connect-to ::127.0.0.2:8081"), std::string::npos) << made.text;
  ASSERT_EQ(house.call("POST", "/regions", R"({"name":"east"})").status, 201);
  EXPECT_EQ(house.regions.back().region.address, "127.0.0.1");
  EXPECT_EQ(house.regions.back().region.port, 0);
  EXPECT_EQ(house.get("/regions").items().size(), 3u);
  EXPECT_EQ(house.call("POST", "/regions", R"({"name":"south"})", Role::developer).status, 403);
  EXPECT_EQ(house.call("DELETE", "/regions/east", "", Role::developer).status, 403);
  EXPECT_EQ(house.call("DELETE", "/regions/east").status, 204);
  EXPECT_EQ(house.call("DELETE", "/regions/east").status, 404);
  EXPECT_EQ(house.call("DELETE", "/regions/local").status, 409);
}

TEST(Regions, wrong_words_are_refused_at_their_field) {
  House house;
  for (const char* gateway :
       {"127.0.0.1", "localhost:80", "127.0.0.1:", "127.0.0.1:80x", "127.0.0.1:70000", "[::1]:80"}) {
    auto got = house.call("POST", "/regions", json::serialize(json::object{{"name", "west"}, {"gateway", gateway}}));
    EXPECT_EQ(got.status, 400) << gateway;
    EXPECT_NE(got.text.find("must be an IPv4 address of this machine and a port"), std::string::npos) << got.text;
  }
  EXPECT_EQ(house.call("POST", "/regions", R"({"name":"We st"})").status, 400);
  EXPECT_EQ(house.call("POST", "/regions", R"({"name":"west","platform":"moon"})").status, 400);
  EXPECT_EQ(house.call("POST", "/regions", R"({"name":"west","gateway_tls":70000})").status, 400);
  EXPECT_EQ(house.call("POST", "/regions", R"({"name":"west","gateway":"127.0.0.1:81","gateway_tls":81})").status, 400);
  EXPECT_EQ(house.regions.size(), 1u);
}

TEST(Regions, r7_6_a_stage_is_in_one_that_is_there_and_stays_in_it) {
  House house;
  house.make("shop", {"dev"});
  auto lost = house.call("POST", "/stacks/shop/stages", R"({"name":"west","region":"west"})");
  EXPECT_EQ(lost.status, 400);
  EXPECT_NE(lost.text.find(R"(there is no region called \"west\"; there is local)"), std::string::npos) << lost.text;
  ASSERT_EQ(house.call("POST", "/regions", R"({"name":"west"})").status, 201);
  auto made = house.call("POST", "/stacks/shop/stages", R"({"name":"west","region":"west"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.str("region"), "west");
  EXPECT_EQ(house.call("PATCH", "/stacks/shop/stages/west", R"({"region":"local"})").status, 400);
  EXPECT_EQ(house.get("/regions").items().at(1).at("stages").as_int64(), 1);

  auto used = house.call("DELETE", "/regions/west");
  EXPECT_EQ(used.status, 409);
  EXPECT_EQ(used.detail(), "west is in use: shop/west is there; delete it first");
  ASSERT_EQ(house.call("DELETE", "/stacks/shop/stages/west?confirm=delete").status, 202);
  ASSERT_TRUE(house.until("shop", [](const auto& stack) { return stack->leaving.empty(); }));
  EXPECT_EQ(house.call("DELETE", "/regions/west").status, 204);
}

TEST(Regions, one_that_is_down_says_why) {
  House house;
  house.regions.push_back({{"west", "127.0.0.1", 8081}, "its port is taken", ""});
  const auto got = house.get("/regions");
  EXPECT_EQ(got.items().at(1).at("state").as_string(), "down");
  EXPECT_EQ(got.items().at(1).at("problem").as_string(), "its port is taken");
  EXPECT_EQ(got.items().at(0).at("state").as_string(), "up");
}

}  // namespace
}  // namespace sluice::api
