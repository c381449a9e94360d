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

TEST(Scale, R7_2_what_an_instance_may_use_is_merged_and_refused_where_it_cannot_be_held) {
  House house;
  house.make("shop", {"dev"});
  EXPECT_FALSE(house.get(kDev).object().contains("resources"));
  ASSERT_EQ(house.call("PATCH", kDev, R"({"resources":{"memory":536870912}})").status, 200);
  ASSERT_EQ(house.call("PATCH", kDev, R"({"resources":{"cpu":1500}})").status, 200);
  EXPECT_EQ(json::serialize(house.get(kDev).object().at("resources")), R"({"memory":536870912,"cpu":1500})");
  EXPECT_EQ(house.get(kDev).object().at("settings_revision").as_int64(), 3);
  auto wrong = house.call("PATCH", kDev, R"({"resources":{"memory":1024,"cores":1}})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong.text, "resources.cores")) << wrong.text;
  wrong = house.call("PATCH", kDev, R"({"resources":{"memory":1024}})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong.text, "1 KB is not between 16 MB and 16384 GB")) << wrong.text;
  house.cannot_hold = "cannot be held: no cgroups";
  wrong = house.call("PATCH", kDev, R"({"resources":{"memory":268435456}})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong.text, "resources.memory")) << wrong.text;
  EXPECT_TRUE(says(wrong.text, "cannot be held: no cgroups")) << wrong.text;
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages", R"({"name":"b","resources":{"cpu":500}})").status, 400);
  ASSERT_EQ(house.call("PATCH", kDev, R"({"resources":{"memory":0,"cpu":0}})").status, 200) << "taken away it can be";
  EXPECT_FALSE(house.get(kDev).object().contains("resources"));
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

TEST(Endpoint, a_stage_has_its_own_domains_at_once_and_nobody_else_s) {
  House house;
  house.make("shop", {"dev", "prod"});
  house.make("blog", {"dev"});
  EXPECT_FALSE(house.get(kDev).object().contains("domains"));
  auto set = house.call("PATCH", kDev, R"({"domains":["shop.example.org","www.example.org"]})");
  ASSERT_EQ(set.status, 200) << set.text;
  EXPECT_FALSE(set.object().contains("deploys"));
  EXPECT_EQ(house.domains["dev"], (std::vector<std::string>{"shop.example.org", "www.example.org"}));
  EXPECT_EQ(json::serialize(house.get(kDev).object().at("domains")), R"(["shop.example.org","www.example.org"])");
  for (const std::string other : {"/stacks/shop/stages/prod", "/stacks/blog/stages/dev"}) {
    auto taken = house.call("PATCH", other, R"({"domains":["www.example.org"]})");
    EXPECT_EQ(taken.status, 400);
    EXPECT_TRUE(says(taken.text, "www.example.org is an address of dev of shop")) << taken.text;
  }
  EXPECT_EQ(house.call("POST", "/stacks/blog/stages", R"({"name":"b","domains":["www.example.org"]})").status, 400);
  EXPECT_EQ(house.call("PATCH", kDev, R"({"domains":["prod.shop.localhost"]})").status, 400);
  EXPECT_EQ(house.call("PATCH", kDev, R"({"domains":"x.example.org"})").status, 400);
  ASSERT_EQ(house.call("PATCH", kDev, R"({"domains":[]})").status, 200);
  EXPECT_TRUE(house.domains["dev"].empty());
  EXPECT_FALSE(house.get(kDev).object().contains("domains"));
  EXPECT_EQ(house.call("POST", "/stacks/blog/stages", R"({"name":"b","domains":["www.example.org"]})").status, 201);
}

TEST(Endpoint, a_domain_of_the_stage_is_given_a_certificate) {
  House house;
  house.make("shop", {"dev"});
  const auto path = kDev + "/certificates/www.example.org", pem = std::string(R"({"certificate":"c","key":"k"})");
  EXPECT_EQ(house.call("PUT", path, pem).status, 404) << "it is no domain of the stage";
  ASSERT_EQ(house.call("PATCH", kDev, R"({"domains":["shop.example.org","www.example.org"]})").status, 200);
  auto set = house.call("PUT", path, pem);
  ASSERT_EQ(set.status, 200) << set.text;
  EXPECT_EQ(json::serialize(house.get(kDev + "/certificates").object().at("items")),
            R"([{"domain":"shop.example.org"},{"domain":"www.example.org","ends_at":"1970-01-01T00:00:00.000Z"}])");
  auto wrong = house.call("PUT", path, R"({"certificate":"bad","key":"bad"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_TRUE(says(wrong.text, "is no certificate in PEM")) << wrong.text;
  EXPECT_TRUE(says(house.get("/audit").text, R"("domain":"www.example.org","fate":"given")"))
      << house.get("/audit").text;
  EXPECT_EQ(house.call("PUT", path, R"({"certificate":"c"})").status, 400);
  EXPECT_EQ(house.call("DELETE", path, "").status, 204);
  EXPECT_TRUE(house.certificates.empty());
  auto& standing = house.certificates["shop.example.org"];
  standing.error = "refused";
  standing.next_try = Time{};
  const auto renew = kDev + "/certificates/shop.example.org/renew";
  const auto asked = house.call("POST", renew, "");
  EXPECT_EQ(asked.status, 202) << asked.text;
  EXPECT_EQ(json::serialize(asked.object()),
            R"({"domain":"shop.example.org","error":"refused","next_try_at":"1970-01-01T00:00:00.000Z"})");
  EXPECT_EQ(house.renewed, (std::vector<std::string>{"shop.example.org"}));
  EXPECT_EQ(house.call("POST", kDev + "/certificates/x.example.org/renew", "").status, 404);
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
