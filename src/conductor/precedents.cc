#include "conductor/precedents.h"

namespace sluice::conductor {
namespace {

using namespace pipeline;

bool is_pending(const Stack& stack, const std::string& stage, ChangeNumber change) {
  const Stage* found = find_stage(stack, stage);
  return found && found->approval && found->approval->change.number == change;
}

bool is_present(const Stack& stack, const DeploymentId& id) {
  const auto holds = [&](const Stage& stage) {
    return (stage.active && stage.active->id == id) || (stage.waiting && stage.waiting->id == id);
  };
  for (const Stage& stage : stack.stages)
    if (holds(stage)) return true;
  for (const Stage& stage : stack.leaving)
    if (holds(stage)) return true;
  return false;
}

// R8.3: the one that serves, or is switching in.
ChangeNumber serving(const Stage& stage) {
  if (stage.active && stage.active->state == DeploymentState::switching) return stage.active->change.number;
  return stage.current ? stage.current->change.number : 0;
}

struct Needs {
  const Stack& stack;
  bool operator()(const Approve& c) const { return !is_pending(stack, c.stage, c.change); }
  bool operator()(const Reject& c) const { return !is_pending(stack, c.stage, c.change); }
  bool operator()(const Retry&) const { return true; }
  bool operator()(const Rollback&) const { return true; }
  bool operator()(const Promote&) const { return true; }
  bool operator()(const Cancel& c) const { return !is_present(stack, c.deployment); }
  bool operator()(const AddStage& c) const { return !c.copy_from.empty(); }
  bool operator()(const SetStage&) const { return true; }
  bool operator()(const SaveSettings&) const { return true; }
  // Its success may adopt an older revision's settings (R8.3).
  bool operator()(const StepDone& c) const {
    const Stage* stage = find_stage(stack, c.stage);
    return stage && stage->active && stage->active->settings_then && c.step == DeploymentState::switching;
  }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }
};

struct Attach {
  Ledger& ledger;
  secrets::Secrets& secrets;
  const Stack& stack;

  // R8.3: the stage's configuration of then, too. Where it cannot be read the deployment will say so itself.
  void attach_config(const StageId& stage, std::optional<Precedent>& precedent) const {
    if (!precedent) return;
    if (auto then = secrets.read(stage, precedent->settings_revision)) precedent->config = then->config;
  }

  void operator()(Approve& c) const {
    if (!is_pending(stack, c.stage, c.change)) c.precedent = ledger.approval_precedent(stack, c.stage, c.change);
  }
  void operator()(Reject& c) const {
    if (!is_pending(stack, c.stage, c.change)) c.precedent = ledger.approval_precedent(stack, c.stage, c.change);
  }
  void operator()(Retry& c) const {
    const Stage* stage = find_stage(stack, c.stage);
    if (!stage) return;
    c.precedent =
        c.deployment.empty() ? ledger.retry_precedent(stage->id) : ledger.deployment_precedent(stage->id, c.deployment);
    if (c.precedent && c.precedent->settings_then) attach_config(stage->id, c.precedent);
  }
  void operator()(Rollback& c) const {
    const Stage* stage = find_stage(stack, c.stage);
    if (!stage) return;
    c.precedent = ledger.rollback_precedent(stage->id, c.to, serving(*stage));
    if (c.settings_then) attach_config(stage->id, c.precedent);
  }
  void operator()(Promote& c) const { ledger.promote_precedent(stack, c); }
  void operator()(Cancel& c) const {
    if (!is_present(stack, c.deployment)) c.end_state = ledger.deployment_state(c.deployment);
  }
  template <class Other>
  void operator()(Other&) const {}
};

}  // namespace

bool needs_history(const Stack& stack, const Command& command) { return std::visit(Needs{stack}, command.body); }

void attach_precedents(Ledger& ledger, secrets::Secrets& secrets, const Stack& stack, Command& command) {
  std::visit(Attach{ledger, secrets, stack}, command.body);
}

}  // namespace sluice::conductor
