#include "conductor/results.h"

#include <fmt/format.h>

namespace sluice::conductor {
namespace {

using namespace pipeline;

ChoreKind chore_of(WorkKind kind) {
  if (kind == WorkKind::scale) return ChoreKind::scale;
  if (kind >= WorkKind::back_up) return ChoreKind::task;
  return kind == WorkKind::retire ? ChoreKind::retire : ChoreKind::remove;
}

DeploymentState step_of(WorkKind kind) {
  switch (kind) {
    case WorkKind::build:
      return DeploymentState::building;
    case WorkKind::publish:
      return DeploymentState::publishing;
    case WorkKind::provision:
      return DeploymentState::provisioning;
    case WorkKind::release:
      return DeploymentState::releasing;
    case WorkKind::start:
      return DeploymentState::starting;
    case WorkKind::verify:
      return DeploymentState::verifying;
    case WorkKind::switch_over:
      return DeploymentState::switching;
    default:
      return DeploymentState::cancelling;  // discard
  }
}

struct OfStep {
  const Work& work;
  CommandBody operator()(const platform::Done& done) const {
    return StepDone{work.stage,    work.deployment.id, work.attempt,  step_of(work.kind),
                    done.artifact, done.built,         done.instances};
  }
  CommandBody operator()(const Error& error) const {
    return StepFailed{work.stage, work.deployment.id, work.attempt, step_of(work.kind), error.message};
  }
  CommandBody operator()(const platform::NotYet& later) const {
    return StepNotYet{work.stage,  work.deployment.id, work.attempt,          step_of(work.kind),
                      later.token, later.note,         later.look_again_after};
  }
};

struct OfChore {
  const Work& work;
  [[nodiscard]] ChoreResult result(ChoreOutcome outcome) const {
    ChoreResult out;
    out.stage = work.stage;
    out.chore = static_cast<int>(chore_of(work.kind));
    out.attempt = work.attempt;
    out.outcome = outcome;
    return out;
  }
  CommandBody operator()(const platform::Done& done) const {
    auto out = result(ChoreOutcome::done);
    out.instances = done.instances;
    out.made = done.artifact;
    return out;
  }
  CommandBody operator()(const Error& error) const {
    auto out = result(ChoreOutcome::failed);
    out.problem = error.message;
    return out;
  }
  CommandBody operator()(const platform::NotYet& later) const {
    auto out = result(ChoreOutcome::not_yet);
    out.token = later.token;
    out.look_again_after = later.look_again_after;
    return out;
  }
};

}  // namespace

bool is_chore(WorkKind kind) { return kind >= WorkKind::scale; }

std::vector<Command> commands_of(const Work& work, const platform::Advance& result) {
  const Actor actor{ActorKind::system, "sluice", Role::admin};
  if (is_chore(work.kind)) return {Command{actor, std::visit(OfChore{work}, result)}};
  std::vector<Command> out{Command{actor, std::visit(OfStep{work}, result)}};
  const auto* done = std::get_if<platform::Done>(&result);
  if (!done || !done->through) return out;
  for (auto next = step_after(work); next && next->kind <= *done->through; next = step_after(*next))
    out.push_back(Command{actor, OfStep{*next}(*done)});
  return out;
}

StepInLine in_line(const Work& build, std::size_t slots, bool over) {
  return {build.stage,
          build.deployment.id,
          build.attempt,
          DeploymentState::building,
          over ? std::string()
               : fmt::format("waiting for a free slot: this server builds {} at once (`sluice serve --builds`)", slots),
          over};
}

bool is_in_line(const Work& build) { return build.deployment.wait && build.deployment.wait->in_line; }

std::optional<Work> step_after(const Work& step) {
  if (step.kind >= WorkKind::switch_over) return std::nullopt;
  Work next = step;
  next.kind = static_cast<WorkKind>(static_cast<int>(step.kind) + 1);
  next.deployment.state = step_of(next.kind);
  return next;
}

}  // namespace sluice::conductor
