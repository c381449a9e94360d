#include "platform/local/fixture_test.h"
#include "platform/local/site.h"
#include "supervise/supervisor.h"

namespace sluice::platform::local {
namespace {

using pipeline::WorkKind;

TEST_F(LocalTest, a_stage_that_has_its_address_is_provisioned_without_asking_the_gateway) {
  ASSERT_TRUE(done(deploy(web("one"))));
  const auto s6 = supervise::Supervisor::ensure(dir_ / "s6");
  ASSERT_TRUE(s6);
  ASSERT_TRUE(s6->stop({kGatewayService}, std::chrono::seconds(1)));
  log_.clear();
  const auto again = run(work(WorkKind::provision));
  EXPECT_TRUE(done(again)) << message(again);
  EXPECT_NE(log_.find("the address is there"), std::string::npos) << log_;
}

}  // namespace
}  // namespace sluice::platform::local
