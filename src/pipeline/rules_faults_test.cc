#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/flow_test.h"

// Rule 9: faults.
namespace sluice::pipeline::testing {
namespace {

using ::testing::HasSubstr;
using S = DeploymentState;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Rules, R9_1_what_was_going_on_is_due_again_from_the_state_alone) {
  Flow f;
  f.add("prod").check_in().rest().check_in().succeed("dev").run_to("prod", S::releasing).check_in().instances("dev", 2);
  const Stack again = f.replayed();
  EXPECT_EQ(again, f.stack);
  std::vector<std::string> before, after;
  for (const Work& piece : work(f.stack, f.now).due) before.push_back(piece.key());
  for (const Work& piece : work(again, f.now).due) after.push_back(piece.key());
  EXPECT_EQ(before, after);
  EXPECT_EQ(f.due(), "dev build, dev scale 2, dev retire, prod release");
}

TEST(Rules, R9_1_every_deployment_in_flight_ends_in_a_named_state) {
  Flow f;
  f.check_in().check_in().run_to("dev", S::verifying).rest();
  EXPECT_EQ(f.ended("dev"), "#1 succeeded, #2 succeeded");
}

TEST(Rules, R9_2_a_failure_never_takes_away_what_serves) {
  Flow f;
  f.check_in().rest().check_in();
  const auto serves = f.at("dev").current;
  f.run_to("dev", S::switching).fail("dev");
  EXPECT_EQ(f.at("dev").current, serves);
  EXPECT_EQ(f.works().at(0).current, serves) << "retiring is told what to leave";
}

TEST(Rules, R9_3_what_comes_late_changes_nothing) {
  Flow f;
  f.check_in();
  const Work build = f.works().at(0);
  f.as(machine()).give(Flow::done(build));
  EXPECT_NE(f.happened(), "");
  EXPECT_EQ(f.give(Flow::done(build)).happened(), "") << "the step is over";
  EXPECT_EQ(f.give(Flow::failed(build, "late")).happened(), "");
  const Work publish = f.works().at(0);
  StepDone odd{publish.stage, publish.deployment.id, publish.attempt + 1, S::publishing, "", false, 0};
  EXPECT_EQ(f.give(odd).happened(), "") << "an attempt that never was";
  f.fail("dev").as(ann()).retry("dev").as(machine());
  EXPECT_EQ(f.at("dev").active->attempt, 2);
  EXPECT_EQ(f.give(Flow::done(build)).happened(), "") << "another attempt";
  StepNotYet other{build.stage, build.deployment.id, 2, S::building, std::nullopt, "", {}};
  EXPECT_EQ(f.give(other).happened(), "") << "another deployment";
  EXPECT_EQ(f.give(StepDone{StageId{"stg_aaaabbbb99"}, {}, 1, S::building, "", false, 0}).happened(), "");
  EXPECT_EQ(f.give(ChoreResult{build.stage, 1, 7, ChoreOutcome::done, 0, std::nullopt, "", {}}).happened(), "");
  EXPECT_EQ(f.give(ChoreResult{build.stage, 9, 1, ChoreOutcome::done, 0, std::nullopt, "", {}}).happened(), "");
}

TEST(Rules, R9_3_every_piece_of_work_carries_an_attempt_that_passes_the_fence) {
  Flow f;
  f.check_in().rest().check_in().instances("dev", 2);
  for (const Work& piece : f.works()) EXPECT_EQ(piece.attempt, f.at("dev").attempt);
  f.remove("dev");
  EXPECT_EQ(f.works().at(0).attempt, 2);
  f.discard("dev");
  EXPECT_EQ(f.works().at(0).attempt, 3) << "removal stands above all that is on its way";
}

TEST(Rules, R9_3_a_far_operation_is_found_again_by_its_handle) {
  Flow f;
  f.check_in();
  const Work build = f.works().at(0);
  f.as(machine()).give(
      StepNotYet{build.stage, build.deployment.id, build.attempt, S::building, "op-7", "queued", seconds(5)});
  EXPECT_EQ(f.due(), "");
  EXPECT_EQ(work(f.stack, f.now).next_wake, f.now + seconds(5));
  f.pass(seconds(5));
  EXPECT_EQ(f.due(), "dev build");
  EXPECT_EQ(f.works().at(0).token, "op-7");
  EXPECT_EQ(f.works().at(0).key(), build.key());
}

TEST(Rules, R9_4_a_step_that_passes_its_limit_fails_and_says_so) {
  Flow f;
  f.check_in().check_in().run_to("dev", S::releasing);
  EXPECT_EQ(work(f.stack, f.now).next_wake, f.now + minutes(10));
  EXPECT_EQ(f.works().at(0).deadline, f.now + minutes(10));
  f.pass(minutes(10) - seconds(1));
  EXPECT_EQ(f.due(), "dev release");
  f.pass(seconds(1));
  EXPECT_EQ(f.see(), "dev cancels #1 waits #2");
  EXPECT_EQ(f.due(), "dev discard");
  f.discard("dev");
  EXPECT_EQ(f.ended("dev"), "#1 failed");
  EXPECT_EQ(f.at("dev").last->error, "releasing did not finish within 10m; its log says how far it came");
  EXPECT_EQ(f.see(), "dev runs #2");
}

TEST(Rules, R9_4_the_limit_of_a_build_that_waits_for_its_turn_begins_with_its_turn) {
  Flow f;
  f.check_in();
  const Work build = f.works().at(0);
  StepInLine line{build.stage, build.deployment.id, build.attempt, S::building, "waiting for a free slot", false};
  f.as(machine()).give(line);
  EXPECT_NE(f.happened(), "");
  EXPECT_EQ(f.give(line).happened(), "") << "said once";
  ASSERT_TRUE(f.at("dev").active->wait);
  EXPECT_EQ(f.at("dev").active->wait->reason, "waiting for a free slot");
  EXPECT_EQ(work(f.stack, f.now).next_wake, std::nullopt);
  f.pass(minutes(120));
  EXPECT_EQ(f.due(), "dev build") << "it does not fail by waiting";
  EXPECT_EQ(f.works().at(0).deadline, f.now + minutes(20));
  line.over = true;
  f.as(machine()).give(line);
  EXPECT_EQ(f.give(line).happened(), "");
  EXPECT_FALSE(f.at("dev").active->wait);
  EXPECT_EQ(work(f.stack, f.now).next_wake, f.now + minutes(20));
  f.pass(minutes(20));
  EXPECT_EQ(f.see(), "dev cancels #1");
  f.as(machine()).give(line);
  EXPECT_EQ(f.happened(), "") << "late";
}

TEST(Rules, R9_4_a_step_waits_for_what_is_away_no_longer_than_a_wait_may_last) {
  Flow f;
  f.limits.release = std::chrono::hours(25);
  f.check_in().run_to("dev", S::releasing);
  const Work release = f.works().at(0);
  const StepNotYet away{release.stage,
                        release.deployment.id,
                        release.attempt,
                        S::releasing,
                        "t",
                        "waiting: the region eu is out of reach",
                        seconds(30)};
  f.as(machine());
  for (int look = 0; look < 20; ++look) {
    f.give(away);
    ASSERT_EQ(f.at("dev").active->state, S::releasing) << look;
    f.pass(seconds(30));
  }
  f.give(away);
  EXPECT_EQ(f.see(), "dev cancels #1");
  f.discard("dev");
  EXPECT_EQ(f.at("dev").last->error,
            "releasing gave up after 10m: the region eu is out of reach; retry when that is mended");
}

TEST(Rules, R9_4_a_wait_in_which_nobody_looked_or_the_step_ran_meanwhile_is_another_one) {
  Flow f;
  f.limits.release = std::chrono::hours(25);
  f.check_in().run_to("dev", S::releasing);
  const Work release = f.works().at(0);
  const StepNotYet away{release.stage, release.deployment.id, release.attempt,
                        S::releasing,  std::nullopt,          "waiting: the region eu is out of reach",
                        seconds(5)};
  f.as(machine()).give(away);
  f.pass(minutes(90)).give(away);
  EXPECT_EQ(f.at("dev").active->state, S::releasing) << "the server was down, or the command ran";
  EXPECT_EQ(f.at("dev").active->wait->since, f.now);
}

TEST(Rules, R9_4_a_step_that_passes_its_limit_says_what_it_waits_for_unless_that_is_over) {
  for (const bool waits : {true, false}) {
    Flow f;
    f.check_in().run_to("dev", S::switching);
    const Work last = f.works().at(0);
    const StepNotYet away{last.stage,   last.deployment.id, last.attempt,
                          S::switching, std::nullopt,       "waiting: the region eu is out of reach",
                          seconds(5)};
    f.as(machine()).give(away).pass(seconds(100));
    if (waits) f.give(away);
    f.pass(seconds(20)).discard("dev");
    EXPECT_EQ(f.at("dev").last->error,
              waits ? "switching gave up after 2m: the region eu is out of reach; retry when that is mended"
                    : "switching did not finish within 2m; its log says how far it came");
  }
}

TEST(Rules, R9_4_the_step_it_failed_in_is_kept) {
  Flow f;
  f.check_in().pass(minutes(20)).discard("dev");
  bool seen = false;
  for (const Event& event : f.all) {
    if (const auto* e = std::get_if<DeploymentEnded>(&event.body)) {
      EXPECT_EQ(e->step, "building");
      seen = true;
    }
  }
  EXPECT_TRUE(seen);
}

TEST(Rules, R9_4_starting_again_with_other_instances_has_no_new_limit) {
  Flow f;
  f.check_in().run_to("dev", S::starting).pass(minutes(6));
  const Work start = f.works().at(0);
  f.instances("dev", 2).as(machine()).give(Flow::done(start));
  EXPECT_EQ(f.due(), "dev start");
  f.pass(minutes(4));
  EXPECT_EQ(f.see(), "dev cancels #1");
}

}  // namespace
}  // namespace sluice::pipeline::testing
