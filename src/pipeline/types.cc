#include "pipeline/types.h"

#include <algorithm>

namespace sluice::pipeline {
namespace {

template <class Stages, class Predicate>
auto* first_where(Stages& stages, Predicate predicate) {
  const auto found = std::find_if(stages.begin(), stages.end(), predicate);
  return found == stages.end() ? nullptr : &*found;
}

}  // namespace

const Stage* find_stage(const Stack& stack, const std::string& name) {
  return first_where(stack.stages, [&](const Stage& stage) { return stage.name == name; });
}

Stage* find_stage(Stack& stack, const std::string& name) {
  return first_where(stack.stages, [&](const Stage& stage) { return stage.name == name; });
}

const Stage* find_stage(const Stack& stack, const StageId& id) {
  const auto is_it = [&](const Stage& stage) { return stage.id == id; };
  if (const Stage* stage = first_where(stack.stages, is_it)) return stage;
  return first_where(stack.leaving, is_it);
}

Stage* find_stage(Stack& stack, const StageId& id) {
  return const_cast<Stage*>(find_stage(static_cast<const Stack&>(stack), id));
}

StageState state_of(const Stage& stage) {
  if (stage.deleting) return StageState::deleting;
  if (stage.active) return StageState::deploying;
  if (stage.last && stage.last->state == DeploymentState::failed) return StageState::failed;
  if (!stage.current) return StageState::empty;
  return stage.current->instances == 0 ? StageState::asleep : StageState::live;
}

std::int64_t desired_instances(const Stage& stage) { return stage.rest ? 0 : stage.config.instances; }

StageConfig with_uncarried_of(StageConfig then, const StageConfig& now) {
  then.requires_approval = now.requires_approval;
  then.instances = now.instances;
  then.region = now.region;
  then.sleep_after = now.sleep_after;
  then.hours = now.hours;
  then.domains = now.domains;
  return then;
}

bool is_end(DeploymentState state) {
  switch (state) {
    case DeploymentState::succeeded:
    case DeploymentState::failed:
    case DeploymentState::cancelled:
    case DeploymentState::superseded:
      return true;
    default:
      return false;
  }
}

StackId stack_of(const std::string& stage_or_deployment_id) {
  constexpr std::size_t kPrefix = 4, kStack = 8;
  const std::string& id = stage_or_deployment_id;
  if (id.size() <= kPrefix + kStack || id.size() > kPrefix + kStack + 18) return {};
  if (!id.starts_with("stg_") && !id.starts_with("dep_")) return {};
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::all_of(id.begin() + kPrefix + kStack, id.end(), is_digit)) return {};
  return {"stk_" + id.substr(kPrefix, kStack)};
}

}  // namespace sluice::pipeline
