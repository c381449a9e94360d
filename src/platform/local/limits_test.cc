#include <signal.h>

#include "base/files.h"
#include "platform/local/fixture_test.h"
#include "platform/local/instances.h"

namespace fs = std::filesystem;

namespace sluice::platform::local {
namespace {

using pipeline::WorkKind;

constexpr std::int64_t kMegabyte = 1 << 20;

// Real cgroups of this machine, where it has some for this user.
class LimitsTest : public LocalTest {
 protected:
  void SetUp() override {
    LocalTest::SetUp();
    auto groups = cgroup::Groups::open(dir_);
    if (!groups) GTEST_SKIP() << "limits are not tried here: " << groups.error().message;
    if (!groups->holds_memory()) GTEST_SKIP() << "limits of memory are not tried here: there is no controller for it";
    sandbox_->hold_limits_with(std::move(*groups));
  }
  void TearDown() override {
    const auto dir = dir_;
    LocalTest::TearDown();
    cgroup::take_away(dir);
  }
  // Names of all groups there are.
  std::vector<std::string> groups() const {
    std::vector<std::string> out;
    const auto subtree = sandbox_->groups()->group("x", {}).folders[0].path.parent_path();
    for (const auto& entry : fs::directory_iterator(subtree))
      if (entry.is_directory() && entry.path().filename() != "server") out.push_back(entry.path().filename());
    return out;
  }
  std::string setting(const std::string& file) const {
    for (const auto& name : groups()) {
      for (const auto& folder : sandbox_->groups()->group(name, {1, 1, 1}).folders)
        if (fs::exists(folder.path / file)) return read_file(folder.path / file).value_or("");
    }
    return "";
  }
  std::string memory() const { return setting("memory.max") + setting("memory.limit_in_bytes"); }
};

TEST(Resources, what_the_stage_says_wins_over_what_the_app_says) {
  build::Plan plan;
  pipeline::StageConfig config;
  EXPECT_EQ(resources_of(config, plan), pipeline::Resources{});
  plan.memory = 64 * kMegabyte;
  plan.cpus = 1.1;
  EXPECT_EQ(resources_of(config, plan), (pipeline::Resources{64 * kMegabyte, 1100}));
  config.resources = pipeline::Resources{0, 500};
  EXPECT_EQ(resources_of(config, plan), (pipeline::Resources{64 * kMegabyte, 500}));
  config.resources = pipeline::Resources{128 * kMegabyte, 0};
  EXPECT_EQ(resources_of(config, plan), (pipeline::Resources{128 * kMegabyte, 1100}));
}

TEST_F(LimitsTest, each_instance_is_held_to_what_the_stage_says_and_leaves_nothing_behind) {
  config_.resources = pipeline::Resources{256 * kMegabyte, 1500};
  auto result = deploy(web("held"), 2);
  ASSERT_TRUE(done(result)) << message(result);
  EXPECT_NE(log_.find("each may use 256 MB of memory\n"), std::string::npos) << log_;
  EXPECT_EQ(groups().size(), 2U);
  EXPECT_EQ(memory(), std::to_string(256 * kMegabyte) + "\n");
  open();
  ASSERT_TRUE(platform_->reconcile({stack()}));
  EXPECT_EQ(groups().size(), 2U) << "a new server leaves them";
  EXPECT_EQ(visit().body, "held");
  config_.resources.reset();
  ASSERT_TRUE(done(deploy(web("free"))));
  ASSERT_TRUE(done(retire()));
  EXPECT_EQ(groups().size(), 1U) << "those of what was retired are gone";
  ASSERT_TRUE(done(run(work(WorkKind::remove))));
  EXPECT_TRUE(groups().empty());
}

TEST_F(LimitsTest, an_app_that_is_started_again_is_held_again) {
  config_.resources = pipeline::Resources{256 * kMegabyte, 0};
  ASSERT_TRUE(done(deploy(web("held"))));
  const auto before = platform_->running();
  ASSERT_EQ(before.size(), 1U);
  ::kill(before[0].pid, SIGKILL);
  EXPECT_TRUE(eventually([&] {
    const auto now = platform_->running();
    return now.size() == 1 && now[0].pid != before[0].pid && visit().body == "held";
  }));
  const auto name = groups().at(0);
  const auto folder = sandbox_->groups()->group(name, {}).folders[0].path;
  const auto inside = read_file(folder / "cgroup.procs").value_or("");
  EXPECT_NE(inside.find(std::to_string(platform_->running().at(0).pid) + "\n"), std::string::npos) << inside;
}

TEST_F(LimitsTest, R3_4_an_app_that_takes_more_memory_than_it_may_is_told_so) {
  config_.resources = pipeline::Resources{64 * kMegabyte, 0};
  build::Plan plan;
  plan.run = "echo reading all; exec perl -e '$x = q(x) x 300_000_000; sleep 100'";
  auto result = deploy(artifact({{"x", ""}}, plan));
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_TRUE(
      message(result).starts_with("the app used more than its 64 MB of memory and was ended\nits last lines:\n"))
      << message(result);
  EXPECT_NE(message(result).find("\nsluice: used more than its 64 MB of memory and was ended"), std::string::npos)
      << "its own log has it, too: " << message(result);
  EXPECT_TRUE(done(retire()));
  EXPECT_TRUE(groups().empty());
}

TEST_F(LimitsTest, a_release_command_is_held_as_an_instance_is) {
  config_.resources = pipeline::Resources{64 * kMegabyte, 0};
  build::Plan plan;
  plan.release = "exec perl -e '$x = q(x) x 300_000_000'";
  auto result = deploy(web("held", plan));
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_TRUE(message(result).starts_with("the release command used more than its 64 MB of memory and was ended"))
      << message(result);
  EXPECT_TRUE(groups().empty());
}

// As after a crash of the server in the middle of it: its group is there, with what was ended in it.
TEST_F(LimitsTest, R9_1_a_release_command_is_not_blamed_for_the_memory_of_the_run_before) {
  config_.resources = pipeline::Resources{64 * kMegabyte, 0};
  build::Plan plan;
  plan.release = "exit 3";
  const auto id = artifact({{"x", ""}}, plan);
  sandbox::Spec before;
  before.argv = {"/bin/sh", "-c", "exec perl -e '$x = q(x) x 300_000_000'"};
  before.cwd = "/";
  before.group = "dep_test0001dev1.release";
  before.limits.memory = 64 * kMegabyte;
  ProcessCommand command;
  command.argv = sandbox_->command(before);
  ASSERT_TRUE(sluice::run(command));
  ASSERT_GT(sandbox_->groups()->seen(before.group).ended, 0);
  EXPECT_EQ(message(deploy(id)), "the release command ended with status 3");
  EXPECT_TRUE(groups().empty());
}

TEST_F(LimitsTest, a_live_app_that_was_ended_for_its_memory_is_known) {
  config_.resources = pipeline::Resources{64 * kMegabyte, 0};
  ASSERT_TRUE(done(deploy(web("one"))));
  EXPECT_TRUE(platform_->ailing().empty());
  const auto name = groups().at(0);
  // What joins it is ended for its memory, as it is itself.
  ProcessCommand eater;
  eater.argv = {"/bin/sh", "-c", "echo 0 >\"$1/cgroup.procs\" && exec perl -e '$x = q(x) x 300_000_000'", "sh",
                sandbox_->groups()->group(name, {}).folders[0].path.string()};
  ASSERT_TRUE(sluice::run(eater));
  ASSERT_TRUE(eventually([&] { return !platform_->ailing().empty(); }));
  const auto found = platform_->ailing();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].what.starts_with("used more than its 64 MB of memory and was ended")) << found[0].what;
  EXPECT_EQ(found[0].stage.value, "stg_test0001dev");
}

TEST_F(LocalTest, a_limit_that_cannot_be_held_is_not_kept_in_silence) {
  config_.resources = pipeline::Resources{256 * kMegabyte, 1500};
  ASSERT_TRUE(done(deploy(web("free"))));
  EXPECT_NE(log_.find("note: the limit of 256 MB of memory is not held on this machine"), std::string::npos) << log_;
  EXPECT_NE(log_.find("note: the limit of 1.5 cores of the processor is not held"), std::string::npos) << log_;
}

}  // namespace
}  // namespace sluice::platform::local
