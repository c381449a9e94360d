#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/deciding.h"
#include "pipeline/flow_test.h"

// Rule 7.5: stages that rest, and the tasks of their databases.
namespace sluice::pipeline::testing {
namespace {

using ::testing::HasSubstr;
using S = DeploymentState;

Flow& set(Flow& f, const std::string& stage, std::int64_t sleep_after, std::optional<std::string> hours = {}) {
  SetStage c;
  c.stage = stage;
  c.sleep_after = sleep_after;
  c.hours = std::move(hours);
  return f.give(std::move(c));
}

Flow& lay(Flow& f, const std::string& stage, RestCause why = RestCause::idle, std::optional<Time> until = {}) {
  return f.as(machine()).give(LayToRest{f.at(stage).id, why, until}).as(ann());
}

Flow& rouse(Flow& f, const std::string& stage, RestCause why = RestCause::idle) {
  return f.as(machine()).give(Rouse{f.at(stage).id, why}).as(ann());
}

Flow serving() {
  Flow f;
  f.check_in().succeed("dev").chores();
  return f;
}

TEST(Rules, R7_5_an_idle_stage_stops_its_instances_and_a_visit_wakes_it) {
  Flow f = serving();
  set(f, "dev", 600);
  EXPECT_EQ(f.happened(), "StageChanged");
  EXPECT_EQ(f.at("dev").settings_revision, 1) << "no deployment carries it";
  lay(f, "dev");
  EXPECT_EQ(f.due(), "dev scale 0");
  EXPECT_EQ(f.works().at(0).rest->why, RestCause::idle);
  f.chores();
  EXPECT_EQ(state_of(f.at("dev")), StageState::asleep);
  rouse(f, "dev");
  EXPECT_EQ(f.due(), "dev scale 1");
  f.chores();
  EXPECT_EQ(state_of(f.at("dev")), StageState::live);
  EXPECT_EQ(f.due(), "");
}

TEST(Rules, R7_5_only_what_is_set_to_rest_is_laid_to_rest) {
  Flow f = serving();
  EXPECT_EQ(lay(f, "dev").happened(), "");
  EXPECT_EQ(lay(f, "dev", RestCause::hours).happened(), "");
  EXPECT_EQ(rouse(f, "dev").happened(), "");
  set(f, "dev", 600).instances("dev", 0).chores();
  EXPECT_EQ(lay(f, "dev").happened(), "") << "it runs nothing anyway";
  f.as(ann()).give(LayToRest{f.at("dev").id});
  EXPECT_EQ(f.refusal(), ErrorKind::forbidden) << "no person says that nobody asks";
}

TEST(Rules, R7_5_a_deployment_wakes_an_idle_stage_by_taking_its_place) {
  Flow f = serving();
  set(f, "dev", 600);
  lay(f, "dev").chores().check_in().run_to("dev", S::starting);
  EXPECT_EQ(f.works().at(0).instances, 1) << "it is tried with all that is desired";
  EXPECT_TRUE(f.at("dev").rest) << "what served before is not started for it";
  f.succeed("dev");
  EXPECT_FALSE(f.at("dev").rest);
  EXPECT_EQ(f.at("dev").current->instances, 1);
}

TEST(Rules, R7_5_a_failed_deployment_leaves_the_stage_asleep) {
  Flow f = serving();
  set(f, "dev", 600);
  lay(f, "dev").chores().check_in().run_to("dev", S::starting).fail("dev").chores();
  EXPECT_TRUE(f.at("dev").rest);
  EXPECT_EQ(f.at("dev").current->instances, 0);
  rouse(f, "dev").chores();
  EXPECT_EQ(f.at("dev").current->instances, 1);
}

TEST(Rules, R7_5_outside_its_hours_a_stage_rests_again_after_a_deployment) {
  Flow f = serving();
  set(f, "dev", 0, "mon-fri 08:00-19:00 Europe/Berlin");
  const Time morning = f.now + std::chrono::hours(10);
  lay(f, "dev", RestCause::hours, morning).chores();
  EXPECT_EQ(f.at("dev").rest->until, morning);
  EXPECT_EQ(rouse(f, "dev", RestCause::idle).happened(), "") << "a visit does not make it open";
  f.check_in().succeed("dev");
  EXPECT_EQ(f.at("dev").current->instances, 1) << "it was tried";
  EXPECT_THAT(f.due(), HasSubstr("dev scale 0"));
  f.chores();
  rouse(f, "dev", RestCause::hours).chores();
  EXPECT_EQ(f.at("dev").current->instances, 1);
}

TEST(Rules, R7_5_what_is_said_while_nothing_runs_is_said_anew_when_the_cause_changes) {
  Flow f = serving();
  set(f, "dev", 600, "daily 08:00-19:00 UTC");
  lay(f, "dev").chores();
  lay(f, "dev", RestCause::hours, f.now + std::chrono::hours(1));
  EXPECT_EQ(f.due(), "dev scale 0");
  EXPECT_EQ(f.works().at(0).rest->why, RestCause::hours);
  f.chores();
  EXPECT_EQ(lay(f, "dev", RestCause::hours, f.at("dev").rest->until).happened(), "") << "known already";
  f.instances("dev", 0);
  EXPECT_EQ(f.due(), "dev scale 0");
  EXPECT_FALSE(f.works().at(0).rest) << "scaled to zero is no rest: nothing wakes it";
}

TEST(Rules, R7_5_what_is_no_longer_set_to_rest_wakes) {
  Flow f = serving();
  set(f, "dev", 600);
  lay(f, "dev").chores();
  set(f, "dev", 0);
  EXPECT_EQ(f.happened(), "StageChanged StageRoused ScaleBegan");
}

TEST(Rules, R7_5_rest_is_checked_as_it_is_set) {
  Flow f = serving();
  EXPECT_EQ(set(f, "dev", 5).refusal(), ErrorKind::invalid);
  EXPECT_THAT(f.refused(), HasSubstr("between 10 seconds and 7 days"));
  EXPECT_EQ(set(f, "dev", 600, "always").refusal(), ErrorKind::invalid);
}

TEST(Rules, R8_3_the_settings_of_then_are_those_of_the_stage_too) {
  Flow f = serving();
  SetStage cached;
  cached.stage = "dev";
  cached.caching = true;
  f.give(cached).succeed("dev").chores().check_in().succeed("dev").chores();
  const StageConfig was = f.at("dev").config;
  Rollback back;
  back.stage = "dev";
  back.settings_then = true;
  back.precedent = f.history.rollback(f.at("dev"), 1);
  back.precedent->config = was;
  back.precedent->config->caching = false;
  back.precedent->config->instances = 7;
  back.precedent->config->requires_approval = true;
  f.give(back).succeed("dev");
  EXPECT_FALSE(f.at("dev").config.caching);
  EXPECT_EQ(f.at("dev").config.instances, 1) << "no deployment carries them";
  EXPECT_FALSE(f.at("dev").config.requires_approval);
  EXPECT_EQ(f.replayed(), f.stack);
}

// --- tasks ---

// What the platform knows how to make is said elsewhere; here the stage has it.
Flow with_database() {
  Flow f;
  StageConfig config = f.at("dev").config;
  config.database = DatabaseKind::created;
  f.stack.stages[0].config = config;
  f.check_in().succeed("dev").chores();
  return f;
}

TEST(Rules, R7_7_a_backup_runs_beside_deployments_and_ends_once) {
  Flow f = with_database();
  f.give(BackUpDatabase{"dev"});
  EXPECT_EQ(f.due(), "dev back_up");
  f.give(BackUpDatabase{"dev"});
  EXPECT_THAT(f.refused(), HasSubstr("a backup of its database is under way"));
  f.check_in();
  EXPECT_EQ(f.see(), "dev #1 runs #2");
  ChoreResult well;
  well.stage = f.at("dev").id;
  well.chore = static_cast<int>(ChoreKind::task);
  well.attempt = f.at("dev").task->chore.attempt;
  well.made = "2026-01-31-0930";
  f.as(machine()).give(well);
  EXPECT_EQ(std::get<TaskEnded>(f.events.at(0).body).backup, "2026-01-31-0930");
  EXPECT_FALSE(f.at("dev").task);
  EXPECT_EQ(f.give(well).happened(), "") << "told twice";
}

TEST(Rules, R7_7_a_failed_backup_ends_with_its_problem_and_is_tried_within_the_hour) {
  Flow f = with_database();
  f.give(BackUpDatabase{"dev"}).as(machine());
  ChoreResult ill;
  ill.stage = f.at("dev").id;
  ill.chore = static_cast<int>(ChoreKind::task);
  ill.attempt = f.at("dev").task->chore.attempt;
  ill.outcome = ChoreOutcome::failed;
  ill.problem = "the disk is full";
  f.give(ill);
  EXPECT_EQ(f.at("dev").backup_problem, "the disk is full");
  EXPECT_EQ(f.at("dev").backup_due, f.now + f.limits.backup_again);
}

TEST(Rules, R7_7_every_database_is_backed_up_daily) {
  Flow f = with_database();
  EXPECT_EQ(f.pass(std::chrono::hours(23)).due(), "");
  f.pass(std::chrono::hours(1));
  EXPECT_EQ(f.due(), "dev back_up");
  EXPECT_TRUE(f.at("dev").task->scheduled);
  f.chores();
  EXPECT_EQ(f.at("dev").backup_due, f.now + f.limits.backup_every);
}

TEST(Rules, R7_7_a_backup_that_was_set_by_a_clock_years_ahead_is_not_waited_for) {
  Flow f = with_database();
  f.pass(std::chrono::hours(24 * 365 * 10));
  f.chores();
  f.pass(-std::chrono::hours(24 * 365 * 10));
  EXPECT_EQ(f.due(), "dev back_up");
  f.chores();
  EXPECT_EQ(f.at("dev").backup_due, f.now + f.limits.backup_every);
}

TEST(Rules, R7_7_a_restore_and_deployments_keep_each_other_out) {
  Flow f = with_database();
  f.check_in().give(RestoreDatabase{"dev", "b1"});
  EXPECT_EQ(f.refusal(), ErrorKind::conflict);
  f.succeed("dev").chores().give(RestoreDatabase{"dev", "b1"});
  EXPECT_EQ(f.due(), "dev restore");
  f.check_in();
  EXPECT_EQ(f.see(), "dev #2 waits #3");
  f.chores();
  EXPECT_EQ(f.see(), "dev #2 runs #3");
}

TEST(Rules, R7_7_what_has_no_database_of_ours_has_no_tasks) {
  Flow f = serving();
  EXPECT_THAT(f.give(BackUpDatabase{"dev"}).refused(), HasSubstr("has no database"));
  EXPECT_EQ(f.give(CopyDatabase{"dev", "dev"}).refusal(), ErrorKind::invalid);
  f.stack.stages[0].config.database = DatabaseKind::existing;
  EXPECT_THAT(f.give(RestoreDatabase{"dev", "b1"}).refused(), HasSubstr("not Sluice's"));
}

TEST(Rules, R8_7_a_gated_stages_database_is_replaced_and_taken_only_by_who_may_decide) {
  Flow f = with_database();
  f.stack.stages[0].config.requires_approval = true;
  f.as(dora());
  EXPECT_EQ(f.give(RestoreDatabase{"dev", "b1"}).refusal(), ErrorKind::forbidden);
  EXPECT_EQ(f.give(CopyDatabase{"dev", "test"}).refusal(), ErrorKind::forbidden);
  f.give(BackUpDatabase{"dev"});
  EXPECT_EQ(f.refused(), "");
}

TEST(Rules, R6_2_deleting_ends_rest_and_tasks) {
  Flow f = with_database();
  f.give(BackUpDatabase{"dev"}).remove("dev");
  EXPECT_FALSE(f.stack.leaving.at(0).task);
  EXPECT_EQ(f.due(), "dev remove");
}

TEST(Rules, R6_3_a_domain_belongs_to_one_stage) {
  Flow f = serving();
  f.add("prod");
  SetStage c;
  c.stage = "dev";
  c.domains = std::vector<std::string>{"shop.example.org"};
  EXPECT_EQ(f.give(c).refused(), "");
  EXPECT_EQ(f.at("dev").settings_revision, 1) << "no deployment carries it";
  c.stage = "prod";
  EXPECT_THAT(f.give(c).refused(), HasSubstr("is an address of dev"));
  for (const char* name : {"shop", "-a.org", "Shop.example.org", "a..org", "*.example.org", "dev.shop.localhost"}) {
    c.domains = std::vector<std::string>{name};
    EXPECT_EQ(f.give(c).refusal(), ErrorKind::invalid) << name;
  }
}

}  // namespace
}  // namespace sluice::pipeline::testing
