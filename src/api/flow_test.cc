#include "api/test_house.h"

// The flow of section 3 to 8 as a caller sees it. What the rules decide has its tests beside the rules; here is that
// the question and the answer arrive whole.
namespace sluice::api {
namespace {

using pipeline::WorkKind;

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Flow, a_check_in_goes_to_dev_asks_at_prod_and_goes_live_when_approved) {
  House house;
  auto made = house.call("POST", "/stacks", R"({"name":"shop"})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.str("git_url"), "http://localhost:7420/git/shop.git");
  EXPECT_EQ(made.headers.get("Location"), "/api/v1/stacks/shop");
  auto added = house.call("POST", "/stacks/shop/stages", R"({"name":"prod","requires_approval":true})");
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(added.num("position"), 2);
  EXPECT_TRUE(says(added.str("notice"), "asks for approval"));

  ASSERT_EQ(house.push("shop", "1", "first\n\nwith a body"), 1);
  ASSERT_TRUE(house.until_asks("shop", "prod", 1));
  auto prod = house.get("/stacks/shop/stages/prod");
  EXPECT_EQ(prod.str("state"), "empty");
  EXPECT_EQ(prod.object().at("approval").at("commits").to_number<int>(), 1);
  EXPECT_EQ(prod.object().at("approval").at("message").as_string(), "first");

  auto approved = house.call("POST", "/stacks/shop/stages/prod/approve", R"({"change":1,"comment":"fine"})");
  ASSERT_EQ(approved.status, 202) << approved.text;
  EXPECT_EQ(approved.num("change"), 1);
  ASSERT_TRUE(house.until_serves("shop", "prod", 1));
  prod = house.get("/stacks/shop/stages/prod");
  EXPECT_EQ(prod.str("state"), "live");
  EXPECT_EQ(prod.str("url"), "http://prod.shop.localhost:8080");
  EXPECT_EQ(prod.object().at("current").at("deployment").as_string(), approved.str("id"));

  auto deployment = house.get("/deployments/" + approved.str("id"));
  EXPECT_EQ(deployment.str("state"), "succeeded");
  EXPECT_GE(deployment.object().at("steps").as_array().size(), 5u);
  auto change = house.get("/stacks/shop/changes/1");
  EXPECT_EQ(change.str("message").substr(0, 5), "first");
  ASSERT_EQ(change.object().at("stages").as_array().size(), 2u);
  EXPECT_EQ(change.object().at("stages").at(1).at("state").as_string(), "succeeded");
  EXPECT_EQ(house.get("/stacks/shop/changes?commit=" + change.str("commit").substr(0, 8)).items().size(), 1u);
  EXPECT_EQ(house.get("/stacks/shop/changes?commit=xyz").status, 400);
  EXPECT_EQ(house.get("/stacks/shop/changes/2").status, 404);
  EXPECT_EQ(house.get("/stacks/shop/deployments?stage=prod").items().size(), 1u);
  EXPECT_EQ(house.get("/approvals?state=approved").items().at(0).at("comment").as_string(), "fine");
  EXPECT_EQ(house.get("/approvals?state=pending").items().size(), 0u);
  EXPECT_EQ(house.get("/approvals?state=lost").status, 400);
  EXPECT_GT(house.get("/audit").items().size(), 5u);
  EXPECT_EQ(house.get("/audit?stack=other").items().size(), 0u);
}

TEST(Flow, R4_4_a_decision_on_what_no_longer_waits_is_told_its_fate) {
  House house;
  house.make("shop", {"dev", "prod!"});
  house.push("shop", "1");
  ASSERT_TRUE(house.until_asks("shop", "prod", 1));
  house.push("shop", "2");
  ASSERT_TRUE(house.until_asks("shop", "prod", 2));
  auto got = house.call("POST", "/stacks/shop/stages/prod/approve", R"({"change":1})");
  EXPECT_EQ(got.status, 409);
  EXPECT_TRUE(says(got.detail(), "2")) << got.detail();
  ASSERT_EQ(house.call("POST", "/stacks/shop/stages/prod/reject", R"({"change":2,"comment":"no"})").status, 200);
  auto again = house.call("POST", "/stacks/shop/stages/prod/reject", R"({"change":2,"comment":"no"})");
  EXPECT_EQ(again.status, 200) << again.text;
  EXPECT_EQ(again.str("state"), "rejected");
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages/prod/approve", R"({"change":2})").status, 409);
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages/prod/approve", "{}").status, 400);
  EXPECT_EQ(house.get("/stacks/shop/stages/prod/approval").status, 404);
}

TEST(Flow, R4_3_the_approver_sees_all_that_will_ship) {
  House house;
  house.make("shop", {"dev", "prod!"});
  house.push("shop", "1", "first");
  ASSERT_TRUE(house.until_asks("shop", "prod", 1));
  ASSERT_EQ(house.call("POST", "/stacks/shop/stages/prod/approve", R"({"change":1})").status, 202);
  ASSERT_TRUE(house.until_serves("shop", "prod", 1));
  house.push("shop", "2", "second");
  ASSERT_TRUE(house.until_asks("shop", "prod", 2));
  // What is saved while prod is idle deploys at once; held busy, it waits to be seen here.
  house.world.hold("prod", WorkKind::build);
  ASSERT_EQ(house.call("PATCH", "/stacks/shop/stages/prod/variables/build", R"({"FLAG":"x"})").status, 200);
  ASSERT_EQ(
      house.call("PATCH", "/stacks/shop/stages/prod/variables/runtime", R"({"KEY":{"value":"s3cret","secret":true}})")
          .status,
      200);
  house.push("shop", "3", "third");
  ASSERT_TRUE(house.until_asks("shop", "prod", 3));
  auto got = house.get("/stacks/shop/stages/prod/approval");
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.num("change"), 3);
  EXPECT_EQ(got.num("total"), 2);
  EXPECT_EQ(got.str("direction"), "forward");
  EXPECT_EQ(got.object().at("commits").at(0).at("message").as_string().subview(0, 5), "third");
  EXPECT_EQ(got.object().at("from").at("change").to_number<int>(), 1);
  EXPECT_EQ(json::serialize(got.object().at("settings")), R"(["build/FLAG","runtime/KEY"])");
  EXPECT_EQ(got.object().at("files").at("total").to_number<int>(), 1);
  EXPECT_EQ(got.object().at("files").at("items").at(0).at("added").to_number<int>(), 1);
  auto listed = house.get("/approvals?stack=shop&stage=prod&change=3");
  ASSERT_EQ(listed.status, 200) << listed.text;
  const auto& asked = listed.object().at("items").as_array();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].at("commits").to_number<int>(), 2);
  EXPECT_FALSE(asked[0].at("author").at("name").as_string().empty());
  EXPECT_EQ(house.get("/approvals?stage=prod").status, 400);
  EXPECT_EQ(house.get("/approvals?stack=shop&change=x").status, 400);
  EXPECT_EQ(house.get("/stacks/shop/deployments?change=2").object().at("items").as_array().size(), 1U);
  EXPECT_EQ(got.text.find("s3cret"), std::string::npos);
  const auto& previous = got.object().at("previous").as_object();
  EXPECT_EQ(previous.at("stage").as_string(), "dev");
  EXPECT_EQ(previous.at("state").as_string(), "succeeded");
  EXPECT_EQ(previous.at("instances").to_number<int>(), 1);
  EXPECT_TRUE(previous.at("current").as_bool());
  EXPECT_FALSE(previous.at("rolled_back").as_bool());

  ASSERT_EQ(house.call("POST", "/stacks/shop/stages/dev/rollback", R"({"to":2})").status, 202);
  ASSERT_TRUE(house.until_serves("shop", "dev", 2));
  got = house.get("/stacks/shop/stages/prod/approval");
  EXPECT_TRUE(got.object().at("previous").at("rolled_back").as_bool());
  EXPECT_EQ(got.object().at("previous").at("serves").to_number<int>(), 2);
  house.world.hold("prod", WorkKind::build, false);
}

TEST(Flow, R4_3_going_sideways_says_what_goes_away_and_zero_instances_show) {
  House house;
  house.make("shop", {"dev", "prod!"});
  ASSERT_EQ(house.call("PATCH", "/stacks/shop/stages/dev", R"({"instances":0})").status, 200);
  house.push("shop", "1", "first");
  house.push("shop", "2", "second");
  ASSERT_TRUE(house.until_asks("shop", "prod", 2));
  ASSERT_EQ(house.call("POST", "/stacks/shop/stages/prod/approve", R"({"change":2})").status, 202);
  ASSERT_TRUE(house.until_serves("shop", "prod", 2));
  auto clone = (house.folder() / "clone_shop").string();
  house.git({"-C", clone, "reset", "-q", "--hard", "HEAD~1"});
  house.push("shop", "other", "beside");
  ASSERT_TRUE(house.until_asks("shop", "prod", 3));
  auto got = house.get("/stacks/shop/stages/prod/approval");
  EXPECT_EQ(got.str("direction"), "sideways");
  EXPECT_EQ(got.num("total"), 1);
  EXPECT_EQ(got.num("dropped_total"), 1);
  EXPECT_EQ(got.object().at("previous").at("instances").to_number<int>(), 0);
}

TEST(Flow, R8_2_to_R8_6_acts_answer_with_the_deployment_they_caused) {
  House house;
  house.make("shop", {"dev", "prod!"});
  const std::string dev = "/stacks/shop/stages/dev";
  EXPECT_EQ(house.call("POST", dev + "/redeploy").status, 409);
  EXPECT_EQ(house.call("POST", dev + "/retry", "{}").status, 409);
  EXPECT_EQ(house.call("POST", dev + "/rollback").status, 409);
  house.push("shop", "1");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  house.world.fail("dev", WorkKind::start);
  house.push("shop", "2");
  ASSERT_TRUE(
      house.until("shop", [](const auto& s) { return s->stages[0].last && s->stages[0].last->change.number == 2; }));
  auto stage = house.get(dev);
  EXPECT_EQ(stage.str("state"), "failed");
  EXPECT_EQ(stage.object().at("current").at("change").to_number<int>(), 1);
  EXPECT_TRUE(says(std::string(stage.object().at("last").at("error").as_string()), "the app says no"));
  house.world.fail("dev", WorkKind::start, false);

  EXPECT_EQ(house.call("POST", dev + "/retry", R"({"deployment":"dep_other"})").status, 404);
  auto retried =
      house.call("POST", dev + "/retry",
                 R"({"deployment":")" + std::string(stage.object().at("last").at("deployment").as_string()) + R"("})");
  ASSERT_EQ(retried.status, 202) << retried.text;
  EXPECT_EQ(retried.str("kind"), "retry");
  EXPECT_EQ(retried.str("repeats"), "flow");
  ASSERT_TRUE(house.until_serves("shop", "dev", 2));
  auto redeployed = house.call("POST", dev + "/redeploy", R"({"rebuild":true})");
  ASSERT_EQ(redeployed.status, 202) << redeployed.text;
  EXPECT_EQ(redeployed.str("kind"), "redeploy");
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return !s->stages[0].active && !s->stages[0].waiting; }));
  auto back = house.call("POST", dev + "/rollback", R"({"to":"1"})");
  ASSERT_EQ(back.status, 202) << back.text;
  EXPECT_EQ(back.num("change"), 1);
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  auto promoted = house.call("POST", "/stacks/shop/stages/prod/promote", R"({"change":2})");
  ASSERT_EQ(promoted.status, 202) << promoted.text;
  EXPECT_EQ(promoted.str("kind"), "promote");
  ASSERT_TRUE(house.until_serves("shop", "prod", 2));

  auto paused = house.call("POST", dev + "/pause");
  EXPECT_EQ(paused.status, 202);
  EXPECT_TRUE(paused.object().at("paused").as_bool());
  house.push("shop", "3");
  stage = house.get(dev);
  EXPECT_EQ(stage.object().at("held").at("change").to_number<int>(), 3);
  house.world.hold("dev", WorkKind::build);
  EXPECT_EQ(house.call("POST", dev + "/resume").status, 202);
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return s->stages[0].active.has_value(); }));
  auto id = house.conductor().snapshot("shop")->stages[0].active->id.value;
  auto cancelled = house.call("POST", "/deployments/" + id + "/cancel");
  EXPECT_EQ(cancelled.status, 202) << cancelled.text;
  house.world.hold("dev", WorkKind::build, false);
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return !s->stages[0].active; }));
  EXPECT_EQ(house.get("/deployments/" + id).str("state"), "cancelled");
  EXPECT_EQ(house.call("POST", "/deployments/" + id + "/cancel").status, 409);
  EXPECT_EQ(house.call("POST", "/deployments/dep_none/cancel").status, 404);
}

TEST(Flow, R6_3_deleting_a_stage_names_what_is_left_stranded) {
  House house;
  house.make("shop", {"dev", "test!", "prod"});
  house.push("shop", "1");
  ASSERT_TRUE(house.until_asks("shop", "test", 1));
  auto refused = house.call("DELETE", "/stacks/shop/stages/test");
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(says(refused.detail(), "type the word delete")) << refused.detail();
  EXPECT_EQ(house.call("DELETE", "/stacks/shop/stages/test?confirm=yes").status, 400);
  auto got = house.call("DELETE", "/stacks/shop/stages/test?confirm=delete");
  ASSERT_EQ(got.status, 202) << got.text;
  EXPECT_EQ(got.object().at("stage").at("state").as_string(), "deleting");
  EXPECT_EQ(got.object().at("stranded").at("change").to_number<int>(), 1);
  EXPECT_TRUE(says(got.str("hint"), "sluice promote shop prod --change 1")) << got.str("hint");
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return s->leaving.empty(); }));
  EXPECT_EQ(house.get("/stacks/shop/stages/test").status, 404);
  EXPECT_EQ(house.get("/approvals?state=withdrawn").items().size(), 1u);
}

TEST(Flow, R6_3_what_was_rejected_is_not_stranded) {
  House house;
  house.make("shop", {"dev", "test!", "prod"});
  house.push("shop", "1");
  ASSERT_TRUE(house.until_asks("shop", "test", 1));
  ASSERT_EQ(house.call("POST", "/stacks/shop/stages/test/reject", R"({"change":1})").status, 200);
  auto got = house.call("DELETE", "/stacks/shop/stages/test?confirm=delete");
  ASSERT_EQ(got.status, 202) << got.text;
  EXPECT_FALSE(got.object().contains("stranded")) << got.text;
  EXPECT_TRUE(says(got.str("hint"), "Nothing else changes")) << got.str("hint");
}

TEST(Flow, R6_1_a_deleted_stacks_repository_is_moved_aside) {
  House house;
  house.make("shop", {"dev"});
  house.push("shop", "1");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  const auto repository = house.repository("shop");
  EXPECT_EQ(house.call("DELETE", "/stacks/shop").status, 400);
  EXPECT_TRUE(std::filesystem::exists(repository));
  ASSERT_EQ(house.call("DELETE", "/stacks/shop?confirm=delete").status, 202);
  ASSERT_TRUE(house.until("shop", [&](const auto& s) { return !s && !std::filesystem::exists(repository); }));
  EXPECT_EQ(house.get("/stacks/shop").status, 404);
  EXPECT_FALSE(std::filesystem::is_empty(repository.parent_path() / "deleted"));
  EXPECT_EQ(house.call("POST", "/stacks", R"({"name":"shop"})").status, 201);
}

TEST(Flow, R9_1_a_check_in_that_a_crash_left_in_its_repository_is_found_at_the_start) {
  House house;
  house.make("shop", {"dev"});
  house.push("shop", "1");
  house.close();
  auto clone = (house.folder() / "clone_shop").string();
  house.git({"-C", clone, "commit", "-q", "--allow-empty", "-m", "unseen"});
  house.git({"-C", clone, "push", "-q", "origin", "main"});
  house.open();
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return s->newest && s->newest->number == 2; }));
  EXPECT_EQ(reconcile_tips(house.conductor(), house.repositories()), 0);
}

TEST(Flow, what_is_not_available_yet_is_refused_and_not_kept) {
  House house;
  house.make("shop", {"dev"});
  EXPECT_TRUE(says(house.call("POST", "/stacks/shop/stages", R"({"name":"b","region":"mars"})").detail(), "no region"));
  EXPECT_EQ(house.call("PATCH", "/stacks/shop/stages/dev", R"({"name":"x"})").status, 400);
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages", R"({"name":"b","before":"dev","after":"dev"})").status, 400);
  EXPECT_EQ(house.get("/stacks/shop/stages").items().size(), 1u);
  EXPECT_EQ(
      house
          .call(
              "POST", "/stacks/shop/stages",
              R"({"name":"b","before":"dev","database":{"kind":"none"},"endpoint":"api_gateway","caching":false,"instances":2,"region":"local","access":"public"})")
          .status,
      201);
  EXPECT_EQ(house.get("/stacks/shop/stages").items().at(0).at("name").as_string(), "b");
}

TEST(Flow, an_edit_of_what_changed_meanwhile_is_refused) {
  House house;
  house.make("shop", {"dev"});
  const auto admin = pipeline::Role::admin;
  auto tag = house.get("/stacks/shop/stages/dev").headers.get("ETag").value();
  house.push("shop", "1");  // a deployment going by does not matter
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  ASSERT_EQ(house.call("PATCH", "/stacks/shop/stages/dev", R"({"instances":2})", admin, {{"If-Match", tag}}).status,
            200);
  EXPECT_EQ(house.call("PATCH", "/stacks/shop/stages/dev", R"({"instances":3})", admin, {{"If-Match", tag}}).status,
            412);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev").num("instances"), 2);
  tag = house.get("/stacks/shop").headers.get("ETag").value();
  ASSERT_EQ(
      house.call("PATCH", "/stacks/shop", R"({"repository":{"branch":"release"}})", admin, {{"If-Match", tag}}).status,
      200);
  EXPECT_EQ(
      house.call("PATCH", "/stacks/shop", R"({"repository":{"branch":"main"}})", admin, {{"If-Match", tag}}).status,
      412);
}

TEST(Flow, an_idempotency_key_makes_a_repeated_request_one) {
  House house;
  const auto admin = pipeline::Role::admin;
  std::map<std::string, std::string> key = {{"Idempotency-Key", "k1"}};
  auto first = house.call("POST", "/stacks", R"({"name":"shop"})", admin, key);
  ASSERT_EQ(first.status, 201);
  auto second = house.call("POST", "/stacks", R"({"name":"shop"})", admin, key);
  EXPECT_EQ(second.status, 201) << second.text;
  EXPECT_EQ(second.text, first.text);
  EXPECT_EQ(second.headers.get("Location"), first.headers.get("Location"));
  EXPECT_EQ(house.call("POST", "/stacks", R"({"name":"other"})", admin, key).status, 422);
  // Another caller's key is another key.
  auto other = house.call("POST", "/tokens", R"({"name":"third","role":"admin"})").str("token");
  auto theirs = key;
  theirs["Authorization"] = "Bearer " + other;
  EXPECT_EQ(house.call("POST", "/stacks", R"({"name":"shop"})", admin, theirs).status, 409);
  EXPECT_EQ(house.call("POST", "/stacks", R"({"name":"shop"})").status, 409);
  // Refused, it did nothing: the same key may be used again.
  key["Idempotency-Key"] = "k2";
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages/dev/redeploy", "", admin, key).status, 409);
  house.push("shop", "1");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  auto done = house.call("POST", "/stacks/shop/stages/dev/redeploy", "", admin, key);
  ASSERT_EQ(done.status, 202) << done.text;
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return !s->stages[0].active; }));
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages/dev/redeploy", "", admin, key).str("id"), done.str("id"));
  EXPECT_EQ(house.get("/stacks/shop/deployments").items().size(), 2u);
  // A secret is not written down to be shown again.
  key["Idempotency-Key"] = "k3";
  ASSERT_EQ(house.call("POST", "/tokens", R"({"name":"ci"})", admin, key).status, 201);
  EXPECT_EQ(house.call("POST", "/tokens", R"({"name":"ci"})", admin, key).status, 409);
}

TEST(Flow, lists_are_paged_without_loss) {
  House house;
  for (auto name : {"a", "b", "c", "d", "e"})
    ASSERT_EQ(house.call("POST", "/stacks", json::serialize(json::object{{"name", name}})).status, 201);
  std::string seen, after;
  for (int page = 0; page < 5; ++page) {
    auto got = house.get("/stacks?limit=2" + (after.empty() ? "" : "&after=" + after));
    for (const auto& item : got.items()) seen += std::string(item.at("name").as_string());
    if (got.object().at("next").is_null()) break;
    after = got.str("next");
  }
  EXPECT_EQ(seen.size(), 5u);
  EXPECT_EQ(std::set<char>(seen.begin(), seen.end()).size(), 5u) << seen;
  EXPECT_EQ(house.get("/tokens?limit=2").items().size(), 2u);
  auto next = house.get("/tokens?limit=2").str("next");
  EXPECT_EQ(house.get("/tokens?limit=2&after=" + next).items().size(), 1u);
  EXPECT_EQ(house.get("/regions").items().at(0).at("name").as_string(), "local");
}

TEST(Flow, the_server_tells_how_it_is) {
  House house;
  house.make("shop", {"dev", "prod!"});
  house.push("shop", "1");
  ASSERT_TRUE(house.until_asks("shop", "prod", 1));
  http::Request request;
  request.method = "GET";
  request.target = "/metrics";
  request.headers.set("Authorization", "Bearer " + house.token(pipeline::Role::viewer));
  auto got = house.send(request);
  for (auto line : {"sluice_stacks 1\n", "sluice_stages{state=\"live\"} 1\n", "sluice_approvals_pending 1\n",
                    "sluice_http_requests_total{method=\"POST\",status=\"201\"} 2\n"})
    EXPECT_TRUE(says(got.text, line)) << line << got.text;
  request.target = "/readyz";
  EXPECT_EQ(house.send(request).status, 200);
  house.ready = false;
  auto not_ready = house.send(request);
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_TRUE(says(not_ready.detail(), "gateway"));
  request.target = "/healthz";
  EXPECT_EQ(house.send(request).status, 200);
  EXPECT_EQ(house.get("/openapi.json").str("openapi"), "3.1.0");
}

}  // namespace
}  // namespace sluice::api
