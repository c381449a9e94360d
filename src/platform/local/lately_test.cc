#include "platform/local/lately.h"

#include <gtest/gtest.h>

namespace sluice::platform::local {
namespace {
using namespace std::chrono_literals;

TEST(Lately, is_two_seconds_and_each_deployments_own) {
  const Lately::Moment now{};
  Lately well;
  EXPECT_FALSE(well.has({"dep_1"}, now));
  well.saw({"dep_1"}, now);
  EXPECT_TRUE(well.has({"dep_1"}, now + 1999ms));
  EXPECT_FALSE(well.has({"dep_1"}, now + 2s));
  EXPECT_FALSE(well.has({"dep_2"}, now));
  well.saw({"dep_1"}, now + 2s);
  EXPECT_TRUE(well.has({"dep_1"}, now + 3s));
  well.forget({"dep_1"});
  EXPECT_FALSE(well.has({"dep_1"}, now + 3s));
}

}  // namespace
}  // namespace sluice::platform::local
