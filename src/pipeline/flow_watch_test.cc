#include <fmt/format.h>

#include "pipeline/flow_test.h"

namespace sluice::pipeline::testing {
namespace {

using S = DeploymentState;

std::vector<Stage> everywhere(const Stack& stack) {
  std::vector<Stage> out = stack.stages;
  out.insert(out.end(), stack.leaving.begin(), stack.leaving.end());
  return out;
}

bool offers_onward(const Deployment& deployment) {
  return deployment.meaning != DeploymentKind::redeploy && deployment.meaning != DeploymentKind::rollback;
}

}  // namespace

void Watch::broken(const std::string& what) {
  if (broken_.empty()) broken_ = what;
}

void Watch::look(const Stack& at, const Event& event) {
  const auto reached = [&](const StageId& stage, const ChangeRef& change, const char* how) {
    if (!offered_.count({stage, change.number})) {
      broken(fmt::format("#{} was {} in {} without success before it", change.number, how, stage.value));
    }
  };
  if (const auto* e = std::get_if<CheckedIn>(&event.body)) {
    if (!at.stages.empty()) offered_.insert({at.stages.front().id, e->change.number});
  } else if (const auto* asked = std::get_if<ApprovalAsked>(&event.body)) {
    reached(asked->stage, asked->change, "asked about");
    if (!asked_.insert({asked->stage, asked->change.number}).second) broken("one approval was asked twice");
  } else if (const auto* decided = std::get_if<ApprovalDecided>(&event.body)) {
    asked_.erase({decided->stage, decided->change.number});
    if (decided->state == ApprovalState::approved) decided_.insert({decided->stage, decided->change.number});
  } else if (const auto* superseded = std::get_if<ApprovalSuperseded>(&event.body)) {
    asked_.erase({superseded->stage, superseded->change.number});
    if (superseded->by < superseded->change.number) broken("an approval was superseded by an older change");
  } else if (const auto* withdrawn = std::get_if<ApprovalWithdrawn>(&event.body)) {
    asked_.erase({withdrawn->stage, withdrawn->change.number});
  } else if (const auto* held = std::get_if<OfferHeld>(&event.body)) {
    reached(held->stage, held->change, "held");
    held_.insert({held->stage, held->change.number});
  } else if (const auto* passed = std::get_if<HeldSuperseded>(&event.body)) {
    held_.erase({passed->stage, passed->change.number});
  } else if (const auto* released = std::get_if<HeldReleased>(&event.body)) {
    held_.erase({released->stage, released->change.number});
  } else if (const auto* queued = std::get_if<DeploymentQueued>(&event.body)) {
    if (queued->deployment.kind == DeploymentKind::flow) reached(queued->stage, queued->deployment.change, "queued");
    if (!open_.insert(queued->deployment.id).second || closed_.count(queued->deployment.id))
      broken("a deployment's id came twice");
  } else if (const auto* started = std::get_if<DeploymentStarted>(&event.body)) {
    const Stage& stage = *find_stage(at, started->stage);
    if (stage.active) broken("two deployments in one stage");
    const bool by_flow = stage.waiting->kind == DeploymentKind::flow;
    if (by_flow && stage.paused) broken("flow started something in a paused stage");
    if (by_flow && stage.config.requires_approval && !decided_.count({stage.id, stage.waiting->change.number})) {
      broken(fmt::format("#{} runs in {} without a decision", stage.waiting->change.number, stage.name));
    }
  } else if (const auto* ended = std::get_if<DeploymentEnded>(&event.body)) {
    if (!is_end(ended->state)) broken("a deployment ended in a state that is no end");
    if (open_.erase(ended->deployment) == 0) broken("a deployment ended twice");
    closed_.insert(ended->deployment);
    const Stage& stage = *find_stage(at, ended->stage);
    if (ended->state != S::succeeded || !offers_onward(*stage.active)) return;
    for (std::size_t i = 0; i + 1 < at.stages.size(); ++i) {
      if (at.stages[i].id == ended->stage) offered_.insert({at.stages[i + 1].id, ended->change.number});
    }
  }
}

std::string Watch::see(const Stack& before, const std::vector<Event>& events, const Stack& after, Time now,
                       const Limits& limits) {
  Stack at = before;
  for (const Event& event : events) {
    look(at, event);
    at = apply(std::move(at), event);
  }
  if (at != after) broken("the events do not lead to the state");
  std::set<DeploymentId> open;
  std::set<std::pair<StageId, ChangeNumber>> asked, held;
  for (const Stage& stage : everywhere(after)) {
    if (stage.active) open.insert(stage.active->id);
    if (stage.waiting) open.insert(stage.waiting->id);
    if (stage.approval) asked.insert({stage.id, stage.approval->change.number});
    if (stage.held) held.insert({stage.id, stage.held->change.number});
    const Stage* was = find_stage(before, stage.id);
    if (was == nullptr) continue;
    if (stage.mark < was->mark) broken("a mark fell");
    if (stage.attempt < was->attempt) broken("an attempt fell");
    if (stage.settings_revision < was->settings_revision) broken("a settings revision fell");
    if (stage.current && stage.current->change.number > stage.mark) broken("something above the mark serves");
  }
  if (open != open_) broken("a deployment was lost without an end");
  if (asked != asked_) broken("an approval was lost without an end");
  if (held != held_) broken("a held offer was lost without an end");

  std::map<StageId, int> locks;
  std::set<std::string> keys;
  for (const Work& piece : work(after, now, limits).due) {
    if (!keys.insert(piece.key()).second) broken("one piece of work is due twice: " + piece.key());
    // Scaling touches what serves: beside a build, or a discard of what never served, but never beside a start or a
    // switch.
    const auto& active = find_stage(after, piece.stage)->active;
    const bool brings_instances =
        piece.kind == WorkKind::scale && active && active->state >= S::starting && active->state != S::cancelling;
    if ((piece.kind < WorkKind::scale || brings_instances) && ++locks[piece.stage] > 1) {
      broken("two pieces of work for one lock");
    }
  }
  const auto more = decide(after, Command{Actor{}, Tick{}}, now, limits);
  if (!more || !more->empty()) broken("it has not settled");
  return broken_;
}

}  // namespace sluice::pipeline::testing
