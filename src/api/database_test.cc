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
  const auto changed = set("two-two");
  EXPECT_EQ(changed.num("settings_revision"), 3) << changed.text;
  EXPECT_EQ(changed.object().at("deploys").at("kind").as_string(), "redeploy");
  EXPECT_TRUE(says(*settings("dev").database_url, "two-two"));
}

}  // namespace
}  // namespace sluice::api
