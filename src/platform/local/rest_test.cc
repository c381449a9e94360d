#include <gtest/gtest.h>

#include <mutex>

#include "platform/local/fixture_test.h"

// Stages that rest (R7.5): real instances, a real gateway.
namespace sluice::platform::local {
namespace {

using pipeline::Rest;
using pipeline::RestCause;
using pipeline::WorkKind;

class RestTest : public LocalTest {
 protected:
  void TearDown() override {
    waker_ = {};
    LocalTest::TearDown();
  }
  Advance scale(std::int64_t count, const std::optional<Rest>& rest = std::nullopt) {
    stages_["dev"].instances = 1;
    auto piece = work(WorkKind::scale);
    piece.instances = count;
    piece.rest = rest;
    return run(piece);
  }
  void sleep() {
    rests_ = true;
    auto result = scale(0, Rest{RestCause::idle, clock_.now(), std::nullopt});
    ASSERT_TRUE(done(result)) << message(result);
  }
  // As the conductor does: one start, however often it is said.
  void wake_when_wanted() {
    auto listens = platform_->on_wanted([this](const pipeline::StageId& stage) {
      std::lock_guard lock(mutex_);
      EXPECT_EQ(stage.value, "stg_test0001dev");
      if (!std::exchange(rests_, false)) return;
      starts_ += 1;
      waker_ = std::jthread([this] {
        auto result = scale(1);
        EXPECT_TRUE(done(result)) << message(result);
      });
    });
    ASSERT_TRUE(listens) << listens.error().message;
  }

  std::mutex mutex_;
  bool rests_ = false;
  int starts_ = 0;
  std::jthread waker_;
};

TEST_F(RestTest, R7_5_a_hundred_requests_wake_a_sleeping_stage_once_and_are_all_answered) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  wake_when_wanted();
  sleep();
  std::vector<Answer> answers(100);
  {
    std::vector<std::jthread> visitors;
    for (auto& answer : answers) visitors.emplace_back([&] { answer = visit(); });
  }
  for (const auto& answer : answers) {
    ASSERT_EQ(answer.status, 200) << answer.head;
    ASSERT_EQ(answer.body, "v1");
  }
  EXPECT_EQ(starts_, 1);
}

TEST_F(RestTest, R9_2_a_request_that_came_while_the_server_was_away_wakes_it_when_the_server_is_back) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  sleep();
  Answer answer;
  std::jthread visitor([&, port = platform_->gateway_port()] { answer = get(port, "dev.shop.localhost"); });
  open();
  auto known = std::make_shared<pipeline::Stack>(*stack());
  known->stages[0].rest = Rest{RestCause::idle, clock_.now(), std::nullopt};
  ASSERT_TRUE(platform_->reconcile({known}));
  wake_when_wanted();
  visitor.join();
  EXPECT_EQ(answer.body, "v1") << answer.head;
}

TEST_F(RestTest, R7_5_outside_its_hours_a_stage_says_when_they_begin_and_is_not_woken) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  wake_when_wanted();
  config_.hours = "mon-fri 08:00-19:00 UTC";
  auto result = scale(0, Rest{RestCause::hours, clock_.now(), from_rfc3339("2026-02-02T08:00:00.000Z")});
  ASSERT_TRUE(done(result)) << message(result);
  auto answer = visit();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("It is asleep until Monday 08:00 (UTC): its hours are over."), std::string::npos)
      << answer.body;
  EXPECT_EQ(starts_, 0);
}

TEST_F(RestTest, R3_4_a_deployment_that_is_discarded_leaves_the_stage_sleeping) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  sleep();
  const auto before = stages_["dev"].current;
  ASSERT_TRUE(done(deploy(web("v2"))));
  EXPECT_EQ(visit().body, "v2");
  stages_["dev"].current = before;
  ASSERT_TRUE(done(run(work(WorkKind::discard))));
  wake_when_wanted();
  EXPECT_EQ(visit().body, "v1");
  EXPECT_EQ(starts_, 1);
}

TEST_F(RestTest, what_a_stage_s_requests_did_lately_is_told) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  auto use = [&] {
    return platform_->usage().value_or(std::map<pipeline::StageId, gateway::Use>{})[{"stg_test0001dev"}];
  };
  const auto before = use().requests;
  EXPECT_EQ(visit().status, 200);
  EXPECT_EQ(use().requests, before + 1);
  std::jthread visitor([&] { visit("dev", "/slow"); });
  EXPECT_TRUE(eventually([&] { return use().open == 1; }));
  visitor.join();
  EXPECT_TRUE(eventually([&] { return use().open == 0; }));
}

}  // namespace
}  // namespace sluice::platform::local
