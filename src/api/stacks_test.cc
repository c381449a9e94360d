#include "api/test_house.h"

// Stacks: what must agree in two places, the state and the repository, also after a failure in between.
namespace sluice::api {
namespace {

using pipeline::WorkKind;

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The branch that a clone checks out.
std::string head_of(House& house) { return *read_file(house.repository("shop") / "HEAD"); }
std::string branch_of(House& house) {
  return std::string(house.get("/stacks/shop").object().at("repository").at("branch").as_string());
}
Got set_branch(House& house, const std::string& branch) {
  return house.call("PATCH", "/stacks/shop",
                    json::serialize(json::object{{"repository", json::object{{"branch", branch}}}}));
}

bool at_rest(const conductor::Snapshot& stack) {
  const auto& dev = stack->stages.at(0);
  return dev.current && dev.current->change.number == stack->newest->number && !dev.active && !dev.waiting &&
         !dev.retiring;
}

TEST(Stacks, the_newest_change_says_who_made_it_and_when_it_came) {
  House house;
  house.make("shop", {"dev"});
  house.make("blog", {"dev"});
  house.make("bare", {"dev"});
  house.push("shop", "1", "first");
  house.push("shop", "2", "second\n\nand why");
  house.push("blog", "1", "a post");
  for (const char* name : {"shop", "blog"}) {
    const auto newest = house.get(std::string("/stacks/") + name).object().at("newest").as_object();
    const auto change = house.get(std::string("/stacks/") + name + "/changes").items()[0].as_object();
    EXPECT_EQ(newest.at("change"), change.at("number"));
    EXPECT_EQ(newest.at("author"), change.at("author"));
    EXPECT_EQ(newest.at("author").at("email").as_string(), "ann@example.com");
    EXPECT_EQ(newest.at("at"), change.at("at"));
  }
  EXPECT_EQ(house.get("/stacks/shop").object().at("newest").at("message").as_string(), "second");
  EXPECT_FALSE(house.get("/stacks/bare").object().contains("newest"));
  // The list, read for all stacks together, and a page of it say the same; once nothing moves any more.
  ASSERT_TRUE(house.until("shop", at_rest) && house.until("blog", at_rest));
  const auto all = house.get("/stacks");
  for (const auto& item : all.items())
    EXPECT_EQ(item, house.get("/stacks/" + std::string(item.at("name").as_string())).body);
  const auto first = house.get("/stacks?limit=2");
  ASSERT_EQ(first.items().size(), 2u);
  EXPECT_EQ(first.items()[1], house.get("/stacks/blog").body);
  const auto rest = house.get("/stacks?limit=2&after=" + first.str("next"));
  ASSERT_EQ(rest.items().size(), 1u);
  EXPECT_EQ(rest.items()[0], house.get("/stacks/shop").body);
  EXPECT_EQ(rest.str("next"), "");
}

TEST(Stacks, a_branch_that_the_repository_cannot_take_changes_nothing) {
  House house;
  house.make("shop", {"dev"});
  ASSERT_TRUE(write_file(house.repository("shop") / "HEAD.lock", ""));
  auto got = set_branch(house, "release");
  EXPECT_EQ(got.status, 503) << got.text;
  EXPECT_TRUE(says(got.detail(), "the repository of shop cannot be pointed at release")) << got.detail();
  EXPECT_EQ(branch_of(house), "main");
  EXPECT_EQ(head_of(house), "ref: refs/heads/main\n");
  std::filesystem::remove(house.repository("shop") / "HEAD.lock");
  ASSERT_EQ(set_branch(house, "release").status, 200);
  EXPECT_EQ(branch_of(house), "release");
  EXPECT_EQ(head_of(house), "ref: refs/heads/release\n");
}

TEST(Stacks, asking_for_the_branch_once_more_mends_the_repository) {
  House house;
  house.make("shop", {"dev"});
  ASSERT_TRUE(write_file(house.repository("shop") / "HEAD", "ref: refs/heads/left-by-a-crash\n"));
  auto got = set_branch(house, "main");
  ASSERT_EQ(got.status, 200) << got.text;
  EXPECT_EQ(head_of(house), "ref: refs/heads/main\n");
}

TEST(Stacks, a_branch_that_the_rules_refuse_is_taken_back) {
  House house;
  house.make("shop", {"dev"});
  house.world.hold("dev", WorkKind::remove);
  ASSERT_EQ(house.call("DELETE", "/stacks/shop?confirm=delete").status, 202);
  auto got = set_branch(house, "release");
  EXPECT_EQ(got.status, 409) << got.text;
  EXPECT_EQ(head_of(house), "ref: refs/heads/main\n");
  house.world.hold("dev", WorkKind::remove, false);
  EXPECT_TRUE(house.until("shop", [](const auto& s) { return !s; }));
}

TEST(Stacks, a_deletion_that_was_never_taken_leaves_no_note_behind) {
  House house;
  house.make("shop", {"dev"});
  const auto id = house.conductor().snapshot("shop")->id.value;
  // A life that ended between the note and the deletion.
  ASSERT_TRUE(house.store().put("departing_repository", id, "shop"));
  house.close();
  house.open();
  EXPECT_TRUE(house.store().list("departing_repository").empty());
  EXPECT_TRUE(std::filesystem::exists(house.repository("shop")));
  const auto repository = house.repository("shop");
  ASSERT_EQ(house.call("DELETE", "/stacks/shop?confirm=delete").status, 202);
  EXPECT_TRUE(house.until("shop", [&](const auto& s) { return !s && !std::filesystem::exists(repository); }));
}

TEST(Stacks, R6_1_a_deletion_that_was_taken_is_ended_by_the_next_life) {
  House house;
  house.make("shop", {"dev"});
  const auto repository = house.repository("shop");
  house.world.hold("dev", WorkKind::remove);
  ASSERT_EQ(house.call("DELETE", "/stacks/shop?confirm=delete").status, 202);
  house.close();
  house.open();
  EXPECT_EQ(house.store().list("departing_repository").size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(repository));
  house.world.hold("dev", WorkKind::remove, false);
  EXPECT_TRUE(house.until("shop", [&](const auto& s) { return !s && !std::filesystem::exists(repository); }));
}

}  // namespace
}  // namespace sluice::api
