#include "model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"

namespace sluice::sim {

using namespace pipeline;
using Kind = DeploymentKind;

void require(bool holds, const std::string& what) {
  if (!holds) throw Violation(what);
}

struct Model::Observing {
  Model& model;
  Of& of;
  const Event& event;

  At& at(const StageId& id) const {
    const auto found = model.stages_.find(id);
    require(found != model.stages_.end() && !found->second.gone, "an event of a stage that is not there: " + id.value);
    return found->second;
  }
  [[nodiscard]] bool by_person() const { return event.actor.kind != ActorKind::system; }
  void need_decider(const std::string& what) const {
    require(by_person() && event.actor.role == Role::admin, what + " by somebody who may not decide (R8.7)");
  }
  // R3.8: to the stage that is next in the order at this moment.
  void offer_after(const StageId& from, ChangeNumber change) const {
    const auto found = std::find(of.order.begin(), of.order.end(), from);
    if (found != of.order.end() && found + 1 != of.order.end()) at(*(found + 1)).offered.insert(change);
  }
  void reaches_gate(const At& stage, const ChangeRef& change) const {
    require(stage.offered.contains(change.number),
            fmt::format("#{} reached {} without success before it (R3.4)", change.number, stage.name));
  }

  void operator()(const StackCreated&) const {}
  void operator()(const SourceChanged&) const {}
  void operator()(const StackDeletionBegan&) const { need_decider("a stack deleted"); }
  void operator()(const StackDeleted&) const { of.gone = true; }
  void operator()(const CheckedIn& e) const {
    require(e.change.number == of.newest + 1, "check-ins are not numbered 1, 2, 3 (R1.3)");
    of.newest = e.change.number;
    if (!of.order.empty()) at(of.order.front()).offered.insert(e.change.number);
  }
  void operator()(const StageAdded& e) const {
    require(!model.stages_.contains(e.stage), "a stage id was used again (R2.3)");
    At& stage = model.stages_[e.stage];
    stage.name = e.name;
    stage.config = stage.configs[1] = e.config;
    of.order.insert(of.order.begin() + e.index, e.stage);
    if (e.config.requires_approval && of.newest > 0) need_decider("a gated stage added");
  }
  void operator()(const StageChanged& e) const {
    At& stage = at(e.stage);
    if (stage.config.requires_approval != e.config.requires_approval) need_decider("requires_approval changed");
    stage.config = e.config;
    if (e.revision) revision(stage, *e.revision);
  }
  void operator()(const SettingsSaved& e) const { revision(at(e.stage), e.revision); }
  void operator()(const SettingsAdopted& e) const {
    require(e.from < e.revision, "settings adopted from a later revision");
    At& stage = at(e.stage);
    StageConfig then = stage.configs.at(e.from);
    then.requires_approval = stage.config.requires_approval;
    then.instances = stage.config.instances;
    then.sleep_after = stage.config.sleep_after;
    require(e.config && *e.config == then, "a rollback adopted another configuration than that of then (R8.3)");
    stage.config = then;
    revision(at(e.stage), e.revision);
  }
  void revision(At& stage, Revision next) const {
    require(next == stage.revision + 1, "settings revisions do not grow by one (R7.2)");
    stage.revision = next;
    stage.configs[next] = stage.config;
  }
  void operator()(const KeyAdded& e) const {
    require(at(e.stage).keys.insert(e.name).second, "two keys of a stage have one name");
  }
  void operator()(const KeyRevoked& e) const {
    require(at(e.stage).keys.erase(e.name) == 1, "a key was revoked that is not there");
  }
  void operator()(const CachePurged& e) const {
    require(at(e.stage).config.caching, "a cache was purged where nothing is cached");
  }
  void operator()(const CertificateNoted& e) const {
    require(at(e.stage).config.domains.has_value(), "a certificate of no domain of the stage");
  }
  void operator()(const StageDeletionBegan& e) const {
    need_decider("a stage deleted");
    At& stage = at(e.stage);
    stage.leaving = true;
    stage.rest.reset();
    stage.task.reset();
    require(!stage.pending && !stage.waiting && !stage.held, "something waits at a deleted stage (R6.2)");
    std::erase(of.order, e.stage);
  }
  void operator()(const StageDeletionForced& e) const {
    need_decider("a deletion forced");
    at(e.stage).forced = true;
  }
  void operator()(const StageDeleted& e) const {
    At& stage = at(e.stage);
    require(stage.leaving && !stage.active, "a stage ended with a deployment active (R6.2)");
    stage.gone = true;
  }
  void operator()(const StagePaused& e) const {
    need_decider("a stage paused");
    at(e.stage).paused = true;
  }
  void operator()(const StageResumed& e) const {
    need_decider("a stage resumed");
    at(e.stage).paused = false;
  }

  void operator()(const OfferHeld& e) const {
    At& stage = at(e.stage);
    reaches_gate(stage, e.change);
    require(!stage.held, "an offer is held over another");
    require(!e.accepted || stage.returned.contains(e.change.number), "held as accepted without having been");
    require(e.accepted || e.change.number > stage.mark, "an offer not above the mark is held (R3.7)");
    stage.held = e.change.number;
  }
  void operator()(const HeldSuperseded& e) const {
    At& stage = at(e.stage);
    require(stage.held == e.change.number, "what is superseded is not held");
    stage.held.reset();
  }
  void operator()(const HeldReleased& e) const {
    At& stage = at(e.stage);
    require(stage.held == e.change.number && !stage.paused, "released from a closed gate (R8.5)");
    stage.held.reset();
  }
  void operator()(const ApprovalAsked& e) const {
    At& stage = at(e.stage);
    reaches_gate(stage, e.change);
    require(stage.config.requires_approval, "approval asked where none is required (R4.1)");
    require(!stage.pending, "two approvals pending in one stage (R4.2)");
    require(e.change.number > stage.mark || stage.returned.contains(e.change.number),
            "an offer not above the mark is accepted (R3.7)");
    require(!stage.paused, "an offer was accepted while paused (R8.5)");
    stage.pending = e.change.number;
    stage.mark = std::max(stage.mark, e.change.number);
  }
  void operator()(const ApprovalDecided& e) const {
    At& stage = at(e.stage);
    need_decider("an approval decided");
    require(stage.pending == e.change.number, "a decision on what was not pending (R4.4)");
    if (e.state == ApprovalState::approved) {
      require(!stage.paused, "approved while paused (R8.5)");
      stage.approved.insert(e.change.number);
    }
    stage.pending.reset();
  }
  void operator()(const ApprovalSuperseded& e) const {
    At& stage = at(e.stage);
    require(stage.pending == e.change.number && e.by >= e.change.number, "superseded by something older (R4.2)");
    stage.pending.reset();
  }
  void operator()(const ApprovalWithdrawn& e) const {
    At& stage = at(e.stage);
    require(stage.pending == e.change.number, "withdrawn, but it was not pending");
    stage.pending.reset();
  }

  void operator()(const DeploymentQueued& e) const {
    At& stage = at(e.stage);
    const Deployment& d = e.deployment;
    require(!stage.leaving, "a deployment queued at a leaving stage (R6.5)");
    require(!stage.waiting, "two deployments wait at one stage (R3.6)");
    require(!stage.deployments.contains(d.id), "a deployment id was used again");
    may_come(stage, e.stage, d);
    stage.deployments[d.id] = {d, DeploymentState::queued, false, d.artifact};
    stage.waiting = d.id;
    stage.mark = std::max(stage.mark, d.change.number);
  }
  // Nothing comes to a stage but by flow behind a success, or by a person's act.
  void may_come(const At& stage, const StageId& id, const Deployment& d) const {
    const ChangeNumber n = d.change.number;
    const bool gated = stage.config.requires_approval;
    if (d.kind == Kind::flow) {
      reaches_gate(stage, d.change);
      require(!stage.paused, "flow queued while paused (R8.5)");
      if (d.decided) return require(stage.approved.contains(n), "decided without a decision (R4.3)");
      require(!gated, fmt::format("#{} passed the gate of {} without a decision (R4.1)", n, stage.name));
      return require(n > stage.mark || stage.returned.contains(n), "an offer not above the mark is accepted (R3.7)");
    }
    if (d.kind == Kind::redeploy) {
      require(stage.current && stage.deployments.at(*stage.current).deployment.change.number == n,
              "redeployed what is not current (R8.6)");
      require(!gated || !by_person() || event.actor.role == Role::admin, "redeployed by somebody who may not (R8.7)");
      return;
    }
    require(by_person(), fmt::format("a {} that nobody asked for", codec::enum_name(d.kind)));
    require(!gated || event.actor.role == Role::admin, "at a gated stage by somebody who may not decide (R8.7)");
    const auto was = [&](DeploymentState state) {
      return std::any_of(stage.deployments.begin(), stage.deployments.end(), [&](const auto& known) {
        return known.second.deployment.change.number == n && known.second.state == state && !known.second.returned;
      });
    };
    if (d.kind == Kind::retry)
      require(was(DeploymentState::failed) || was(DeploymentState::cancelled), "retried what did not fail (R8.2)");
    if (d.kind == Kind::rollback)
      require(was(DeploymentState::succeeded), "rolled back to what never succeeded here (R8.3)");
    if (d.kind == Kind::promote) {
      const auto found = of.succeeded.find(n);
      require(found != of.succeeded.end() && !found->second.empty(), "promoted what never succeeded (R8.4)");
      require(!stage.paused, "promoted while paused (R8.4)");
    }
    if (d.kind == Kind::initial) {
      require(stage.deployments.empty(), "an initial deployment at a stage that had one");
      const auto place = std::find(of.order.begin(), of.order.end(), id);
      if (place == of.order.begin()) return require(n == of.newest, "a first stage takes the newest check-in (R5.1)");
      const At& before = at(*(place - 1));
      require(before.current && before.deployments.at(*before.current).deployment.change.number == n,
              "a new stage takes what is current before it (R5.1)");
    }
  }

  void operator()(const DeploymentStarted& e) const {
    At& stage = at(e.stage);
    require(!stage.active, "two deployments of one stage active (R3.5)");
    require(!stage.task || *stage.task == TaskKind::backup, "a deployment started while its database is replaced");
    require(stage.waiting == e.deployment, "a deployment started that did not wait");
    require(e.attempt > stage.attempt, "attempt numbers do not grow");
    Known& known = stage.deployments.at(e.deployment);
    const Deployment& d = known.deployment;
    if (d.kind == Kind::flow || d.kind == Kind::promote) require(!stage.paused, "flow started while paused (R8.5)");
    if (d.kind == Kind::flow && stage.config.requires_approval)
      require(d.decided && stage.approved.contains(d.change.number), "started at a gated stage undecided (R4.6)");
    require(d.settings_then || e.settings_revision == stage.revision, "started with old settings (R7.2, R7.3)");
    known.deployment.attempt = stage.attempt = e.attempt;
    known.deployment.settings_revision = e.settings_revision;
    stage.active = stage.waiting;
    stage.waiting.reset();
  }
  Known& active(const StageId& id, const DeploymentId& deployment) const {
    At& stage = at(id);
    require(stage.active == deployment, "a step of a deployment that is not active");
    return stage.deployments.at(deployment);
  }
  void operator()(const StepBegan& e) const { active(e.stage, e.deployment).state = e.state; }
  void operator()(const StepNoted& e) const { active(e.stage, e.deployment); }
  void operator()(const ArtifactBuilt& e) const {
    Known& known = active(e.stage, e.deployment);
    require(!known.deployment.artifact_fixed || known.artifact == e.artifact, "a rollback ran another artifact (R8.3)");
    known.artifact = e.artifact;
  }
  void operator()(const InstancesStarted& e) const { active(e.stage, e.deployment); }
  void operator()(const CancelBegan& e) const {
    Known& known = active(e.stage, e.deployment);
    require(known.state != DeploymentState::cancelling, "cancelled twice");
    known.state = DeploymentState::cancelling;
  }
  void operator()(const DeploymentEnded& e) const {
    At& stage = at(e.stage);
    require(stage.active == e.deployment || stage.waiting == e.deployment, "a deployment ended that had ended");
    require(is_end(e.state), "a deployment ended in no named end");
    Known& known = stage.deployments.at(e.deployment);
    const bool was_active = stage.active == e.deployment;
    (was_active ? stage.active : stage.waiting).reset();
    if (e.state == DeploymentState::succeeded) {
      require(was_active && known.state == DeploymentState::switching, "succeeded without the switch (R3.3)");
      stage.current = e.deployment;
      if (stage.rest == RestCause::idle) stage.rest.reset();
      of.succeeded[e.change.number].insert(e.stage);
      ++model.successes_;
      const Kind meaning = known.deployment.meaning;
      if (meaning == Kind::flow || meaning == Kind::initial || meaning == Kind::promote)
        offer_after(e.stage, e.change.number);
    }
    if (e.state == DeploymentState::superseded) require(!was_active, "a running deployment was superseded (R3.6)");
    if (e.returned) stage.returned.insert(e.change.number);
    known.state = e.state;
    known.returned = e.returned;
  }
  void operator()(const ScaleBegan&) const {}
  void operator()(const ScaleEnded&) const {}
  void operator()(const RetireBegan&) const {}
  void operator()(const RetireEnded&) const {}
  void operator()(const StageRested& e) const {
    At& stage = at(e.stage);
    require(e.rest.why == RestCause::idle && stage.config.sleep_after && !stage.active && !stage.rest,
            "a stage was laid to rest that should run (R7.5)");
    stage.rest = e.rest.why;
  }
  void operator()(const StageRoused& e) const {
    require(at(e.stage).rest.has_value(), "a stage was roused that did not rest");
    at(e.stage).rest.reset();
  }
  void operator()(const TaskBegan& e) const {
    At& stage = at(e.stage);
    require(!stage.task, "two tasks of one stage at once");
    require(stage.config.database == DatabaseKind::created && stage.current, "a task where there is no database");
    require(e.task.kind == TaskKind::backup || !stage.active, "a database is replaced while a deployment runs");
    stage.task = e.task.kind;
  }
  void operator()(const TaskEnded& e) const {
    require(at(e.stage).task == e.kind, "a task ended that did not run");
    at(e.stage).task.reset();
  }
  void operator()(const ChoreDelayed&) const {}
};

void Model::observe(const StackId& stack, const Event& event) {
  Of& of = stacks_[stack];
  require(!of.gone, "an event of a stack that is gone");
  require(event.actor.kind == ActorKind::system || event.actor.role != Role::viewer, "a viewer did something (R8.7)");
  std::visit(Observing{*this, of, event}, event.body);
}

void Model::compare(const Stack& stack) {
  Of& of = stacks_.at(stack.id);
  require(stack.version > of.version && stack.next_id >= of.next_id, "a stack's version or ids went back");
  of.version = stack.version;
  of.next_id = stack.next_id;
  require(stack.stages.size() == of.order.size(), "the order is not what the events say (R2.1)");
  for (std::size_t i = 0; i < of.order.size(); ++i) {
    const Stage& stage = stack.stages[i];
    const At& at = stages_.at(stage.id);
    const std::string where = stage.name + " of " + stack.name + ": ";
    require(stage.id == of.order[i], where + "the order is not what the events say (R2.1)");
    require(stage.mark == at.mark, where + "the mark is not the highest number accepted or brought");
    require(stage.paused == at.paused && stage.config == at.config, where + "pause or configuration differ");
    const auto has = [&at](const AccessKey& key) { return at.keys.contains(key.name); };
    require(stage.keys.size() == at.keys.size() && std::all_of(stage.keys.begin(), stage.keys.end(), has),
            where + "keys differ");
    require(stage.attempt == at.attempt && stage.settings_revision == at.revision,
            where + "attempt or revision differ");
    const auto same = [](const auto& state, const auto& known) {
      return state ? known == state->id : !known.has_value();
    };
    require(same(stage.active, at.active) && same(stage.waiting, at.waiting), where + "active or waiting differ");
    require(stage.current ? at.current == stage.current->deployment : !at.current, where + "current differs");
    require(stage.approval ? at.pending == stage.approval->change.number : !at.pending, where + "pending differs");
    require(stage.held ? at.held == stage.held->change.number : !at.held, where + "held differs");
    require(stage.rest.has_value() == at.rest.has_value() && stage.task.has_value() == at.task.has_value(),
            where + "rest or task differ");
  }
}

void Model::serving(const Stack& stack, const NullPlatform& platform) const {
  for (const Stage& stage : stack.stages) {
    if (!stage.current) continue;
    const NullPlatform::At* at = platform.at(stage.id);
    const std::string where = stage.name + " of " + stack.name;
    require(at && at->sets.contains(stage.current->deployment), where + " has lost the instances that serve (R3.4)");
    require(at->routed && at->sets.contains(*at->routed), where + " is routed nowhere (R3.4)");
  }
}

void Model::at_rest(const Stack& stack, const NullPlatform& platform) const {
  require(stack.leaving.empty(), stack.name + ": a deletion did not end (R6.5)");
  require(!stack.deleting, stack.name + ": the stack's deletion did not end (R6.5)");
  for (const Stage& stage : stack.stages) {
    const std::string where = stage.name + " of " + stack.name + ": ";
    const At& known = stages_.at(stage.id);
    require(!stage.active, where + "a deployment never ended (R9.1)");
    require(!stage.waiting || stage.paused, where + "a deployment waits for nothing (R3.6)");
    require(!stage.held || stage.paused, where + "an offer is held for nothing (R8.5)");
    require(!stage.retiring && !stage.scaling && !stage.task, where + "housekeeping never ended (R3.3)");
    for (const auto& [id, deployment] : known.deployments)
      require(is_end(deployment.state) || stage.waiting, where + id.value + " ended in no named state (R9.1)");
    if (!known.offered.empty()) {
      const ChangeNumber newest = *known.offered.rbegin();
      require(newest <= stage.mark || (stage.held && newest <= stage.held->change.number),
              where + fmt::format("the offer of #{} was lost", newest));
    }
    const NullPlatform::At* at = platform.at(stage.id);
    if (!stage.current) {
      require(!at || (at->sets.empty() && !at->routed), where + "something runs though nothing succeeded (R3.4)");
      continue;
    }
    const Current& current = *stage.current;
    require(at->routed == current.deployment, where + "what is routed is not current");
    require(at->sets.size() == 1, where + "something retired is left (R3.3)");
    const NullPlatform::Set& set = at->sets.at(current.deployment);
    const std::int64_t desired = known.rest ? 0 : stage.config.instances;
    require(set.instances == desired && current.instances == desired,
            where + fmt::format("{} instances run, {} by its own word, {} are desired (R7.5)", set.instances,
                                current.instances, desired));
    require(set.artifact == current.artifact, where + "another artifact runs than it says");
    require(current.settings_revision == stage.settings_revision || stage.redeploy_tried == stage.settings_revision ||
                stage.waiting,
            where + "saved settings were never brought in (R7.2)");
  }
  gone(stack.id, platform);
}

void Model::gone(const StackId& stack, const NullPlatform& platform) const {
  for (const auto& [id, at] : platform.stages())
    if (stack_of(id.value) == stack && stages_.at(id).gone && !stages_.at(id).forced)
      require(at.sets.empty() && !at.routed, id.value + " is deleted, but something of it runs (R6.2)");
}

}  // namespace sluice::sim
