#include "platform/local/local.h"
#include "gateway/test_certificate.h"

#include <signal.h>

#include <regex>

#include "base/files.h"
#include "base/proc.h"
#include "platform/local/fixture_test.h"
#include "sandbox/fence.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using pipeline::WorkKind;

TEST_F(LocalTest, a_deployment_serves_under_its_address) {
  auto result = deploy(web("one"));
  ASSERT_TRUE(done(result)) << message(result);
  auto answer = visit();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "one");
  EXPECT_EQ(platform_->url("shop", "dev"), "http://dev.shop.localhost:" + std::to_string(platform_->gateway_port()));
  EXPECT_EQ(get(platform_->gateway_port(), "DEV.Shop.localhost:" + std::to_string(platform_->gateway_port())).body,
            "one");
}

TEST_F(LocalTest, swaps_under_load_lose_no_request_and_show_no_old_version_after_the_switch) {
  ASSERT_TRUE(done(deploy(web("v0"), 2)));
  std::atomic<int> least = 0;  // the version that was reported as switched
  std::atomic<bool> stop = false;
  std::atomic<int> requests = 0, failed = 0, old = 0;
  auto visitor = [&](bool keep) {
    Visitor kept(platform_->gateway_port(), "dev.shop.localhost");
    while (!stop) {
      int at_least = least;
      auto answer = keep ? kept.get() : visit();
      ++requests;
      if (answer.status != 200) {
        ++failed;
      } else if (std::stoi(answer.body.substr(1)) < at_least) {
        ++old;
      }
    }
  };
  {
    std::vector<std::jthread> visitors;
    for (int i = 0; i < 4; ++i) visitors.emplace_back(visitor, i % 2 == 0);
    for (int version = 1; version <= 6; ++version) {
      auto result = deploy(web("v" + std::to_string(version)), 2);
      EXPECT_TRUE(done(result)) << message(result);
      least = version;
      EXPECT_TRUE(done(retire()));
      if (version == 3) {
        EXPECT_TRUE(done(deploy(web("other"), 1, "prod"))) << "a new stage is a reload";
      }
    }
    stop = true;
  }
  EXPECT_GT(requests, 100);
  EXPECT_EQ(failed, 0) << "of " << requests;
  EXPECT_EQ(old, 0) << "of " << requests;
}

TEST_F(LocalTest, R3_4_a_failed_start_says_the_apps_last_words_and_leaves_what_serves) {
  ASSERT_TRUE(done(deploy(web("good"))));
  build::Plan plan;
  plan.run = "for i in $(seq 30); do echo line $i; done; echo cannot find the moon >&2; exit 42";
  auto result = deploy(artifact({{"x", ""}}, plan));
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  // Three times at least: on a busy machine it may exit again before it is looked at.
  const std::regex said("the app exited [0-9]+ times while starting, the last time with status 42\nits last lines:\n");
  EXPECT_TRUE(std::regex_search(message(result), said)) << message(result);
  EXPECT_NE(message(result).find("\nline 30\ncannot find the moon"), std::string::npos) << message(result);
  EXPECT_EQ(message(result).find("line 11\n"), std::string::npos) << "twenty lines";
  EXPECT_EQ(visit().body, "good");
  EXPECT_TRUE(done(retire()));
  EXPECT_EQ(visit().body, "good");
}

TEST_F(LocalTest, an_app_that_listens_elsewhere_is_told_so) {
  build::Plan plan;
  plan.health_timeout = 1500ms;
  plan.run =
      "PORT=0 exec python3 -c 'import http.server as h; s=h.HTTPServer((\"127.0.0.1\", 0), "
      "h.SimpleHTTPRequestHandler); "
      "print(s.server_port, flush=True); s.serve_forever()'";
  auto result = deploy(artifact({{"x", ""}}, plan));
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  auto text = message(result);
  auto port = text.substr(text.rfind('\n') + 1);
  const std::regex said("the app listens on port " + port +
                        ", not on port [0-9]+, which it was given as the variable PORT; it must listen on that one\n");
  EXPECT_TRUE(std::regex_search(text, said)) << text;
}

TEST_F(LocalTest, an_app_that_wants_a_port_of_its_own_choice_is_told_so) {
  if (!sandbox::fence().ports) GTEST_SKIP() << "this kernel lets an app listen on any port: Linux 6.7 is needed";
  build::Plan plan;
  plan.run = "exec python3 -m http.server --bind 127.0.0.1 3999";
  const auto text = message(deploy(artifact({{"x", ""}}, plan)));
  const std::regex said(
      "the app exited [0-9]+ times while starting, the last time with status 1: it was refused a port, and must listen "
      "on the one that the variable PORT names\nits last lines:\n");
  EXPECT_TRUE(std::regex_search(text, said)) << text;
}

TEST_F(LocalTest, an_app_that_ends_by_itself_is_known) {
  ASSERT_TRUE(done(deploy(web("one"), 2)));
  EXPECT_TRUE(platform_->ailing().empty());
  ::kill(platform_->running().at(0).pid, SIGKILL);
  ASSERT_TRUE(eventually([&] { return platform_->ailing().size() == 1; }));
  EXPECT_TRUE(platform_->ailing()[0].what.starts_with("ended with status 137 ")) << platform_->ailing()[0].what;
  EXPECT_EQ(platform_->ailing()[0].stage.value, "stg_test0001dev");
}

TEST_F(LocalTest, an_app_that_answers_with_an_error_is_not_healthy) {
  build::Plan plan;
  plan.health_timeout = 5s;
  plan.health_path = "/missing";
  auto result = deploy(web("sick", plan));
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_NE(message(result).find("the app answered GET /missing with status 404 for"), std::string::npos)
      << message(result);
  EXPECT_EQ(visit().status, 503);
}

TEST_F(LocalTest, a_stage_is_reached_by_its_own_domains_and_by_those_of_now) {
  config_.domains = {"www.example.com", "example.com"};
  ASSERT_TRUE(done(deploy(web("v1"))));
  auto at = [&](const char* host) { return get(platform_->gateway_port(), host).body; };
  EXPECT_EQ(at("www.example.com"), "v1");
  EXPECT_EQ(at("example.com"), "v1");
  EXPECT_EQ(visit().body, "v1");
  ASSERT_TRUE(platform_->set_domains({"stg_test0001dev"}, {"shop.example.com"}));
  EXPECT_EQ(at("shop.example.com"), "v1");
  EXPECT_NE(at("example.com").find("No stage has this address"), std::string::npos);
  open();
  auto known = std::make_shared<pipeline::Stack>(*stack());
  known->stages[0].config.domains = {"example.com"};
  ASSERT_TRUE(platform_->reconcile({known}));
  EXPECT_EQ(at("example.com"), "v1");
  EXPECT_NE(at("shop.example.com").find("No stage has this address"), std::string::npos);
}

TEST_F(LocalTest, a_certificate_whose_domain_is_nobodys_goes_at_the_start) {
  auto again = [&] {
    platform_.reset();
    auto started = LocalPlatform::start({dir_, "127.0.0.1", 0, 0}, *logs_, *builder_, *sandbox_, clock_);
    ASSERT_TRUE(started) << started.error().message;
    platform_ = std::move(*started);
  };
  ASSERT_TRUE(done(deploy(web("v1"))));
  again();
  for (const char* domain : {"kept.example.com", "taken.example.com"}) {
    auto set = platform_->set_certificate(domain, gateway::certificate_of(domain));
    ASSERT_TRUE(set) << set.error().message;
  }
  again();
  auto known = std::make_shared<pipeline::Stack>(*stack());
  known->stages[0].config.domains = {"kept.example.com"};
  ASSERT_TRUE(platform_->reconcile({known}));
  EXPECT_TRUE(platform_->certificates().contains("kept.example.com"));
  EXPECT_EQ(platform_->certificates().size(), 1U);
}

TEST_F(LocalTest, R9_3_nothing_is_started_or_routed_for_an_attempt_that_comes_late) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  auto late = work(WorkKind::start);
  auto late_switch = work(WorkKind::switch_over);
  ASSERT_TRUE(done(deploy(web("v2"))));
  ASSERT_TRUE(done(retire()));
  for (const auto& piece : {late, late_switch}) {
    auto result = run(piece);
    EXPECT_NE(message(result).find("comes late"), std::string::npos) << message(result);
  }
  EXPECT_EQ(visit().body, "v2");
  EXPECT_TRUE(std::holds_alternative<Error>(run(late)));
}

TEST_F(LocalTest, R9_3_after_a_discard_its_attempt_starts_nothing_and_the_route_is_back) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  auto before = stages_["dev"].current;
  ASSERT_TRUE(done(deploy(web("v2"))));
  stages_["dev"].current = before;  // the switch was not yet known to be done
  EXPECT_TRUE(done(run(work(WorkKind::discard))));
  EXPECT_EQ(visit().body, "v1");
  for (auto kind : {WorkKind::start, WorkKind::switch_over}) {
    auto result = run(work(kind));
    EXPECT_NE(message(result).find("cancelled"), std::string::npos) << message(result);
  }
  EXPECT_TRUE(done(run(work(WorkKind::discard)))) << "again is nothing";
  EXPECT_EQ(visit().body, "v1");
}

TEST_F(LocalTest, retiring_lets_requests_finish_and_then_takes_everything_away) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  std::string slow;
  std::jthread visitor([&] { slow = visit("dev", "/slow").body; });
  ASSERT_TRUE(done(deploy(web("v2"))));
  ASSERT_TRUE(done(retire()));
  visitor.join();
  EXPECT_EQ(slow, "v1");
  EXPECT_TRUE(proc::with_argument("dep_test0001dev1").empty());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "stages" / "stg_test0001dev" / "dep_test0001dev1"));
  auto lines = logs::read_lines(logs_->runtime_dir("stk_test0001", "stg_test0001dev"), std::nullopt, "");
  ASSERT_TRUE(lines);
  std::string all;
  for (const auto& line : lines->lines) all += line.instance + " " + line.text + "\n";
  EXPECT_NE(all.find("1.1.0 bye\n"), std::string::npos) << "its log is kept, to the last line: " << all;
}

TEST_F(LocalTest, what_instances_wrote_is_cleaned_by_age_but_not_of_those_that_run) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  const auto dir = logs_->runtime_dir("stk_test0001", "stg_test0001dev");
  const auto elsewhere = logs_->runtime_dir("stk_test0001", "stg_gone");
  for (const auto& folder : {dir / "1.1.0", dir / "0.0.0", elsewhere / "1.1.0"}) {
    ASSERT_TRUE(make_dirs(folder));
    ASSERT_TRUE(write_file(folder / "@400000000000000000000000.s", "2020-01-01 00:00:00.000000000  old\n"));
    std::filesystem::last_write_time(folder / "@400000000000000000000000.s",
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 31));
  }
  for (const char* stage : {"stg_test0001dev", "stg_gone"}) platform_->clean_runtime_log({"stk_test0001"}, {stage});
  EXPECT_TRUE(std::filesystem::exists(dir / "1.1.0" / "current"));
  EXPECT_FALSE(std::filesystem::exists(dir / "1.1.0" / "@400000000000000000000000.s"));
  EXPECT_FALSE(std::filesystem::exists(dir / "0.0.0"));
  EXPECT_FALSE(std::filesystem::exists(elsewhere / "1.1.0")) << "also of a stage that is gone";
}

TEST_F(LocalTest, R6_2_removing_a_stage_ends_its_instances_and_its_address) {
  ASSERT_TRUE(done(deploy(web("v1"), 2)));
  ASSERT_TRUE(done(deploy(web("other"), 1, "prod")));
  stages_["dev"].attempt += 1;
  auto removal = work(WorkKind::remove);
  EXPECT_TRUE(done(run(removal)));
  EXPECT_EQ(visit().status, 404);
  EXPECT_TRUE(proc::with_argument("dep_test0001dev1").empty());
  EXPECT_TRUE(done(run(removal))) << "again is nothing";
  stages_["dev"].attempt += 1;
  EXPECT_NE(message(run(work(WorkKind::start))).find("has been removed"), std::string::npos);
  EXPECT_EQ(visit("prod").body, "other");
}

TEST_F(LocalTest, pages_say_why_nothing_answers) {
  auto unknown = visit("nowhere");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.find("No stage has this address"), std::string::npos);
  stages_["dev"].attempt = 1;
  stages_["dev"].last.id = {"dep_test0001dev1"};
  ASSERT_TRUE(done(run(work(WorkKind::provision))));
  auto empty = visit();
  EXPECT_EQ(empty.status, 503);
  EXPECT_NE(empty.body.find("Nothing is deployed here yet"), std::string::npos);
}

TEST_F(LocalTest, an_instance_that_dies_comes_back) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  visit("dev", "/die");
  EXPECT_TRUE(eventually([&] { return visit().body == "v1"; }));
}

TEST_F(LocalTest, of_two_instances_one_may_die_and_no_get_is_lost) {
  ASSERT_TRUE(done(deploy(web("v1"), 2)));
  std::vector<int> statuses;
  for (const auto& process : proc::with_argument("SLUICE_INSTANCE=${SLUICE_INSTANCE-$2}")) {
    if (process.parent != 1) {
      proc::send(process, SIGKILL);
      break;
    }
  }
  for (int i = 0; i < 50; ++i) statuses.push_back(visit().status);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 200), 50) << testing::PrintToString(statuses);
}

TEST_F(LocalTest, a_killed_gateway_comes_back_with_its_routes) {
  ASSERT_TRUE(done(deploy(web("one"))));
  ASSERT_TRUE(done(deploy(web("two"))));
  for (const auto& process : proc::with_argument("unix@master.sock,mode,600")) {
    char cwd[4096];
    auto size = ::readlink(("/proc/" + std::to_string(process.pid) + "/cwd").c_str(), cwd, sizeof cwd);
    if (size > 0 && std::string(cwd, static_cast<std::size_t>(size)).rfind(dir_.string(), 0) == 0) {
      proc::send(process, SIGKILL);
    }
  }
  EXPECT_TRUE(eventually([&] { return visit().body == "two"; }));
  auto retired = retire();
  EXPECT_TRUE(done(retired)) << message(retired);
  ASSERT_TRUE(done(deploy(web("three"))));
  EXPECT_EQ(visit().body, "three");
}

TEST_F(LocalTest, R9_2_apps_serve_while_the_server_is_away_and_are_found_again) {
  ASSERT_TRUE(done(deploy(web("one"))));
  auto port = platform_->gateway_port();
  auto before = proc::with_argument("dep_test0001dev1");
  platform_.reset();
  EXPECT_EQ(get(port, "dev.shop.localhost").body, "one");
  open();
  EXPECT_EQ(platform_->gateway_port(), port);
  auto back = platform_->reconcile({stack()});
  EXPECT_TRUE(back) << back.error().message;
  EXPECT_EQ(visit().body, "one");
  EXPECT_EQ(proc::with_argument("dep_test0001dev1"), before) << "no second copy, and not another";
  ASSERT_TRUE(done(deploy(web("two"))));
  EXPECT_EQ(visit().body, "two");
}

TEST_F(LocalTest, down_ends_everything_and_the_next_start_brings_it_back) {
  ASSERT_TRUE(done(deploy(web("one"), 2)));
  auto port = platform_->gateway_port();
  platform_.reset();
  auto down = LocalPlatform::down(dir_);
  ASSERT_TRUE(down) << down.error().message;
  EXPECT_TRUE(eventually([&] { return processes() == 0; }));
  EXPECT_EQ(get(port, "dev.shop.localhost").status, 0);
  EXPECT_TRUE(LocalPlatform::down(dir_)) << "nothing running is no error";
  open();
  ASSERT_TRUE(platform_->reconcile({stack()}));
  EXPECT_EQ(platform_->gateway_port(), port);
  EXPECT_TRUE(eventually([&] { return visit().body == "one"; }));
}

TEST_F(LocalTest, what_belongs_to_no_stage_goes_at_the_start) {
  ASSERT_TRUE(done(deploy(web("one"))));
  ASSERT_TRUE(done(deploy(web("stray"), 1, "prod")));
  auto before = stages_["dev"];
  auto half = deploy(web("half"));  // its end never reached the store
  stages_["dev"] = before;
  stages_["dev"].attempt = 2;
  stages_.erase("prod");
  open();
  ASSERT_TRUE(platform_->reconcile({stack()}));
  EXPECT_EQ(visit("prod").status, 404);
  EXPECT_EQ(visit().body, "one") << "the route is back";
  EXPECT_TRUE(proc::with_argument("dep_test0001prod1").empty());
  EXPECT_TRUE(proc::with_argument("dep_test0001dev2").empty());
  EXPECT_FALSE(proc::with_argument("dep_test0001dev1").empty());
}

TEST_F(LocalTest, R9_1_every_step_can_be_taken_again) {
  ASSERT_TRUE(done(deploy(web("one"))));
  ASSERT_TRUE(done(deploy(web("two"), 2)));
  auto before = proc::with_argument("dep_test0001dev2").size();
  open();
  for (auto kind : {WorkKind::publish, WorkKind::provision, WorkKind::release, WorkKind::start, WorkKind::verify,
                    WorkKind::switch_over}) {
    auto result = run(work(kind));
    EXPECT_TRUE(done(result)) << message(result);
  }
  EXPECT_EQ(proc::with_argument("dep_test0001dev2").size(), before) << "no second copy runs";
  EXPECT_EQ(visit().body, "two");
  EXPECT_TRUE(done(retire()));
  EXPECT_TRUE(done(retire()));
  EXPECT_EQ(visit().body, "two");
}

TEST_F(LocalTest, a_start_that_is_stopped_leaves_what_it_made_to_the_discard) {
  build::Plan plan;
  plan.run = "exec sleep 1000";
  std::stop_source stop;
  auto built = artifact({{"x", ""}}, plan);
  stages_["dev"].attempt = 1;
  stages_["dev"].last.id = {"dep_test0001dev1"};
  stages_["dev"].last.artifact = built;
  std::jthread canceller([&] {
    eventually([&] { return !proc::with_argument("dep_test0001dev1").empty(); });
    stop.request_stop();
  });
  auto result = run(work(WorkKind::start), stop.get_token());
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_EQ(std::get<Error>(result).kind, ErrorKind::cancelled);
  EXPECT_TRUE(done(run(work(WorkKind::discard))));
  EXPECT_TRUE(proc::with_argument("dep_test0001dev1").empty());
}

TEST_F(LocalTest, what_an_app_is_told_and_nobody_else) {
  environment_ = {{"PASSWORD", "hunter2-and-more"}, {"PORT", "1"}, {"SLUICE_URL", "mine"}, {"EMPTY", ""}};
  build::Plan plan;
  plan.environment = {{"MODE", "plan"}, {"PASSWORD", "plan"}};
  ASSERT_TRUE(done(deploy(web("v", plan))));
  auto env = "\n" + visit("dev", "/env").body + "\n";
  for (const char* line : {"PASSWORD=hunter2-and-more", "HOST=127.0.0.1", "SLUICE_URL=mine", "SLUICE_INSTANCE=0",
                           "MODE=plan", "EMPTY=", "SLUICE_STAGE=dev", "HOME=/home/app"}) {
    EXPECT_NE(env.find("\n" + std::string(line) + "\n"), std::string::npos) << line << " is not in " << env;
  }
  EXPECT_EQ(env.find("\nPORT=1\n"), std::string::npos);
  EXPECT_TRUE(proc::with_argument("hunter2-and-more").empty()) << "no secret in the process list";
}

TEST_F(LocalTest, headers_that_only_a_proxy_may_set_are_its_own) {
  ASSERT_TRUE(done(deploy(web("v"))));
  auto got = get(platform_->gateway_port(), "dev.shop.localhost", "/headers",
                 "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\nProxy: evil\r\n"
                 "X-Request-Id: mine\r\nX-Sluice-Probe: guess\r\n");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body.find("6.6.6.6"), std::string::npos) << got.body;
  EXPECT_EQ(got.body.find("evil"), std::string::npos) << got.body;
  EXPECT_EQ(got.body.find("mine"), std::string::npos) << got.body;
  EXPECT_EQ(got.body.find("guess"), std::string::npos) << got.body;
  EXPECT_NE(got.body.find("x-forwarded-for: 127.0.0.1"), std::string::npos) << got.body;
  EXPECT_NE(got.body.find("x-forwarded-proto: http\n"), std::string::npos) << got.body;
  EXPECT_EQ(got.head.find("x-sluice-server"), std::string::npos) << got.head;
}

TEST_F(LocalTest, the_access_log_is_kept_by_stage) {
  ASSERT_TRUE(done(deploy(web("v"))));
  ASSERT_TRUE(done(deploy(web("w"), 1, "prod")));
  ASSERT_EQ(get(platform_->gateway_port(), "dev.shop.localhost", "/a?b=c", "Authorization: Bearer secret\r\n").status,
            200);
  ASSERT_EQ(visit("prod", "/elsewhere").status, 200);
  Result<logs::Lines> lines;
  EXPECT_TRUE(eventually([&] {
    lines = platform_->access_lines("shop", "dev", std::nullopt, "");
    return lines && !lines->lines.empty();
  }));
  ASSERT_EQ(lines->lines.size(), 1U) << "health checks and other stages are not in it";
  const auto& text = lines->lines[0].text;
  EXPECT_EQ(text.rfind("127.0.0.1 \"GET /a?b=c HTTP/1.1\" 200 ", 0), 0U) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  EXPECT_LT(clock_.now() - lines->lines[0].at, 1min);
  visit("dev", "/second");
  EXPECT_TRUE(eventually([&] {
    auto more = platform_->access_lines("shop", "dev", std::nullopt, lines->cursor);
    return more && more->lines.size() == 1 && more->lines[0].text.find("/second") != std::string::npos;
  }));
}

TEST_F(LocalTest, a_release_command_runs_once_in_the_sandbox_before_anything_starts) {
  build::Plan plan;
  plan.release = "echo releasing $SLUICE_STAGE $PASSWORD; test -z \"$PORT\"";
  environment_ = {{"PASSWORD", "pw"}};
  auto result = deploy(web("v", plan));
  EXPECT_TRUE(done(result)) << message(result);
  EXPECT_NE(log_.find("releasing dev pw\n"), std::string::npos) << log_;
  plan.release = "echo the table is locked; exit 3";
  result = deploy(web("v", plan));
  EXPECT_NE(message(result).find("the release command ended with status 3\nits last lines:\nthe table is locked"),
            std::string::npos)
      << message(result);
  EXPECT_EQ(visit().body, "v");
}

TEST_F(LocalTest, R9_4_a_release_command_has_a_limit) {
  build::Plan plan;
  plan.release = "sleep 1000";
  auto built = web("v", plan);
  stages_["dev"].attempt = 1;
  stages_["dev"].last.id = {"dep_test0001dev1"};
  stages_["dev"].last.artifact = built;
  auto piece = work(WorkKind::release);
  piece.deadline = clock_.now() + 300ms;
  EXPECT_NE(message(run(piece)).find("the release command was ended after its limit of"), std::string::npos);
  EXPECT_TRUE(proc::with_argument("dep_test0001dev1").empty());
}

TEST_F(LocalTest, R9_1_an_interrupted_release_is_dead_before_it_runs_again) {
  build::Plan plan;
  plan.release = "echo once; exec sleep 1000";
  stages_["dev"].attempt = 1;
  stages_["dev"].last.id = {"dep_test0001dev1"};
  stages_["dev"].last.artifact = web("v", plan);
  // A process of the first run that outlived its server.
  auto env = dir_ / "stages" / "stg_test0001dev" / "dep_test0001dev1" / "release";
  ASSERT_TRUE(make_dirs(env));
  ProcessCommand left;
  left.argv = {"sh", "-c", "while :; do sleep 0.01; done", env.string()};
  auto child = Child::start(left);
  ASSERT_TRUE(child);
  auto piece = work(WorkKind::release);
  piece.deadline = clock_.now() + 500ms;
  run(piece);
  EXPECT_EQ(child->wait(), 128 + SIGKILL);
}

TEST_F(LocalTest, a_verify_command_asks_the_new_version_before_it_gets_requests) {
  ASSERT_TRUE(done(deploy(web("old"))));
  build::Plan plan;
  plan.verify =
      "python3 -c 'import os, urllib.request as u; t=u.urlopen(os.environ[\"SLUICE_VERIFY_URL\"]).read(); "
      "print(t); assert t == b\"new\"'";
  auto result = deploy(web("new", plan));
  EXPECT_TRUE(done(result)) << message(result);
  EXPECT_NE(log_.find("b'new'"), std::string::npos) << log_;
  result = deploy(web("wrong", plan));
  EXPECT_NE(message(result).find("the verify command ended with status 1"), std::string::npos) << message(result);
  EXPECT_EQ(visit().body, "new");
}

TEST_F(LocalTest, R3_4_a_switch_that_fails_leads_back_to_what_served) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  auto before = stages_["dev"].current;
  build::Plan plan;
  plan.health_timeout = 1s;
  ASSERT_TRUE(done(deploy(web("v2", plan))));
  EXPECT_EQ(visit().body, "v2");
  stages_["dev"].current = before;  // the server died before it could write the switch down; and the new version breaks
  std::vector<proc::Process> inside;
  for (const auto& process : proc::with_argument("dep_test0001dev2")) {
    for (const auto& child : proc::descendants(proc::all(), process.pid)) inside.push_back(child);
  }
  for (const auto& process : inside) proc::send(process, SIGSTOP);
  auto result = run(work(WorkKind::switch_over));
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_EQ(visit().body, "v1");
  for (const auto& process : inside) proc::send(process, SIGCONT);
}

TEST_F(LocalTest, files_that_a_power_failure_cut_short_do_not_stop_the_server) {
  ASSERT_TRUE(done(deploy(web("one"))));
  platform_.reset();
  ASSERT_TRUE(LocalPlatform::down(dir_));
  auto stage = dir_ / "stages" / "stg_test0001dev";
  ASSERT_TRUE(make_dirs(stage / "dep_test0001dev2"));
  for (const auto& path : {stage / "fence", stage / "dep_test0001dev2" / "record", dir_ / "gateway" / "port",
                           dir_ / "gateway" / "reloads", dir_ / "gateway" / "routes" / "stg_test0001dev.json",
                           dir_ / "gateway" / "hosts.map", dir_ / "gateway" / "conf" / "00-main.cfg"}) {
    ASSERT_TRUE(write_file(path, ""));
  }
  open();
  auto back = platform_->reconcile({stack()});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(eventually([&] { return visit().body == "one"; }));
  EXPECT_FALSE(std::filesystem::exists(stage / "dep_test0001dev2"));
  ASSERT_TRUE(done(deploy(web("two"))));
  EXPECT_EQ(visit().body, "two");
}

TEST_F(LocalTest, a_stranger_on_the_port_does_not_pass_for_the_app) {
  build::Plan plan;
  // Gives the stranger two seconds to be first.
  plan.run =
      "exec bash -c 'for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null && break; sleep 0.02; "
      "done; exec python3 server.py'";
  std::optional<Child> stranger;
  std::jthread taker([&] {
    auto record = dir_ / "stages" / "stg_test0001dev" / "dep_test0001dev1" / "record";
    std::string text;
    eventually([&] { return (text = read_file(record).value_or("")).find("\"port\":") != std::string::npos; });
    ProcessCommand command;
    command.argv = {"python3",     "-m",
                    "http.server", std::to_string(std::stol(text.substr(text.find("\"port\":") + 7))),
                    "--bind",      "127.0.0.1"};
    command.cwd = "/usr/share/doc";
    auto started = Child::start(command);
    if (started) stranger.emplace(std::move(*started));
  });
  auto result = deploy(web("mine", plan));
  taker.join();
  EXPECT_TRUE(done(result)) << message(result);
  EXPECT_EQ(visit().body, "mine");
}

TEST_F(LocalTest, a_taken_port_is_named) {
  auto other = dir_ / "other";
  auto taken =
      LocalPlatform::start({other, "127.0.0.1", platform_->gateway_port()}, *logs_, *builder_, *sandbox_, clock_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
  EXPECT_NE(taken.error().message.find(std::to_string(platform_->gateway_port())), std::string::npos);
}

TEST_F(LocalTest, a_data_directory_may_have_a_long_name) {
  auto kept = dir_;
  auto deep = dir_ / std::string(120, 'x') / std::string(60, 'y');
  {
    auto started = LocalPlatform::start({deep, "127.0.0.1", 0}, *logs_, *builder_, *sandbox_, clock_);
    ASSERT_TRUE(started) << started.error().message;
    std::swap(platform_, *started);
    auto result = deploy(web("deep"));
    EXPECT_TRUE(done(result)) << message(result);
    EXPECT_EQ(visit().body, "deep");
    std::swap(platform_, *started);
  }
  EXPECT_TRUE(LocalPlatform::down(deep));
}

}  // namespace
}  // namespace sluice::platform::local
