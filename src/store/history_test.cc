#include <gmock/gmock.h>

#include "store/story.h"

// Where a change is, and what commands must know of the past.
namespace sluice::store {
namespace {

using namespace pipeline;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class HistoryTest : public testing::Test {
 protected:
  TempFolder folder;
  std::unique_ptr<Store> store = opened(folder.path());
  Story story{*store};
  StageId dev = story.adds_stage("dev", 0);
  StageId prod = story.adds_stage("prod", 1);

  // "dev succeeded, prod not_reached"
  std::string where(const ChangeRef& change) {
    std::string out;
    const auto found = store->where_is(story.stack, change.number).value();
    for (const auto& at : found) {
      out += (out.empty() ? "" : ", ") + at.stage_name + (at.deleted ? " (deleted) " : " ") + at.state;
    }
    return out;
  }
  void returns_to_gate(const StageId& stage, const DeploymentId& id, const ChangeRef& change) {
    story.happens({DeploymentEnded{stage, id, change, DeploymentState::superseded, "", "", 0, true}});
  }
};

TEST_F(HistoryTest, changes_of_many_stacks_come_in_the_order_asked_for) {
  Story other(*store, "blog", "bbbbbbbb");
  story.checks_in();
  story.checks_in();
  other.checks_in();
  const auto found =
      store->changes_of({{other.stack.id, 1}, {story.stack.id, 3}, {story.stack.id, 2}, {{"stk_none"}, 1}}).value();
  ASSERT_EQ(found.size(), 4u);
  ASSERT_TRUE(found[0] && found[2]);
  EXPECT_EQ(found[0]->change.number, 1);
  EXPECT_EQ(found[0]->at, other.now);
  EXPECT_EQ(found[2]->change.number, 2);
  EXPECT_EQ(found[2]->message, "message 2");
  EXPECT_EQ(found[2]->author.name, "Ann");
  EXPECT_FALSE(found[1]);
  EXPECT_FALSE(found[3]);
  EXPECT_TRUE(store->changes_of({}).value().empty());
}

TEST_F(HistoryTest, a_change_is_where_its_newest_deployment_is) {
  auto one = story.checks_in();
  EXPECT_EQ(where(one), "dev not_reached, prod not_reached");
  auto id = story.queues(dev, one);
  EXPECT_EQ(where(one), "dev queued, prod not_reached");
  EXPECT_EQ(store->where_is(story.stack, 1).value()[0].deployment, id);
  story.starts(dev, id);
  EXPECT_EQ(where(one), "dev building, prod not_reached");
  story.happens({CancelBegan{dev, id, {}}});
  EXPECT_EQ(where(one), "dev cancelling, prod not_reached");
  story.ends(dev, id, one, DeploymentState::cancelled);
  EXPECT_EQ(where(one), "dev cancelled, prod not_reached");
  story.fails(dev, one);
  EXPECT_EQ(where(one), "dev failed, prod not_reached");
  story.deploys(dev, one, DeploymentKind::retry);
  EXPECT_EQ(where(one), "dev succeeded, prod not_reached");
}

TEST_F(HistoryTest, a_change_at_a_gate_says_what_became_of_it) {
  auto one = story.checks_in(), two = story.checks_in(), three = story.checks_in();
  story.happens({ApprovalAsked{prod, one}});
  EXPECT_EQ(where(one), "dev not_reached, prod pending");
  story.happens({ApprovalSuperseded{prod, one, 2}, ApprovalAsked{prod, two}});
  EXPECT_EQ(where(one), "dev not_reached, prod superseded");
  EXPECT_EQ(where(two), "dev not_reached, prod pending");
  story.happens({ApprovalDecided{prod, two, ApprovalState::rejected, "no"}});
  EXPECT_EQ(where(two), "dev not_reached, prod rejected");
  story.happens({ApprovalAsked{prod, three}, ApprovalWithdrawn{prod, three, "stage deleted"}});
  EXPECT_EQ(where(three), "dev not_reached, prod withdrawn");
}

TEST_F(HistoryTest, a_held_offer_is_held_until_it_is_let_in_or_superseded) {
  auto one = story.checks_in(), two = story.checks_in();
  story.happens({StagePaused{prod}, OfferHeld{prod, one, false}});
  EXPECT_EQ(where(one), "dev not_reached, prod held");
  story.happens({HeldSuperseded{prod, one, 2}, OfferHeld{prod, two, false}});
  EXPECT_EQ(where(one), "dev not_reached, prod superseded");
  EXPECT_EQ(where(two), "dev not_reached, prod held");
  story.happens({StageResumed{prod}, HeldReleased{prod, two}, ApprovalAsked{prod, two}});
  EXPECT_EQ(where(two), "dev not_reached, prod pending");
  story.happens({ApprovalDecided{prod, two, ApprovalState::approved, ""}});
  story.deploys(prod, two);
  EXPECT_EQ(where(two), "dev not_reached, prod succeeded");
}

TEST_F(HistoryTest, R4_6_a_deployment_returned_to_its_gate_does_not_speak_for_its_change) {
  auto one = story.checks_in(), two = story.checks_in();
  auto id = story.queues(prod, one);
  returns_to_gate(prod, id, one);
  story.happens({ApprovalAsked{prod, one}});
  EXPECT_EQ(where(one), "dev not_reached, prod pending");
  EXPECT_TRUE(store->deployment(id).value().returned);
  // Returned to a gate where it is not asked for again.
  id = story.queues(prod, two);
  returns_to_gate(prod, id, two);
  EXPECT_EQ(where(two), "dev not_reached, prod superseded");
  // Neither is ever retried.
  EXPECT_FALSE(store->retry_precedent(prod));
}

TEST_F(HistoryTest, R6_4_deleted_stages_are_shown_where_the_change_had_come) {
  auto one = story.checks_in(), two = story.checks_in();
  story.deploys(prod, one);
  story.happens({OfferHeld{prod, two, false}, StageDeletionBegan{prod, "prod", {}}, StageDeleted{prod, "prod"}});
  auto again = story.adds_stage("prod", 1);
  EXPECT_EQ(where(one), "dev not_reached, prod not_reached, prod (deleted) succeeded");
  EXPECT_EQ(where(two), "dev not_reached, prod not_reached, prod (deleted) withdrawn");
  auto stages = store->stages(story.stack.id).value();
  ASSERT_EQ(stages.size(), 3u);
  EXPECT_TRUE(stages[1].deleted);
  EXPECT_FALSE(stages[2].deleted);
  EXPECT_EQ(stages[2].id, again);
  EXPECT_EQ(where({9, ""}), "dev not_reached, prod not_reached");
}

TEST_F(HistoryTest, R8_2_the_newest_failed_or_cancelled_deployment_is_retried) {
  EXPECT_FALSE(store->retry_precedent(dev));
  auto one = story.checks_in(), two = story.checks_in(), three = story.checks_in();
  story.fails(dev, one);
  auto second = story.fails(dev, two);
  story.deploys(prod, one);
  auto found = store->retry_precedent(dev);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->deployment, second);
  EXPECT_EQ(found->change, two);
  EXPECT_EQ(found->state, DeploymentState::failed);
  EXPECT_EQ(found->newest_success_since, 0);
  story.deploys(dev, three);
  EXPECT_EQ(store->retry_precedent(dev)->newest_success_since, 3);
  story.deploys(dev, one, DeploymentKind::rollback);
  EXPECT_EQ(store->retry_precedent(dev)->newest_success_since, 3);
  auto fourth = story.fails(dev, story.checks_in());
  EXPECT_EQ(store->retry_precedent(dev)->deployment, fourth);
  EXPECT_EQ(store->retry_precedent(dev)->newest_success_since, 0);
  EXPECT_EQ(store->deployment_precedent(dev, second)->newest_success_since, 3);
  EXPECT_EQ(store->deployment_precedent(dev, second)->change, two);
  EXPECT_FALSE(store->deployment_precedent(prod, second));
  EXPECT_FALSE(store->deployment_precedent(dev, {"dep_none"}));
}

TEST_F(HistoryTest, what_ran_before_a_deployment_is_the_last_success_of_its_stage) {
  auto one = story.checks_in(), two = story.checks_in();
  auto first = story.deploys(dev, one);
  auto elsewhere = story.deploys(prod, one);
  story.fails(dev, two);
  auto second = story.deploys(dev, two, DeploymentKind::retry);
  auto back = story.deploys(dev, one, DeploymentKind::rollback);
  auto running = story.queues(dev, two);
  EXPECT_EQ(store->ran_before(first).value().value, "");
  EXPECT_EQ(store->ran_before(elsewhere).value().value, "");
  EXPECT_EQ(store->ran_before(second).value(), first);
  EXPECT_EQ(store->ran_before(back).value(), second);
  EXPECT_EQ(store->ran_before(running).value(), back);
}

TEST_F(HistoryTest, R8_3_a_rollback_goes_to_the_highest_success_below_what_serves) {
  EXPECT_FALSE(store->rollback_precedent(dev, "", 1));
  auto one = story.checks_in(), two = story.checks_in(), three = story.checks_in();
  auto first = story.deploys(dev, one);
  auto second = story.deploys(dev, two);
  story.deploys(dev, three);
  auto again = story.deploys(dev, two, DeploymentKind::redeploy);
  story.fails(dev, two);
  EXPECT_EQ(store->rollback_precedent(dev, "", 3)->deployment, again);
  EXPECT_EQ(store->rollback_precedent(dev, "", 2)->deployment, first);
  EXPECT_EQ(store->rollback_precedent(dev, "", 3)->artifact, "sha256-2");
  EXPECT_FALSE(store->rollback_precedent(dev, "", 1));
  EXPECT_FALSE(store->rollback_precedent(prod, "", 3));

  EXPECT_EQ(store->rollback_precedent(dev, "1", 3)->deployment, first);
  EXPECT_EQ(store->rollback_precedent(dev, "#2", 3)->deployment, again);
  EXPECT_EQ(store->rollback_precedent(dev, second.value, 3)->deployment, second);
  EXPECT_FALSE(store->rollback_precedent(prod, second.value, 3));
  EXPECT_FALSE(store->rollback_precedent(dev, "9", 3));
  EXPECT_FALSE(store->rollback_precedent(dev, "2x", 3));
  auto four = story.checks_in();
  story.fails(dev, four);
  EXPECT_EQ(store->rollback_precedent(dev, "4", 3)->state, DeploymentState::failed);
}

TEST_F(HistoryTest, R8_4_a_promotion_knows_where_its_change_succeeded_then_and_now) {
  auto promoted = [&](ChangeNumber change, const std::string& stage) {
    Promote command;
    command.stage = stage;
    command.change = change;
    store->promote_precedent(story.stack, command);
    return command;
  };
  auto one = story.checks_in(), two = story.checks_in();
  auto test = story.adds_stage("test", 1);
  story.deploys(dev, one);
  story.deploys(test, one);
  story.fails(dev, two);
  auto command = promoted(1, "prod");
  EXPECT_EQ(command.commit, one.commit);
  EXPECT_THAT(command.succeeded_in, UnorderedElementsAre(dev, test));
  EXPECT_FALSE(command.succeeded_before_deleted);
  EXPECT_THAT(promoted(2, "prod").succeeded_in, IsEmpty());
  EXPECT_EQ(promoted(3, "prod").commit, "");

  story.happens({StageDeletionBegan{test, "test", {prod}}, StageDeleted{test, "test"}});
  EXPECT_TRUE(promoted(1, "prod").succeeded_before_deleted);
  EXPECT_FALSE(promoted(1, "dev").succeeded_before_deleted);
  auto canary = story.adds_stage("canary", 1);
  EXPECT_FALSE(promoted(1, "canary").succeeded_before_deleted);
  (void)canary;
}

TEST_F(HistoryTest, R4_4_a_decision_learns_what_happened_to_its_change) {
  auto one = story.checks_in(), two = story.checks_in(), three = story.checks_in(), four = story.checks_in();
  EXPECT_FALSE(store->approval_precedent(story.stack, "prod", 1));
  EXPECT_FALSE(store->approval_precedent(story.stack, "nowhere", 1));
  story.happens({ApprovalAsked{prod, one}});
  story.happens({ApprovalSuperseded{prod, one, 2}, ApprovalAsked{prod, two}});
  auto found = store->approval_precedent(story.stack, "prod", 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, ApprovalState::superseded);
  EXPECT_EQ(found->superseded_by, 2);
  story.happens({ApprovalDecided{prod, two, ApprovalState::approved, ""}});
  auto id = story.queues(prod, two);
  found = store->approval_precedent(story.stack, "prod", 2);
  EXPECT_EQ(found->state, ApprovalState::approved);
  EXPECT_EQ(found->by, "ann");
  EXPECT_EQ(found->deployment_state, "queued");
  story.happens({OfferHeld{prod, three, false}, HeldSuperseded{prod, three, 4}});
  EXPECT_EQ(store->approval_precedent(story.stack, "prod", 3)->superseded_by, 4);

  story.happens({ApprovalAsked{prod, four}, ApprovalWithdrawn{prod, four, "stage deleted"},
                 DeploymentEnded{prod, id, two, DeploymentState::cancelled, "", "stage deleted", 0, false},
                 StageDeletionBegan{prod, "prod", {}}, StageDeleted{prod, "prod"}});
  found = store->approval_precedent(story.stack, "prod", 4);
  EXPECT_EQ(found->state, ApprovalState::withdrawn);
  EXPECT_TRUE(found->stage_gone);
  EXPECT_TRUE(store->approval_precedent(story.stack, "prod", 9)->stage_gone);
  story.adds_stage("prod", 1);
  EXPECT_TRUE(store->approval_precedent(story.stack, "prod", 4)->stage_gone);
  EXPECT_FALSE(store->approval_precedent(story.stack, "prod", 9));
}

}  // namespace
}  // namespace sluice::store
