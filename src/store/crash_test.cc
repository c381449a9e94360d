#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/story.h"

// The process dies inside commits; what it had acknowledged is there, and nothing is there in part (R9.1).
namespace sluice::store {
namespace {

using namespace pipeline;

// Deploys changes for ever, two stacks in each commit, and tells `acknowledge` the newest seq after each.
[[noreturn]] void commit_until_killed(const std::filesystem::path& dir, int acknowledge) {
  auto store = Store::open(dir).value();
  auto loaded = store->load_stacks().value();
  for (int round = 0;; ++round) {
    std::vector<Batch> batches;
    for (auto& stack : loaded) {
      Batch batch;
      batch.expected_version = stack.version;
      auto happens = [&](EventBody body) {
        batch.events.push_back({Time(Duration(round)), {}, std::move(body)});
        stack = apply(std::move(stack), batch.events.back());
      };
      const StageId dev = stack.stages.front().id;
      const ChangeRef change{stack.newest ? stack.newest->number + 1 : 1, std::string(40, 'a')};
      Deployment made;
      made.id = {"dep_" + stack.id.value.substr(4) + std::to_string(stack.next_id)};
      made.change = change;
      happens(CheckedIn{change, "main", std::string(2000, 'm'), {}, {}});
      happens(DeploymentQueued{dev, made});
      happens(DeploymentStarted{dev, made.id, stack.stages.front().attempt + 1, 1});
      happens(StepBegan{dev, made.id, DeploymentState::building});
      happens(DeploymentEnded{dev, made.id, change, DeploymentState::succeeded, "", "", 0, false});
      batch.stack = stack;
      batches.push_back(std::move(batch));
    }
    if (!store->commit(batches)) ::_exit(3);
    const std::int64_t seq = store->last_seq();
    if (::write(acknowledge, &seq, sizeof seq) != sizeof seq) ::_exit(4);
  }
}

// Reads acknowledgements until `enough` have come, then kills; the newest one.
std::int64_t kill_after(pid_t child, int acknowledged, int enough) {
  std::int64_t newest = 0, seq = 0;
  for (int got = 0;;) {
    pollfd ready{acknowledged, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) <= 0) break;
    if (::read(acknowledged, &seq, sizeof seq) != sizeof seq) break;
    newest = seq;
    if (++got == enough) ::kill(child, SIGKILL);
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
  return newest;
}

TEST(Crash, R9_1_what_was_acknowledged_is_there_and_nothing_in_part) {
  TempFolder folder;
  {
    auto store = opened(folder.path());
    Story(*store, "shop", "aaaaaaaa").adds_stage("dev", 0);
    Story(*store, "blog", "bbbbbbbb").adds_stage("dev", 0);
  }
  std::int64_t before = 0;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      commit_until_killed(folder.path(), ends[1]);
    }
    ::close(ends[1]);
    const auto acknowledged = kill_after(child, ends[0], 1 + 7 * round);
    ::close(ends[0]);

    auto store = opened(folder.path());
    ASSERT_TRUE(store);
    EXPECT_GE(acknowledged, before);
    EXPECT_GE(store->last_seq(), acknowledged);
    // Ten events a commit, after the four that made the stacks.
    EXPECT_EQ((store->last_seq() - 4) % 10, 0);
    auto checked = store->check();
    EXPECT_TRUE(checked) << checked.error().message;
    auto stacks = store->load_stacks().value();
    ASSERT_EQ(stacks.size(), 2u);
    EXPECT_EQ(stacks[0].version, stacks[1].version);
    for (const auto& stack : stacks) {
      ASSERT_TRUE(stack.newest);
      const auto number = stack.newest->number;
      EXPECT_EQ(store->change(stack.id, number).value().change, *stack.newest);
      EXPECT_EQ(store->where_is(stack, number).value().front().state, "succeeded");
      EXPECT_EQ(store->deployments(stack.id, {}, 0, "", 1).value().items.front().steps.size(), 1u);
      EXPECT_FALSE(store->change(stack.id, number + 1));
    }
    before = store->last_seq();
  }
}

}  // namespace
}  // namespace sluice::store
