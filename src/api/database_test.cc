#include "api/test_house.h"

// A stage's database, said and changed.
namespace sluice::api {
namespace {

bool says(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

class DatabaseOfAStage : public testing::Test {
 protected:
  DatabaseOfAStage() {
    house.databases.try_url = [this](const std::string& url) -> Result<platform::TriedDatabase> {
      tried.push_back(url);
      if (refusal.empty()) return platform::TriedDatabase{"ann@db.example:5432/shop", "15.8", notice};
      return fail(Error{ErrorKind::invalid, refusal, {{"url", refusal}}});
    };
    house.close();
    house.open();
    house.make("shop", {"dev"});
  }
  std::string kind(const std::string& stage) {
    return std::string(house.get("/stacks/shop/stages/" + stage).object().at("database").at("kind").as_string());
  }
  secrets::Settings settings(const std::string& stage) { return *house.conductor().settings("shop", stage); }
  House house;
  std::vector<std::string> tried;
  std::string refusal, notice;
};

TEST_F(DatabaseOfAStage, is_said_when_it_is_made_and_changed_later) {
  ASSERT_EQ(house.call("POST", "/stacks/shop/stages", R"({"name":"b","database":{"kind":"new"}})").status, 201);
  EXPECT_EQ(kind("b"), "new");
  auto changed = house.call("PATCH", "/stacks/shop/stages/b", R"({"database":{"kind":"none"}})");
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.num("settings_revision"), 2) << "R7.2";
  EXPECT_EQ(kind("b"), "none");
  EXPECT_TRUE(tried.empty());
}

TEST_F(DatabaseOfAStage, an_existing_ones_url_is_tried_sealed_and_never_shown) {
  const std::string url = "postgres://ann:hush-hush@db.example/shop";
  notice = "Its user may not make tables in the schema public: migrations that do will fail.";
  auto made = house.call("POST", "/stacks/shop/stages",
                         R"({"name":"b","database":{"kind":"existing","url":")" + url + R"("}})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(tried, std::vector<std::string>{url});
  EXPECT_TRUE(says(made.str("notice"), notice)) << made.text;
  EXPECT_EQ(settings("b").database_url, url);
  EXPECT_FALSE(says(made.text, "hush-hush"));
  for (const char* place : {"/stacks/shop", "/stacks/shop/stages/b", "/audit?stack=shop"})
    EXPECT_FALSE(says(house.get(place).text, "hush-hush")) << place;
  // R5.4: a database is never copied.
  ASSERT_EQ(house.call("POST", "/stacks/shop/stages", R"({"name":"c","copy_from":"b"})").status, 201);
  EXPECT_EQ(kind("c"), "none");
  EXPECT_FALSE(settings("c").database_url);
  // Changed away, nothing of it is kept.
  ASSERT_EQ(house.call("PATCH", "/stacks/shop/stages/b", R"({"database":{"kind":"new"}})").status, 200);
  EXPECT_FALSE(settings("b").database_url);
}

TEST_F(DatabaseOfAStage, one_that_cannot_be_used_is_refused_by_the_name_of_its_field) {
  refusal = "the existing database cannot be used: the password is wrong";
  const std::string body = R"("database":{"kind":"existing","url":"postgres://ann:hush-hush@db.example/shop"}})";
  for (const auto& got : {house.call("POST", "/stacks/shop/stages", R"({"name":"b",)" + body),
                          house.call("PATCH", "/stacks/shop/stages/dev", "{" + body)}) {
    EXPECT_EQ(got.status, 400) << got.text;
    EXPECT_EQ(got.object().at("errors").at(0).at("field").as_string(), "database.url") << got.text;
    EXPECT_TRUE(says(got.detail(), refusal)) << got.detail();
    EXPECT_FALSE(says(got.text, "hush-hush"));
  }
  EXPECT_EQ(house.get("/stacks/shop/stages").items().size(), 1u);
  EXPECT_EQ(kind("dev"), "none");
  const auto missing = house.call("PATCH", "/stacks/shop/stages/dev", R"({"database":{"kind":"existing"}})");
  EXPECT_EQ(missing.object().at("errors").at(0).at("field").as_string(), "database.url") << missing.text;
  const auto odd = house.call("PATCH", "/stacks/shop/stages/dev", R"({"database":{"kind":"new","url":"x"}})");
  EXPECT_EQ(odd.status, 400) << odd.text;
}

TEST_F(DatabaseOfAStage, R7_2_another_password_is_another_revision_and_the_same_url_is_none) {
  const auto set = [&](const std::string& password) {
    return house.call("PATCH", "/stacks/shop/stages/dev",
                      R"({"database":{"kind":"existing","url":"postgres://ann:)" + password + R"(@db.example/shop"}})");
  };
  house.push("shop", "1");
  ASSERT_TRUE(house.until_serves("shop", "dev", 1));
  ASSERT_EQ(set("one-one").num("settings_revision"), 2);
  ASSERT_TRUE(house.until(
      "shop", [](const auto& s) { return s->stages[0].current->settings_revision == 2 && !s->stages[0].active; }));
  EXPECT_EQ(set("one-one").num("settings_revision"), 2);
  EXPECT_EQ(house.get("/stacks/shop/stages/dev").object().at("database").at("at").as_string(),
            "ann@db.example:5432/shop");
  const auto changed = set("two-two");
  EXPECT_EQ(changed.num("settings_revision"), 3) << changed.text;
  EXPECT_EQ(changed.object().at("deploys").at("kind").as_string(), "redeploy");
  EXPECT_TRUE(says(*settings("dev").database_url, "two-two"));
}

class ItsBackups : public testing::Test {
 protected:
  ItsBackups() {
    house.databases.facts = [this](const pipeline::Stage&) { return facts; };
    house.databases.login = [](const pipeline::Stage& stage) -> Result<platform::DatabaseLogin> {
      return platform::DatabaseLogin{"127.0.0.1", 5433, stage.id.value + "~guest", "hush-hush", stage.id.value, Time{}};
    };
    house.databases.backups = [this] { return backups; };
    house.databases.remove_backup = [this](const std::string& name) -> Result<> {
      std::erase_if(backups, [&](const platform::Backup& one) { return one.name == name; });
      return {};
    };
    house.close();
    house.open();
    house.make("shop", {"dev", "prod!"});
    for (const char* stage : {"dev", "prod"})
      EXPECT_EQ(
          house.call("PATCH", std::string("/stacks/shop/stages/") + stage, R"({"database":{"kind":"new"}})").status,
          200);
    house.push("shop", "1");
    EXPECT_TRUE(house.until_serves("shop", "dev", 1));
    EXPECT_TRUE(house.until_asks("shop", "prod", 1));
    EXPECT_EQ(house.call("POST", "/stacks/shop/stages/prod/approve", R"({"change":1})").status, 202);
    EXPECT_TRUE(house.until_serves("shop", "prod", 1));
    for (const char* stage : {"dev", "prod", "gone"}) {
      platform::Backup one;
      one.name = std::string(stage) + "-1";
      one.stage_name = stage;
      one.stack_name = "shop";
      const auto* at = pipeline::find_stage(*house.conductor().snapshot("shop"), stage);
      one.stage = at == nullptr ? pipeline::StageId{"stg_gone"} : at->id;
      backups.push_back(one);
    }
  }
  Got post(const std::string& stage, const std::string& what, const std::string& body = "{}",
           pipeline::Role role = pipeline::Role::admin) {
    return house.call("POST", "/stacks/shop/stages/" + stage + "/database/" + what, body, role);
  }
  bool until_free(const std::string& stage) {
    return house.until("shop", [&](const auto& s) { return !pipeline::find_stage(*s, stage)->task; });
  }
  House house;
  platform::DatabaseFacts facts{true, true, "", 8'000'000};
  std::vector<platform::Backup> backups;
};

TEST_F(ItsBackups, its_state_is_shown) {
  auto got = house.get("/stacks/shop/stages/dev/database");
  EXPECT_EQ(got.str("state"), "ready");
  EXPECT_EQ(got.num("bytes"), 8'000'000);
  facts = {true, false, "the databases do not run", {}};
  got = house.get("/stacks/shop/stages/dev/database");
  EXPECT_EQ(got.str("state") + ": " + got.str("problem"), "unavailable: the databases do not run");
}

TEST_F(ItsBackups, a_backup_is_begun_and_its_end_told) {
  house.world.hold("dev", pipeline::WorkKind::back_up);
  auto got = post("dev", "backups", "{}", pipeline::Role::developer);
  ASSERT_EQ(got.status, 202) << got.text;
  EXPECT_EQ(got.object().at("task").at("kind").as_string(), "backup");
  EXPECT_EQ(post("dev", "backups").status, 409) << "one at a time";
  house.world.hold("dev", pipeline::WorkKind::back_up, false);
  ASSERT_TRUE(until_free("dev"));
  got = house.get("/stacks/shop/stages/dev/database");
  EXPECT_EQ(got.object().at("last").at("kind").as_string(), "backup");
  house.world.fail("dev", pipeline::WorkKind::back_up);
  ASSERT_EQ(post("dev", "backups").status, 202);
  ASSERT_TRUE(until_free("dev"));
  got = house.get("/stacks/shop/stages/dev/database");
  EXPECT_EQ(got.object().at("last").at("problem").as_string(), "the app says no");
  EXPECT_EQ(got.str("backup_problem"), "the app says no");
}

TEST_F(ItsBackups, what_replaces_takes_a_typed_word_and_a_backup_that_is_there) {
  EXPECT_TRUE(says(post("dev", "restore", R"({"backup":"dev-1"})").text, "confirm"));
  EXPECT_TRUE(says(post("dev", "restore", R"({"backup":"dev-1","confirm":"delete"})").text, "type the word replace"));
  EXPECT_TRUE(says(post("dev", "restore", R"({"backup":"dev-9","confirm":"replace"})").text, "there is no backup"));
  EXPECT_EQ(post("dev", "restore", R"({"backup":"dev-1","confirm":"replace"})").status, 202);
  ASSERT_TRUE(until_free("dev"));
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/database").object().at("last").at("backup").as_string(), "dev-1");
  EXPECT_EQ(post("dev", "copy", R"({"from":"prod","confirm":"replace"})").status, 202);
  ASSERT_TRUE(until_free("dev"));
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/database").object().at("last").at("from").as_string(), "prod");
}

TEST_F(ItsBackups, R8_7_what_concerns_a_gated_stage_is_an_admins) {
  const auto developer = pipeline::Role::developer;
  EXPECT_EQ(post("dev", "session", "{}", developer).status, 201);
  EXPECT_EQ(post("prod", "session", "{}", developer).status, 403);
  EXPECT_EQ(post("prod", "restore", R"({"backup":"prod-1","confirm":"replace"})", developer).status, 403);
  EXPECT_EQ(post("prod", "copy", R"({"from":"dev","confirm":"replace"})", developer).status, 403);
  EXPECT_EQ(post("dev", "copy", R"({"from":"prod","confirm":"replace"})", developer).status, 403);
  EXPECT_EQ(post("dev", "restore", R"({"backup":"prod-1","confirm":"replace"})", developer).status, 403);
  EXPECT_EQ(post("dev", "restore", R"({"backup":"gone-1","confirm":"replace"})").status, 202);
}

TEST_F(ItsBackups, are_listed_also_of_what_is_gone_and_deleted_by_an_admin) {
  EXPECT_EQ(house.get("/stacks/shop/stages/dev/database/backups").items().size(), 1u);
  const auto first = house.get("/backups?limit=2");
  ASSERT_EQ(first.items().size(), 2u);
  const auto rest = house.get("/backups?after=" + first.str("next"));
  ASSERT_EQ(rest.items().size(), 1u);
  EXPECT_EQ(rest.items()[0].at("stage").as_string(), "gone");
  EXPECT_EQ(house.get("/backups?stack=other").items().size(), 0u);
  EXPECT_EQ(house.call("DELETE", "/backups/gone-1").status, 400);
  EXPECT_EQ(house.call("DELETE", "/backups/gone-1?confirm=delete", "", pipeline::Role::developer).status, 403);
  EXPECT_EQ(house.call("DELETE", "/backups/gone-1?confirm=delete").status, 204);
  EXPECT_EQ(house.get("/backups").items().size(), 2u);
}

}  // namespace
}  // namespace sluice::api
