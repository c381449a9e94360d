#include "conductor/core_fixture.h"

// R9.4: a build that waits for a free slot, and a store that cannot be written meanwhile.
namespace sluice::conductor {
namespace {

class InLineTest : public CoreTest {
 protected:
  static Conductor::Options one_build() {
    Conductor::Options out;
    out.builds = 1;
    return out;
  }
  InLineTest() : CoreTest(one_build()) {
    first_ = due();
    make("second");
    give(push('b'), "second");
  }
  [[nodiscard]] bool second_waits() const {
    for (const Snapshot& stack : core_.committed_stacks()) {
      if (stack->name != "second") continue;
      const auto& active = stack->stages.at(0).active;
      return active && active->wait && active->wait->in_line;
    }
    return false;
  }
  // All that is said by itself, and written.
  std::size_t starts() {
    const std::size_t out = core_.take_starts().size();
    commit();
    return out;
  }
  Work first_;
};

TEST_F(InLineTest, R9_4_that_it_waits_is_said_again_when_it_could_not_be_written) {
  EXPECT_TRUE(core_.take_starts().empty());
  fail_to_commit();
  EXPECT_EQ(starts(), 0u);
  EXPECT_FALSE(second_waits()) << "not again and again at once";
  pass(1s);
  EXPECT_EQ(starts(), 0u);
  EXPECT_TRUE(second_waits());
  EXPECT_EQ(starts(), 0u);
  EXPECT_FALSE(core_.has_group()) << "once it is written nothing more is said";
}

TEST_F(InLineTest, R9_4_that_its_turn_has_come_is_said_again_when_it_could_not_be_written) {
  EXPECT_EQ(starts(), 0u);
  ASSERT_TRUE(second_waits());
  pass(5min);
  core_.finished(first_.key(), Error{ErrorKind::failed, "it does not build", {}});
  commit();
  const auto started = core_.take_starts();
  ASSERT_EQ(started.size(), 2u) << "the second's build, and what is left of the first";
  const Work& second = started[0].kind == WorkKind::build ? started[0] : started[1];
  EXPECT_EQ(second.stack_name, "second");
  EXPECT_EQ(second.deadline, shown_.now() + Limits{}.build);
  fail_to_commit();
  EXPECT_TRUE(second_waits());
  pass(1s);
  EXPECT_EQ(starts(), 0u);
  EXPECT_FALSE(second_waits());
  pass(Limits{}.build);
  EXPECT_EQ(core_.take_stops(), std::vector{second.key()}) << "its limit runs";
}

}  // namespace
}  // namespace sluice::conductor
