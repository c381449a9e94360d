#include "conductor/core_fixture.h"

// The clock is set by a day while something is under way.
namespace sluice::conductor {
namespace {

using namespace pipeline;
using namespace std::chrono_literals;

using ClockTest = CoreTest;

TEST_F(ClockTest, R9_4_a_day_forward_is_not_counted_against_a_step_s_limit) {
  const Work build = due();
  ASSERT_EQ(build.kind, WorkKind::build);
  set_clock(24h);
  ASSERT_TRUE(dev().active);
  EXPECT_EQ(dev().active->state, DeploymentState::building);
  // What starts now has all of its time, by the clock as it shows.
  come_to(build, platform::Done{});
  EXPECT_EQ(due().deadline, shown_.now() + Limits{}.publish);
  pass(Limits{}.publish + 1s);
  ASSERT_TRUE(dev().active);
  EXPECT_EQ(dev().active->state, DeploymentState::cancelling) << "time that passes counts as ever";
}

TEST_F(ClockTest, a_day_back_does_not_make_a_pause_a_day_long) {
  const Work build = due();
  come_to(build, platform::NotYet{{}, "waiting", 2s});
  EXPECT_TRUE(core_.take_starts().empty());
  set_clock(-24h);
  pass(2s);
  EXPECT_EQ(due().kind, WorkKind::build);
  pass(Limits{}.build);
  ASSERT_TRUE(dev().active);
  EXPECT_EQ(dev().active->state, DeploymentState::cancelling) << "its limit is no day longer, either";
}

TEST_F(ClockTest, R9_4_what_fails_without_end_does_not_hold_its_stack_in_the_old_time) {
  for (int steps = 0; dev().active && steps < 10; ++steps) come_to(due(), platform::Done{{}, "sha256-a", {}, 1});
  if (dev().retiring) come_to(due(), platform::Done{});
  give(DeleteStage{"dev"});
  come_to(due(), Error{ErrorKind::failed, "it does not go", {}});
  set_clock(-24h);
  const Work again = due();
  EXPECT_EQ(again.kind, WorkKind::remove) << "its pause is no day long";
  come_to(again, Error{ErrorKind::failed, "it does not go", {}});
  pass(30s);
  EXPECT_TRUE(core_.take_starts().empty()) << "nor is it tried every second for a day";
  pass(30s);
  EXPECT_EQ(due().kind, WorkKind::remove);
  AddStage next;
  next.name = "test";
  give(next);
  give(push('b'));
  seen_ = core_.committed_stacks().at(0);
  ASSERT_TRUE(seen_->stages.at(0).active);
  EXPECT_EQ(seen_->stages.at(0).active->step_at, shown_.now());
}

TEST_F(ClockTest, a_stack_that_rests_goes_by_the_clock_as_it_is) {
  for (int steps = 0; dev().active && steps < 10; ++steps) come_to(due(), platform::Done{{}, "sha256-a", {}, 1});
  ASSERT_TRUE(dev().current);
  if (dev().retiring) come_to(due(), platform::Done{});
  ASSERT_FALSE(dev().retiring);
  set_clock(24h);
  give(push('b'));
  EXPECT_EQ(dev().active->step_at, shown_.now());
}

TEST_F(ClockTest, a_server_that_starts_after_the_clock_was_put_back_does_not_wait_for_the_old_time) {
  come_to(due(), platform::NotYet{{}, "waiting", 2s});
  shown_.now_ -= 24h;
  Core next(*ledger_, *secrets_, shown_, {});
  ASSERT_TRUE(next.load());
  EXPECT_EQ(next.take_starts().size(), 1u);
}

TEST_F(ClockTest, what_the_store_says_when_it_cannot_write_is_what_is_answered) {
  Request request;
  request.stack_name = "shop";
  request.command = {ada_, Pause{"dev"}};
  std::string said;
  request.answer = [&](Result<Outcome> outcome) { said = outcome ? "done" : outcome.error().message; };
  core_.submit(std::move(request));
  auto group = core_.take_group();
  const Error full{ErrorKind::unavailable, "the disk is full: make room", {}};
  core_.commit_failed(full);
  group.answer(fail(full));
  EXPECT_EQ(said, "Nothing happened: the disk is full: make room.");
}

}  // namespace
}  // namespace sluice::conductor
