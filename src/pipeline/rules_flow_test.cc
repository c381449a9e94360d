#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/flow_test.h"

// Rules 1 to 3: stacks and check-ins, order, flow.
namespace sluice::pipeline::testing {
namespace {

using ::testing::HasSubstr;
using S = DeploymentState;

Result<std::vector<Event>> created(const std::string& name, const Source& source = {}, const std::string& stage = "") {
  return create(StackId{"stk_aaaabbbb"}, name, source, stage, StageConfig{}, ann(), Time{});
}

TEST(Rules, R1_1_a_stack_has_a_name_a_source_and_a_branch) {
  EXPECT_TRUE(created("shop"));
  EXPECT_TRUE(created("a"));
  for (const std::string wrong : {"", "Shop", "-shop", "shop-", "sh op", "a23456789012345678901234567890123"}) {
    const auto refused = created(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_EQ(refused.error().fields.at(0).field, "name");
  }
  EXPECT_FALSE(created("shop", Source{SourceKind::hosted, "", "a..b"}));
  EXPECT_FALSE(created("shop", Source{SourceKind::hosted, "", ""}));
  EXPECT_FALSE(created("shop", Source{SourceKind::remote, "", "main"}));
  EXPECT_FALSE(created("shop", Source{SourceKind::remote, "https://ann:secret@git.example/shop.git", "main"}));
  EXPECT_TRUE(created("shop", Source{SourceKind::remote, "https://git.example/shop.git", "release/1"}));
}

TEST(Rules, R1_2_a_new_stack_has_one_stage) {
  EXPECT_EQ(Flow().see(), "dev");
  Stack stack;
  const auto events = created("shop", {}, "live").value();
  for (const Event& event : events) stack = apply(stack, event);
  ASSERT_EQ(stack.stages.size(), 1u);
  EXPECT_EQ(stack.stages[0].name, "live");
  EXPECT_EQ(stack.stages[0].id.value, "stg_aaaabbbb1");
  EXPECT_EQ(stack_of(stack.stages[0].id.value).value, "stk_aaaabbbb");
}

TEST(Rules, R1_3_a_check_in_is_a_moved_tip) {
  Flow f;
  const std::string a(40, 'a'), b(40, 'b');
  f.check_in(a);
  EXPECT_EQ(f.stack.newest->number, 1);
  f.check_in(a);
  EXPECT_EQ(f.happened(), "");
  f.check_in(b).check_in(a);
  EXPECT_EQ(f.stack.newest->number, 3);
  EXPECT_EQ(f.stack.newest->commit, a);
  CheckIn elsewhere;
  elsewhere.commit = b;
  elsewhere.branch = "topic";
  EXPECT_EQ(f.give(elsewhere).happened(), "");
  EXPECT_THAT(f.check_in("abc").refused(), HasSubstr("commit"));
}

TEST(Rules, R1_4_the_source_of_a_stack_can_be_changed_and_its_changes_go_on) {
  Flow f;
  f.check_in().give(SetSource{Source{SourceKind::remote, "https://git.example/shop.git", "main"}});
  EXPECT_EQ(f.happened(), "SourceChanged");
  EXPECT_EQ(f.give(SetSource{f.stack.source}).happened(), "");
  EXPECT_EQ(f.check_in().stack.newest->number, 2);
}

TEST(Rules, R1_5_the_tip_of_a_repository_that_has_commits_is_change_1) {
  Flow f;
  f.check_in();
  EXPECT_EQ(f.happened(), "CheckedIn DeploymentQueued DeploymentStarted StepBegan");
  EXPECT_EQ(f.see(), "dev runs #1");
}

TEST(Rules, R2_1_a_new_stage_goes_anywhere) {
  Flow f;
  f.add("prod").add("test", {}, "prod").add("canary", {}, "", "test").add("first", {}, "dev");
  EXPECT_EQ(f.see(), "first | dev | test | canary | prod");
  EXPECT_THAT(f.add("x", {}, "dev", "prod").refused(), HasSubstr("not both"));
  EXPECT_THAT(f.add("x", {}, "nowhere").refused(), HasSubstr("before: there is no stage nowhere"));
  EXPECT_THAT(f.add("x", {}, "", "nowhere").refused(), HasSubstr("after: "));
}

TEST(Rules, R2_1_a_stack_has_at_most_so_many_stages) {
  Flow f;
  f.limits.stages_per_stack = 2;
  f.add("prod").add("eu");
  EXPECT_EQ(f.refused(), "shop has 2 stages, which is the most a stack can have");
}

TEST(Rules, R2_2_a_stage_moves_by_being_deleted_and_made_anew) {
  Flow f;
  f.add("prod").remove("dev").rest().add("dev");
  EXPECT_EQ(f.see(), "prod | dev");
}

TEST(Rules, R2_3_a_name_is_unique_and_an_id_never_comes_again) {
  Flow f;
  EXPECT_THAT(f.add("dev").refused(), HasSubstr("has a stage dev already"));
  EXPECT_EQ(f.add("Dev").refusal(), ErrorKind::invalid);
  const StageId first = f.at("dev").id;
  f.remove("dev");
  EXPECT_THAT(f.add("dev").refused(), HasSubstr("still being deleted"));
  f.rest().add("dev");
  EXPECT_EQ(f.see(), "dev");
  EXPECT_NE(f.at("dev").id, first);
}

TEST(Rules, R3_1_a_check_in_is_offered_to_the_first_stage) {
  Flow f;
  f.add("prod").check_in();
  EXPECT_EQ(f.see(), "dev runs #1 | prod");
}

TEST(Rules, R3_2_each_stage_builds_and_keeps_what_was_built) {
  Flow f;
  f.check_in();
  EXPECT_EQ(f.due(), "dev build");
  const Work build = f.works().at(0);
  EXPECT_EQ(build.deployment.change.number, 1);
  EXPECT_FALSE(build.deployment.rebuild);
  f.as(machine()).give(StepDone{build.stage, build.deployment.id, build.attempt, S::building, "sha256-one", false, 0});
  EXPECT_EQ(f.at("dev").active->artifact, "sha256-one");
  EXPECT_FALSE(f.at("dev").active->built);
  f.succeed("dev").as(ann()).give(Redeploy{"dev", true});
  EXPECT_TRUE(f.works().at(0).deployment.rebuild);
  EXPECT_EQ(f.works().at(0).deployment.artifact_hint, "");
  f.succeed("dev").redeploy("dev");
  EXPECT_EQ(f.works().at(0).deployment.artifact_hint, "sha256-" + f.stack.newest->commit);
}

TEST(Rules, R3_3_success_is_every_step_and_then_moved_traffic) {
  Flow f;
  f.check_in();
  for (const S next : {S::publishing, S::provisioning, S::releasing, S::starting, S::verifying, S::switching}) {
    EXPECT_FALSE(f.at("dev").current);
    f.run_to("dev", next);
  }
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #1");
  EXPECT_EQ(f.at("dev").current->instances, 1);
  EXPECT_EQ(state_of(f.at("dev")), StageState::live);
  EXPECT_EQ(f.due(), "dev retire");
  f.check_in();
  EXPECT_EQ(f.due(), "dev build, dev retire") << "retiring is outside the lock";
  f.as(machine()).give(Flow::failed(f.works().at(1), "the disk is slow"));
  EXPECT_EQ(f.at("dev").retiring->problem, "the disk is slow");
  EXPECT_EQ(f.due(), "dev build");
  f.pass(std::chrono::seconds(2));
  EXPECT_EQ(f.due(), "dev build, dev retire") << "retried until done";
}

TEST(Rules, R3_4_a_failed_change_stops_where_it_failed) {
  Flow f;
  f.add("prod").check_in().rest().check_in().run_to("dev", S::starting).fail("dev", "no answer on /");
  EXPECT_EQ(f.see(), "dev #1 | prod #1");
  EXPECT_EQ(f.ended("dev"), "#1 succeeded, #2 failed");
  EXPECT_EQ(f.ended("prod"), "#1 succeeded");
  EXPECT_EQ(f.at("dev").last->error, "no answer on /");
  EXPECT_EQ(state_of(f.at("dev")), StageState::failed);
  EXPECT_EQ(f.due(), "dev retire") << "what it made goes";
  EXPECT_EQ(f.works().at(0).current->change.number, 1) << "but not what serves";
}

TEST(Rules, R3_5_one_deployment_at_a_time_in_a_stage_and_stages_side_by_side) {
  Flow f;
  f.add("prod").check_in().succeed("dev").check_in();
  EXPECT_EQ(f.see(), "dev #1 runs #2 | prod runs #1");
  f.check_in();
  EXPECT_EQ(f.see(), "dev #1 runs #2 waits #3 | prod runs #1");
  EXPECT_EQ(f.due(), "dev build, dev retire, prod build");
}

TEST(Rules, R3_6_a_newer_offer_takes_the_waiting_place) {
  Flow f;
  f.check_in().check_in().check_in();
  EXPECT_EQ(f.see(), "dev runs #1 waits #3");
  EXPECT_EQ(f.ended("dev"), "#2 superseded");
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #1 runs #3");
}

TEST(Rules, R3_6_a_newer_approval_takes_the_waiting_place) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev").approve("prod", 1);
  f.check_in().succeed("dev").approve("prod", 2).check_in().succeed("dev").approve("prod", 3);
  EXPECT_EQ(f.see(), "dev #3 | prod runs #1 waits #3");
  EXPECT_EQ(f.ended("prod"), "#2 superseded");
}

TEST(Rules, R3_6_a_waiting_rollback_is_displaced_by_nothing_but_a_cancel_or_another_rollback) {
  Flow f;
  f.add("prod", {true});
  for (int change = 1; change <= 3; ++change) f.check_in().succeed("dev").approve("prod", change).succeed("prod");
  f.check_in().succeed("dev").approve("prod", 4).run_to("prod", S::switching).rollback("prod", 2);
  EXPECT_EQ(f.see(), "dev #4 | prod #3 runs #4 waits rollback #2");
  f.check_in().succeed("dev").check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #6 | prod #3 runs #4 waits rollback #2 holds #6") << "the gate holds the newest offer";
  EXPECT_THAT(f.promote("prod", 6).refused(), HasSubstr("the rollback to #2 waits in prod"));
  f.rollback("prod", 1);
  EXPECT_EQ(f.see(), "dev #6 | prod #3 runs #4 waits rollback #1 holds #6");
  f.cancel_waiting("prod");
  EXPECT_EQ(f.see(), "dev #6 | prod #3 runs #4 asks #6") << "the gate is open again";
}

TEST(Rules, R3_6_an_approval_and_a_retry_are_refused_while_a_rollback_waits) {
  Flow f;
  f.add("prod", {true});
  f.check_in().succeed("dev").approve("prod", 1).succeed("prod");
  f.check_in().succeed("dev").approve("prod", 2).fail("prod").check_in().succeed("dev").approve("prod", 3);
  f.run_to("prod", S::switching).check_in().succeed("dev").rollback("prod", 1);
  EXPECT_EQ(f.see(), "dev #4 | prod #1 runs #3 waits rollback #1 asks #4");
  EXPECT_THAT(f.approve("prod", 4).refused(), HasSubstr("the rollback to #1 waits in prod"));
  EXPECT_THAT(f.retry("prod").refused(), HasSubstr("the rollback to #1 waits in prod"));
  f.succeed("prod").approve("prod", 4);
  EXPECT_EQ(f.see(), "dev #4 | prod #3 runs rollback #1 waits #4");
}

TEST(Rules, R3_6_a_waiting_promotion_holds_the_gate) {
  Flow f;
  f.add("prod").check_in().rest().check_in().succeed("dev").run_to("prod", S::starting);
  f.check_in().succeed("dev").promote("prod", 3);
  EXPECT_EQ(f.see(), "dev #3 | prod #1 runs #2 waits #3");
  EXPECT_THAT(f.refused(), HasSubstr("the deployment of #3 is queued in prod"));
  f.check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #4 | prod #1 runs #2 waits #4");
  f.require_approval("prod", true).promote("prod", 4);
  EXPECT_EQ(f.see(), "dev #4 | prod #1 runs #2 waits promote #4");
  f.require_approval("prod", false).check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #5 | prod #1 runs #2 waits promote #4 holds #5");
  f.succeed("prod");
  EXPECT_EQ(f.see(), "dev #5 | prod #2 runs promote #4 waits #5");
}

TEST(Rules, R3_7_a_gate_accepts_only_what_is_above_its_mark) {
  Flow f;
  f.add("prod").check_in().rest().check_in().rest();
  EXPECT_EQ(f.at("prod").mark, 2);
  f.add("test", {}, "prod");
  EXPECT_EQ(f.see(), "dev #2 | test runs initial #2 | prod #2");
  f.succeed("test");
  EXPECT_EQ(f.see(), "dev #2 | test #2 | prod #2") << "nothing flows twice";
}

TEST(Rules, R3_8_a_success_offers_to_whoever_is_next_then) {
  Flow f;
  f.add("prod").check_in().run_to("dev", S::verifying).add("test", {}, "prod").succeed("dev");
  EXPECT_EQ(f.see(), "dev #1 | test runs #1 | prod");
}

TEST(Rules, R3_8_a_retry_offers_when_what_it_repeats_would_have) {
  Flow f;
  f.add("prod").check_in().fail("dev").retry("dev");
  EXPECT_EQ(f.see(), "dev runs retry #1 | prod");
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #1 | prod runs #1");
}

TEST(Rules, R3_8_a_redeploy_and_a_rollback_never_offer) {
  Flow f;
  f.check_in().succeed("dev").check_in().succeed("dev").rollback("dev", 1).succeed("dev").add("prod").succeed("prod");
  EXPECT_EQ(f.see(), "dev #1 | prod #1");
  f.rollback("dev", 2).succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 | prod #1");
  f.redeploy("dev").succeed("dev").redeploy("dev").fail("dev").retry("dev").succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 | prod #1");
  f.rollback("dev", 2).fail("dev").retry("dev").succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 | prod #1");
}

}  // namespace
}  // namespace sluice::pipeline::testing
