#include <algorithm>

#include "pipeline/flow_test.h"

namespace sluice::pipeline::testing {

void History::see(const Stack& before, const Event& event) {
  if (const auto* e = std::get_if<CheckedIn>(&event.body)) commits_[e->change.number] = e->change.commit;
  if (const auto* e = std::get_if<StageDeletionBegan>(&event.body)) stood_before_[e->stage] = e->after;
  const auto decided = [&](const StageId& id, ChangeNumber change) -> ApprovalPrecedent& {
    return approvals_[{find_stage(before, id)->name, change}];
  };
  if (const auto* e = std::get_if<ApprovalAsked>(&event.body)) decided(e->stage, e->change.number) = {};
  if (const auto* e = std::get_if<ApprovalDecided>(&event.body)) {
    decided(e->stage, e->change.number).state = e->state;
    decided(e->stage, e->change.number).by = event.actor.name;
  }
  if (const auto* e = std::get_if<ApprovalSuperseded>(&event.body)) {
    decided(e->stage, e->change.number).state = ApprovalState::superseded;
    decided(e->stage, e->change.number).superseded_by = e->by;
  }
  if (const auto* e = std::get_if<ApprovalWithdrawn>(&event.body)) {
    decided(e->stage, e->change.number).state = ApprovalState::withdrawn;
    decided(e->stage, e->change.number).stage_gone = true;
  }
  if (const auto* e = std::get_if<DeploymentEnded>(&event.body)) {
    const Stage& stage = *find_stage(before, e->stage);
    const bool was_active = stage.active && stage.active->id == e->deployment;
    ended.push_back(Ended{e->stage, was_active ? *stage.active : *stage.waiting, e->state, e->returned});
  }
}

Precedent History::precedent(std::size_t index) const {
  const Ended& one = ended[index];
  Precedent out;
  out.deployment = one.deployment.id;
  out.change = one.deployment.change;
  out.kind = one.deployment.kind;
  out.meaning = one.deployment.meaning;
  out.state = one.state;
  out.artifact = one.deployment.artifact;
  out.artifact_fixed = one.deployment.artifact_fixed;
  out.settings_revision = one.deployment.settings_revision;
  out.settings_then = one.deployment.settings_then;
  out.returned = one.returned;
  for (std::size_t i = index + 1; i < ended.size(); ++i) {
    if (ended[i].stage == one.stage && ended[i].state == DeploymentState::succeeded) {
      out.newest_success_since = std::max(out.newest_success_since, ended[i].deployment.change.number);
    }
  }
  return out;
}

std::optional<Precedent> History::retry(const StageId& stage) const {
  for (std::size_t i = ended.size(); i-- > 0;) {
    const bool stopped = ended[i].state == DeploymentState::failed || ended[i].state == DeploymentState::cancelled;
    if (ended[i].stage == stage && stopped) return precedent(i);
  }
  return std::nullopt;
}

std::optional<Precedent> History::rollback(const Stage& stage, ChangeNumber to) const {
  ChangeNumber serving = stage.current ? stage.current->change.number : 0;
  if (stage.active && stage.active->state == DeploymentState::switching) serving = stage.active->change.number;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < ended.size(); ++i) {
    const ChangeNumber change = ended[i].deployment.change.number;
    if (ended[i].stage != stage.id || ended[i].state != DeploymentState::succeeded) continue;
    if (to != 0 ? change != to : change >= serving) continue;
    if (!best || ended[*best].deployment.change.number <= change) best = i;
  }
  if (!best) return std::nullopt;
  return precedent(*best);
}

std::optional<ApprovalPrecedent> History::approval(const std::string& stage, ChangeNumber change) const {
  const auto found = approvals_.find({stage, change});
  if (found == approvals_.end()) return std::nullopt;
  return found->second;
}

void History::fill(const Stack& stack, Promote& command) const {
  const auto commit = commits_.find(command.change);
  if (commit == commits_.end()) return;
  command.commit = commit->second;
  const Stage* at = find_stage(stack, command.stage);
  for (const Ended& one : ended) {
    if (one.deployment.change.number != command.change || one.state != DeploymentState::succeeded) continue;
    command.succeeded_in.push_back(one.stage);
    const auto deleted = stood_before_.find(one.stage);
    if (at == nullptr || deleted == stood_before_.end()) continue;
    const auto& after = deleted->second;
    if (std::count(after.begin(), after.end(), at->id) > 0) command.succeeded_before_deleted = true;
  }
}

std::string History::end_of(const DeploymentId& id) const {
  for (const Ended& one : ended) {
    if (one.deployment.id == id) return one.state == DeploymentState::succeeded ? "succeeded" : "ended";
  }
  return "";
}

}  // namespace sluice::pipeline::testing
