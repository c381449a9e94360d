#include <fmt/format.h>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

Stage* with_deployment(Stack& stack, const DeploymentId& id) {
  for (auto* stages : {&stack.stages, &stack.leaving}) {
    for (Stage& stage : *stages) {
      if ((stage.active && stage.active->id == id) || (stage.waiting && stage.waiting->id == id)) return &stage;
    }
  }
  return nullptr;
}

std::string by_whom(const Actor& actor) {
  return actor.name.empty() ? std::string("cancelled") : "cancelled by " + actor.name;
}

}  // namespace

Result<> on(Deciding& d, const Cancel& c) {
  const Stage* at = with_deployment(d.stack, c.deployment);
  if (at == nullptr) {
    if (c.end_state.empty())
      return fail(ErrorKind::not_found, fmt::format("there is no deployment {}", c.deployment.value));
    return fail(ErrorKind::conflict,
                fmt::format("deployment {} has already ended: {}", c.deployment.value, c.end_state));
  }
  if (at->waiting && at->waiting->id == c.deployment) {
    end_waiting(d, at->id, DeploymentState::cancelled, by_whom(d.actor));
    return {};
  }
  if (at->active->state == DeploymentState::switching) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is switching in {} and can no longer be cancelled; roll back instead",
                            words_for(*at->active), at->name));
  }
  begin_cancel(d, at->id, DeploymentState::cancelled, by_whom(d.actor));
  return {};
}

Result<> on(Deciding& d, const Redeploy& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (at->active || at->waiting) {
    return fail(ErrorKind::conflict, fmt::format("{} is busy with {}; redeploy when it has ended", c.stage,
                                                 words_for(at->active ? *at->active : *at->waiting)));
  }
  if (!at->current) {
    const std::string what = at->last && at->last->state != DeploymentState::succeeded
                                 ? fmt::format("retry change {} instead", number(at->last->change.number))
                                 : "push or promote a change instead";
    return fail(ErrorKind::conflict, fmt::format("nothing runs in {} that could be redeployed; {}", c.stage, what));
  }
  Deployment deployment;
  deployment.change = at->current->change;
  deployment.kind = deployment.meaning = DeploymentKind::redeploy;
  deployment.decided = true;
  deployment.rebuild = c.rebuild;
  if (!c.rebuild) deployment.artifact_hint = at->current->artifact;
  queue(d, at->id, std::move(deployment));
  return {};
}

Result<> on(Deciding& d, const Pause& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (at->paused) return {};
  d.emit(StagePaused{at->id});
  return_to_gate(d, at->id);
  return {};
}

Result<> on(Deciding& d, const Resume& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (at->paused) d.emit(StageResumed{at->id});
  return {};
}

}  // namespace sluice::pipeline
