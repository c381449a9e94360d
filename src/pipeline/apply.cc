#include <algorithm>
#include <cassert>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

struct Applying {
  Stack& stack;
  const Event& event;

  Stage& stage(const StageId& id) const {
    Stage* found = find_stage(stack, id);
    assert(found != nullptr);
    return *found;
  }
  Deployment& active(const StageId& id, const DeploymentId& deployment) const {
    Stage& at = stage(id);
    assert(at.active && at.active->id == deployment);
    return *at.active;
  }
  void set_config(Stage& at, const StageConfig& config) const {
    at.config = config;
    if (config.database == DatabaseKind::created) return;
    at.backup_due.reset();
    at.backup_problem.clear();
  }
  void accept(Stage& at, const ChangeRef& change) const { at.mark = std::max(at.mark, change.number); }

  void operator()(const StackCreated& e) const {
    stack.id = e.stack;
    stack.name = e.name;
    stack.source = e.source;
    stack.made_at = event.at;
  }
  void operator()(const SourceChanged& e) const { stack.source = e.source; }
  void operator()(const StackDeletionBegan&) const { stack.deleting = true; }
  void operator()(const StackDeleted&) const { stack.gone = true; }
  void operator()(const CheckedIn& e) const { stack.newest = e.change; }

  void operator()(const StageAdded& e) const {
    Stage made;
    made.id = e.stage;
    made.name = e.name;
    made.config = e.config;
    made.made_at = event.at;
    stack.stages.insert(stack.stages.begin() + e.index, std::move(made));
    ++stack.next_id;
  }
  void operator()(const StageChanged& e) const {
    Stage& at = stage(e.stage);
    set_config(at, e.config);
    if (e.revision) at.settings_revision = *e.revision;
  }
  void operator()(const SettingsSaved& e) const { stage(e.stage).settings_revision = e.revision; }
  void operator()(const SettingsAdopted& e) const {
    Stage& at = stage(e.stage);
    at.settings_revision = e.revision;
    if (at.current) at.current->settings_revision = e.revision;
    if (e.config) set_config(at, *e.config);
  }
  void operator()(const KeyAdded& e) const {
    auto& keys = stage(e.stage).keys;
    const auto place = std::find_if(keys.begin(), keys.end(), [&](const AccessKey& key) { return e.name < key.name; });
    keys.insert(place, AccessKey{e.name, e.digest, event.actor.name, event.at});
  }
  void operator()(const KeyRevoked& e) const {
    std::erase_if(stage(e.stage).keys, [&](const AccessKey& key) { return key.name == e.name; });
  }
  void operator()(const CachePurged&) const {}
  void operator()(const CertificateNoted&) const {}
  void operator()(const StageDeletionBegan& e) const {
    const auto found =
        std::find_if(stack.stages.begin(), stack.stages.end(), [&](const Stage& s) { return s.id == e.stage; });
    assert(found != stack.stages.end());
    Stage gone = std::move(*found);
    stack.stages.erase(found);
    gone.retiring.reset();
    gone.scaling.reset();
    gone.rest.reset();
    gone.task.reset();
    gone.backup_due.reset();
    // One above all that was handed out: whatever of this stage is still on its way meets the fence (R9.3).
    gone.deleting = Chore{gone.attempt + 1, event.at, 0, event.at, std::nullopt, ""};
    stack.leaving.push_back(std::move(gone));
  }
  void operator()(const StageDeletionForced& e) const {
    Stage& at = stage(e.stage);
    at.forced = true;
    if (at.deleting) at.deleting->look_again = event.at;
    if (at.active) at.active->look_again = event.at;
  }
  void operator()(const StageDeleted& e) const {
    std::erase_if(stack.leaving, [&](const Stage& s) { return s.id == e.stage; });
  }
  void operator()(const StagePaused& e) const {
    Stage& at = stage(e.stage);
    at.paused = true;
    if (at.waiting && at.waiting->meaning != DeploymentKind::rollback &&
        at.waiting->meaning != DeploymentKind::redeploy) {
      at.waiting->parked = true;
    }
  }
  void operator()(const StageResumed& e) const {
    Stage& at = stage(e.stage);
    at.paused = false;
    if (at.waiting) at.waiting->parked = false;
  }

  void operator()(const OfferHeld& e) const { stage(e.stage).held = Held{e.change, event.at, e.accepted}; }
  void operator()(const HeldSuperseded& e) const { stage(e.stage).held.reset(); }
  void operator()(const HeldReleased& e) const { stage(e.stage).held.reset(); }
  void operator()(const ApprovalAsked& e) const {
    Stage& at = stage(e.stage);
    at.approval = Approval{e.change, event.at};
    accept(at, e.change);
  }
  void operator()(const ApprovalDecided& e) const { stage(e.stage).approval.reset(); }
  void operator()(const ApprovalSuperseded& e) const { stage(e.stage).approval.reset(); }
  void operator()(const ApprovalWithdrawn& e) const { stage(e.stage).approval.reset(); }

  void operator()(const DeploymentQueued& e) const {
    Stage& at = stage(e.stage);
    assert(!at.waiting);
    at.waiting = e.deployment;
    accept(at, e.deployment.change);
    ++stack.next_id;
  }
  void operator()(const DeploymentStarted& e) const {
    Stage& at = stage(e.stage);
    assert(!at.active && at.waiting && at.waiting->id == e.deployment && e.attempt > at.attempt);
    at.active = std::move(at.waiting);
    at.waiting.reset();
    at.active->attempt = e.attempt;
    at.active->settings_revision = e.settings_revision;
    at.active->started_at = event.at;
    at.attempt = e.attempt;
    if (at.active->meaning == DeploymentKind::redeploy) at.redeploy_tried = e.settings_revision;
  }
  void operator()(const StepBegan& e) const {
    Deployment& deployment = active(e.stage, e.deployment);
    // Begun again with another number of instances it is still the same step to its time limit.
    if (deployment.state != e.state) deployment.step_at = event.at;
    deployment.state = e.state;
    deployment.token.reset();
    deployment.look_again = event.at;
    deployment.wait.reset();
  }
  void operator()(const StepNoted& e) const {
    Deployment& deployment = active(e.stage, e.deployment);
    const bool waits = e.in_line.value_or(false);
    if (is_in_line(deployment) && !waits) deployment.step_at = event.at;  // R9.4
    const Time since = waiting_since(deployment, event.at);
    deployment.token = e.token;
    deployment.look_again = e.look_again;
    deployment.wait = e.note.empty() ? std::nullopt : std::optional(Wait{e.note, waits, since});
  }
  void operator()(const ArtifactBuilt& e) const {
    Deployment& deployment = active(e.stage, e.deployment);
    deployment.artifact = e.artifact;
    deployment.built = e.built;
  }
  void operator()(const InstancesStarted& e) const { active(e.stage, e.deployment).instances = e.instances; }
  void operator()(const CancelBegan& e) const {
    Deployment& deployment = active(e.stage, e.deployment);
    deployment.ending = e.ending;
    deployment.state = DeploymentState::cancelling;
    deployment.step_at = event.at;
    deployment.look_again = event.at;
    deployment.wait.reset();
  }
  void operator()(const DeploymentEnded& e) const {
    Stage& at = stage(e.stage);
    if (at.active && at.active->id == e.deployment) {
      if (e.state == DeploymentState::succeeded) {
        const Deployment& won = *at.active;
        at.current =
            Current{won.id, won.change, won.attempt, won.artifact, won.settings_revision, won.instances, event.at};
        at.scaling.reset();                                               // of what ran before
        if (at.rest && at.rest->why == RestCause::idle) at.rest.reset();  // it runs, and its idle time begins anew
        if (at.config.database == DatabaseKind::created && !at.backup_due) at.backup_due = event.at + kFirstBackup;
      }
      at.active.reset();
    } else {
      assert(at.waiting && at.waiting->id == e.deployment);
      at.waiting.reset();
    }
    if (e.state != DeploymentState::superseded) at.last = Last{e.deployment, e.change, e.state, e.error};
  }

  void operator()(const ScaleBegan& e) const {
    Stage& at = stage(e.stage);
    // What an earlier goal took away before it failed does not run any more.
    if (at.scaling && at.current) at.current->instances = std::min(at.current->instances, at.scaling->to);
    at.scaling = Scaling{e.to, Chore{e.attempt, event.at, 0, event.at, std::nullopt, ""}};
  }
  void operator()(const ScaleEnded& e) const {
    Stage& at = stage(e.stage);
    at.scaling.reset();
    if (at.current) at.current->instances = e.instances;
  }
  void operator()(const RetireBegan& e) const {
    stage(e.stage).retiring = Chore{e.attempt, event.at, 0, event.at, std::nullopt, ""};
  }
  void operator()(const RetireEnded& e) const { stage(e.stage).retiring.reset(); }
  void operator()(const StageRested& e) const { stage(e.stage).rest = e.rest; }
  void operator()(const StageRoused& e) const { stage(e.stage).rest.reset(); }
  void operator()(const TaskBegan& e) const { stage(e.stage).task = e.task; }
  void operator()(const TaskEnded& e) const {
    Stage& at = stage(e.stage);
    at.task.reset();
    if (e.kind != TaskKind::backup) return;
    at.backup_problem = e.problem;
    if (at.backup_due) at.backup_due = e.next ? *e.next : event.at;
  }
  void operator()(const ChoreDelayed& e) const {
    Stage& at = stage(e.stage);
    Chore* chore = nullptr;
    if (e.chore == ChoreKind::scale && at.scaling) chore = &at.scaling->chore;
    if (e.chore == ChoreKind::retire && at.retiring) chore = &*at.retiring;
    if (e.chore == ChoreKind::remove && at.deleting) chore = &*at.deleting;
    if (e.chore == ChoreKind::task && at.task) chore = &at.task->chore;
    assert(chore != nullptr);
    chore->token = e.token;
    chore->look_again = e.look_again;
    chore->problem = e.problem;
    if (!e.problem.empty()) ++chore->tries;
    // A later deployment has raised the fence meanwhile; the next try passes it.
    if (e.chore == ChoreKind::scale) chore->attempt = at.attempt;
  }
};

}  // namespace

void apply_to(Stack& stack, const Event& event) {
  std::visit(Applying{stack, event}, event.body);
  ++stack.version;
}

Stack apply(Stack stack, const Event& event) {
  apply_to(stack, event);
  return stack;
}

}  // namespace sluice::pipeline
