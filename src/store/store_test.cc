#include "store/store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "store/story.h"

namespace sluice::store {
namespace {

using namespace pipeline;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreTest : public testing::Test {
 protected:
  TempFolder folder;
  std::unique_ptr<Store> store = opened(folder.path());

  void reopen() {
    store.reset();
    store = opened(folder.path());
  }
};

TEST_F(StoreTest, a_new_store_is_empty_and_private) {
  EXPECT_EQ(store->last_seq(), 0);
  EXPECT_THAT(store->load_stacks().value(), IsEmpty());
  EXPECT_TRUE(store->check());
  struct stat of {};
  for (const char* name : {"sluice.db", "sluice.db-wal"}) {
    ASSERT_EQ(::stat((folder.path() / name).c_str(), &of), 0) << name;
    EXPECT_EQ(of.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(StoreTest, what_was_committed_is_there_after_opening_again) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  auto change = story.checks_in();
  story.deploys(dev, change);
  const auto seq = store->last_seq();
  reopen();
  EXPECT_THAT(store->load_stacks().value(), ElementsAre(story.stack));
  EXPECT_EQ(store->last_seq(), seq);
  EXPECT_EQ(seq, story.stack.version);
  auto checked = store->check();
  EXPECT_TRUE(checked) << checked.error().message;
}

TEST_F(StoreTest, events_come_back_as_they_were_written) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  story.deploys(dev, story.checks_in());
  auto events = store->events_after(0, 100).value();
  ASSERT_EQ(events.size(), static_cast<std::size_t>(story.stack.version));
  Stack replayed;
  std::int64_t seq = 0;
  for (const auto& stored : events) {
    EXPECT_EQ(stored.seq, ++seq);
    EXPECT_EQ(stored.stack_name, "shop");
    EXPECT_EQ(stored.event.actor, story.actor);
    replayed = apply(std::move(replayed), stored.event);
  }
  EXPECT_EQ(replayed, story.stack);
  EXPECT_EQ(events.front().type, "StackCreated");
  EXPECT_EQ(events.back().type, "DeploymentEnded");
  EXPECT_EQ(store->events_after(seq - 2, 1).value().front().seq, seq - 1);
}

TEST_F(StoreTest, a_version_that_is_not_as_expected_writes_nothing_of_any_batch) {
  Story shop(*store), blog(*store, "blog", "bbbbbbbb");
  const auto seq = store->last_seq();
  auto good = blog.batch_of({SourceChanged{{SourceKind::hosted, "", "next"}}});
  auto stale = shop.batch_of({SourceChanged{{SourceKind::hosted, "", "next"}}});
  stale.expected_version = 0;
  auto done = store->commit({good, stale});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::conflict);
  EXPECT_THAT(done.error().message, HasSubstr("shop"));
  EXPECT_EQ(store->last_seq(), seq);
  EXPECT_EQ(store->events_after(0, 100).value().size(), 2u);
  const auto stacks = store->load_stacks().value();
  for (const auto& stack : stacks) EXPECT_EQ(stack.source.branch, "main");
}

TEST_F(StoreTest, batches_of_one_stack_follow_each_other_in_one_commit) {
  Story story(*store);
  auto first = story.batch_of({SourceChanged{{SourceKind::hosted, "", "one"}}});
  auto second = story.batch_of({SourceChanged{{SourceKind::hosted, "", "two"}}, SourceChanged{{}}});
  EXPECT_EQ(store->commit({first, second}).value(), 2);
  EXPECT_THAT(store->load_stacks().value(), ElementsAre(story.stack));
  EXPECT_TRUE(store->check());
}

TEST_F(StoreTest, a_name_is_taken_once_and_free_again_when_its_stack_is_gone) {
  Story first(*store);
  Stack other;
  Event made{Time{}, {}, StackCreated{{"stk_bbbbbbbb"}, "shop", {}}};
  other = apply(other, made);
  auto refused = store->commit({Batch{other, 0, {made}, {}, {}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("a stack named shop exists already"));

  first.happens({StackDeletionBegan{}, StackDeleted{}});
  EXPECT_THAT(store->load_stacks().value(), IsEmpty());
  EXPECT_TRUE(store->commit({Batch{other, 0, {made}, {}, {}}}));
  EXPECT_EQ(store->load_stacks().value().size(), 1u);
  // The history of the one that is gone stays readable.
  EXPECT_EQ(store->audit("", "", 10).value().items.size(), 4u);
  EXPECT_EQ(store->audit("shop", "", 10).value().items.size(), 1u);
  EXPECT_TRUE(store->check());
}

TEST_F(StoreTest, pages_follow_each_other_without_a_gap) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  auto test = story.adds_stage("test", 1);
  for (int i = 0; i < 7; ++i) {
    auto change = story.checks_in();
    story.deploys(dev, change);
    if (i % 2 == 0) story.deploys(test, change);
  }
  std::vector<std::int64_t> numbers;
  std::string after;
  do {
    auto page = store->changes(story.stack.id, "", after, 3).value();
    EXPECT_LE(page.items.size(), 3u);
    for (const auto& row : page.items) numbers.push_back(row.change.number);
    after = page.next;
  } while (!after.empty());
  EXPECT_THAT(numbers, ElementsAre(7, 6, 5, 4, 3, 2, 1));

  auto all = store->deployments(story.stack.id, std::nullopt, 0, "", 100).value();
  EXPECT_EQ(all.items.size(), 11u);
  EXPECT_EQ(all.next, "");
  auto here = store->deployments(story.stack.id, test, 0, "", 3).value();
  ASSERT_EQ(here.items.size(), 3u);
  EXPECT_EQ(here.items.front().change.number, 7);
  auto rest = store->deployments(story.stack.id, test, 0, here.next, 3).value();
  ASSERT_EQ(rest.items.size(), 1u);
  EXPECT_EQ(rest.items.front().change.number, 1);
  auto of_one = store->deployments(story.stack.id, std::nullopt, 7, "", 100).value();
  EXPECT_GE(of_one.items.size(), 2u);
  for (const auto& row : of_one.items) EXPECT_EQ(row.change.number, 7);
  auto of_one_here = store->deployments(story.stack.id, test, 7, "", 100).value();
  ASSERT_EQ(of_one_here.items.size(), 1u);
  EXPECT_EQ(of_one_here.items.front().stage, test);
  EXPECT_THAT(store->deployments(story.stack.id, std::nullopt, 99, "", 100).value().items, IsEmpty());
  EXPECT_EQ(store->audit("shop", "", 4).value().items.front().seq, store->last_seq());

  auto refused = store->changes(story.stack.id, "", "x7", 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fields.front().field, "after");
}

TEST_F(StoreTest, the_history_of_a_stages_settings_is_its_own) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  auto test = story.adds_stage("test", 1);
  for (pipeline::Revision revision = 2; revision < 5; ++revision) {
    story.happens({SettingsSaved{dev, revision, {"runtime/KEY"}}});
    story.happens({StagePaused{dev}, StageResumed{dev}});
    story.happens({SettingsSaved{test, revision, {"build/OTHER"}}});
  }
  const auto page = store->settings_history(story.stack.id, dev, "", 3).value();
  ASSERT_EQ(page.items.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& saved = std::get<SettingsSaved>(page.items[i].event.body);
    EXPECT_EQ(saved.stage, dev);
    EXPECT_EQ(saved.revision, static_cast<pipeline::Revision>(4 - i));
  }
  const auto rest = store->settings_history(story.stack.id, dev, page.next, 3).value();
  ASSERT_EQ(rest.items.size(), 1u);
  EXPECT_EQ(rest.items[0].type, "StageAdded");
  EXPECT_EQ(rest.next, "");
  EXPECT_FALSE(store->settings_history(story.stack.id, dev, "x7", 3));
}

TEST_F(StoreTest, changes_are_found_by_number_and_by_commit) {
  Story story(*store);
  for (int i = 0; i < 12; ++i) story.checks_in();
  auto found = store->changes(story.stack.id, Story::commit_of(11), "", 10).value();
  ASSERT_EQ(found.items.size(), 1u);
  EXPECT_EQ(found.items.front().change.number, 11);
  EXPECT_EQ(found.items.front().author.email, "ann@example.org");
  EXPECT_EQ(store->changes(story.stack.id, "aaaaaaaa", "", 10).value().items.size(), 10u);
  EXPECT_EQ(store->change(story.stack.id, 3).value().message, "message 3");
  EXPECT_EQ(store->change(story.stack.id, 13).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, a_deployment_tells_its_steps) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  auto change = story.checks_in();
  auto id = story.queues(dev, change);
  EXPECT_EQ(store->deployment(id).value().state, DeploymentState::queued);
  EXPECT_FALSE(store->deployment(id).value().started_at);
  story.starts(dev, id);
  story.builds(dev, id, "sha256-1");
  EXPECT_EQ(store->deployment(id).value().instances, 0);
  story.happens({InstancesStarted{dev, id, 2}});
  EXPECT_EQ(store->deployment(id).value().instances, 2);
  // Begun again with more instances: one step.
  story.happens({StepBegan{dev, id, DeploymentState::starting}});
  story.happens({CancelBegan{dev, id, {DeploymentState::failed, "no answer on PORT", {}}}});
  auto row = store->deployment(id).value();
  EXPECT_EQ(row.state, DeploymentState::cancelling);
  story.ends(dev, id, change, DeploymentState::failed, "starting", "no answer on PORT");
  row = store->deployment(id).value();
  EXPECT_EQ(row.state, DeploymentState::failed);
  EXPECT_EQ(row.error, "no answer on PORT");
  EXPECT_EQ(row.attempt, 1);
  EXPECT_EQ(row.artifact, "sha256-1");
  EXPECT_TRUE(row.built);
  EXPECT_EQ(row.by, story.actor);
  EXPECT_TRUE(row.ended_at);
  std::vector<std::string> steps;
  for (const auto& step : row.steps) {
    EXPECT_TRUE(step.ended_at);
    steps.push_back(step.name + " " + step.state + (step.error.empty() ? "" : ": " + step.error));
  }
  EXPECT_THAT(steps, ElementsAre("building succeeded", "starting failed: no answer on PORT", "cancelling succeeded"));
  EXPECT_EQ(store->deployment({"dep_none"}).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, approvals_keep_who_when_and_the_comment) {  // R4.8
  Story story(*store);
  auto prod = story.adds_stage("prod", 0);
  auto one = story.checks_in();
  auto two = story.checks_in();
  story.happens({ApprovalAsked{prod, one}});
  story.happens({ApprovalSuperseded{prod, one, 2}, ApprovalAsked{prod, two}});
  auto pending = store->approvals({.state = ApprovalState::pending}, "", 10).value();
  ASSERT_EQ(pending.items.size(), 1u);
  EXPECT_EQ(pending.items[0].change, two);
  EXPECT_EQ(pending.items[0].stage_name, "prod");
  story.happens({ApprovalDecided{prod, two, ApprovalState::rejected, "not on a Friday"}});
  EXPECT_THAT(store->approvals({.state = ApprovalState::pending}, "", 10).value().items, IsEmpty());
  auto all = store->approvals({}, "", 10).value();
  ASSERT_EQ(all.items.size(), 2u);
  EXPECT_EQ(all.items[0].state, ApprovalState::rejected);
  EXPECT_EQ(all.items[0].comment, "not on a Friday");
  EXPECT_EQ(all.items[0].by, story.actor);
  EXPECT_EQ(all.items[0].decided_at, story.now);
  EXPECT_EQ(all.items[1].state, ApprovalState::superseded);
  EXPECT_EQ(all.items[1].superseded_by, 2);
  EXPECT_EQ(store->approvals({}, store->approvals({}, "", 1).value().next, 1).value().items[0].id, all.items[1].id);
  auto of_two = store->approvals({.stack = story.stack.id, .change = 2}, "", 10).value();
  ASSERT_EQ(of_two.items.size(), 1u);
  EXPECT_EQ(of_two.items[0].change, two);
  EXPECT_EQ(store->approvals({.stack = story.stack.id, .stage = prod}, "", 10).value().items.size(), 2u);
  EXPECT_EQ(store->approvals({.state = ApprovalState::superseded, .stack = story.stack.id, .stage = prod}, "", 10)
                .value()
                .items.size(),
            1u);
  EXPECT_THAT(
      store->approvals({.stack = story.stack.id, .stage = pipeline::StageId{"stg_other"}}, "", 10).value().items,
      IsEmpty());
}

TEST_F(StoreTest, R4_8_what_became_of_one_approval_is_found_by_its_stage_and_change) {
  Story story(*store);
  auto test = story.adds_stage("test", 0);
  auto prod = story.adds_stage("prod", 1);
  auto one = story.checks_in();
  story.happens({ApprovalAsked{test, one}});
  story.happens({ApprovalDecided{test, one, ApprovalState::approved, "in test"}});
  story.happens({ApprovalAsked{prod, one}});
  story.happens({ApprovalWithdrawn{prod, one, "returned"}});
  story.happens({ApprovalAsked{prod, one}});
  story.happens({ApprovalDecided{prod, one, ApprovalState::rejected, "in prod"}});
  EXPECT_EQ(store->approval(test, one.number)->comment, "in test");
  EXPECT_EQ(store->approval(prod, one.number)->comment, "in prod");  // the newest of the two
  EXPECT_EQ(store->approval(prod, one.number)->stage_name, "prod");
  EXPECT_EQ(store->approval(prod, 2).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->approval({"stg_none"}, one.number).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, settings_and_answers_are_written_in_the_same_breath) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  auto batch = story.batch_of({SettingsSaved{dev, 2, {"runtime/KEY"}}});
  const std::string sealed("\0sealed\xff", 8);
  batch.settings.push_back({dev, 2, sealed});
  batch.idempotency.push_back({"ann POST /x k1", "202 {}", story.now});
  ASSERT_TRUE(store->commit({batch}));
  EXPECT_EQ(store->settings(dev, 2).value(), sealed);
  EXPECT_EQ(store->settings(dev, 3).error().kind, ErrorKind::not_found);
  EXPECT_EQ(store->idempotent_answer("ann POST /x k1"), "202 {}");
  EXPECT_EQ(store->idempotent_answer("bob POST /x k1"), std::nullopt);

  auto later = story.batch_of({SourceChanged{}});
  later.idempotency.push_back({"ann POST /x k2", "200 {}", story.now + std::chrono::hours(25)});
  ASSERT_TRUE(store->commit({later}));
  EXPECT_EQ(store->idempotent_answer("ann POST /x k1"), std::nullopt);
  EXPECT_EQ(store->idempotent_answer("ann POST /x k2"), "200 {}");

  ASSERT_TRUE(store->put_answer({"ann POST /y k3", "201 {}", story.now + std::chrono::hours(50)}));
  EXPECT_EQ(store->idempotent_answer("ann POST /x k2"), std::nullopt);
  EXPECT_EQ(store->idempotent_answer("ann POST /y k3"), "201 {}");
}

TEST_F(StoreTest, an_artifact_is_in_use_until_what_ran_it_has_retired) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  story.deploys(dev, story.checks_in());
  EXPECT_THAT(store->artifacts_in_use().value(), ElementsAre("sha256-1"));
  auto two = story.checks_in();
  auto id = story.queues(dev, two);
  story.starts(dev, id);
  story.builds(dev, id, "sha256-2");
  EXPECT_THAT(store->artifacts_in_use().value(), ElementsAre("sha256-1", "sha256-2"));
  story.happens({DeploymentEnded{dev, id, two, DeploymentState::succeeded, "", "", 0, false}, RetireBegan{dev, 1}});
  EXPECT_THAT(store->artifacts_in_use().value(), ElementsAre("sha256-1", "sha256-2"));
  story.happens({RetireEnded{dev}});
  EXPECT_THAT(store->artifacts_in_use().value(), ElementsAre("sha256-2"));
  story.happens({StageDeletionBegan{dev, "dev", {}}});
  EXPECT_THAT(store->artifacts_in_use().value(), ElementsAre("sha256-2"));
  story.happens({StageDeleted{dev, "dev"}});
  EXPECT_THAT(store->artifacts_in_use().value(), IsEmpty());
}

TEST_F(StoreTest, documents_are_kept_by_kind_and_id) {
  ASSERT_TRUE(store->put("token", "b", "{}"));
  ASSERT_TRUE(store->put("token", "a", "{\"n\":1}"));
  ASSERT_TRUE(store->put("session", "a", "[]"));
  ASSERT_TRUE(store->put("token", "b", "{\"n\":2}"));
  EXPECT_EQ(store->get("token", "b"), "{\"n\":2}");
  EXPECT_THAT(store->list("token"), ElementsAre(testing::Pair("a", "{\"n\":1}"), testing::Pair("b", "{\"n\":2}")));
  ASSERT_TRUE(store->remove("token", "b"));
  ASSERT_TRUE(store->remove("token", "b"));
  EXPECT_EQ(store->get("token", "b"), std::nullopt);
  EXPECT_EQ(store->get("session", "a"), "[]");
}

TEST_F(StoreTest, a_second_process_may_write_documents) {
  auto other = opened(folder.path());
  ASSERT_TRUE(other->put("token", "a", "{}"));
  EXPECT_EQ(store->get("token", "a"), "{}");
  Story story(*store);
  EXPECT_EQ(other->load_stacks().value().size(), 1u);
}

TEST_F(StoreTest, a_backup_is_a_whole_store_of_its_own) {
  Story story(*store);
  auto dev = story.adds_stage("dev", 0);
  story.deploys(dev, story.checks_in());
  TempFolder elsewhere;
  const auto copy = elsewhere.path() / "sluice.db";
  auto done = store->backup(copy);
  ASSERT_TRUE(done) << done.error().message;
  struct stat of {};
  ASSERT_EQ(::stat(copy.c_str(), &of), 0);
  EXPECT_EQ(of.st_mode & 0777, 0600u);
  story.checks_in();
  auto restored = opened(elsewhere.path());
  EXPECT_EQ(restored->load_stacks().value().front().version, story.stack.version - 1);
  EXPECT_TRUE(restored->check());
  EXPECT_EQ(store->backup(copy).error().kind, ErrorKind::conflict);
  EXPECT_EQ(store->backup("/nowhere/at/all").error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace sluice::store
