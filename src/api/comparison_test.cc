#include <gtest/gtest.h>

#include "api/test_house.h"

// Two deployments to one stage, side by side.
namespace sluice::api {
namespace {

std::string newest(House& house, const std::string& stage) {
  auto listed = house.get("/stacks/shop/deployments?limit=1&stage=" + stage);
  return std::string(listed.object().at("items").at(0).at("id").as_string());
}

TEST(Comparison, a_deployment_is_compared_with_what_ran_before_it_or_another_of_its_stage) {
  House house;
  house.make("shop", {"dev"});
  house.push("shop", "1", "first");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  const auto first = newest(house, "dev");
  ASSERT_EQ(
      house.call("PATCH", "/stacks/shop/stages/dev/variables/runtime", R"({"KEY":{"value":"s3cret","secret":true}})")
          .status,
      200);
  house.push("shop", "2", "second");
  ASSERT_TRUE(house.until_serves("shop", "dev", 2));
  const auto second = newest(house, "dev");

  auto alone = house.get("/deployments/" + first + "/comparison");
  ASSERT_EQ(alone.status, 200) << alone.text;
  EXPECT_FALSE(alone.object().contains("with"));

  auto forth = house.get("/deployments/" + second + "/comparison?with=" + first);
  ASSERT_EQ(forth.status, 200) << forth.text;
  EXPECT_EQ(forth.object().at("deployment").at("id").as_string(), second);
  EXPECT_EQ(forth.object().at("with").at("id").as_string(), first);
  EXPECT_EQ(forth.str("direction"), "forward");
  EXPECT_EQ(forth.num("total"), 1);
  EXPECT_EQ(forth.object().at("commits").at(0).at("message").as_string().subview(0, 6), "second");
  EXPECT_EQ(forth.object().at("files").at("total").to_number<int>(), 1);
  EXPECT_EQ(json::serialize(forth.object().at("settings")), R"(["runtime/KEY"])");
  EXPECT_EQ(forth.text.find("s3cret"), std::string::npos);

  auto before = house.get("/deployments/" + second + "/comparison");
  ASSERT_EQ(before.status, 200) << before.text;
  EXPECT_EQ(before.object().at("with").at("stage").as_string(), "dev");
  auto back = house.get("/deployments/" + first + "/comparison?with=" + second);
  EXPECT_EQ(back.str("direction"), "back");
  EXPECT_EQ(back.num("dropped_total"), 1);
}

TEST(Comparison, only_with_a_deployment_to_the_same_stage) {
  House house;
  house.make("shop", {"dev", "prod"});
  house.push("shop", "1", "first");
  ASSERT_TRUE(house.until_serves("shop", "prod", 1));
  const auto one = newest(house, "dev");
  auto other = house.get("/deployments/" + one + "/comparison?with=" + newest(house, "prod"));
  EXPECT_EQ(other.status, 400) << other.text;
  EXPECT_NE(other.detail().find("dev"), std::string::npos) << other.text;
  EXPECT_EQ(house.get("/deployments/" + one + "/comparison?with=dep_none").status, 400);
  EXPECT_EQ(house.get("/deployments/dep_none/comparison").status, 404);
}

}  // namespace
}  // namespace sluice::api
