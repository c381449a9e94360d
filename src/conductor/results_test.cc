#include "conductor/results.h"

#include <gtest/gtest.h>

namespace sluice::conductor {
namespace {

using namespace pipeline;
using State = DeploymentState;

std::vector<State> steps_of(const std::vector<Command>& commands) {
  std::vector<State> out;
  for (const Command& command : commands) out.push_back(std::get<StepDone>(command.body).step);
  return out;
}

TEST(Results, a_step_is_reported_by_one_command) {
  Work work;
  work.kind = WorkKind::start;
  EXPECT_EQ(steps_of(commands_of(work, platform::Done{})), std::vector{State::starting});
}

TEST(Results, steps_that_were_done_at_once_are_reported_each_in_their_order) {
  Work work;
  work.kind = WorkKind::build;
  work.attempt = 7;
  platform::Done done;
  done.artifact = "sha256-one";
  done.through = WorkKind::release;
  const auto commands = commands_of(work, done);
  EXPECT_EQ(steps_of(commands),
            (std::vector{State::building, State::publishing, State::provisioning, State::releasing}));
  for (const Command& command : commands) EXPECT_EQ(std::get<StepDone>(command.body).attempt, 7);
  EXPECT_EQ(std::get<StepDone>(commands.front().body).artifact, "sha256-one");
}

TEST(Results, what_failed_or_goes_on_is_one_command_whatever_comes_after) {
  Work work;
  work.kind = WorkKind::release;
  EXPECT_EQ(commands_of(work, Error{ErrorKind::failed, "no", {}}).size(), 1u);
  EXPECT_EQ(commands_of(work, platform::NotYet{}).size(), 1u);
}

TEST(Results, after_a_step_comes_the_next_and_after_the_last_none) {
  Work work;
  work.kind = WorkKind::build;
  std::vector<State> states;
  for (auto next = step_after(work); next; next = step_after(*next)) states.push_back(next->deployment.state);
  EXPECT_EQ(states, (std::vector{State::publishing, State::provisioning, State::releasing, State::starting,
                                 State::verifying, State::switching}));
  work.kind = WorkKind::scale;
  EXPECT_FALSE(step_after(work));
}

}  // namespace
}  // namespace sluice::conductor
