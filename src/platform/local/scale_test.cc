#include <atomic>
#include <set>
#include <thread>

#include "base/files.h"
#include "platform/local/fixture_test.h"

// R7.5: instances in place, and who is sent requests meanwhile.
namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using pipeline::WorkKind;

using Names = std::set<std::string>;

class ScaleTest : public LocalTest {
 protected:
  // The numbers of the instances that answer.
  Names seen() {
    Names instances;
    for (int i = 0; i < 12; ++i) {
      auto body = visit("dev", "/env").body;
      auto at = body.find("SLUICE_INSTANCE=");
      instances.insert(at == std::string::npos ? "?" : body.substr(at + 16, body.find('\n', at) - at - 16));
    }
    return instances;
  }
  // What the platform remembers of the first deployment.
  std::filesystem::path record() const { return dir_ / "stages" / "stg_test0001dev" / "dep_test0001dev1" / "record"; }
  std::string noted() const { return read_file(record()).value_or(""); }
  // Those that HAProxy may lead a request to, whether they answer or not: a name ends in CHANGE.ATTEMPT.INDEX-PORT.
  bool leads_to(const std::string& instance) const {
    const auto route = read_file(dir_ / "gateway" / "conf" / "stg_test0001dev.cfg").value_or("");
    return route.find("server " + instance + "-") != std::string::npos;
  }
  Advance scale_to(std::int64_t count, std::stop_token stop = {}) {
    stages_["dev"].instances = count;
    return run(work(WorkKind::scale), std::move(stop));
  }
};

TEST_F(ScaleTest, R7_5_scales_in_place_from_one_to_three_to_none_and_back) {
  ASSERT_TRUE(done(deploy(web("v"))));
  auto scale = [&](std::int64_t count) {
    const auto result = scale_to(count);
    EXPECT_TRUE(done(result)) << message(result);
    EXPECT_EQ(done(result) ? std::get<Done>(result).instances : -1, count);
  };
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  {
    std::jthread visitor([&] {
      while (!stop) failed += visit().status != 200;
    });
    scale(3);
    EXPECT_EQ(seen(), (Names{"0", "1", "2"}));
    scale(2);
    EXPECT_EQ(seen(), (Names{"0", "1"}));
    stop = true;
  }
  EXPECT_EQ(failed, 0);
  scale(0);
  auto asleep = visit();
  EXPECT_EQ(asleep.status, 503);
  EXPECT_NE(asleep.body.find("scaled to 0"), std::string::npos);
  EXPECT_NE(asleep.head.find("retry-after"), std::string::npos) << asleep.head;
  scale(1);
  EXPECT_EQ(seen(), (Names{"0"}));
}

TEST_F(ScaleTest, R7_5_at_zero_a_deployment_succeeds_with_nothing_running) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  auto result = deploy(web("v2"), 0);
  ASSERT_TRUE(done(result)) << message(result);
  EXPECT_TRUE(done(retire()));
  EXPECT_NE(visit().body.find("scaled to 0"), std::string::npos);
  EXPECT_TRUE(done(scale_to(1)));
  EXPECT_EQ(visit().body, "v2");
}

TEST_F(ScaleTest, R7_5_a_stage_scaled_since_the_start_switches_to_what_is_desired_now) {
  ASSERT_TRUE(done(deploy(web("v1"))));
  ASSERT_TRUE(done(deploy(web("v2"), 3)));
  auto again = work(WorkKind::switch_over);
  again.instances = 1;
  EXPECT_TRUE(done(run(again)));
  EXPECT_EQ(visit().body, "v2");
  again.instances = 2;
  EXPECT_TRUE(done(run(again)));
  EXPECT_EQ(visit().body, "v2");
}

TEST_F(ScaleTest, R9_2_after_a_death_in_the_middle_nobody_is_led_to_an_instance_that_was_taken_away) {
  ASSERT_TRUE(done(deploy(web("v"), 3)));
  const auto before = noted();
  ASSERT_TRUE(done(scale_to(1)));
  platform_.reset();
  ASSERT_TRUE(write_file(record(), before)) << "the server died before it could write down that they are gone";
  open();
  auto known = std::make_shared<pipeline::Stack>(*stack());
  known->stages.front().scaling = pipeline::Scaling{1, {}};
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  {
    std::jthread visitor([&] {
      while (!stop) failed += visit().status != 200;
    });
    EXPECT_TRUE(platform_->reconcile({known}));
    EXPECT_TRUE(leads_to("1.1.0"));
    EXPECT_FALSE(leads_to("1.1.1"));
    EXPECT_FALSE(leads_to("1.1.2"));
    EXPECT_TRUE(done(scale_to(1)));
    stop = true;
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(seen(), Names{"0"});
  EXPECT_TRUE(done(scale_to(2)));
  EXPECT_EQ(seen(), (Names{"0", "1"}));
}

TEST_F(ScaleTest, R3_4_a_failed_deployment_leads_back_to_what_served_and_not_to_what_is_being_added) {
  build::Plan plan;
  plan.run = "[ $SLUICE_INSTANCE = 0 ] || exec sleep 600; exec python3 server.py";
  ASSERT_TRUE(done(deploy(web("v1", plan))));
  const auto before = stages_["dev"].current;
  ASSERT_TRUE(done(deploy(web("v2"))));
  stages_["dev"].current = before;  // the server died before it could write the switch down
  std::stop_source dies;
  Advance scaled = Done{};
  std::jthread scaling([&] { scaled = scale_to(3, dies.get_token()); });
  ASSERT_TRUE(eventually([&] { return noted().find("dep_test0001dev1.2.") != std::string::npos; }));
  dies.request_stop();
  scaling.join();
  ASSERT_FALSE(done(scaled));
  const auto result = run(work(WorkKind::discard));
  EXPECT_TRUE(done(result)) << message(result);
  EXPECT_EQ(visit().body, "v1");
  EXPECT_TRUE(leads_to("1.1.0"));
  EXPECT_FALSE(leads_to("1.1.1"));
}

}  // namespace
}  // namespace sluice::platform::local
