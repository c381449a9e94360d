#include "doctor/flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/doctor.h"

namespace sluice::doctor {
namespace {
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const Time kNow = from_rfc3339("2026-02-03T12:00:00.000Z").value();

pipeline::Stage stage(const std::string& name) {
  pipeline::Stage out;
  out.name = name;
  return out;
}
Stacks one_stack(std::vector<pipeline::Stage> stages) {
  pipeline::Stack out;
  out.name = "shop";
  out.stages = std::move(stages);
  return {std::make_shared<const pipeline::Stack>(std::move(out))};
}
identity::Token token(const std::string& name, std::optional<Time> ends) {
  identity::Token out;
  out.name = name;
  out.expires_at = ends;
  return out;
}

TEST(Doctor, stages_that_failed_are_named) {
  auto good = stage("dev"), bad = stage("prod");
  bad.last = pipeline::Last{{"dep_1"}, {3, ""}, pipeline::DeploymentState::failed, "no"};
  EXPECT_EQ(stages(one_stack({good})).severity, Severity::ok);
  const auto found = stages(one_stack({good, bad}));
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("shop/prod"));
  EXPECT_THAT(found.detail, Not(HasSubstr("shop/dev")));
}

TEST(Doctor, apps_that_are_ended_again_and_again_are_named_with_the_cause) {
  auto good = stage("dev"), bad = stage("prod");
  good.id = {"stg_1"};
  bad.id = {"stg_2"};
  EXPECT_EQ(apps(one_stack({good, bad}), {}).severity, Severity::ok);
  const auto found = apps(one_stack({good, bad}), {{bad.id, {"used more than its 64 MB of memory and was ended"}},
                                                   {{"stg_unknown"}, {"ended with status 1 2m ago"}}});
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_EQ(found.detail,
            "These were ended, or ended by themselves, and were started again: shop/prod (used more than its 64 MB of "
            "memory and was ended).");
  EXPECT_THAT(found.remedy, HasSubstr("--memory"));
  EXPECT_THAT(apps(one_stack({good}), {{good.id, {"ended with status 1 2m ago", "ended with status 2 1m ago"}}}).detail,
              HasSubstr("shop/dev (ended with status 1 2m ago; 2 instances are like it)"));
}

TEST(Doctor, apps_that_do_not_run_are_a_problem_that_says_why_and_what_to_do) {
  auto gone = stage("dev"), bad = stage("prod");
  gone.id = {"stg_1"};
  bad.id = {"stg_2"};
  const Absent absent{{gone.id, "the artifact x was cleaned"}, {{"stg_unknown"}, "s6 has not started it"}};
  auto found = apps(one_stack({gone, bad}), {{gone.id, {"ended with status 1 2m ago"}}}, absent);
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_EQ(found.detail, "These do not run: shop/dev (the artifact x was cleaned).");
  EXPECT_THAT(found.remedy, AllOf(HasSubstr("without a restart"), HasSubstr("`sluice redeploy STACK STAGE`")));
  found = apps(one_stack({gone, bad}), {{bad.id, {"ended with status 1 2m ago"}}}, absent);
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, AllOf(HasSubstr("do not run: shop/dev ("), HasSubstr("again: shop/prod (ended")));
}

TEST(Doctor, limits_that_are_not_held_are_a_problem_where_a_stage_asks_for_them) {
  auto plain = stage("dev"), asking = stage("prod");
  asking.config.resources = pipeline::Resources{0, 1500};
  EXPECT_EQ(limits({true, true, true, "/sys/fs/cgroup/x", ""}, one_stack({asking})).severity, Severity::ok);
  const auto some = limits({true, false, true, "/sys/fs/cgroup/x", ""}, one_stack({plain}));
  EXPECT_EQ(some.severity, Severity::warning);
  EXPECT_EQ(some.detail, "These are not held: processor.");
  const auto found = limits({false, false, false, "", "this machine has none"}, one_stack({plain, asking}));
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_EQ(
      found.detail,
      "These are not held: memory, processor, processes; this machine has none. They are asked for by shop/prod.");
  EXPECT_THAT(found.remedy, HasSubstr("as root"));
}

TEST(Doctor, of_many_stages_a_few_are_named_and_the_rest_counted) {
  std::vector<pipeline::Stage> all;
  for (int i = 0; i < 9; ++i) {
    all.push_back(stage("s" + std::to_string(i)));
    all.back().last = pipeline::Last{{"dep_1"}, {3, ""}, pipeline::DeploymentState::failed, "no"};
  }
  EXPECT_THAT(stages(one_stack(all)).detail, HasSubstr("shop/s4 and 4 more"));
}

TEST(Doctor, R6_5_a_stage_that_cannot_be_removed_says_why) {
  pipeline::Stack stack;
  stack.name = "shop";
  stack.leaving = {stage("old")};
  stack.leaving[0].deleting = pipeline::Chore{};
  const auto before = stages({std::make_shared<const pipeline::Stack>(stack)});
  EXPECT_EQ(before.severity, Severity::ok);
  stack.leaving[0].deleting->problem = "the region is out of reach";
  const auto found = stages({std::make_shared<const pipeline::Stack>(stack)});
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("shop/old (the region is out of reach)"));
  EXPECT_THAT(found.remedy, HasSubstr("--force"));
}

TEST(Doctor, what_is_damaged_is_named_with_why_and_how_it_comes_back) {
  EXPECT_EQ(artifacts({}).severity, Severity::ok);
  EXPECT_EQ(repositories({}).severity, Severity::ok);
  EXPECT_THAT(artifacts({}, false).detail, HasSubstr("of what was looked at"));
  EXPECT_THAT(repositories({}, false).detail, HasSubstr("Those that were looked at"));
  const auto artifact = artifacts({{"shop/dev", "it has 3 files and folders, not 4"}});
  EXPECT_EQ(artifact.severity, Severity::problem);
  EXPECT_THAT(artifact.detail, HasSubstr("shop/dev (it has 3 files and folders, not 4)"));
  EXPECT_THAT(artifact.remedy, HasSubstr("sluice redeploy"));
  const auto repository = repositories({{"shop", "it is gone"}});
  EXPECT_EQ(repository.severity, Severity::problem);
  EXPECT_THAT(repository.detail, HasSubstr("shop (it is gone)"));
  EXPECT_THAT(repository.remedy, HasSubstr("push again"));
}

TEST(Doctor, a_deployment_that_waits_for_hours_is_named) {
  auto one = stage("prod");
  one.waiting = pipeline::Deployment{};
  one.waiting->change.number = 7;
  one.waiting->queued_at = kNow - 59min;
  EXPECT_EQ(waiting(one_stack({one}), kNow).severity, Severity::ok);
  one.waiting->queued_at = kNow - 2h;
  one.paused = true;
  const auto found = waiting(one_stack({one}), kNow);
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("shop/prod #7 (2h, paused)"));
}

TEST(Doctor, a_backup_that_failed_or_is_late_is_named) {
  auto dev = stage("dev"), prod = stage("prod");
  const auto found = [&] { return backups(one_stack({dev, prod, stage("eu")}), kNow); };
  EXPECT_THAT(found().detail, HasSubstr("no database"));
  dev.backup_due = kNow - 2h;
  prod.backup_due = kNow + 20h;
  EXPECT_EQ(found().severity, Severity::ok);
  EXPECT_THAT(found().detail, HasSubstr("Each of 2"));
  dev.backup_due = kNow - 25h;
  prod.backup_problem = "the disk is full";
  EXPECT_EQ(found().severity, Severity::warning);
  EXPECT_EQ(found().detail, "The newest failed: shop/prod (the disk is full). More than a day late: shop/dev.");
}

TEST(Doctor, a_token_that_ends_soon_is_named) {
  const std::vector<identity::Token> fine{token("ever", {}), token("later", kNow + 8 * 24h), token("over", kNow - 1h)};
  EXPECT_EQ(tokens(fine, kNow).severity, Severity::ok);
  const auto found = tokens({fine[0], token("ci", kNow + 2 * 24h)}, kNow);
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("ci (in 2d)"));
}

TEST(Doctor, certificates_that_end_soon_or_were_not_got_are_a_warning_and_ended_ones_a_problem) {
  auto until = [](Time ends) {
    acme::Standing out;
    out.until = ends;
    return certificates({{"a.example.org", out}}, kNow).severity;
  };
  EXPECT_EQ(until(kNow + 15 * 24h), Severity::ok);
  EXPECT_EQ(until(kNow + 13 * 24h), Severity::warning);
  EXPECT_EQ(until(kNow), Severity::problem);
  acme::Standing failed;
  failed.error = "the certificate authority refused b.example.org: no such name";
  const auto found = certificates({{"a.example.org", {}}, {"b.example.org", failed}}, kNow);
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("refused b.example.org: no such name"));
  EXPECT_THAT(found.detail, testing::Not(HasSubstr("a.example.org")));
  EXPECT_EQ(certificates({{"a.example.org", {}}}, kNow).severity, Severity::ok);
}

TEST(Doctor, a_clock_behind_what_is_recorded_is_a_problem) {
  EXPECT_EQ(clock({}, kNow).severity, Severity::ok);
  EXPECT_EQ(clock(kNow + 10s, kNow).severity, Severity::ok);
  const auto found = clock(kNow + 24h, kNow);
  EXPECT_EQ(found.severity, Severity::problem);
  EXPECT_THAT(found.detail, HasSubstr("1d behind"));
}

TEST(Doctor, an_address_open_to_the_network_is_said) {
  EXPECT_EQ(reach("http://127.0.0.1:7420", "127.0.0.1:8080").severity, Severity::ok);
  EXPECT_EQ(reach("http://[::1]:7420", "localhost:8080").severity, Severity::ok);
  const auto found = reach("http://127.0.0.1:7420", "0.0.0.0:8080");
  EXPECT_EQ(found.severity, Severity::warning);
  EXPECT_THAT(found.detail, HasSubstr("the apps (0.0.0.0:8080)"));
  EXPECT_THAT(found.detail, Not(HasSubstr("the API")));
}

TEST(Doctor, what_is_worst_comes_first) {
  const std::vector<Finding> sorted = in_order({{"a", Severity::ok, "", "", ""},
                                                {"b", Severity::warning, "", "", ""},
                                                {"c", Severity::problem, "", "", ""},
                                                {"d", Severity::ok, "", "", ""},
                                                {"e", Severity::problem, "", "", ""}});
  std::string order;
  for (const auto& one : sorted) order += one.id;
  EXPECT_EQ(order, "cebad");
}

}  // namespace
}  // namespace sluice::doctor
