#include <cassert>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

// The gate holds the newest offer only (R3.6, R8.5).
void hold(Deciding& d, const StageId& stage, const ChangeRef& change, bool accepted) {
  const auto& held = d.stage(stage).held;
  if (held && held->change.number >= change.number) return;
  if (held) d.emit(HeldSuperseded{stage, held->change, change.number});
  d.emit(OfferHeld{stage, change, accepted});
}

void ask(Deciding& d, const StageId& stage, const ChangeRef& change) { d.emit(ApprovalAsked{stage, change}); }

// R4.2: a newer change that itself reached this gate.
void supersede_approval(Deciding& d, const StageId& stage, ChangeNumber by) {
  const auto& approval = d.stage(stage).approval;
  if (approval) d.emit(ApprovalSuperseded{stage, approval->change, by});
}

}  // namespace

const Deployment* undisplaceable(const Stage& stage) {
  if (!stage.waiting) return nullptr;
  const DeploymentKind meaning = stage.waiting->meaning;
  const bool stays = meaning == DeploymentKind::rollback || meaning == DeploymentKind::promote;
  return stays ? &*stage.waiting : nullptr;
}

bool is_closed(const Stage& stage) { return stage.paused || undisplaceable(stage) != nullptr; }

void offer(Deciding& d, const StageId& stage, const ChangeRef& change) {
  const Stage& at = d.stage(stage);
  if (change.number <= at.mark) return;
  if (is_closed(at)) {
    hold(d, stage, change, false);
  } else {
    let_in(d, stage, change);
  }
}

void let_in(Deciding& d, const StageId& stage, const ChangeRef& change) {
  supersede_approval(d, stage, change.number);
  if (d.stage(stage).config.requires_approval) {
    ask(d, stage, change);
    return;
  }
  Deployment deployment;
  deployment.change = change;
  queue(d, stage, std::move(deployment));
}

void queue(Deciding& d, const StageId& stage, Deployment deployment) {
  if (d.stage(stage).waiting) {
    end_waiting(d, stage, DeploymentState::superseded, "", deployment.change.number);
  }
  deployment.id = {"dep_" + d.stack.id.value.substr(4) + std::to_string(d.stack.next_id)};
  deployment.state = DeploymentState::queued;
  deployment.by = d.actor;
  deployment.queued_at = deployment.step_at = deployment.look_again = d.now;
  d.emit(DeploymentQueued{stage, std::move(deployment)});
}

void end_waiting(Deciding& d, const StageId& stage, DeploymentState end, const std::string& reason, ChangeNumber by) {
  const Deployment& waiting = *d.stage(stage).waiting;
  d.emit(DeploymentEnded{stage, waiting.id, waiting.change, end, "", reason, by, false});
}

void return_to_gate(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (!at.waiting || at.waiting->kind != DeploymentKind::flow || at.waiting->decided) return;
  const ChangeRef change = at.waiting->change;
  const auto newer = [&](const auto& other) { return other && other->change.number > change.number; };
  if (at.paused ? newer(at.held) : newer(at.approval)) {
    const ChangeNumber by = at.paused ? at.held->change.number : at.approval->change.number;
    end_waiting(d, stage, DeploymentState::superseded, "", by);
    return;
  }
  d.emit(DeploymentEnded{stage, at.waiting->id, change, DeploymentState::superseded, "", "", 0, true});
  if (at.paused) {
    hold(d, stage, change, true);
  } else {
    supersede_approval(d, stage, change.number);
    ask(d, stage, change);
  }
}

}  // namespace sluice::pipeline
