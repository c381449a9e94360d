#include <fmt/format.h>
#include <algorithm>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

tl::unexpected<Error> conflict(std::string words) { return fail(ErrorKind::conflict, std::move(words)); }

// R8.2, R8.4: that change or a newer one is active or waiting. R3.6: a waiting rollback or promotion stays.
Result<> has_room_for(const Stage& at, ChangeNumber change, const std::string& what) {
  if (const Deployment* waits = undisplaceable(at)) {
    return conflict(
        fmt::format("{} waits in {}; {} when it has started, or cancel it", words_for(*waits), at.name, what));
  }
  for (const auto* there : {&at.active, &at.waiting}) {
    if (!*there || (*there)->change.number < change) continue;
    return conflict(fmt::format("{} is {} in {}", words_for(**there), name_of((*there)->state), at.name));
  }
  return {};
}

Result<> may_be_retried(const Stage& at, const Retry& c) {
  if (!c.precedent && !c.deployment.empty()) {
    return fail(ErrorKind::not_found, fmt::format("there is no deployment {} in {}", c.deployment.value, c.stage));
  }
  if (!c.precedent) {
    return conflict(fmt::format("no deployment in {} has failed or was cancelled; there is nothing to retry", c.stage));
  }
  const Precedent& was = *c.precedent;
  if (was.returned) {
    return conflict(fmt::format("change {} was returned to the gate of {}, not stopped; it goes on from there",
                                number(was.change.number), c.stage));
  }
  if (was.state != DeploymentState::failed && was.state != DeploymentState::cancelled) {
    return conflict(fmt::format("deployment {} is {}; only a failed or cancelled one can be retried",
                                was.deployment.value, name_of(was.state)));
  }
  if (was.newest_success_since >= was.change.number) {
    return conflict(fmt::format("change {} has succeeded in {} since change {} was tried; there is nothing to retry",
                                number(was.newest_success_since), c.stage, number(was.change.number)));
  }
  if (was.artifact_fixed && !was.artifact_kept) {
    return conflict(fmt::format("what change {} ran in {} was cleaned; roll back again and accept a new build",
                                number(was.change.number), c.stage));
  }
  return has_room_for(at, was.change.number, "retry");
}

bool succeeded_before(const Stack& stack, const Promote& c) {
  if (c.succeeded_before_deleted) return true;
  for (const Stage& stage : stack.stages) {
    if (stage.name == c.stage) return false;
    if (std::count(c.succeeded_in.begin(), c.succeeded_in.end(), stage.id) > 0) return true;
  }
  return false;
}

}  // namespace

Result<> on(Deciding& d, const Retry& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (auto right = may_be_retried(*at, c); !right) return right;
  const Precedent& was = *c.precedent;
  Deployment deployment;
  deployment.change = was.change;
  deployment.kind = DeploymentKind::retry;
  deployment.meaning = was.meaning;
  deployment.decided = true;
  deployment.artifact_fixed = was.artifact_fixed;
  if (was.artifact_fixed) deployment.artifact = was.artifact;
  if (was.meaning == DeploymentKind::redeploy) deployment.artifact_hint = was.artifact;
  deployment.settings_then = was.settings_then;
  if (was.settings_then) {
    deployment.settings_revision = was.settings_revision;
    deployment.config_then = was.config;
  }
  queue(d, at->id, std::move(deployment));
  return {};
}

Result<> on(Deciding& d, const Rollback& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (!c.precedent || c.precedent->state != DeploymentState::succeeded) {
    return conflict(
        c.to.empty()
            ? fmt::format("nothing older than what serves has succeeded in {}; there is nothing to roll back to",
                          c.stage)
            : fmt::format("{} has not succeeded in {}; roll back to a deployment that has", c.to, c.stage));
  }
  const Precedent& was = *c.precedent;
  if (!was.artifact_kept && !c.build) {
    return conflict(fmt::format("what change {} ran in {} was cleaned; it can be built anew if you ask for that",
                                number(was.change.number), c.stage));
  }
  const StageId stage = at->id;
  const std::string reason = fmt::format("cancelled by a rollback to {}", number(was.change.number));
  if (at->waiting) end_waiting(d, stage, DeploymentState::cancelled, reason);
  if (at->active && at->active->state != DeploymentState::switching)
    begin_cancel(d, stage, DeploymentState::cancelled, reason);
  if (c.pause && !at->paused) d.emit(StagePaused{stage});
  Deployment deployment;
  deployment.change = was.change;
  deployment.kind = deployment.meaning = DeploymentKind::rollback;
  deployment.decided = true;
  deployment.artifact_fixed = was.artifact_kept;
  if (was.artifact_kept) deployment.artifact = was.artifact;
  deployment.settings_then = c.settings_then;
  if (c.settings_then) {
    deployment.settings_revision = was.settings_revision;
    deployment.config_then = was.config;
  }
  queue(d, stage, std::move(deployment));
  return {};
}

Result<> on(Deciding& d, const Promote& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr) return fail(no_stage(d.stack, c.stage));
  if (c.commit.empty())
    return fail(ErrorKind::not_found, fmt::format("there is no change {} in {}", number(c.change), d.stack.name));
  if (at->paused) return conflict(fmt::format("{} is paused; resume it, then promote {}", c.stage, number(c.change)));
  if (!succeeded_before(d.stack, c)) {
    return conflict(fmt::format("change {} has not succeeded in a stage before {}; only one that has can be promoted",
                                number(c.change), c.stage));
  }
  if (auto room = has_room_for(*at, c.change, "promote"); !room) return room;
  const StageId stage = at->id;
  if (at->approval && at->approval->change.number <= c.change) {
    d.emit(ApprovalSuperseded{stage, at->approval->change, c.change});
  }
  Deployment deployment;
  deployment.change = ChangeRef{c.change, c.commit};
  deployment.kind = deployment.meaning = DeploymentKind::promote;
  deployment.decided = true;
  queue(d, stage, std::move(deployment));
  return {};
}

}  // namespace sluice::pipeline
