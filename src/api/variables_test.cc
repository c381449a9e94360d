#include "api/test_house.h"

// Variables as a caller sees them (R7.1, R7.2, R5.4).
namespace sluice::api {
namespace {

const std::string kRuntime = "/stacks/shop/stages/dev/variables/runtime";

TEST(Variables, R7_1_a_secret_goes_in_and_never_comes_out) {
  House house;
  house.make("shop", {"dev", "prod"});
  auto got = house.call("PATCH", kRuntime, R"({"KEY":{"value":"s3cret-value","secret":true},"GREETING":"hello"})");
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(got.text.find("s3cret-value"), std::string::npos);
  got = house.get(kRuntime);
  EXPECT_EQ(got.text, "{\"GREETING\":{\"value\":\"hello\"},\"KEY\":{\"secret\":true}}\n");
  EXPECT_EQ(house.get("/audit").text.find("s3cret-value"), std::string::npos);
  // A new value alone leaves it a secret; shown it can only be with a value that is given with it.
  ASSERT_EQ(house.call("PATCH", kRuntime, R"({"KEY":"n3w-secret"})").status, 200);
  EXPECT_EQ(house.get(kRuntime).text.find("n3w-secret"), std::string::npos);
  EXPECT_EQ(house.call("PATCH", kRuntime, R"({"KEY":{"secret":false}})").status, 400);
  EXPECT_EQ(house.call("PATCH", kRuntime, R"({"KEY":{"secret":false,"value":"open"}})").status, 200);
  EXPECT_NE(house.get(kRuntime).text.find("open"), std::string::npos);
  // What was given is what is kept.
  EXPECT_EQ(house.conductor().settings("shop", "dev")->runtime.at("KEY").value, "open");
}

TEST(Variables, a_patch_merges_and_a_put_replaces_all_but_secrets_left_out) {
  House house;
  house.make("shop", {"dev"});
  ASSERT_EQ(house.call("PATCH", kRuntime, R"({"A":"1","B":"2","S":{"value":"hidden","secret":true}})").status, 200);
  ASSERT_EQ(house.call("PATCH", kRuntime, R"({"A":null,"C":"3"})").status, 200);
  EXPECT_EQ(house.get(kRuntime).text, "{\"B\":{\"value\":\"2\"},\"C\":{\"value\":\"3\"},\"S\":{\"secret\":true}}\n");
  ASSERT_EQ(house.call("PUT", kRuntime, R"({"D":{"value":"4"}})").status, 200);
  EXPECT_EQ(house.get(kRuntime).text, "{\"D\":{\"value\":\"4\"},\"S\":{\"secret\":true}}\n");
  // What GET gave can be given back.
  ASSERT_EQ(house.call("PUT", kRuntime, house.get(kRuntime).text).status, 200);
  EXPECT_EQ(house.conductor().settings("shop", "dev")->runtime.at("S").value, "hidden");
  ASSERT_EQ(house.call("PATCH", kRuntime, R"({"S":null})").status, 200);
  EXPECT_EQ(house.get(kRuntime).text, "{\"D\":{\"value\":\"4\"}}\n");
}

TEST(Variables, what_is_wrong_is_named_without_its_value) {
  House house;
  house.make("shop", {"dev"});
  for (auto body :
       {R"({"1A":"value-x"})", R"({"A-B":"value-x"})", R"({"PORT":"value-x"})", R"({"A":7})", R"({"A":["value-x"]})",
        R"({"A":{"value":"value-x","colour":"red"}})", R"({"A":{"secret":true}})"}) {
    auto got = house.call("PATCH", kRuntime, body);
    EXPECT_EQ(got.status, 400) << body;
    EXPECT_TRUE(got.object().contains("errors")) << got.text;
    EXPECT_EQ(got.text.find("value-x"), std::string::npos) << got.text;
  }
  EXPECT_EQ(house.call("PUT", kRuntime, R"({"A":null})").status, 400);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/variables/other").status, 404);
  EXPECT_EQ(house.get("/stacks/shop/stages/none/variables/build").status, 404);
  EXPECT_EQ(house.get(kRuntime).text, "{}\n");
}

TEST(Variables, R7_2_saving_redeploys_once_and_saving_nothing_does_nothing) {
  House house;
  house.make("shop", {"dev"});
  auto got = house.call("PATCH", kRuntime, R"({"A":"1","B":"2"})");
  EXPECT_EQ(got.num("settings_revision"), 2);
  EXPECT_EQ(got.str("notice"), "Saved; dev runs nothing yet, and its first deployment carries these settings.");
  EXPECT_FALSE(got.object().contains("deployment"));
  house.push("shop", "1");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  got = house.call("PATCH", kRuntime, R"({"A":"1"})");
  EXPECT_EQ(got.num("settings_revision"), 2);
  EXPECT_EQ(got.str("notice"), "Nothing changed: all of it was so already.");
  got = house.call("PATCH", kRuntime, R"({"A":"9","B":null})");
  EXPECT_EQ(got.num("settings_revision"), 3) << got.text;
  ASSERT_TRUE(got.object().contains("deployment")) << got.text;
  EXPECT_EQ(got.object().at("deployment").at("kind").as_string(), "redeploy");
  ASSERT_TRUE(house.until("shop", [](const auto& s) { return s->stages[0].current->settings_revision == 3; }));

  house.world.fail("dev", pipeline::WorkKind::build);
  house.make("bad", {"dev"});
  house.push("bad", "1");
  ASSERT_TRUE(house.until("bad", [](const auto& s) { return s->stages[0].last.has_value(); }));
  got = house.call("PATCH", "/stacks/bad/stages/dev/variables/build", R"({"A":"1"})");
  EXPECT_NE(got.str("notice").find("sluice retry bad dev"), std::string::npos) << got.text;
  EXPECT_NE(got.str("notice").find("#1"), std::string::npos) << got.text;
}

TEST(Variables, an_edit_of_what_changed_meanwhile_is_refused) {
  House house;
  house.make("shop", {"dev"});
  auto tag = house.get(kRuntime).headers.get("ETag").value();
  const auto admin = pipeline::Role::admin;
  ASSERT_EQ(house.call("PATCH", kRuntime, R"({"A":"1"})", admin, {{"If-Match", tag}}).status, 200);
  EXPECT_EQ(house.call("PUT", kRuntime, R"({"B":"1"})", admin, {{"If-Match", tag}}).status, 412);
  tag = house.get(kRuntime).headers.get("ETag").value();
  EXPECT_EQ(house.call("PUT", kRuntime, R"({"B":"1"})", admin, {{"If-Match", "\"x\", " + tag}}).status, 200);
}

TEST(Variables, R5_4_a_copy_takes_secrets_along) {
  House house;
  house.make("shop", {"dev", "prod!"});
  ASSERT_EQ(house.call("PATCH", kRuntime, R"({"KEY":{"value":"hidden","secret":true},"A":"1"})").status, 200);
  ASSERT_EQ(house.call("PATCH", "/stacks/shop/stages/prod/variables/runtime", R"({"A":"old","B":"2"})").status, 200);
  auto got = house.call("POST", "/stacks/shop/stages/prod/variables/copy", R"({"from":"dev"})");
  ASSERT_EQ(got.status, 200) << got.text;
  auto prod = house.conductor().settings("shop", "prod")->runtime;
  EXPECT_EQ(prod.at("KEY").value, "hidden");
  EXPECT_TRUE(prod.at("KEY").secret);
  EXPECT_EQ(prod.at("A").value, "1");
  EXPECT_EQ(prod.at("B").value, "2");
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages/prod/variables/copy", R"({"from":"none"})").status, 400);
  auto added = house.call("POST", "/stacks/shop/stages", R"({"name":"eu","copy_from":"prod"})");
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(house.conductor().settings("shop", "eu")->runtime.at("KEY").value, "hidden");
}

TEST(Variables, R7_1_the_history_tells_who_changed_which_name_and_never_a_value) {
  House house;
  house.make("shop", {"dev"});
  const std::string history = "/stacks/shop/stages/dev/variables/history";
  EXPECT_TRUE(house.get(history).items().empty()) << "a new stage has no variable";
  ASSERT_EQ(house.call("PATCH", kRuntime, R"({"A":"1-value","KEY":{"value":"s3cret-value","secret":true}})").status,
            200);
  ASSERT_EQ(
      house.call("PATCH", kRuntime, R"({"A":"2-value","KEY":null,"B":"3-value"})", pipeline::Role::developer).status,
      200);
  ASSERT_EQ(house.call("PATCH", "/stacks/shop/stages/dev/variables/build", R"({"C":"4-value"})").status, 200);
  ASSERT_EQ(house.call("PATCH", "/stacks/shop/stages/dev", R"({"access":"private"})").status, 200) << "another setting";
  auto got = house.get(history);
  EXPECT_EQ(got.text.find("-value"), std::string::npos) << got.text;
  ASSERT_EQ(got.items().size(), 3u) << got.text;
  EXPECT_EQ(got.items()[0].at("variables"), json::parse(R"([{"kind":"build","name":"C","what":"added"}])"));
  EXPECT_EQ(
      got.items()[1].at("variables"),
      json::parse(R"([{"kind":"runtime","name":"A","what":"changed"},{"kind":"runtime","name":"KEY","what":"removed"},
                            {"kind":"runtime","name":"B","what":"added"}])"));
  EXPECT_EQ(got.items()[1].at("by"), "developer");
  EXPECT_EQ(got.items()[2].at("by"), "admin");
  EXPECT_EQ(got.items()[2].at("settings_revision"), 2);
  // By pages.
  got = house.get(history + "?limit=1");
  ASSERT_EQ(got.items().size(), 1u);
  got = house.get(history + "?limit=1&after=" + got.str("next"));
  EXPECT_EQ(got.items()[0].at("by"), "developer");

  ASSERT_EQ(house.call("POST", "/stacks/shop/stages", R"({"name":"test","copy_from":"dev"})").status, 201);
  got = house.get("/stacks/shop/stages/test/variables/history");
  ASSERT_EQ(got.items().size(), 1u);
  EXPECT_EQ(got.items()[0].at("copied_from"), "dev");
  EXPECT_EQ(got.items()[0].at("variables").as_array().size(), 3u);
  EXPECT_EQ(house.get("/stacks/shop/stages/none/variables/history").status, 404);
}

}  // namespace
}  // namespace sluice::api
