#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/flow_test.h"

// Rule 8: people.
namespace sluice::pipeline::testing {
namespace {

using ::testing::HasSubstr;
using S = DeploymentState;

TEST(Rules, R8_1_a_cancelled_deployment_is_cancelling_until_what_it_made_is_gone) {
  Flow f;
  f.check_in().check_in().run_to("dev", S::starting);
  const Work late = f.works().at(0);
  f.cancel("dev");
  EXPECT_EQ(f.see(), "dev cancels #1 waits #2");
  EXPECT_EQ(f.due(), "dev discard");
  f.as(machine()).give(Flow::done(late));
  EXPECT_EQ(f.happened(), "") << "its step's own answer comes too late";
  f.as(ann()).cancel("dev");
  EXPECT_EQ(f.happened() + f.refused(), "") << "cancelled twice is cancelled once";
  f.discard("dev");
  EXPECT_EQ(f.see(), "dev runs #2") << "only then does the stage take the next";
  EXPECT_EQ(f.at("dev").last->error, "cancelled by ann");
}

TEST(Rules, R8_1_from_switching_on_a_cancel_is_refused) {
  Flow f;
  f.check_in().run_to("dev", S::switching).cancel("dev");
  EXPECT_THAT(f.refused(), HasSubstr("the deployment of #1 is switching in dev"));
  f.give(Cancel{{"dep_aaaabbbb9"}, "succeeded"});
  EXPECT_EQ(f.refused(), "deployment dep_aaaabbbb9 has already ended: succeeded");
  EXPECT_EQ(f.give(Cancel{{"dep_aaaabbbb9"}, ""}).refusal(), ErrorKind::not_found);
}

TEST(Rules, R8_1_a_waiting_one_ends_at_once) {
  Flow f;
  f.check_in().check_in().cancel_waiting("dev");
  EXPECT_EQ(f.see(), "dev runs #1");
  EXPECT_EQ(f.ended("dev"), "#2 cancelled");
}

TEST(Rules, R8_1_a_discard_that_fails_is_asked_again) {
  Flow f;
  f.check_in().cancel("dev").as(machine()).give(Flow::failed(f.works().at(0), "busy"));
  EXPECT_EQ(f.see(), "dev cancels #1");
  EXPECT_EQ(f.due(), "");
  f.pass(std::chrono::seconds(1));
  EXPECT_EQ(f.due(), "dev discard");
}

TEST(Rules, R8_2_a_retry_repeats_the_newest_that_failed) {
  Flow f;
  EXPECT_THAT(f.retry("dev").refused(), HasSubstr("nothing to retry"));
  EXPECT_EQ(f.give(Retry{"dev", {}, {"dep_aaaabbbb9"}}).refusal(), ErrorKind::not_found);
  f.check_in().fail("dev").save("dev").retry("dev");
  EXPECT_EQ(f.see(), "dev runs retry #1");
  EXPECT_EQ(f.at("dev").active->settings_revision, 2);
  EXPECT_EQ(f.at("dev").active->meaning, DeploymentKind::flow);
  EXPECT_THAT(f.retry("dev").refused(), HasSubstr("the retry of #1 is building in dev"));
  f.succeed("dev");
  EXPECT_THAT(f.retry("dev").refused(), HasSubstr("change #1 has succeeded in dev since"));
}

TEST(Rules, R8_2_refused_when_a_newer_one_is_active_or_waiting) {
  Flow f;
  f.check_in().fail("dev").check_in();
  EXPECT_THAT(f.retry("dev").refused(), HasSubstr("the deployment of #2 is building in dev"));
  f.fail("dev").retry("dev");
  EXPECT_EQ(f.see(), "dev runs retry #2");
}

TEST(Rules, R8_2_a_retry_behind_an_older_one_waits) {
  Flow f;
  f.check_in().succeed("dev").check_in().cancel("dev").discard("dev").rollback("dev", 1).retry("dev");
  EXPECT_EQ(f.see(), "dev #1 runs rollback #1 waits retry #2");
}

TEST(Rules, R8_2_a_named_one_that_did_not_fail_is_refused) {
  Flow f;
  f.check_in().succeed("dev");
  Precedent was;
  was.deployment = {"dep_aaaabbbb2"};
  was.change = {1, std::string(40, '1')};
  EXPECT_THAT(f.give(Retry{"dev", was}).refused(), HasSubstr("is succeeded; only a failed or cancelled one"));
}

TEST(Rules, R8_2_where_approval_is_required_a_retry_needs_decide) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev").approve("prod", 1).fail("prod");
  EXPECT_THAT(f.as(dora()).retry("prod").refused(), HasSubstr("may not retry in prod"));
  EXPECT_EQ(f.as(ann()).retry("prod").see(), "dev #1 | prod runs retry #1");
}

TEST(Rules, R8_3_a_rollback_runs_again_what_an_earlier_one_ran) {
  Flow f;
  EXPECT_THAT(f.rollback("dev").refused(), HasSubstr("nothing to roll back to"));
  f.check_in().succeed("dev").check_in().succeed("dev").check_in().succeed("dev").rollback("dev");
  EXPECT_EQ(f.see(), "dev #3 runs rollback #2");
  EXPECT_TRUE(f.at("dev").active->artifact_fixed);
  EXPECT_EQ(f.at("dev").active->artifact, f.history.ended.at(1).deployment.artifact);
  f.succeed("dev").check_in();
  EXPECT_EQ(f.see(), "dev #2 runs #4") << "the next newer check-in arrives as usual";
}

TEST(Rules, R8_3_a_rollback_cancels_what_waits_and_what_is_not_yet_switching) {
  Flow f;
  f.check_in().succeed("dev").check_in().check_in().rollback("dev", 1);
  EXPECT_EQ(f.see(), "dev #1 cancels #2 waits rollback #1");
  EXPECT_EQ(f.ended("dev"), "#1 succeeded, #3 cancelled");
  f.discard("dev");
  EXPECT_EQ(f.see(), "dev #1 runs rollback #1");
}

TEST(Rules, R8_3_the_default_is_below_what_is_switching_in) {
  Flow f;
  f.check_in().succeed("dev").check_in().run_to("dev", S::switching).rollback("dev");
  EXPECT_EQ(f.see(), "dev #1 runs #2 waits rollback #1");
}

TEST(Rules, R8_3_with_the_settings_of_then_they_become_a_new_revision_on_success) {
  Flow f;
  f.check_in().succeed("dev").save("dev").succeed("dev").check_in().succeed("dev").rollback("dev", 1, true);
  const Revision then = f.at("dev").active->settings_revision;
  EXPECT_EQ(then, 2) << "the newest success of #1 is its redeploy";
  f.succeed("dev");
  EXPECT_THAT(f.happened(), HasSubstr("DeploymentEnded SettingsAdopted"));
  EXPECT_EQ(f.at("dev").settings_revision, 3);
  EXPECT_EQ(f.at("dev").current->settings_revision, 3);
  EXPECT_EQ(f.see(), "dev #1") << "and nothing is redeployed for it";
}

TEST(Rules, R8_3_a_cleaned_artifact_is_said_and_a_build_is_offered) {
  Flow f;
  f.check_in().succeed("dev").check_in().succeed("dev");
  Rollback command;
  command.stage = "dev";
  command.precedent = f.history.rollback(f.at("dev"), 0);
  command.precedent->artifact_kept = false;
  EXPECT_THAT(f.give(command).refused(), HasSubstr("was cleaned; it can be built anew"));
  command.build = true;
  f.give(command);
  EXPECT_EQ(f.see(), "dev #2 runs rollback #1");
  EXPECT_FALSE(f.at("dev").active->artifact_fixed);
}

TEST(Rules, R8_3_pause_closes_the_gate_in_the_same_breath) {
  Flow f;
  f.check_in().succeed("dev").check_in().succeed("dev").rollback("dev", 0, false, true).check_in();
  EXPECT_EQ(f.see(), "dev #2 runs rollback #1 holds #3 paused");
  f.succeed("dev").resume("dev");
  EXPECT_EQ(f.see(), "dev #1 runs #3");
}

TEST(Rules, R8_4_a_promotion_passes_the_gate_whatever_its_mark) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev").approve("prod", 1).succeed("prod").check_in().succeed("dev");
  f.reject("prod", 2).check_in().succeed("dev").promote("prod", 2);
  EXPECT_EQ(f.see(), "dev #3 | prod #1 runs promote #2 asks #3") << "a newer pending one stays";
  f.succeed("prod").promote("prod", 3);
  EXPECT_EQ(f.see(), "dev #3 | prod #2 runs promote #3") << "that number or lower is superseded";
  EXPECT_THAT(f.promote("prod", 3).refused(), HasSubstr("the promotion of #3 is building in prod"));
}

TEST(Rules, R8_4_only_what_succeeded_in_a_stage_before_can_be_promoted) {
  Flow f;
  f.add("prod", {true}).check_in().fail("dev").promote("prod", 1);
  EXPECT_THAT(f.refused(), HasSubstr("change #1 has not succeeded in a stage before prod"));
  EXPECT_EQ(f.promote("prod", 9).refusal(), ErrorKind::not_found);
  f.retry("dev").succeed("dev").reject("prod", 1).promote("dev", 1);
  EXPECT_THAT(f.refused(), HasSubstr("has not succeeded in a stage before dev"));
  f.remove("dev").rest().promote("prod", 1);
  EXPECT_EQ(f.see(), "prod runs promote #1") << "then or now: dev is gone";
}

TEST(Rules, R8_4_a_promotion_is_refused_while_paused) {
  Flow f;
  f.add("prod").check_in().rest().pause("prod").promote("prod", 1);
  EXPECT_THAT(f.refused(), HasSubstr("prod is paused"));
}

TEST(Rules, R8_5_paused_nothing_new_starts_by_flow_and_what_it_queued_returns) {
  Flow f;
  f.check_in().check_in().pause("dev");
  EXPECT_EQ(f.see(), "dev runs #1 holds #2 paused");
  EXPECT_EQ(f.ended("dev"), "#2 superseded (returned)");
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #1 holds #2 paused") << "what runs, runs on";
  f.resume("dev");
  EXPECT_EQ(f.see(), "dev #1 runs #2") << "accepted before: not measured against the mark again";
}

TEST(Rules, R8_5_the_gate_holds_the_newest_offer) {
  Flow f;
  f.pause("dev").check_in().check_in();
  EXPECT_EQ(f.see(), "dev holds #2 paused");
  EXPECT_EQ(f.at("dev").mark, 0) << "held is not accepted";
  f.require_approval("dev", true).resume("dev");
  EXPECT_EQ(f.see(), "dev asks #2");
  EXPECT_EQ(f.at("dev").mark, 2);
}

TEST(Rules, R8_5_the_gate_keeps_the_newer_of_two_offers) {
  Flow f;
  f.check_in()
      .succeed("dev")
      .add("prod", {true})
      .rest()
      .pause("prod")
      .check_in()
      .succeed("dev")
      .check_in()
      .succeed("dev");
  EXPECT_EQ(f.see(), "dev #3 | prod #1 holds #3 paused");
  f.rollback("dev", 2).succeed("dev").add("test", {}, "prod").succeed("test");
  EXPECT_EQ(f.see(), "dev #2 | test #2 | prod #1 holds #3 paused") << "#2 comes after #3, and is older";
}

TEST(Rules, R8_5_what_a_person_decided_keeps_its_place_until_resume) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev").approve("prod", 1).check_in().succeed("dev").approve("prod", 2);
  f.pause("prod").succeed("prod");
  EXPECT_EQ(f.see(), "dev #2 | prod #1 waits #2 paused");
  f.resume("prod");
  EXPECT_EQ(f.see(), "dev #2 | prod #1 runs #2");
}

TEST(Rules, R8_5_paused_nothing_can_be_approved_but_rejected_retried_rolled_back_and_redeployed) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev").approve("prod", 1).succeed("prod").check_in().succeed("dev");
  f.pause("prod");
  EXPECT_THAT(f.approve("prod", 2).refused(), HasSubstr("prod is paused"));
  f.redeploy("prod").succeed("prod").save("prod").fail("prod").retry("prod").succeed("prod");
  EXPECT_EQ(f.see(), "dev #2 | prod #1 asks #2 paused");
  EXPECT_EQ(f.ended("prod"), "#1 succeeded, redeploy #1 succeeded, redeploy #1 failed, retry #1 succeeded");
  f.rollback("prod", 1);
  EXPECT_EQ(f.see(), "dev #2 | prod #1 runs rollback #1 asks #2 paused");
  f.reject("prod", 2);
  EXPECT_EQ(f.see(), "dev #2 | prod #1 runs rollback #1 paused");
  EXPECT_EQ(f.pause("prod").happened(), "");
  EXPECT_EQ(f.resume("prod").happened(), "StageResumed");
  EXPECT_EQ(f.resume("prod").happened(), "");
}

TEST(Rules, R8_5_a_rollback_that_waits_passes_the_pause) {
  Flow f;
  f.check_in().succeed("dev").check_in().run_to("dev", S::switching).rollback("dev", 1).pause("dev").succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 runs rollback #1 paused");
}

TEST(Rules, R8_6_a_redeploy_runs_what_is_current_again) {
  Flow f;
  EXPECT_THAT(f.redeploy("dev").refused(), HasSubstr("nothing runs in dev"));
  f.check_in();
  EXPECT_THAT(f.redeploy("dev").refused(), HasSubstr("dev is busy with the deployment of #1"));
  f.succeed("dev").redeploy("dev");
  EXPECT_EQ(f.see(), "dev #1 runs redeploy #1");
}

TEST(Rules, R8_7_who_may) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev");
  const auto allowed = [&](const Actor& actor, CommandBody body) {
    return may(f.stack, Command{actor, std::move(body)}).has_value();
  };
  AddStage gated_stage, open_stage;
  gated_stage.config.requires_approval = true;
  SetStage toggle{"prod", false, {}, {}, {}, {}, {}}, scale{"dev", {}, {}, {}, {}, 2, {}},
      same{"dev", false, {}, {}, {}, {}, {}};
  SetStage scale_gated{"prod", {}, {}, {}, {}, 2, {}};
  Rollback back{"dev", "", false, false, false, {}}, back_gated{"prod", "", false, false, false, {}},
      back_and_pause{"dev", "", false, true, false, {}};
  const std::vector<CommandBody> a_developers = {CheckIn{},
                                                 open_stage,
                                                 scale,
                                                 same,
                                                 SaveSettings{"dev", {}},
                                                 Retry{"dev", {}},
                                                 Redeploy{"dev", false},
                                                 back,
                                                 Cancel{},
                                                 Retry{"nowhere", {}}};
  const std::vector<CommandBody> an_admins = {gated_stage,
                                              toggle,
                                              scale_gated,
                                              SaveSettings{"prod", {}},
                                              Approve{},
                                              Reject{},
                                              Retry{"prod", {}},
                                              Redeploy{"prod", false},
                                              back_gated,
                                              back_and_pause,
                                              Promote{},
                                              Pause{},
                                              Resume{},
                                              DeleteStage{},
                                              DeleteStage{"dev", true},
                                              DeleteStack{},
                                              SetSource{}};
  for (const auto& body : a_developers) {
    EXPECT_TRUE(allowed(ann(), body)) << body.index();
    EXPECT_TRUE(allowed(dora(), body)) << body.index();
    EXPECT_FALSE(allowed(vic(), body)) << body.index();
  }
  for (const auto& body : an_admins) {
    EXPECT_TRUE(allowed(ann(), body)) << body.index();
    EXPECT_FALSE(allowed(dora(), body)) << body.index();
    EXPECT_FALSE(allowed(vic(), body)) << body.index();
    EXPECT_TRUE(allowed(machine(), body)) << body.index();
  }
  for (const CommandBody& body :
       std::vector<CommandBody>{StepDone{}, StepFailed{}, StepNotYet{}, ChoreResult{}, Tick{}}) {
    EXPECT_FALSE(allowed(ann(), body)) << "only the machinery reports";
    EXPECT_TRUE(allowed(machine(), body));
  }
  f.approve("prod", 1);
  EXPECT_FALSE(allowed(dora(), Cancel{f.at("prod").active->id, ""}));
  EXPECT_EQ(f.as(dora()).pause("dev").refusal(), ErrorKind::forbidden);
  EXPECT_FALSE(create(StackId{"stk_aaaabbbb"}, "x", Source{}, "", StageConfig{}, dora(), f.now));
}

TEST(Rules, R8_7_every_event_names_who_caused_it) {
  Flow f;
  f.check_in();
  EXPECT_EQ(f.events.at(0).actor, ann());
  EXPECT_EQ(f.events.back().actor, machine()) << "what follows by itself is the system's";
}

}  // namespace
}  // namespace sluice::pipeline::testing
