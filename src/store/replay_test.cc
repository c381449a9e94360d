#include <gmock/gmock.h>

#include <random>

#include "base/codec.h"
#include "store/story.h"

// Months of a stack's life by the real rules: what is stored is what the rules said, and history agrees with the
// present.
namespace sluice::store {
namespace {

using namespace pipeline;

class Life {
 public:
  Life(Store& store, std::uint32_t seed) : store_(store), dice_(seed) {
    commit(create({"stk_aaaaaaaa"}, "shop", {}, "dev", {}, admin_, now_).value());
  }

  void step() {
    now_ += Duration(1 + pick(5000));
    const auto due = work(stack_, now_).due;
    if (!due.empty() && pick(3) > 0) {
      give(result_of(due[static_cast<std::size_t>(pick(static_cast<int>(due.size())))]), Actor{});
    } else {
      give(wish(), admin_);
    }
  }
  [[nodiscard]] const Stack& stack() const { return stack_; }
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(dice_); }
  std::string some_stage() {
    if (stack_.stages.empty()) return "none";
    return stack_.stages[static_cast<std::size_t>(pick(static_cast<int>(stack_.stages.size())))].name;
  }
  ChangeNumber some_change() { return stack_.newest ? 1 + pick(static_cast<int>(stack_.newest->number)) : 1; }

  CommandBody result_of(const Work& one) {
    const bool well = pick(5) > 0;
    if (one.kind == WorkKind::scale || one.kind == WorkKind::retire || one.kind == WorkKind::remove) {
      ChoreResult result;
      result.stage = one.stage;
      result.chore = one.kind == WorkKind::scale ? 0 : one.kind == WorkKind::retire ? 1 : 2;
      result.attempt = one.attempt;
      result.outcome = well ? ChoreOutcome::done : ChoreOutcome::failed;
      result.instances = one.instances;
      result.problem = well ? "" : "out of reach";
      return result;
    }
    if (!well && one.kind != WorkKind::discard) {
      return StepFailed{one.stage, one.deployment.id, one.attempt, one.deployment.state, "it broke"};
    }
    StepDone done;
    done.stage = one.stage;
    done.deployment = one.deployment.id;
    done.attempt = one.attempt;
    done.step = one.deployment.state;
    done.artifact = "sha256-" + std::to_string(one.deployment.change.number);
    done.built = true;
    done.instances = one.instances;
    return done;
  }

  CommandBody wish() {
    const std::string stage = some_stage();
    switch (pick(16)) {
      case 0: {
        if (stack_.stages.size() > 4) return Tick{};
        AddStage add;
        add.name = "s" + std::to_string(pick(8));
        add.config.requires_approval = pick(2) == 0;
        if (pick(2) == 0 && !stack_.stages.empty()) add.before = stage;
        return add;
      }
      case 1:
        return pick(4) == 0 ? CommandBody(DeleteStage{stage, false}) : CommandBody(Tick{});
      case 2: {
        SetStage set;
        set.stage = stage;
        if (pick(2) == 0) set.requires_approval = pick(2) == 0;
        if (pick(2) == 0) set.instances = pick(3);
        return set;
      }
      case 3:
        return SaveSettings{stage, {"runtime/KEY"}};
      case 4:
      case 5: {
        const Stage* at = find_stage(stack_, stage);
        const auto change = at && at->approval ? at->approval->change.number : some_change();
        Approve approve{stage, change, "yes", store_.approval_precedent(stack_, stage, change)};
        return approve;
      }
      case 6:
        return Reject{stage, some_change(), "no", std::nullopt};
      case 7: {
        Retry retry;
        retry.stage = stage;
        if (const Stage* at = find_stage(stack_, stage)) retry.precedent = store_.retry_precedent(at->id);
        return retry;
      }
      case 8:
        return Redeploy{stage, false};
      case 9: {
        Rollback back;
        back.stage = stage;
        back.settings_then = pick(2) == 0;
        if (const Stage* at = find_stage(stack_, stage); at && at->current) {
          back.precedent = store_.rollback_precedent(at->id, "", at->current->change.number);
        }
        return back;
      }
      case 10: {
        Promote promote;
        promote.stage = stage;
        promote.change = some_change();
        store_.promote_precedent(stack_, promote);
        return promote;
      }
      case 11:
        return Pause{stage};
      case 12:
        return Resume{stage};
      case 13: {
        const Stage* at = find_stage(stack_, stage);
        if (at && at->active) return Cancel{at->active->id, ""};
        return Tick{};
      }
      default: {
        CheckIn in;
        in.commit = Story::commit_of(++commits_);
        in.branch = "main";
        in.message = "more";
        in.author = {"Ann", "ann@example.org"};
        in.authored_at = now_;
        return in;
      }
    }
  }

  void give(CommandBody body, const Actor& actor) {
    auto events = decide(stack_, Command{actor, std::move(body)}, now_);
    if (!events || events->empty()) return;
    ++accepted_;
    commit(std::move(*events));
  }
  void commit(std::vector<Event> events) {
    Batch batch;
    batch.expected_version = stack_.version;
    for (const auto& event : events) stack_ = apply(std::move(stack_), event);
    batch.stack = stack_;
    batch.events = std::move(events);
    auto done = store_.commit({batch});
    ASSERT_TRUE(done) << done.error().message;
  }

  Store& store_;
  std::mt19937 dice_;
  Stack stack_;
  Time now_{std::chrono::seconds(1'800'000'000)};
  Actor admin_{ActorKind::user, "ann", Role::admin};
  int commits_ = 0;
  int accepted_ = 0;
};

std::string where(Store& store, const Stack& stack, const StageId& stage, ChangeNumber change) {
  const auto found = store.where_is(stack, change).value();
  for (const auto& at : found) {
    if (at.stage == stage) return at.state;
  }
  return "?";
}

// What the present says of a stage, history says too.
void agree(Store& store, const Stack& stack) {
  std::vector<std::string> needed;
  for (const Stage& stage : stack.stages) {
    for (const auto* deployment : {&stage.active, &stage.waiting}) {
      if (!*deployment) continue;
      const Deployment& d = **deployment;
      auto row = store.deployment(d.id);
      ASSERT_TRUE(row);
      EXPECT_EQ(row->state, d.state);
      EXPECT_EQ(row->attempt, d.attempt);
      EXPECT_EQ(row->artifact, d.artifact);
      EXPECT_EQ(row->settings_revision, d.settings_revision);
      EXPECT_EQ(row->instances, d.instances);
      EXPECT_EQ(row->started_at, d.started_at);
      if (d.state != DeploymentState::queued) {
        ASSERT_FALSE(row->steps.empty());
        EXPECT_EQ(row->steps.back().name, codec::enum_name(d.state));
        EXPECT_EQ(row->steps.back().state, "running");
        EXPECT_EQ(row->steps.back().started_at, d.step_at);
      }
      if (!d.artifact.empty()) needed.push_back(d.artifact);
    }
    if (stage.waiting) {
      EXPECT_EQ(where(store, stack, stage.id, stage.waiting->change.number), "queued");
    } else if (stage.active) {
      EXPECT_EQ(where(store, stack, stage.id, stage.active->change.number), codec::enum_name(stage.active->state));
    }
    if (stage.current) needed.push_back(stage.current->artifact);
    if (stage.last) {
      auto row = store.deployment(stage.last->deployment).value();
      EXPECT_EQ(row.state, stage.last->state);
      EXPECT_EQ(row.error, stage.last->error);
      for (const auto& step : row.steps) EXPECT_NE(step.state, "running");
    }
    if (stage.approval) {
      EXPECT_EQ(where(store, stack, stage.id, stage.approval->change.number), "pending");
    }
    if (stage.held) {
      EXPECT_EQ(where(store, stack, stage.id, stage.held->change.number), "held");
    }
  }
  std::size_t pending = 0;
  for (const Stage& stage : stack.stages) pending += stage.approval ? 1 : 0;
  EXPECT_EQ(store.approvals({.state = ApprovalState::pending}, "", 100).value().items.size(), pending);
  auto in_use = store.artifacts_in_use().value();
  for (const auto& artifact : needed) EXPECT_THAT(in_use, testing::Contains(artifact));
}

TEST(Replay, a_long_life_replays_to_its_state_and_history_agrees_with_the_present) {
  for (std::uint32_t seed : {1u, 2u, 3u, 4u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TempFolder folder;
    auto store = opened(folder.path());
    Life life(*store, seed);
    for (int i = 0; i < 400; ++i) {
      life.step();
      if (i % 5 == 0) agree(*store, life.stack());
      if (testing::Test::HasFailure()) {
        ADD_FAILURE() << "in step " << i;
        return;
      }
    }
    EXPECT_GT(life.accepted(), 150);
    auto checked = store->check();
    EXPECT_TRUE(checked) << checked.error().message;
    store.reset();
    store = opened(folder.path());
    EXPECT_THAT(store->load_stacks().value(), testing::ElementsAre(life.stack()));
  }
}

}  // namespace
}  // namespace sluice::store
