#include <gmock/gmock.h>

#include "base/files.h"
#include "platform/local/fixture_test.h"

// What is meant to run and cannot be started, until it can.
namespace sluice::platform::local {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::StartsWith;

class ReturningTest : public LocalTest {
 protected:
  // As one that was lost with the disk it was on.
  void lose(const fs::path& what) {
    ASSERT_TRUE(make_dirs(dir_ / "lost" / what.parent_path()));
    fs::rename(dir_ / what, dir_ / "lost" / what);
  }
  void find(const fs::path& what) { fs::rename(dir_ / "lost" / what, dir_ / what); }
  void start_anew_without(const std::string& artifact) {
    platform_.reset();
    ASSERT_TRUE(LocalPlatform::down(dir_));
    ASSERT_TRUE(remove_tree(dir_ / "s6"));
    lose(fs::path("artifacts") / artifact);
    open();
  }
  std::string why() const {
    const auto absent = platform_->absent();
    const auto found = absent.find({"stg_test0001dev"});
    return found == absent.end() ? "" : found->second;
  }
  bool serves(const std::string& text) {
    return eventually([&] { return visit().body == text; }, 60s);
  }
};

TEST_F(ReturningTest, an_app_that_cannot_be_brought_back_is_said_once_and_is_tried_until_it_can) {
  const auto built = web("one");
  ASSERT_TRUE(done(deploy(built)));
  EXPECT_EQ(why(), "");
  lose(fs::path("artifacts") / built);
  fs::path service;
  for (const auto& name : fs::directory_iterator(dir_ / "s6" / "services"))
    if (name.path().filename().string().starts_with("dep_")) service = name.path();
  ASSERT_FALSE(service.empty());
  lose(fs::relative(service, dir_));
  kill_supervised();

  ASSERT_TRUE(eventually([&] { return !reported("cannot be started").empty(); }, 60s));
  const auto said = reported("the app of dev.shop.localhost");
  EXPECT_THAT(said, ElementsAre("the app of dev.shop.localhost cannot be started: the artifact " + built +
                                " was cleaned; it can be built again from its commit; `sluice redeploy shop dev` "
                                "builds anew what is missing; it is tried again until it comes back"));
  EXPECT_THAT(why(), StartsWith("the artifact " + built + " was cleaned"));
  find(fs::path("artifacts") / built);
  EXPECT_TRUE(serves("one"));
  EXPECT_TRUE(eventually([&] { return reported("the app of").size() == 2; }));
  EXPECT_EQ(reported("the app of").back(), "the app of dev.shop.localhost is started again");
  EXPECT_EQ(why(), "");
}

TEST_F(ReturningTest, an_app_that_cannot_be_started_with_the_server_comes_back_without_another_restart) {
  const auto built = web("one");
  ASSERT_TRUE(done(deploy(built)));
  start_anew_without(built);
  const auto back = platform_->reconcile({stack()});
  EXPECT_TRUE(back) << "what is tried again is no error: " << back.error().message;
  EXPECT_EQ(reported("the app of dev.shop.localhost cannot be started: the artifact").size(), 1U);
  EXPECT_THAT(why(), StartsWith("the artifact " + built + " was cleaned"));
  EXPECT_EQ(visit().status, 503);
  find(fs::path("artifacts") / built);
  EXPECT_TRUE(serves("one"));
  EXPECT_TRUE(eventually([&] { return !reported("is started again").empty(); }));
}

// Everything that s6 kept, with the folder that said what it was.
TEST_F(ReturningTest, services_that_were_lost_are_made_again) {
  ASSERT_TRUE(done(deploy(web("one"))));
  lose("s6/services");
  kill_supervised();
  EXPECT_TRUE(eventually([&] { return !reported("s6 had ended").empty(); }, 60s));
  EXPECT_TRUE(serves("one"));
  EXPECT_TRUE(eventually([&] { return why().empty(); }));
  EXPECT_TRUE(reported("the app of").empty()) << reported("the app of")[0];
}

TEST_F(ReturningTest, what_is_gone_meanwhile_is_not_tried_any_more) {
  const auto built = web("one");
  ASSERT_TRUE(done(deploy(built)));
  start_anew_without(built);
  ASSERT_TRUE(platform_->reconcile({stack()}));
  ASSERT_NE(why(), "");
  ASSERT_TRUE(done(deploy(web("two"))));
  EXPECT_EQ(why(), "");
  EXPECT_TRUE(done(retire()));
  find(fs::path("artifacts") / built);
  EXPECT_TRUE(serves("two"));
  EXPECT_EQ(reported("the app of").size(), 1U);
}

}  // namespace
}  // namespace sluice::platform::local
