#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

bool is_at_or_past_starting(const Stage& at) { return at.active && at.active->state >= DeploymentState::starting; }

// R9.4
void expire_step(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (!at.active || is_in_line(*at.active)) return;
  const auto limit = limit_of(at.active->state, d.limits);
  if (!limit || d.now < at.active->step_at + *limit) return;
  begin_cancel(d, stage, DeploymentState::failed, out_of_time(*at.active, *limit, d.now));
}

// R8.5: the gate is open again.
void release_held(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (!at.held || is_closed(at)) return;
  const Held held = *at.held;
  if (!held.accepted && held.change.number <= at.mark) {
    d.emit(HeldSuperseded{stage, held.change, at.mark});
    return;
  }
  d.emit(HeldReleased{stage, held.change});
  let_in(d, stage, held.change);
}

void start_waiting(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (at.active || !at.waiting || at.waiting->parked || holds_lock(at.task)) return;
  const DeploymentId id = at.waiting->id;
  const Revision revision = at.waiting->settings_then ? at.waiting->settings_revision : at.settings_revision;
  d.emit(DeploymentStarted{stage, id, at.attempt + 1, revision});
  d.emit(StepBegan{stage, id, DeploymentState::building});
}

// R7.2
void redeploy_for_settings(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (at.active || at.waiting || !at.current || holds_lock(at.task)) return;
  if (at.current->settings_revision >= at.settings_revision || at.redeploy_tried >= at.settings_revision) return;
  Deployment deployment;
  deployment.change = at.current->change;
  deployment.kind = deployment.meaning = DeploymentKind::redeploy;
  deployment.decided = true;
  deployment.artifact_hint = at.current->artifact;
  queue(d, stage, std::move(deployment));
}

// R7.5: in place, while no deployment is about to bring a set of its own.
void scale(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (!at.current || is_at_or_past_starting(at)) return;
  const std::int64_t desired = desired_instances(at);
  const bool is_due = !at.scaling && at.current->instances != desired;
  const bool has_new_goal = at.scaling && at.scaling->chore.look_again > d.now && at.scaling->to != desired;
  if (is_due || has_new_goal) d.emit(ScaleBegan{stage, desired, at.attempt});
}

// R7.5: it rests only while it is set to, and has instances to rest.
void end_rest(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (!at.rest) return;
  const bool is_set = at.rest->why == RestCause::idle ? at.config.sleep_after.has_value() : at.config.hours.has_value();
  if (is_set && at.config.instances > 0) return;
  d.emit(StageRoused{stage});
  show_rest(d, stage);
}

void back_up_daily(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (at.task || at.active || !is_backup_due(at, d.now, d.limits)) return;
  begin_task(d, stage, Task{TaskKind::backup, "", {}, "", true, {}});
}

std::vector<StageId> ids(const std::vector<Stage>& stages) {
  std::vector<StageId> out;
  for (const Stage& stage : stages) out.push_back(stage.id);
  return out;
}

}  // namespace

void settle(Deciding& d) {
  d.actor = Actor{};
  for (std::size_t before = d.events.size() + 1; before != d.events.size();) {
    before = d.events.size();
    for (const StageId& stage : ids(d.stack.leaving)) expire_step(d, stage);
    for (const StageId& stage : ids(d.stack.stages)) {
      expire_step(d, stage);
      release_held(d, stage);
      start_waiting(d, stage);
      redeploy_for_settings(d, stage);
      back_up_daily(d, stage);
      end_rest(d, stage);
      scale(d, stage);
    }
  }
  const bool is_empty = d.stack.stages.empty() && d.stack.leaving.empty();
  if (d.stack.deleting && !d.stack.gone && is_empty) d.emit(StackDeleted{});
}

}  // namespace sluice::pipeline
