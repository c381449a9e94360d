#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/flow_test.h"
#include "pipeline/questions.h"

// Rules 4 to 6: approvals, new stages, deleting.
namespace sluice::pipeline::testing {
namespace {

using ::testing::HasSubstr;
using S = DeploymentState;

// dev, and prod that asks; `changes` have succeeded in dev.
Flow gated(int changes = 0) {
  Flow f;
  f.add("prod", {true});
  for (int i = 0; i < changes; ++i) f.check_in().succeed("dev");
  return f;
}

TEST(Rules, R4_1_an_accepted_offer_asks_where_approval_is_required) {
  Flow f = gated(1);
  EXPECT_EQ(f.see(), "dev #1 | prod asks #1");
  EXPECT_EQ(f.at("prod").mark, 1);
  Flow first({true});
  EXPECT_EQ(first.check_in().see(), "dev asks #1") << "the first stage may require it too";
}

TEST(Rules, R4_2_a_newer_change_that_reached_the_gate_supersedes_the_pending_one) {
  Flow f = gated(1);
  f.check_in().fail("dev");
  EXPECT_EQ(f.see(), "dev #1 | prod asks #1") << "one that failed upstream touches nothing";
  f.check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #3 | prod asks #3");
  EXPECT_THAT(f.happened(), HasSubstr("ApprovalSuperseded ApprovalAsked"));
  EXPECT_EQ(f.ended("prod"), "");
}

TEST(Rules, R4_3_approving_deploys_exactly_what_was_shown) {
  Flow f = gated(1);
  f.check_in();
  f.approve("prod", 1);
  EXPECT_EQ(f.see(), "dev #1 runs #2 | prod runs #1");
  EXPECT_TRUE(f.at("prod").active->decided);
  EXPECT_EQ(f.at("prod").active->by.name, "ann");
}

TEST(Rules, R4_3_what_the_approver_is_shown) {
  Flow f = gated();
  f.check_in().succeed("dev").approve("prod", 1).succeed("prod").instances("dev", 0).chores();
  f.check_in().succeed("dev").save("prod");
  Asked shown = asked(f.stack, f.at("prod"));
  EXPECT_EQ(shown.change.number, 2);
  EXPECT_EQ(shown.runs->number, 1);
  EXPECT_EQ(shown.before, "dev");
  EXPECT_TRUE(shown.ran_with_no_instances);
  EXPECT_FALSE(shown.has_left_before);
  EXPECT_TRUE(shown.settings_changed);
  f.rollback("dev").succeed("dev");
  shown = asked(f.stack, f.at("prod"));
  EXPECT_TRUE(shown.has_left_before);
  EXPECT_FALSE(shown.ran_with_no_instances);
}

TEST(Rules, R4_4_a_decision_on_what_no_longer_waits_says_what_happened) {
  Flow f = gated(2);
  EXPECT_EQ(f.approve("prod", 1).refusal(), ErrorKind::conflict);
  EXPECT_EQ(f.refused(), "change #1 was superseded by #2 in prod");
  EXPECT_EQ(f.approve("prod", 7).refused(), "change #7 does not wait for approval in prod; #2 does");
  f.approve("prod", 2);
  Actor bob{ActorKind::user, "bob", Role::admin};
  EXPECT_EQ(f.as(bob).approve("prod", 2).refused(), "change #2 was approved by ann in prod");
  EXPECT_EQ(f.reject("prod", 2).refused(), "change #2 was approved by ann in prod");
  EXPECT_EQ(f.as(ann()).approve("prod", 2).happened(), "") << "the same decision by the same person is one";
  EXPECT_EQ(f.refused(), "");
  EXPECT_EQ(f.reject("prod", 2).refused(), "change #2 was approved by ann in prod");
  EXPECT_EQ(f.approve("prod", 3).refused(), "change #3 does not wait for approval in prod; nothing does");
  EXPECT_EQ(f.approve("prod", 0).refusal(), ErrorKind::invalid);
  EXPECT_EQ(f.approve("nowhere", 1).refusal(), ErrorKind::not_found);
}

TEST(Rules, R4_4_a_decision_in_a_deleted_stage_is_a_conflict) {
  Flow f = gated(1);
  f.remove("prod").rest();
  EXPECT_EQ(f.approve("prod", 1).refused(), "change #1 was withdrawn in prod; the stage was deleted");
}

TEST(Rules, R4_5_rejecting_ends_the_change_here) {
  Flow f = gated(1);
  f.reject("prod", 1);
  EXPECT_EQ(f.see(), "dev #1 | prod");
  EXPECT_EQ(std::get<ApprovalDecided>(f.events.at(0).body).comment, "not today");
  EXPECT_EQ(f.reject("prod", 1).happened(), "");
  EXPECT_EQ(f.approve("prod", 1).refused(), "change #1 was rejected by ann in prod");
  f.check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 | prod asks #2");
}

TEST(Rules, R4_6_made_manual_what_flow_queued_asks_and_what_runs_runs_on) {
  Flow f;
  f.check_in().check_in().require_approval("dev", true);
  EXPECT_EQ(f.see(), "dev runs #1 asks #2");
  EXPECT_EQ(f.ended("dev"), "#2 superseded (returned)");
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #1 asks #2");
  EXPECT_EQ(f.retry("dev").refusal(), ErrorKind::conflict) << "one returned to its gate is never retried";
  EXPECT_FALSE(f.at("dev").last->change.number == 2) << "nor speaks for its change";
  f.check_in();
  EXPECT_EQ(f.see(), "dev #1 asks #3") << "later offers ask";
}

TEST(Rules, R4_6_made_manual_what_a_person_decided_stays_queued) {
  Flow f = gated(1);
  f.approve("prod", 1).check_in().succeed("dev").approve("prod", 2).require_approval("prod", false);
  f.require_approval("prod", true);
  EXPECT_EQ(f.see(), "dev #2 | prod runs #1 waits #2");
}

TEST(Rules, R4_6_a_returned_one_is_refused_a_retry_also_when_it_is_named) {
  Flow f;
  f.check_in().check_in().require_approval("dev", true);
  Precedent was;
  was.change = {2, std::string(40, '2')};
  was.state = S::superseded;
  was.returned = true;
  EXPECT_THAT(f.give(Retry{"dev", was}).refused(), HasSubstr("returned to the gate"));
}

TEST(Rules, R4_7_made_automatic_the_pending_approval_stays) {
  Flow f = gated(1);
  f.require_approval("prod", false);
  EXPECT_EQ(f.see(), "dev #1 | prod asks #1");
  f.check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 | prod runs #2") << "later offers queue at once, and supersede it";
  EXPECT_EQ(f.approve("prod", 1).refused(), "change #1 was superseded by #2 in prod");

  Flow g = gated(1);
  g.require_approval("prod", false).approve("prod", 1);
  EXPECT_EQ(g.see(), "dev #1 | prod runs #1");
}

TEST(Rules, R4_8_a_decision_keeps_who_when_and_the_comment) {
  Flow f = gated(1);
  f.give(Approve{"prod", 1, "looks good", {}});
  const Event& event = f.events.at(0);
  EXPECT_EQ(event.actor, ann());
  EXPECT_EQ(event.at, f.now);
  EXPECT_EQ(std::get<ApprovalDecided>(event.body).comment, "looks good");
}

TEST(Rules, R5_1_a_new_stage_deploys_at_once_what_is_current_before_it) {
  Flow f;
  f.check_in().succeed("dev").check_in().fail("dev").check_in().add("prod", {true});
  EXPECT_EQ(f.see(), "dev #1 runs #3 | prod runs initial #1") << "without asking, and not what failed";
  EXPECT_EQ(f.at("prod").mark, 1);
  f.succeed("prod").succeed("dev");
  EXPECT_EQ(f.see(), "dev #3 | prod #1 asks #3");
}

TEST(Rules, R5_1_a_new_first_stage_takes_the_newest_check_in_and_offers_onward) {
  Flow f;
  f.check_in().succeed("dev").check_in().fail("dev").add("first", {}, "dev");
  EXPECT_EQ(f.see(), "first runs initial #2 | dev #1");
  f.succeed("first");
  EXPECT_EQ(f.see(), "first #2 | dev #1") << "dev accepted #2 before";
  f.check_in().succeed("first");
  EXPECT_EQ(f.see(), "first #3 | dev #1 runs #3");
}

TEST(Rules, R5_1_where_nothing_is_current_it_waits_and_then_asks) {
  Flow f;
  f.check_in().add("prod", {true});
  EXPECT_EQ(f.see(), "dev runs #1 | prod");
  EXPECT_EQ(deployed_by_adding(f.stack, "", ""), std::nullopt);
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #1 | prod asks #1");
  EXPECT_EQ(deployed_by_adding(f.stack, "prod", "")->number, 1);
  EXPECT_EQ(deployed_by_adding(f.stack, "", "prod"), std::nullopt);
  EXPECT_EQ(deployed_by_adding(f.stack, "dev", "")->number, 1);
}

TEST(Rules, R5_2_a_stage_put_before_a_pending_approval_leaves_it_as_it_is) {
  Flow f = gated(1);
  f.add("test", {}, "prod");
  EXPECT_EQ(f.see(), "dev #1 | test runs initial #1 | prod asks #1");
  f.approve("prod", 1);
  EXPECT_EQ(f.see(), "dev #1 | test runs initial #1 | prod runs #1") << "at once, in the middle of its own deployment";
  f.succeed("test").succeed("prod");
  EXPECT_EQ(f.see(), "dev #1 | test #1 | prod #1");
}

TEST(Rules, R5_3_from_then_on_changes_flow_through_the_new_stage) {
  Flow f = gated(1);
  f.approve("prod", 1).check_in().succeed("dev").approve("prod", 2).check_in().succeed("dev").add("test", {}, "prod");
  EXPECT_EQ(f.see(), "dev #3 | test runs initial #3 | prod runs #1 waits #2 asks #3") << "what is there stays there";
  f.succeed("test").check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #4 | test #3 runs #4 | prod runs #1 waits #2 asks #3");
  f.succeed("test");
  EXPECT_EQ(f.see(), "dev #4 | test #4 | prod runs #1 waits #2 asks #4");
}

TEST(Rules, R5_4_variables_may_be_copied_from_another_stage) {
  Flow f = gated();
  AddStage copy;
  copy.name = "prod-eu";
  copy.copy_from = "prod";
  EXPECT_THAT(f.as(dora()).give(copy).refused(),
              HasSubstr("may not copy the variables of a stage that requires approval"));
  copy.copy_from = "dev";
  EXPECT_EQ(f.give(copy).refused(), "");
  EXPECT_EQ(std::get<StageAdded>(f.events.at(0).body).copied_from, "dev");
  copy.name = "x";
  copy.copy_from = "nowhere";
  EXPECT_EQ(f.give(copy).refusal(), ErrorKind::invalid);
}

TEST(Rules, R6_1_deleting_leads_to_nothing_left) {
  Flow f = gated(1);
  f.give(DeleteStack{});
  EXPECT_EQ(f.see(), "");
  EXPECT_EQ(f.check_in().refused(), "the stack shop is being deleted");
  EXPECT_EQ(f.give(DeleteStack{}).happened(), "");
  f.rest();
  EXPECT_TRUE(f.stack.gone);
  EXPECT_EQ(f.check_in().refusal(), ErrorKind::not_found);
  EXPECT_EQ(f.works().size(), 0u);

  Flow empty;
  empty.remove("dev").rest().give(DeleteStack{});
  EXPECT_TRUE(empty.stack.gone);
}

TEST(Rules, R6_2_what_is_in_flight_ends_with_the_reason_stage_deleted) {
  Flow f = gated(1);
  f.approve("prod", 1).check_in().succeed("dev").approve("prod", 2).check_in().succeed("dev").remove("prod");
  EXPECT_EQ(f.see(), "dev #3");
  EXPECT_EQ(f.happened(), "DeploymentEnded ApprovalWithdrawn CancelBegan StageDeletionBegan");
  EXPECT_EQ(std::get<ApprovalWithdrawn>(f.events.at(1).body).reason, "stage deleted");
  EXPECT_EQ(f.due(), "dev retire, prod discard") << "first what runs comes to its end";
  f.discard("prod");
  EXPECT_EQ(f.ended("prod"), "#2 cancelled, #1 cancelled");
  EXPECT_EQ(f.at("prod").last->error, "stage deleted");
  EXPECT_EQ(f.due(), "dev retire, prod remove");
  f.chores();
  EXPECT_TRUE(f.stack.leaving.empty());
}

TEST(Rules, R6_2_a_held_offer_is_dropped) {
  Flow f = gated(0);
  f.pause("prod").check_in().succeed("dev").remove("prod");
  EXPECT_THAT(f.happened(), HasSubstr("HeldSuperseded"));
  EXPECT_EQ(std::get<HeldSuperseded>(f.events.at(0).body).by, 0);
}

TEST(Rules, R6_2_also_one_that_is_switching) {
  Flow f;
  f.add("prod").check_in().run_to("dev", S::switching);
  const Work late = f.works().at(0);
  f.remove("dev").as(machine()).give(Flow::done(late));
  EXPECT_EQ(f.happened(), "");
  f.rest();
  EXPECT_EQ(f.see(), "prod");
}

TEST(Rules, R6_3_deleting_deploys_nothing_anywhere) {
  Flow f;
  f.add("test", {true}).add("prod", {true}).check_in().succeed("dev").approve("test", 1).succeed("test");
  f.check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 | test #1 asks #2 | prod asks #1");
  EXPECT_EQ(stranded_by_deleting(f.stack, "test")->number, 2);
  EXPECT_EQ(stranded_by_deleting(f.stack, "dev"), std::nullopt);
  Flow promoted = f;
  promoted.promote("prod", 2);
  EXPECT_EQ(stranded_by_deleting(promoted.stack, "test"), std::nullopt) << "prod has it already";
  f.remove("test").rest();
  EXPECT_EQ(f.see(), "dev #2 | prod asks #1") << "approvals pending elsewhere stay";
  f.promote("prod", 2);
  EXPECT_EQ(f.see(), "dev #2 | prod runs promote #2");
  f.rest().check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #3 | prod #2 asks #3");
}

TEST(Rules, R6_3_if_the_first_goes_the_next_check_in_goes_to_the_new_first) {
  Flow f;
  f.add("prod").check_in().remove("dev").rest().check_in();
  EXPECT_EQ(f.see(), "prod runs #2");
  f.remove("prod").rest().check_in();
  EXPECT_EQ(f.see(), "") << "a stack may have no stage";
  f.add("again");
  EXPECT_EQ(f.see(), "again runs initial #3");
}

TEST(Rules, R6_4_a_stage_of_the_same_name_is_a_new_stage) {
  Flow f = gated(1);
  f.save("prod").remove("prod").rest().add("prod");
  EXPECT_EQ(f.see(), "dev #1 | prod runs initial #1");
  EXPECT_EQ(f.at("prod").settings_revision, 1);
  EXPECT_EQ(f.at("prod").attempt, 1);
}

TEST(Rules, R6_5_a_deletion_that_cannot_finish_says_why_and_is_retried) {
  Flow f = gated(1);
  f.remove("prod");
  EXPECT_EQ(state_of(f.at("prod")), StageState::deleting);
  f.as(machine()).give(Flow::failed(f.works().at(1), "the region is out of reach"));
  EXPECT_EQ(f.at("prod").deleting->problem, "the region is out of reach");
  EXPECT_EQ(f.due(), "dev retire");
  f.pass(std::chrono::seconds(1));
  EXPECT_EQ(f.due(), "dev retire, prod remove");
  EXPECT_EQ(f.as(ann()).remove("prod").happened(), "") << "asked twice it is one deletion";
}

TEST(Rules, R6_5_a_deletion_can_be_forced) {
  Flow f = gated(1);
  f.approve("prod", 1).remove("prod").as(machine()).give(Flow::failed(f.works().at(1), "stuck"));
  EXPECT_EQ(f.due(), "dev retire");
  f.as(ann()).remove("prod", true);
  EXPECT_EQ(f.due(), "dev retire, prod discard") << "it is looked at again at once";
  f.as(machine()).give(Flow::failed(f.works().at(1), "stuck"));
  EXPECT_EQ(f.due(), "dev retire, prod remove");
  EXPECT_TRUE(f.works().at(1).forced);
  f.give(Flow::failed(f.works().at(1), "stuck"));
  EXPECT_TRUE(f.stack.leaving.empty());
}

}  // namespace
}  // namespace sluice::pipeline::testing
