#include "api/test_house.h"

// Git itself against the real server, over HTTP on a port of the kernel's choice.
namespace sluice::api {
namespace {

struct GitHouse {
  House house;
  std::unique_ptr<http::Server> server;
  std::filesystem::path clone;
  GitHouse() {
    server = std::move(*http::Server::start({}, house.handler()));
    clone = house.folder() / "work";
    house.make("shop", {"dev", "prod!"});
    house.git({"init", "-q", "-b", "main", clone.string()});
  }
  std::string url(const std::string& token, const std::string& stack = "shop") {
    return "http://ann:" + token + "@127.0.0.1:" + std::to_string(server->port()) + "/git/" + stack + ".git";
  }
  std::string in_clone(std::vector<std::string> args) {
    args.insert(args.begin(), {"-C", clone.string()});
    return house.git(args);
  }
  void commit(const std::string& message) { in_clone({"commit", "-q", "--allow-empty", "-m", message}); }
  std::string push(const std::string& refs, pipeline::Role role = pipeline::Role::developer) {
    return in_clone({"push", url(house.token(role)), refs});
  }
};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Git, R1_3_a_push_names_the_change_its_way_and_where_to_follow_it) {
  GitHouse git;
  git.commit("one");
  git.commit("two");
  auto out = git.push("main");
  ASSERT_TRUE(git.house.last_git_ok) << out;
  EXPECT_TRUE(says(out, "change #1 -> dev, prod (prod asks for approval)")) << out;
  EXPECT_TRUE(says(out, "follow: sluice status shop --watch")) << out;
  EXPECT_TRUE(says(out, "http://dev.shop.localhost:8080")) << out;
  auto changes = git.house.get("/stacks/shop/changes").items();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].at("message").as_string().subview(0, 3), "two");
  auto audit = git.house.get("/audit").text;
  EXPECT_TRUE(says(audit, R"("actor":{"kind":"git","name":"developer"})")) << audit;
}

TEST(Git, R1_3_other_branches_and_deletions_make_no_change_and_say_so) {
  GitHouse git;
  git.commit("one");
  auto out = git.push("main:master");
  ASSERT_TRUE(git.house.last_git_ok) << out;
  EXPECT_TRUE(says(out, "follows the branch main, which has no commit yet")) << out;
  EXPECT_TRUE(says(out, "you pushed master; to deploy it: git push http://localhost:7420/git/shop.git HEAD:main"))
      << out;
  git.push("main");
  out = git.push("main:feature");
  EXPECT_TRUE(says(out, "no new change: main is where change #1 left it")) << out;
  out = git.push(":main");
  ASSERT_TRUE(git.house.last_git_ok) << out;
  EXPECT_TRUE(says(out, "main is gone here: no change")) << out;
  EXPECT_EQ(git.house.get("/stacks/shop/changes").items().size(), 1u);
}

TEST(Git, R8_7_a_viewer_fetches_and_does_not_push) {
  GitHouse git;
  git.commit("one");
  git.push("main");
  auto out = git.house.git(
      {"clone", "-q", git.url(git.house.token(pipeline::Role::viewer)), (git.house.folder() / "copy").string()});
  EXPECT_TRUE(git.house.last_git_ok) << out;
  git.commit("two");
  out = git.push("main", pipeline::Role::viewer);
  EXPECT_FALSE(git.house.last_git_ok);
  EXPECT_TRUE(says(out, "pushing needs a developer")) << out;
  EXPECT_EQ(git.house.get("/stacks/shop/changes").items().size(), 1u);
  git.house.git({"ls-remote", git.url("slc_wrong")});
  EXPECT_FALSE(git.house.last_git_ok);
  out = git.house.git({"ls-remote", git.url(git.house.token(pipeline::Role::admin), "none")});
  EXPECT_FALSE(git.house.last_git_ok);
  EXPECT_TRUE(says(out, "there is no repository none here")) << out;
}

}  // namespace
}  // namespace sluice::api
