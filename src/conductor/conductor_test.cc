#include "conductor/conductor.h"

#include <SQLiteCpp/Database.h>

#include <atomic>
#include <thread>

#include "conductor/scripted.h"

namespace sluice::conductor {
namespace {

using namespace pipeline;
using S = DeploymentState;

platform::Advance failed(const std::string& what) { return Error{ErrorKind::failed, what, {}}; }

TEST_F(ConductorTest, a_check_in_is_built_and_served) {
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(serves("shop", 1));
  EXPECT_EQ(conductor_->snapshot("shop")->stages[0].current->artifact, "sha256-" + std::string(40, 'a'));
  EXPECT_FALSE(world_.ran_twice_at_once());
}

TEST_F(ConductorTest, what_is_answered_can_be_read_at_once) {
  start();
  const auto made = make("shop");
  ASSERT_TRUE(made);
  EXPECT_GT(made->first_seq, 0);
  ASSERT_NE(conductor_->snapshot("shop"), nullptr);
  EXPECT_EQ(conductor_->snapshot("shop")->version, made->stack->version);
  EXPECT_EQ(conductor_->snapshots().size(), 1u);
  EXPECT_EQ(conductor_->snapshot("other"), nullptr);
  EXPECT_EQ(make("shop").error().kind, ErrorKind::conflict);
  EXPECT_EQ(push("other", 'a').error().kind, ErrorKind::not_found);
}

TEST_F(ConductorTest, nothing_is_made_when_what_comes_before_the_commit_fails) {
  start();
  const auto refused = conductor_->create_stack("shop", {}, "dev", {}, ada_, [](const StackId&) -> Result<> {
    return fail(ErrorKind::failed, "no room for a repository");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "no room for a repository");
  EXPECT_EQ(conductor_->snapshot("shop"), nullptr);
}

TEST_F(ConductorTest, R9_1_a_restart_takes_up_what_was_going_on) {
  Door never;
  world_.on(WorkKind::start, [&](const Work&, std::stop_token stop) {
    never.pass(stop);
    return failed("stopped");
  });
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(world_.wait([](const auto& world) { return world.is_running(WorkKind::start); }));
  stop();  // its result is thrown away
  EXPECT_EQ(store_->load_stacks()->at(0).stages[0].active->state, S::starting);
  world_.on(WorkKind::start, [](const Work& work, std::stop_token) { return ScriptedWorld::well(work); });
  start();
  EXPECT_TRUE(serves("shop", 1));
  EXPECT_FALSE(world_.ran_twice_at_once());
}

TEST_F(ConductorTest, a_far_operation_is_asked_again_with_its_token) {
  world_.on(WorkKind::publish, [](const Work& work, std::stop_token) -> platform::Advance {
    if (!work.token) return platform::NotYet{"far-1", "uploading", Duration(1)};
    return *work.token == "far-1" ? ScriptedWorld::well(work) : failed("another token");
  });
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(push("shop", 'a'));
  EXPECT_TRUE(serves("shop", 1));
}

TEST_F(ConductorTest, R8_1_a_cancelled_one_is_cancelling_until_its_step_has_ended) {
  Door door;
  std::atomic<bool> was_stopped = false;
  world_.on(WorkKind::release, [&](const Work&, std::stop_token stop) {
    const std::stop_callback noted(stop, [&] { was_stopped = true; });
    door.pass({});  // bears being asked to stop for a while
    return failed("stopped");
  });
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(world_.wait([](const auto& world) { return world.is_running(WorkKind::release); }));
  const DeploymentId id = conductor_->snapshot("shop")->stages[0].active->id;
  const auto cancelled = conductor_->cancel(id, ada_);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->stack->stages[0].active->state, S::cancelling);
  ASSERT_TRUE(push("shop", 'b'));
  // The next would build and the first be discarded by now, were the release not still running.
  EXPECT_EQ(conductor_->snapshot("shop")->stages[0].active->id, id);
  EXPECT_TRUE(world_.wait([](const auto& world) { return world.begun(WorkKind::discard) == 0; }));
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!was_stopped && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_TRUE(was_stopped);
  world_.on(WorkKind::release, {});
  door.open();
  EXPECT_TRUE(serves("shop", 2));
  EXPECT_TRUE(world_.wait([](const auto& world) { return world.begun(WorkKind::discard) == 1; }));
  EXPECT_EQ(conductor_->cancel(id, ada_).error().kind, ErrorKind::conflict);
  EXPECT_NE(conductor_->cancel(id, ada_).error().message.find("cancelled"), std::string::npos);
  EXPECT_EQ(conductor_->cancel({"dep_nothing"}, ada_).error().kind, ErrorKind::not_found);
}

TEST_F(ConductorTest, R9_4_a_step_past_its_limit_is_stopped_and_fails) {
  world_.on(WorkKind::verify, [](const Work&, std::stop_token stop) {
    Door().pass(stop);
    return failed("stopped");
  });
  Conductor::Options options;
  options.limits.verify = Duration(50);
  start(options);
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(reaches("shop", [](const Stack& now) { return now.stages[0].last.has_value(); }));
  EXPECT_EQ(conductor_->snapshot("shop")->stages[0].last->state, S::failed);
  EXPECT_NE(conductor_->snapshot("shop")->stages[0].last->error.find("verifying"), std::string::npos);
}

TEST_F(ConductorTest, builds_are_limited_and_the_others_wait) {
  Door door;
  world_.on(WorkKind::build, [&](const Work& work, std::stop_token stop) {
    return door.pass(stop) ? ScriptedWorld::well(work) : failed("stopped");
  });
  Conductor::Options options;
  options.builds = 2;
  start(options);
  const std::vector<std::string> names{"a", "b", "c", "d", "e"};
  for (const std::string& name : names) {
    ASSERT_TRUE(make(name));
    ASSERT_TRUE(push(name, 'a'));
  }
  ASSERT_TRUE(world_.wait([](const auto& world) { return world.count(WorkKind::build) == 2; }));
  for (const char* name : {"c", "d", "e"}) {
    EXPECT_TRUE(reaches(name, [](const Stack& now) {
      const auto& active = now.stages[0].active;
      return active && active->wait && active->wait->in_line &&
             active->wait->reason.find("2 at once") != std::string::npos;
    })) << name;
  }
  EXPECT_FALSE(conductor_->snapshot("a")->stages[0].active->wait);
  door.open();
  for (const std::string& name : names) EXPECT_TRUE(serves(name, 1)) << name;
  EXPECT_EQ(world_.most_builds(), 2);
  EXPECT_FALSE(world_.ran_twice_at_once());
}

TEST_F(ConductorTest, R9_4_a_build_that_waits_for_its_turn_longer_than_its_limit_does_not_fail) {
  world_.on(WorkKind::build, [&](const Work& work, std::stop_token stop) {
    if (work.stack_name != "first") return ScriptedWorld::well(work);
    Door().pass(stop);
    return failed("stopped");
  });
  Conductor::Options options;
  options.builds = 1;
  options.limits.build = std::chrono::seconds(1);
  start(options);
  for (const char* name : {"first", "second"}) {
    ASSERT_TRUE(make(name));
    ASSERT_TRUE(push(name, 'a'));
    ASSERT_TRUE(world_.wait([](const auto& world) { return world.is_running(WorkKind::build); }));
  }
  EXPECT_TRUE(reaches("first", [](const Stack& now) { return now.stages[0].last.has_value(); }));
  EXPECT_EQ(conductor_->snapshot("first")->stages[0].last->error,
            "building did not finish within 1s; its log says how far it came");
  EXPECT_TRUE(serves("second", 1));
}

TEST_F(ConductorTest, a_cancelled_build_that_waits_for_its_turn_never_begins) {
  Door door;
  world_.on(WorkKind::build, [&](const Work& work, std::stop_token stop) {
    return door.pass(stop) ? ScriptedWorld::well(work) : failed("stopped");
  });
  Conductor::Options options;
  options.builds = 1;
  start(options);
  for (const char* name : {"first", "second"}) {
    ASSERT_TRUE(make(name));
    ASSERT_TRUE(push(name, 'a'));
    ASSERT_TRUE(world_.wait([](const auto& world) { return world.is_running(WorkKind::build); }));
  }
  ASSERT_TRUE(conductor_->cancel(conductor_->snapshot("second")->stages[0].active->id, ada_));
  ASSERT_TRUE(reaches("second", [](const Stack& now) { return !now.stages[0].active; }));
  door.open();
  EXPECT_TRUE(serves("first", 1));
  EXPECT_TRUE(world_.wait([](const auto& world) { return world.begun(WorkKind::build) == 1; }));
}

TEST_F(ConductorTest, an_exception_in_a_step_fails_it_and_the_server_goes_on) {
  world_.on(WorkKind::start, [](const Work&, std::stop_token) -> platform::Advance { throw std::runtime_error("oh"); });
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(reaches("shop", [](const Stack& now) { return now.stages[0].last.has_value(); }));
  EXPECT_EQ(conductor_->snapshot("shop")->stages[0].last->state, S::failed);
  world_.on(WorkKind::start, {});
  ASSERT_TRUE(push("shop", 'b'));
  EXPECT_TRUE(serves("shop", 2));
}

TEST_F(ConductorTest, a_commit_that_fails_is_503_and_nothing_happened) {
  start();
  ASSERT_TRUE(make("shop"));
  const Snapshot before = conductor_->snapshot("shop");
  const std::int64_t seq = store_->last_seq();
  {
    SQLite::Database other((folder_ / "sluice.db").string(), SQLite::OPEN_READWRITE);
    other.exec("BEGIN IMMEDIATE");  // nobody else can write now
    std::vector<std::thread> callers;
    std::atomic<int> unavailable = 0;
    for (const char commit : {'a', 'b', 'c'})
      callers.emplace_back([&, commit] {
        const auto pushed = push("shop", commit);
        unavailable += !pushed && pushed.error().kind == ErrorKind::unavailable;
      });
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(unavailable, 3);
    other.exec("ROLLBACK");
  }
  EXPECT_EQ(conductor_->snapshot("shop"), before);
  EXPECT_EQ(store_->last_seq(), seq);
  const auto pushed = push("shop", 'd');
  ASSERT_TRUE(pushed) << pushed.error().message;
  EXPECT_EQ(pushed->stack->newest->number, 1);
  EXPECT_TRUE(serves("shop", 1));
}

TEST_F(ConductorTest, listeners_hear_seqs_in_order) {
  start();
  std::mutex mutex;
  std::vector<std::int64_t> heard;
  conductor_->on_commit([&](std::int64_t seq) {
    const std::lock_guard lock(mutex);
    heard.push_back(seq);
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&, i] {
      const std::string name = "shop-" + std::to_string(i);
      EXPECT_TRUE(make(name));
      for (const char commit : {'a', 'b', 'c'}) EXPECT_TRUE(push(name, commit));
    });
  for (std::thread& caller : callers) caller.join();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(serves("shop-" + std::to_string(i), 3));
  const std::int64_t newest = conductor_->wait_commit(0, Duration(0));
  stop();
  const std::lock_guard lock(mutex);
  ASSERT_FALSE(heard.empty());
  EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end()));
  EXPECT_EQ(std::adjacent_find(heard.begin(), heard.end()), heard.end());
  EXPECT_GE(heard.back(), newest);
  EXPECT_EQ(heard.back(), store_->last_seq());
}

TEST_F(ConductorTest, R7_2_saved_settings_are_a_revision_and_unchanged_ones_are_none) {
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(conductor_->settings("shop", "dev"));
  const auto saved = ask("shop", SaveSettings{"dev", {}}, sets("COLOUR", "red"));
  ASSERT_TRUE(saved) << saved.error().message;
  ASSERT_EQ(saved->events.size(), 1u);
  EXPECT_EQ(std::get<SettingsSaved>(saved->events[0].body).names, std::vector<std::string>{"runtime/COLOUR"});
  EXPECT_EQ(conductor_->settings("shop", "dev")->runtime.at("COLOUR").value, "red");
  EXPECT_EQ(secrets_->read(saved->stack->stages[0].id, 1)->runtime.size(), 0u);

  const auto again = ask("shop", SaveSettings{"dev", {}}, sets("COLOUR", "red"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->events.empty());
  EXPECT_EQ(again->stack->stages[0].settings_revision, 2);

  const auto refused = ask("shop", SaveSettings{"dev", {}}, SettingsEdit{[](const secrets::Settings&) {
                             return Result<secrets::Settings>(fail_field("COLOUR", "is not a colour"));
                           }});
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_FALSE(ask("shop", SaveSettings{"test", {}}, sets("COLOUR", "red")));
  EXPECT_EQ(conductor_->settings("shop", "test").error().kind, ErrorKind::not_found);
}

TEST_F(ConductorTest, R5_4_a_new_stage_may_copy_the_variables_of_another) {
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(ask("shop", SaveSettings{"dev", {}}, SettingsEdit{[](const secrets::Settings& now) {
                    secrets::Settings out = now;
                    out.build["MODE"] = {"fast", false};
                    out.runtime["TOKEN"] = {"hidden", true};
                    return Result<secrets::Settings>(out);
                  }}));
  AddStage add;
  add.name = "prod";
  add.copy_from = "dev";
  add.config.instances = 3;
  ASSERT_TRUE(ask("shop", add));
  const auto prod = conductor_->settings("shop", "prod");
  ASSERT_TRUE(prod) << prod.error().message;
  EXPECT_EQ(prod->build.at("MODE").value, "fast");
  EXPECT_EQ(prod->runtime.at("TOKEN"), (secrets::Variable{"hidden", true}));
  EXPECT_EQ(prod->config.instances, 3);
  EXPECT_EQ(conductor_->snapshot("shop")->stages[1].settings_revision, 1);
}

TEST_F(ConductorTest, R8_3_a_rollback_with_the_settings_of_then_brings_them_back) {
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(ask("shop", SaveSettings{"dev", {}}, sets("COLOUR", "red")));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(serves("shop", 1));
  const DeploymentId red = conductor_->snapshot("shop")->stages[0].current->deployment;
  ASSERT_TRUE(ask("shop", SaveSettings{"dev", {}}, sets("COLOUR", "blue")));
  ASSERT_TRUE(push("shop", 'b'));
  ASSERT_TRUE(serves("shop", 2));
  Rollback back;
  back.stage = "dev";
  back.to = red.value;
  back.settings_then = true;
  const auto asked = ask("shop", back);
  ASSERT_TRUE(asked) << asked.error().message;
  ASSERT_TRUE(serves("shop", 1));
  EXPECT_EQ(conductor_->snapshot("shop")->stages[0].settings_revision, 4);
  EXPECT_EQ(conductor_->settings("shop", "dev")->runtime.at("COLOUR").value, "red");
  EXPECT_EQ(conductor_->snapshot("shop")->stages[0].current->artifact, "sha256-" + std::string(40, 'a'));
}

TEST_F(ConductorTest, R4_4_the_second_decision_hears_of_the_first) {
  StageConfig gated;
  gated.requires_approval = true;
  start();
  ASSERT_TRUE(make("shop", gated));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(ask("shop", Approve{"dev", 1, "good", {}}));
  EXPECT_TRUE(ask("shop", Approve{"dev", 1, "good", {}}));  // the same, by the same person
  const auto late = ask("shop", Reject{"dev", 1, "bad", {}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);
  EXPECT_NE(late.error().message.find("approved by ada"), std::string::npos) << late.error().message;
}

TEST_F(ConductorTest, R8_2_a_retry_repeats_the_newest_failure_or_the_one_named) {
  world_.on(WorkKind::build, [](const Work&, std::stop_token) { return failed("no compiler"); });
  start();
  ASSERT_TRUE(make("shop"));
  EXPECT_EQ(ask("shop", Retry{"dev", {}, {}}).error().kind, ErrorKind::conflict);
  std::vector<DeploymentId> ids;
  for (const char commit : {'a', 'b'}) {
    ASSERT_TRUE(push("shop", commit));
    ASSERT_TRUE(reaches("shop", [&](const Stack& now) {
      return now.stages[0].last && now.stages[0].last->change.commit[0] == commit;
    }));
    ids.push_back(conductor_->snapshot("shop")->stages[0].last->deployment);
  }
  world_.on(WorkKind::build, {});
  ASSERT_TRUE(ask("shop", Retry{"dev", {}, ids[0]}));
  EXPECT_TRUE(serves("shop", 1));
  ASSERT_TRUE(ask("shop", Retry{"dev", {}, {}}));
  EXPECT_TRUE(serves("shop", 2));
}

TEST_F(ConductorTest, the_answer_of_an_idempotency_key_is_written_with_the_events) {
  start();
  ASSERT_TRUE(make("shop"));
  CheckIn push;
  push.commit = std::string(40, 'a');
  const auto pushed = conductor_->submit("shop", Command{ada_, push}, {}, [&](const Outcome& outcome) {
    return std::optional(store::IdempotencyRow{"key", std::to_string(outcome.stack->newest->number), clock_.now()});
  });
  ASSERT_TRUE(pushed);
  EXPECT_EQ(store_->idempotent_answer("key"), "1");
}

TEST_F(ConductorTest, a_deleted_stack_is_gone_and_its_name_is_free) {
  start();
  ASSERT_TRUE(make("shop"));
  ASSERT_TRUE(push("shop", 'a'));
  ASSERT_TRUE(serves("shop", 1));
  const StackId first = conductor_->snapshot("shop")->id;
  ASSERT_TRUE(ask("shop", DeleteStack{}));
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  for (std::int64_t seq = 0; conductor_->snapshot("shop") && std::chrono::steady_clock::now() < limit;)
    seq = conductor_->wait_commit(seq, std::chrono::milliseconds(100));
  EXPECT_EQ(conductor_->snapshot("shop"), nullptr);
  EXPECT_EQ(push("shop", 'b').error().kind, ErrorKind::not_found);
  ASSERT_TRUE(make("shop"));
  EXPECT_NE(conductor_->snapshot("shop")->id, first);
}

TEST_F(ConductorTest, at_its_end_running_steps_are_stopped_and_nobody_waits_for_ever) {
  world_.on(WorkKind::build, [](const Work&, std::stop_token stop) {
    Door().pass(stop);
    return failed("stopped");
  });
  start();
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(make(name));
    ASSERT_TRUE(push(name, 'a'));
  }
  ASSERT_TRUE(world_.wait([](const auto& world) { return world.count(WorkKind::build) == 2; }));
  stop();
  EXPECT_TRUE(world_.wait([](const auto& world) { return world.count(WorkKind::build) == 0; }));
  const auto stored = store_->load_stacks();
  ASSERT_TRUE(stored);
  for (const Stack& stack : *stored) EXPECT_EQ(stack.stages[0].active->state, S::building);
  EXPECT_TRUE(store_->check());
}

TEST_F(ConductorTest, stress_many_callers_readers_and_a_restart) {
  world_.on(WorkKind::verify, [count = std::make_shared<std::atomic<int>>(0)](const Work& work, std::stop_token) {
    return ++*count % 5 == 0 ? failed("flaky") : ScriptedWorld::well(work);
  });
  start();
  std::atomic<bool> over = false;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(make("shop-" + std::to_string(i)));
  {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        const std::string name = "shop-" + std::to_string(i);
        for (int n = 0; n < 20; ++n) {
          EXPECT_TRUE(push(name, "0123456789abcdef"[n % 16]));
          if (n % 5 == 0) (void)ask(name, SaveSettings{"dev", {}}, sets("N", std::to_string(n)));
          if (n % 7 == 0) (void)ask(name, Rollback{"dev", "", false, false, false, {}});
          const Snapshot now = conductor_->snapshot(name);
          if (const auto& active = now->stages[0].active; active && n % 3 == 0)
            (void)conductor_->cancel(active->id, ada_);
        }
      });
    std::thread reader([&] {
      while (!over)
        for (const Snapshot& snapshot : conductor_->snapshots()) EXPECT_EQ(snapshot->stages.size(), 1u);
    });
    for (std::thread& thread : threads) thread.join();
    over = true;
    reader.join();
  }
  stop();
  world_.on(WorkKind::verify, {});
  start();
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(reaches("shop-" + std::to_string(i), [](const Stack& now) {
      return !now.stages[0].active && !now.stages[0].waiting && !now.stages[0].retiring;
    }));
  EXPECT_FALSE(world_.ran_twice_at_once());
  EXPECT_TRUE(store_->check());
}

}  // namespace
}  // namespace sluice::conductor
