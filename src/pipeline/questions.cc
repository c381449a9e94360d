#include "pipeline/questions.h"

#include <algorithm>

namespace sluice::pipeline {

const Stage* stage_after(const Stack& stack, const std::string& stage) {
  for (std::size_t i = 0; i + 1 < stack.stages.size(); ++i) {
    if (stack.stages[i].name == stage) return &stack.stages[i + 1];
  }
  return nullptr;
}

const Stage* stage_before(const Stack& stack, const std::string& stage) {
  for (std::size_t i = 1; i < stack.stages.size(); ++i) {
    if (stack.stages[i].name == stage) return &stack.stages[i - 1];
  }
  return nullptr;
}

std::int64_t serving_instances(const Stage& stage) {
  const auto now = stage.current->instances;
  return stage.scaling ? std::min(now, stage.scaling->to) : now;
}

std::optional<ChangeRef> deployed_by_adding(const Stack& stack, const std::string& before, const std::string& after) {
  const Stage* previous = nullptr;
  if (!after.empty()) {
    previous = find_stage(stack, after);
  } else if (!before.empty()) {
    previous = stage_before(stack, before);
  } else if (!stack.stages.empty()) {
    previous = &stack.stages.back();
  }
  if (previous == nullptr) return stack.newest;
  if (!previous->current) return std::nullopt;
  return previous->current->change;
}

std::optional<ChangeRef> stranded_by_deleting(const Stack& stack, const std::string& stage) {
  const Stage* at = find_stage(stack, stage);
  const Stage* next = stage_after(stack, stage);
  if (at == nullptr || next == nullptr) return std::nullopt;
  std::optional<ChangeRef> newest;
  const auto consider = [&](const ChangeRef& change) {
    if (change.number > next->mark && (!newest || change.number > newest->number)) newest = change;
  };
  if (at->approval) consider(at->approval->change);
  if (at->held) consider(at->held->change);
  if (at->active) consider(at->active->change);
  if (at->waiting) consider(at->waiting->change);
  if (at->last && at->last->state != DeploymentState::succeeded) consider(at->last->change);
  return newest;
}

std::optional<ChangeRef> retry_uses_settings(const Stage& stage) {
  const bool stopped = stage.last && stage.last->state != DeploymentState::succeeded;
  if (stage.current || stage.active || stage.waiting || !stopped) return std::nullopt;
  return stage.last->change;
}

Asked asked(const Stack& stack, const Stage& stage) {
  Asked out;
  if (stage.approval) out.change = stage.approval->change;
  if (stage.current) {
    out.runs = stage.current->change;
    out.settings_changed = stage.current->settings_revision != stage.settings_revision;
  }
  if (const Stage* before = stage_before(stack, stage.name)) {
    out.before = before->name;
    const bool runs_it = before->current && before->current->change.number == out.change.number;
    out.ran_with_no_instances = runs_it && before->current->instances == 0;
    out.has_left_before = !runs_it;
  }
  return out;
}

}  // namespace sluice::pipeline
