#include <algorithm>

#include "platform/local/fixture_test.h"

namespace sluice::platform::local {
namespace {

class RunningTest : public LocalTest {
 protected:
  std::size_t of(const std::string& stage) {
    const auto all = platform_->running();
    const auto id = work(pipeline::WorkKind::start, stage).stage;
    return static_cast<std::size_t>(std::ranges::count_if(all, [&](const auto& one) { return one.stage == id; }));
  }
};

TEST_F(RunningTest, tells_the_instances_of_every_stage_and_what_they_use) {
  EXPECT_TRUE(platform_->running().empty());
  ASSERT_TRUE(done(deploy(web("one"), 2)));
  ASSERT_TRUE(done(deploy(web("two"), 1, "prod")));
  EXPECT_EQ(of("dev"), 2u);
  EXPECT_EQ(of("prod"), 1u);
  for (const auto& one : platform_->running()) {
    EXPECT_GT(one.memory_kib, 1000u);
    EXPECT_GT(one.cpu_us, 0u);
    EXPECT_GT(one.born, Duration{});
  }
  open();  // a server that was started anew finds the same
  EXPECT_EQ(of("dev"), 2u);
  ASSERT_TRUE(done(deploy(web("three"), 1)));
  EXPECT_EQ(of("dev"), 3u) << "what ran before runs until it is retired";
  ASSERT_TRUE(done(retire()));
  EXPECT_EQ(of("dev"), 1u);
}

}  // namespace
}  // namespace sluice::platform::local
