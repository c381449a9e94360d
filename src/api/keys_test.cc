#include "api/test_house.h"
#include "base/digest.h"

// The endpoint's settings and the keys of a stage as a caller sees them (R7.2, R7.4).
namespace sluice::api {
namespace {

const std::string kDev = "/stacks/shop/stages/dev";

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Endpoint, R7_4_limits_are_merged_and_shown_whole) {
  House house;
  house.make("shop", {"dev"});
  EXPECT_EQ(json::serialize(house.get(kDev).object().at("limits")),
            R"({"rate":0,"burst":0,"body_bytes":0,"answer_seconds":60})");
  ASSERT_EQ(house.call("PATCH", kDev, R"({"limits":{"rate":5,"body_bytes":1048576}})").status, 200);
  ASSERT_EQ(house.call("PATCH", kDev, R"({"limits":{"burst":10}})").status, 200);
  EXPECT_EQ(json::serialize(house.get(kDev).object().at("limits")),
            R"({"rate":5,"burst":10,"body_bytes":1048576,"answer_seconds":60})");
  auto wrong = house.call("PATCH", kDev, R"({"limits":{"rate":-1,"colour":1}})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong.text, "limits.rate")) << wrong.text;
  EXPECT_TRUE(says(wrong.text, "limits.colour")) << wrong.text;
  wrong = house.call("PATCH", kDev, R"({"endpoint":"load_balancer"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong.detail(), "only the endpoint api_gateway has limits")) << wrong.detail();
}

TEST(Endpoint, R7_4_a_load_balancer_has_no_limits_and_may_be_sticky) {
  House house;
  house.make("shop", {"dev"});
  auto got = house.call("POST", "/stacks/shop/stages", R"({"name":"b","endpoint":"load_balancer","sticky":true})");
  ASSERT_EQ(got.status, 201) << got.text;
  EXPECT_FALSE(got.object().contains("limits"));
  EXPECT_TRUE(got.object().at("sticky").as_bool());
}

TEST(Endpoint, R7_4_what_is_cached_is_said_where_caching_is_on) {
  House house;
  house.make("shop", {"dev"});
  EXPECT_FALSE(house.get(kDev).object().contains("cache"));
  EXPECT_EQ(house.call("DELETE", kDev + "/cache", "").status, 409);
  ASSERT_EQ(house.call("PATCH", kDev, R"({"caching":true,"cache":{"paths":["/assets/"]}})").status, 200);
  EXPECT_EQ(json::serialize(house.get(kDev).object().at("cache")), R"({"seconds":60,"paths":["/assets/"]})");
  EXPECT_EQ(house.call("PATCH", kDev, R"({"cache":{"paths":"/a"}})").status, 400);
  EXPECT_EQ(house.call("PATCH", kDev, R"({"cache":{"paths":["/a b"]}})").status, 400);
  EXPECT_EQ(house.call("DELETE", kDev + "/cache", "").status, 204);
  EXPECT_EQ(house.purged, std::vector<std::string>{"dev"});
  EXPECT_TRUE(says(house.get("/audit").text, "CachePurged"));
}

TEST(Endpoint, a_key_is_shown_once_and_told_to_the_platform) {
  House house;
  house.make("shop", {"dev"});
  auto made = house.call("POST", kDev + "/keys", R"({"name":"phone"})");
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string key(made.object().at("key").as_string());
  EXPECT_TRUE(says(std::string(made.object().at("notice").as_string()), "dev is public"));
  EXPECT_EQ(house.keys, std::vector<std::string>{"phone " + sha256_hex(key)});
  auto list = house.get(kDev + "/keys");
  EXPECT_EQ(list.items().size(), 1u);
  for (const auto& text : {list.text, house.get(kDev).text, house.get("/audit").text}) {
    EXPECT_EQ(text.find(key), std::string::npos);
    EXPECT_EQ(text.find(sha256_hex(key)), std::string::npos);
  }
  EXPECT_EQ(house.call("POST", kDev + "/keys", R"({"name":"phone"})").status, 409);
  EXPECT_EQ(house.call("POST", kDev + "/keys", R"({"name":"a b"})").status, 400);
  EXPECT_EQ(house.call("DELETE", kDev + "/keys/phone", "").status, 204);
  EXPECT_TRUE(house.keys.empty());
  EXPECT_EQ(house.call("DELETE", kDev + "/keys/phone", "").status, 404);
  EXPECT_EQ(house.get(kDev).object().at("settings_revision").as_int64(), 1) << "no deployment";
}

TEST(Endpoint, R8_7_keys_of_a_gated_stage_are_an_admins) {
  House house;
  house.make("shop", {"dev"});
  ASSERT_EQ(house.call("POST", "/stacks/shop/stages", R"({"name":"prod","requires_approval":true})").status, 201);
  const auto developer = pipeline::Role::developer;
  EXPECT_EQ(house.call("POST", kDev + "/keys", R"({"name":"x"})", developer).status, 201);
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages/prod/keys", R"({"name":"x"})", developer).status, 403);
  EXPECT_EQ(house.call("GET", "/stacks/shop/stages/prod/keys", "", pipeline::Role::viewer).status, 200);
}

}  // namespace
}  // namespace sluice::api
