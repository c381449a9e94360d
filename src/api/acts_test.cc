#include "api/test_house.h"

// Acts on a stage (R8) where the question says more than which stage.
namespace sluice::api {
namespace {

using pipeline::WorkKind;

const std::string kDev = "/stacks/shop/stages/dev";

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
std::string named(const std::string& deployment) { return json::serialize(json::object{{"deployment", deployment}}); }

// Pushes what fails at dev; its deployment's id.
std::string failure(House& house, pipeline::ChangeNumber change) {
  house.world.fail("dev", WorkKind::start);
  EXPECT_EQ(house.push("shop", std::to_string(change)), change);
  EXPECT_TRUE(house.until("shop", [&](const auto& s) {
    const auto& stage = s->stages[0];
    return !stage.active && stage.last && stage.last->change.number == change;
  }));
  house.world.fail("dev", WorkKind::start, false);
  return house.conductor().snapshot("shop")->stages[0].last->deployment.value;
}

TEST(Acts, R8_2_an_older_failure_is_retried_by_its_name) {
  House house;
  house.make("shop", {"dev", "prod!"});
  const auto first = failure(house, 1), second = failure(house, 2);

  auto retried = house.call("POST", kDev + "/retry", named(first));
  ASSERT_EQ(retried.status, 202) << retried.text;
  EXPECT_EQ(retried.num("change"), 1);
  EXPECT_EQ(retried.str("kind"), "retry");
  EXPECT_EQ(retried.str("repeats"), "flow");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  // The same meaning: it goes on as the check-in would have.
  EXPECT_TRUE(house.until_asks("shop", "prod", 1));

  auto again = house.call("POST", kDev + "/retry", named(first));
  EXPECT_EQ(again.status, 409);
  EXPECT_TRUE(says(again.detail(), "#1 has succeeded in dev since")) << again.detail();
  ASSERT_EQ(house.call("POST", kDev + "/retry", named(second)).status, 202);
  ASSERT_TRUE(house.until_serves("shop", "dev", 2));
}

TEST(Acts, R8_2_a_failure_that_a_newer_change_left_behind_is_not_retried) {
  House house;
  house.make("shop", {"dev"});
  const auto old = failure(house, 1);
  house.world.hold("dev", WorkKind::build);
  house.push("shop", "2");
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return s->stages[0].active.has_value(); }));
  auto busy = house.call("POST", kDev + "/retry", named(old));
  EXPECT_EQ(busy.status, 409);
  EXPECT_TRUE(says(busy.detail(), "#2 is building in dev")) << busy.detail();
  const auto active = house.conductor().snapshot("shop")->stages[0].active->id.value;
  auto running = house.call("POST", kDev + "/retry", named(active));
  EXPECT_EQ(running.status, 409);
  EXPECT_TRUE(says(running.detail(), "only a failed or cancelled one can be retried")) << running.detail();
  house.world.hold("dev", WorkKind::build, false);
  ASSERT_TRUE(house.until_serves("shop", "dev", 2));
  auto passed = house.call("POST", kDev + "/retry", named(old));
  EXPECT_EQ(passed.status, 409);
  EXPECT_TRUE(says(passed.detail(), "#2 has succeeded in dev since")) << passed.detail();
}

TEST(Acts, R8_2_a_name_that_is_none_of_this_stage_retries_nothing) {
  House house;
  house.make("shop", {"dev", "test"});
  const auto failed = failure(house, 1);
  auto got = house.call("POST", "/stacks/shop/stages/test/retry", named(failed));
  EXPECT_EQ(got.status, 404);
  EXPECT_EQ(got.detail(), failed + " was a deployment to dev of shop; retry it there");
  got = house.call("POST", kDev + "/retry", named("dep_unheardof"));
  EXPECT_EQ(got.status, 404);
  EXPECT_TRUE(says(got.detail(), "dep_unheardof")) << got.detail();
  // An id that was left empty, in a script, must not mean the newest.
  for (const char* wrong : {"", "7", "prod"}) {
    got = house.call("POST", kDev + "/retry", named(wrong));
    EXPECT_EQ(got.status, 400) << wrong;
    EXPECT_EQ(got.object().at("errors").at(0).at("field").as_string(), "deployment");
  }
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages/none/retry", "{}").status, 404);
  EXPECT_EQ(house.call("POST", kDev + "/retry", named(failed), pipeline::Role::viewer).status, 403);
  EXPECT_EQ(house.get("/stacks/shop/deployments").items().size(), 1u);
}

TEST(Acts, R8_7_where_approval_is_required_a_retry_takes_who_may_decide) {
  House house;
  house.make("shop", {"dev"});
  ASSERT_EQ(house.call("PATCH", kDev, R"({"requires_approval":true})").status, 200);
  house.push("shop", "1");
  ASSERT_TRUE(house.until_asks("shop", "dev", 1));
  house.world.fail("dev", WorkKind::start);
  auto approved = house.call("POST", kDev + "/approve", R"({"change":1})");
  ASSERT_EQ(approved.status, 202) << approved.text;
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return s->stages[0].last.has_value(); }));
  house.world.fail("dev", WorkKind::start, false);
  EXPECT_EQ(house.call("POST", kDev + "/retry", named(approved.str("id")), pipeline::Role::developer).status, 403);
  EXPECT_EQ(house.call("POST", kDev + "/retry", named(approved.str("id"))).status, 202);
  EXPECT_TRUE(house.until_serves("shop", "dev", 1));
}

TEST(Acts, R4_4_the_same_decision_twice_is_answered_with_what_it_caused) {
  House house;
  house.make("shop", {"dev", "prod!"});
  house.push("shop", "1");
  ASSERT_TRUE(house.until_asks("shop", "prod", 1));
  const std::string prod = "/stacks/shop/stages/prod";
  auto first = house.call("POST", prod + "/approve", R"({"change":1,"comment":"fine"})");
  ASSERT_EQ(first.status, 202) << first.text;
  ASSERT_TRUE(house.until_serves("shop", "prod", 1));
  // A newer deployment of another kind and change is not what it caused.
  ASSERT_EQ(house.call("POST", prod + "/redeploy").status, 202);
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return !s->stages[1].active && !s->stages[1].waiting; }));
  house.push("shop", "2");
  ASSERT_TRUE(house.until_asks("shop", "prod", 2));
  auto rejected = house.call("POST", prod + "/reject", R"({"change":2,"comment":"no"})");
  ASSERT_EQ(rejected.status, 200) << rejected.text;
  EXPECT_EQ(rejected.str("comment"), "no");
  EXPECT_EQ(rejected.num("change"), 2);
  auto again = house.call("POST", prod + "/approve", R"({"change":1})");
  EXPECT_EQ(again.status, 202) << again.text;
  EXPECT_EQ(again.num("change"), 1);
  EXPECT_EQ(again.object().at("state").as_string(), "succeeded");
}

}  // namespace
}  // namespace sluice::api
