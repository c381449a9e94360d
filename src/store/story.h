#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/pipeline.h"
#include "store/store.h"

// For this room's tests: a folder that goes away, and a stack whose events are written by hand.
namespace sluice::store {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-store-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<Store> opened(const std::filesystem::path& dir) {
  auto store = Store::open(dir);
  EXPECT_TRUE(store) << (store ? "" : store.error().message);
  return store ? std::move(*store) : nullptr;
}

// One stack; every call commits what happened. Stages are named by their place in the order of making: 1, 2, 3 …
class Story {
 public:
  // `tag` makes ids differ between stacks.
  explicit Story(Store& store, std::string name = "shop", std::string tag = "aaaaaaaa")
      : store_(&store), tag_(std::move(tag)) {
    happens({pipeline::StackCreated{{"stk_" + tag_}, std::move(name), {}}});
  }

  pipeline::Stack stack;
  Time now{std::chrono::seconds(1'800'000'000)};
  pipeline::Actor actor{pipeline::ActorKind::user, "ann", pipeline::Role::admin};

  Batch batch_of(const std::vector<pipeline::EventBody>& bodies) {
    Batch batch;
    batch.expected_version = stack.version;
    for (const auto& body : bodies) {
      now += Duration(1);
      batch.events.push_back({now, actor, body});
      stack = pipeline::apply(std::move(stack), batch.events.back());
    }
    batch.stack = stack;
    return batch;
  }
  void happens(const std::vector<pipeline::EventBody>& bodies) {
    auto done = store_->commit({batch_of(bodies)});
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  }

  pipeline::StageId adds_stage(const std::string& name, std::int64_t index) {
    pipeline::StageId id{"stg_" + tag_ + std::to_string(stack.next_id)};
    happens({pipeline::StageAdded{id, name, index, {}, ""}});
    return id;
  }
  pipeline::ChangeRef checks_in() {
    const std::int64_t number = stack.newest ? stack.newest->number + 1 : 1;
    pipeline::ChangeRef change{number, commit_of(number)};
    happens(
        {pipeline::CheckedIn{change, "main", "message " + std::to_string(number), {"Ann", "ann@example.org"}, now}});
    return change;
  }
  static std::string commit_of(std::int64_t number) {
    std::string digits = std::to_string(number);
    return std::string(40 - digits.size(), 'a') + digits;
  }

  pipeline::DeploymentId queues(const pipeline::StageId& stage, const pipeline::ChangeRef& change,
                                pipeline::DeploymentKind kind = pipeline::DeploymentKind::flow) {
    pipeline::Deployment made;
    made.id = {"dep_" + tag_ + std::to_string(stack.next_id)};
    made.change = change;
    made.kind = made.meaning = kind;
    made.by = actor;
    made.queued_at = now;
    happens({pipeline::DeploymentQueued{stage, made}});
    return made.id;
  }
  void starts(const pipeline::StageId& stage, const pipeline::DeploymentId& id) {
    const auto* at = pipeline::find_stage(stack, stage);
    happens({pipeline::DeploymentStarted{stage, id, at->attempt + 1, at->settings_revision},
             pipeline::StepBegan{stage, id, pipeline::DeploymentState::building}});
  }
  void builds(const pipeline::StageId& stage, const pipeline::DeploymentId& id, const std::string& artifact) {
    happens({pipeline::ArtifactBuilt{stage, id, artifact, true},
             pipeline::StepBegan{stage, id, pipeline::DeploymentState::starting}});
  }
  void ends(const pipeline::StageId& stage, const pipeline::DeploymentId& id, const pipeline::ChangeRef& change,
            pipeline::DeploymentState state, const std::string& step = "", const std::string& error = "") {
    happens({pipeline::DeploymentEnded{stage, id, change, state, step, error, 0, false}});
  }
  // From queued to succeeded, with an artifact named after the change.
  pipeline::DeploymentId deploys(const pipeline::StageId& stage, const pipeline::ChangeRef& change,
                                 pipeline::DeploymentKind kind = pipeline::DeploymentKind::flow) {
    auto id = queues(stage, change, kind);
    starts(stage, id);
    builds(stage, id, artifact_of(change));
    ends(stage, id, change, pipeline::DeploymentState::succeeded);
    return id;
  }
  pipeline::DeploymentId fails(const pipeline::StageId& stage, const pipeline::ChangeRef& change) {
    auto id = queues(stage, change);
    starts(stage, id);
    ends(stage, id, change, pipeline::DeploymentState::failed, "building", "npm exited 1");
    return id;
  }
  static std::string artifact_of(const pipeline::ChangeRef& change) {
    return "sha256-" + std::to_string(change.number);
  }

 private:
  Store* store_;
  std::string tag_;
};

}  // namespace sluice::store
