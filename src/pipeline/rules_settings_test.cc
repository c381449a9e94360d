#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/deciding.h"
#include "pipeline/flow_test.h"
#include "pipeline/questions.h"

// Rule 7: settings and variables.
namespace sluice::pipeline::testing {
namespace {

using ::testing::HasSubstr;
using S = DeploymentState;

std::string field_of(const Result<>& refused) { return refused ? "" : refused.error().fields.at(0).field; }

TEST(Rules, R7_1_a_save_names_variables_and_never_their_values) {
  Flow f;
  f.give(SaveSettings{"dev", {"build/A", "runtime/B"}});
  const auto& saved = std::get<SettingsSaved>(f.events.at(0).body);
  EXPECT_EQ(saved.names, (std::vector<std::string>{"build/A", "runtime/B"}));
  EXPECT_EQ(saved.revision, 2);
}

TEST(Rules, R7_2_an_idle_stage_redeploys_what_is_current_with_saved_settings) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev").approve("prod", 1).succeed("prod").save("prod");
  EXPECT_EQ(f.see(), "dev #1 | prod #1 runs redeploy #1");
  EXPECT_EQ(f.at("prod").active->settings_revision, 2);
  EXPECT_EQ(f.at("prod").active->artifact_hint, f.at("prod").current->artifact);
  f.succeed("prod");
  EXPECT_EQ(f.see(), "dev #1 | prod #1");
}

TEST(Rules, R7_2_saved_while_busy_it_redeploys_what_is_current_then_and_once) {
  Flow f;
  f.check_in().succeed("dev").check_in().save("dev").save("dev");
  EXPECT_EQ(f.see(), "dev #1 runs #2");
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 runs redeploy #2");
  EXPECT_EQ(f.at("dev").active->settings_revision, 3);
  f.fail("dev");
  EXPECT_EQ(f.see(), "dev #2") << "tried at the newest: not again by itself";
  f.save("dev");
  EXPECT_EQ(f.see(), "dev #2 runs redeploy #2");
}

TEST(Rules, R7_2_a_deployment_that_starts_later_carries_the_newest_by_itself) {
  Flow f;
  f.check_in().succeed("dev").check_in().check_in().save("dev").succeed("dev");
  EXPECT_EQ(f.see(), "dev #2 runs #3");
  f.succeed("dev");
  EXPECT_EQ(f.see(), "dev #3");
  EXPECT_EQ(f.at("dev").current->settings_revision, 2);
}

TEST(Rules, R7_2_where_nothing_is_current_nothing_is_deployed) {
  Flow f;
  f.check_in().fail("dev").save("dev");
  EXPECT_EQ(f.see(), "dev");
  EXPECT_EQ(retry_uses_settings(f.at("dev"))->number, 1);
  EXPECT_EQ(f.retry("dev").at("dev").active->settings_revision, 2);
}

TEST(Rules, R7_2_while_something_waits_in_a_paused_stage_nothing_is_redeployed) {
  Flow f;
  f.add("prod", {true}).check_in().succeed("dev").approve("prod", 1).check_in().succeed("dev").approve("prod", 2);
  f.pause("prod").succeed("prod").save("prod");
  EXPECT_EQ(f.see(), "dev #2 | prod #1 waits #2 paused");
  EXPECT_THAT(f.redeploy("prod").refused(), HasSubstr("prod is busy with the deployment of #2"));
  f.resume("prod").succeed("prod");
  EXPECT_EQ(f.at("prod").current->settings_revision, 2);
}

TEST(Rules, R7_3_an_attempt_keeps_the_settings_it_started_with) {
  Flow f;
  f.check_in().save("dev").succeed("dev");
  EXPECT_EQ(f.at("dev").current->settings_revision, 1);
  EXPECT_EQ(f.history.ended.at(0).deployment.settings_revision, 1);
}

TEST(Rules, R7_4_caching_only_with_the_api_gateway) {
  StageConfig config;
  config.endpoint = Endpoint::load_balancer;
  config.caching = true;
  EXPECT_EQ(field_of(check_config(config)), "caching");
  EXPECT_THAT(check_config(config).error().message, HasSubstr("only the endpoint api_gateway caches"));
}

TEST(Rules, R7_4_what_is_not_there_yet_is_refused_and_not_kept) {
  StageConfig config;
  config.region = "E u";
  EXPECT_EQ(field_of(check_available(config)), "region");
}

TEST(Rules, R7_4_each_endpoint_has_settings_of_its_own) {
  const auto wrong = [](auto change) {
    StageConfig config;
    change(config);
    return field_of(check_config(config));
  };
  EXPECT_EQ(wrong([](StageConfig& c) { c.cache = CacheRules{30, {}}; }), "cache") << "caching is off";
  EXPECT_EQ(wrong([](StageConfig& c) { c.sticky = true; }), "sticky");
  EXPECT_EQ(wrong([](StageConfig& c) {
              c.endpoint = Endpoint::load_balancer;
              c.limits = TrafficLimits{5, 0, 0, 60};
            }),
            "limits");
  EXPECT_EQ(wrong([](StageConfig& c) {
              c.endpoint = Endpoint::load_balancer;
              c.sticky = true;
            }),
            "");
}

TEST(Rules, R7_4_limits_and_what_is_cached_make_sense) {
  const auto wrong = [](std::optional<TrafficLimits> limits, std::optional<CacheRules> cache) {
    StageConfig config;
    config.limits = limits;
    config.caching = cache.has_value();
    config.cache = std::move(cache);
    return field_of(check_config(config));
  };
  EXPECT_EQ(wrong(TrafficLimits{5, 10, 1 << 20, 30}, CacheRules{30, {"/assets/", "/p-%20~a"}}), "");
  EXPECT_EQ(wrong(TrafficLimits{-1, 0, 0, 60}, {}), "limits.rate");
  EXPECT_EQ(wrong(TrafficLimits{0, 10, 0, 60}, {}), "limits.burst");
  EXPECT_EQ(wrong(TrafficLimits{20, 10, 0, 60}, {}), "limits.burst");
  EXPECT_EQ(wrong(TrafficLimits{2, 2001, 0, 60}, {}), "limits.burst");
  EXPECT_EQ(wrong(TrafficLimits{0, 0, -1, 60}, {}), "limits.body_bytes");
  EXPECT_EQ(wrong(TrafficLimits{0, 0, 0, 0}, {}), "limits.answer_seconds");
  EXPECT_EQ(wrong({}, CacheRules{0, {}}), "cache.seconds");
  for (const char* path : {"", "assets", "/a b", "/a\"", "/a\nb", "/a\\", "/a#b", "/a'b", "/a{b"})
    EXPECT_EQ(wrong({}, CacheRules{60, {path}}), "cache.paths") << path;
}

TEST(Rules, R7_2_saving_the_endpoint_s_settings_is_a_revision_and_saying_a_default_is_none) {
  Flow f;
  f.check_in().rest();
  SetStage set;
  set.stage = "dev";
  set.limits = TrafficLimits{};
  set.sticky = false;
  f.give(set);
  EXPECT_EQ(f.happened(), "");
  set.limits = TrafficLimits{5, 0, 0, 60};
  f.give(set);
  EXPECT_EQ(f.at("dev").settings_revision, 2);
  EXPECT_EQ(f.see(), "dev #1 runs redeploy #1");
}

TEST(Rules, R7_4_a_setting_that_no_longer_applies_goes_with_what_it_belonged_to) {
  Flow f;
  SetStage set;
  set.stage = "dev";
  set.caching = true;
  set.cache = CacheRules{30, {}};
  f.give(set);
  SetStage off;
  off.stage = "dev";
  off.caching = false;
  f.give(off);
  EXPECT_EQ(f.at("dev").config, StageConfig{});
  SetStage balance;
  balance.stage = "dev";
  balance.endpoint = Endpoint::load_balancer;
  balance.sticky = true;
  f.give(balance);
  SetStage back;
  back.stage = "dev";
  back.endpoint = Endpoint::api_gateway;
  f.give(back);
  EXPECT_EQ(f.at("dev").config, StageConfig{});
}

TEST(Rules, R7_2_what_each_instance_may_use_is_carried_by_a_deployment) {
  Flow f;
  f.check_in().rest();
  SetStage set;
  set.stage = "dev";
  set.resources = Resources{};
  f.give(set);
  EXPECT_EQ(f.happened(), "") << "nothing is no limit already";
  set.resources = Resources{std::int64_t{512} << 20, 1500};
  f.give(set);
  EXPECT_EQ(f.at("dev").settings_revision, 2);
  EXPECT_EQ(f.see(), "dev #1 runs redeploy #1");
  set.resources = Resources{};
  f.rest().give(set);
  EXPECT_EQ(f.at("dev").config, StageConfig{});
  EXPECT_EQ(f.at("dev").settings_revision, 3);
}

TEST(Rules, R7_2_what_an_instance_may_use_makes_sense) {
  const auto wrong = [](std::int64_t memory, std::int64_t cpu) {
    StageConfig config;
    config.resources = Resources{memory, cpu};
    return field_of(check_config(config));
  };
  EXPECT_EQ(wrong(16 << 20, 0), "");
  EXPECT_EQ(wrong(0, 10), "");
  EXPECT_EQ(wrong((16 << 20) - 1, 0), "resources.memory");
  EXPECT_EQ(wrong(-1, 0), "resources.memory");
  EXPECT_EQ(wrong(0, 9), "resources.cpu");
  EXPECT_EQ(wrong(0, 1'024'001), "resources.cpu");
}

TEST(Rules, R7_4_keys_are_made_and_revoked_without_a_deployment) {
  Flow f;
  f.check_in().rest();
  f.give(AddKey{"dev", "phone", "aa"}).give(AddKey{"dev", "ci", "bb"});
  ASSERT_EQ(f.at("dev").keys.size(), 2U);
  EXPECT_EQ(f.at("dev").keys.front().name, "ci");
  EXPECT_EQ(f.at("dev").settings_revision, 1);
  EXPECT_THAT(f.give(AddKey{"dev", "ci", "cc"}).refused(), HasSubstr("has a key called ci already"));
  EXPECT_THAT(f.give(AddKey{"dev", "a b", "cc"}).refused(), HasSubstr("\"a b\" must be 1 to 64 of"));
  f.give(RevokeKey{"dev", "ci"});
  EXPECT_EQ(f.at("dev").keys.size(), 1U);
  EXPECT_THAT(f.give(RevokeKey{"dev", "ci"}).refused(), HasSubstr("has no key called ci"));
  EXPECT_EQ(f.see(), "dev #1");
}

TEST(Rules, R8_7_what_becomes_of_a_certificate_is_noted_for_the_stage_s_own_domains) {
  Flow f;
  f.check_in().rest();
  EXPECT_THAT(f.give(NoteCertificate{"dev", "a.example.org"}).refused(),
              HasSubstr("a.example.org is no domain of dev"));
  SetStage set;
  set.stage = "dev";
  set.domains = std::vector<std::string>{"a.example.org"};
  f.give(set).give(NoteCertificate{"dev", "a.example.org", CertificateFate::obtained});
  EXPECT_EQ(f.happened(), "CertificateNoted");
  EXPECT_EQ(f.at("dev").settings_revision, 1);
  EXPECT_THAT(f.as(vic()).give(NoteCertificate{"dev", "a.example.org"}).refused(), HasSubstr("viewer"));
}

TEST(Rules, R7_5_at_0_instances_a_deployment_succeeds_with_nothing_running) {
  Flow f({false, 0});
  f.add("prod").check_in().succeed("dev");
  EXPECT_EQ(f.see(), "dev #1 | prod runs #1") << "the flow goes on";
  EXPECT_EQ(f.at("dev").current->instances, 0);
  EXPECT_EQ(state_of(f.at("dev")), StageState::asleep);
}

TEST(Rules, R7_5_instances_are_scaled_in_place) {
  Flow f;
  f.check_in().rest().instances("dev", 3);
  EXPECT_EQ(f.happened(), "StageChanged ScaleBegan");
  EXPECT_EQ(f.due(), "dev scale 3");
  EXPECT_EQ(f.at("dev").settings_revision, 1);
  EXPECT_EQ(serving_instances(f.at("dev")), 1) << "two are not there yet";
  f.chores();
  EXPECT_EQ(f.at("dev").current->instances, 3);
  EXPECT_EQ(f.due(), "");
  EXPECT_EQ(serving_instances(f.at("dev")), 3);
  f.instances("dev", 1);
  EXPECT_EQ(f.at("dev").current->instances, 3);
  EXPECT_EQ(serving_instances(f.at("dev")), 1) << "two are on their way out";
  f.instances("dev", 2);
  EXPECT_EQ(serving_instances(f.at("dev")), 1) << "what has begun goes to its end";
  f.chores().chores();
  EXPECT_EQ(serving_instances(f.at("dev")), 2);
  EXPECT_EQ(field_of(check_config(StageConfig{.instances = 101})), "instances");
  EXPECT_EQ(field_of(check_config(StageConfig{.instances = -1})), "instances");
}

TEST(Rules, R7_5_what_a_failed_scale_may_have_taken_away_does_not_serve_by_a_new_goal) {
  Flow f;
  f.check_in().rest().instances("dev", 4).chores().instances("dev", 1);
  f.as(machine()).give(Flow::failed(f.works().at(0), "the disk is full"));
  f.as(ann()).instances("dev", 3);
  EXPECT_EQ(f.at("dev").scaling->to, 3);
  EXPECT_EQ(serving_instances(f.at("dev")), 1);
  f.chores();
  EXPECT_EQ(serving_instances(f.at("dev")), 3);
}

TEST(Rules, R7_5_a_scale_goes_on_beside_a_build_and_before_a_start) {
  Flow f;
  f.check_in().rest().check_in().instances("dev", 2);
  EXPECT_EQ(f.due(), "dev build, dev scale 2");
  EXPECT_EQ(f.works().at(1).attempt, 2) << "the highest attempt: the fence lets it through";
  f.as(machine());
  while (f.at("dev").active->state != S::starting) f.give(Flow::done(f.works().at(0)));
  EXPECT_EQ(f.due(), "dev scale 2") << "starting waits for it";
  f.give(Flow::done(f.works().at(0)));
  EXPECT_EQ(f.due(), "dev start");
  EXPECT_EQ(f.works().at(0).instances, 2);
}

TEST(Rules, R7_5_a_scale_that_failed_makes_way_for_a_start) {
  Flow f;
  f.check_in().rest().check_in().instances("dev", 2).as(machine()).give(Flow::failed(f.works().at(1), "no memory"));
  EXPECT_EQ(f.at("dev").scaling->chore.problem, "no memory");
  f.run_to("dev", S::starting);
  EXPECT_EQ(f.due(), "dev start");
  f.succeed("dev");
  EXPECT_EQ(f.at("dev").current->instances, 2);
  EXPECT_EQ(f.due(), "dev retire");
}

TEST(Rules, R7_5_a_scale_that_made_way_for_a_start_in_vain_is_due_again) {
  Flow f;
  f.check_in().rest().check_in().instances("dev", 4).as(machine()).give(Flow::failed(f.works().at(1), "no memory"));
  f.as(ann()).instances("dev", 1).as(machine()).give(Flow::failed(f.works().at(1), "no memory"));
  f.run_to("dev", S::starting);
  EXPECT_EQ(f.due(), "dev start");
  f.pass(std::chrono::minutes(1));
  EXPECT_EQ(f.due(), "dev start") << "not beside it";
  f.as(ann()).cancel("dev").discard("dev");
  EXPECT_EQ(f.see(), "dev #1");
  f.pass(std::chrono::minutes(1));
  EXPECT_NE(f.due().find("dev scale 1"), std::string::npos) << "some of the four may run: " << f.due();
}

TEST(Rules, R7_5_a_scale_that_fails_is_tried_again_and_one_with_a_new_goal_begins_anew) {
  Flow f;
  f.check_in().rest().instances("dev", 5).as(machine()).give(Flow::failed(f.works().at(0), "no memory"));
  EXPECT_EQ(f.due(), "");
  f.pass(std::chrono::seconds(1));
  EXPECT_EQ(f.due(), "dev scale 5");
  f.give(Flow::failed(f.works().at(0), "no memory")).as(ann()).instances("dev", 2);
  EXPECT_EQ(f.due(), "dev scale 2");
  f.chores();
  EXPECT_EQ(f.at("dev").current->instances, 2);
}

TEST(Rules, R7_5_at_the_switch_a_stage_runs_its_desired_instances) {
  Flow f;
  f.check_in().run_to("dev", S::verifying).instances("dev", 3);
  EXPECT_EQ(f.due(), "dev verify");
  f.as(machine()).give(Flow::done(f.works().at(0)));
  EXPECT_EQ(f.due(), "dev start");
  f.run_to("dev", S::switching).instances("dev", 4).succeed("dev");
  EXPECT_EQ(f.at("dev").current->instances, 4);
}

TEST(Rules, R7_5_a_scale_that_met_the_fence_is_tried_again_above_it) {
  Flow f;
  f.check_in().rest().instances("dev", 2);
  const Work before = f.works().at(0);
  f.check_in().as(machine()).give(Flow::failed(before, "a newer attempt has begun"));
  f.pass(std::chrono::seconds(1));
  EXPECT_EQ(f.due(), "dev build, dev scale 2");
  EXPECT_EQ(f.works().at(1).attempt, before.attempt + 1);
}

TEST(Rules, R7_6_name_and_region_are_fixed_when_a_stage_is_made) {
  Flow f;
  SetStage set;
  set.stage = "dev";
  set.instances = 2;
  f.give(set);
  EXPECT_EQ(f.at("dev").name, "dev");
  EXPECT_EQ(f.at("dev").config.region, "local");
}

TEST(Rules, R7_7_a_changed_database_makes_a_settings_revision) {
  Flow f;
  SetStage set;
  set.stage = "dev";
  set.database = DatabaseKind::none;
  EXPECT_EQ(f.give(set).happened(), "") << "unchanged";
  set.database = DatabaseKind::created;
  f.give(set);
  EXPECT_EQ(f.at("dev").config.database, DatabaseKind::created);
  EXPECT_EQ(f.at("dev").settings_revision, 2);
}

}  // namespace
}  // namespace sluice::pipeline::testing
