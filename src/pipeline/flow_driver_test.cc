#include <fmt/format.h>
#include <gtest/gtest.h>
#include <boost/describe/enum_to_string.hpp>

#include "pipeline/flow_test.h"

namespace sluice::pipeline::testing {
namespace {

using S = DeploymentState;

std::string name(S state) { return boost::describe::enum_to_string(state, "?"); }

std::string brief(const Deployment& deployment) {
  std::string kind;
  if (deployment.kind != DeploymentKind::flow)
    kind = std::string(boost::describe::enum_to_string(deployment.kind, "?")) + " ";
  return fmt::format("{}#{}", kind, deployment.change.number);
}

struct NameOf {
  template <class E>
  std::string operator()(const E&) const {
    std::string text = __PRETTY_FUNCTION__;
    const std::size_t end = text.find_first_of(";]", text.find("E = "));
    const std::string whole = text.substr(0, end);
    return whole.substr(whole.rfind(':') + 1);
  }
};

}  // namespace

Actor ann() { return {ActorKind::user, "ann", Role::admin}; }
Actor dora() { return {ActorKind::user, "dora", Role::developer}; }
Actor vic() { return {ActorKind::user, "vic", Role::viewer}; }
Actor machine() { return {}; }

Flow::Flow(Gate first) : now(std::chrono::hours(24 * 365 * 50)), actor_(ann()) {
  StageConfig config;
  config.requires_approval = first.approval;
  config.instances = first.instances;
  take(create(StackId{"stk_aaaabbbb"}, "shop", Source{}, "", config, actor_, now));
}

void Flow::take(Result<std::vector<Event>> result) {
  events.clear();
  error_.reset();
  if (!result) {
    error_ = result.error();
    EXPECT_FALSE(error_->message.empty());
    return;
  }
  events = *result;
  const Stack before = stack;
  for (const Event& event : events) {
    history.see(stack, event);
    stack = apply(stack, event);
    all.push_back(event);
  }
  const std::string broken = watch_.see(before, events, stack, now, limits);
  if (!broken.empty()) throw std::runtime_error(broken + " in " + see());
}

Flow& Flow::give(CommandBody body) {
  take(decide(stack, Command{actor_, std::move(body)}, now, limits));
  return *this;
}

Flow& Flow::as(const Actor& actor) {
  actor_ = actor;
  return *this;
}

Flow& Flow::add(const std::string& stage, Gate gate, const std::string& before, const std::string& after) {
  AddStage command;
  command.name = stage;
  command.before = before;
  command.after = after;
  command.config.requires_approval = gate.approval;
  command.config.instances = gate.instances;
  return give(command);
}

Flow& Flow::check_in() { return check_in(fmt::format("{:040x}", ++commits_)); }

Flow& Flow::check_in(const std::string& commit) {
  CheckIn command;
  command.commit = commit;
  command.branch = "main";
  return give(command);
}

Flow& Flow::approve(const std::string& stage, ChangeNumber change) {
  return give(Approve{stage, change, "", history.approval(stage, change)});
}

Flow& Flow::reject(const std::string& stage, ChangeNumber change) {
  return give(Reject{stage, change, "not today", history.approval(stage, change)});
}

Flow& Flow::retry(const std::string& stage) {
  const Stage* at_stage = find_stage(stack, stage);
  return give(Retry{stage, at_stage == nullptr ? std::nullopt : history.retry(at_stage->id)});
}

Flow& Flow::redeploy(const std::string& stage) { return give(Redeploy{stage, false}); }

Flow& Flow::rollback(const std::string& stage, ChangeNumber to, bool settings_then, bool pause) {
  Rollback command;
  command.stage = stage;
  command.settings_then = settings_then;
  command.pause = pause;
  if (const Stage* at_stage = find_stage(stack, stage)) command.precedent = history.rollback(*at_stage, to);
  return give(command);
}

Flow& Flow::promote(const std::string& stage, ChangeNumber change) {
  Promote command;
  command.stage = stage;
  command.change = change;
  history.fill(stack, command);
  return give(command);
}

Flow& Flow::pause(const std::string& stage) { return give(Pause{stage}); }
Flow& Flow::resume(const std::string& stage) { return give(Resume{stage}); }

Flow& Flow::cancel(const std::string& stage) {
  const DeploymentId id = at(stage).active.value().id;
  return give(Cancel{id, ""});
}

Flow& Flow::cancel_waiting(const std::string& stage) {
  const DeploymentId id = at(stage).waiting.value().id;
  return give(Cancel{id, ""});
}

Flow& Flow::require_approval(const std::string& stage, bool required) {
  SetStage command;
  command.stage = stage;
  command.requires_approval = required;
  return give(command);
}

Flow& Flow::instances(const std::string& stage, std::int64_t desired) {
  SetStage command;
  command.stage = stage;
  command.instances = desired;
  return give(command);
}

Flow& Flow::save(const std::string& stage) { return give(SaveSettings{stage, {"runtime/COLOR"}}); }
Flow& Flow::remove(const std::string& stage, bool force) { return give(DeleteStage{stage, force}); }

std::vector<Work> Flow::works() const { return work(stack, now, limits).due; }

CommandBody Flow::done(const Work& work) {
  if (work.kind >= WorkKind::scale) {
    const int chore = std::min(static_cast<int>(work.kind) - static_cast<int>(WorkKind::scale), 3);  // a ChoreKind
    return ChoreResult{work.stage,   chore, work.attempt, ChoreOutcome::done, work.instances,
                       std::nullopt, "",    {},           "a backup"};
  }
  const std::string artifact =
      work.deployment.artifact_fixed ? work.deployment.artifact : "sha256-" + work.deployment.change.commit;
  return StepDone{work.stage, work.deployment.id, work.attempt, work.deployment.state, artifact, true, work.instances};
}

CommandBody Flow::failed(const Work& work, const std::string& error) {
  if (work.kind >= WorkKind::scale) {
    const int chore = std::min(static_cast<int>(work.kind) - static_cast<int>(WorkKind::scale), 3);  // a ChoreKind
    return ChoreResult{work.stage, chore, work.attempt, ChoreOutcome::failed, 0, std::nullopt, error, {}, ""};
  }
  return StepFailed{work.stage, work.deployment.id, work.attempt, work.deployment.state, error};
}

namespace {

bool is_of_a_deployment(const Work& work) { return work.kind < WorkKind::scale; }

}  // namespace

void Flow::finish(const std::string& stage, S until) {
  const Actor who = actor_;
  as(machine());
  const StageId id = at(stage).id;
  const DeploymentId deployment = at(stage).active.value().id;
  for (int i = 0; i < 50; ++i) {
    const Stage* now_at = find_stage(stack, id);
    const bool goes_on = now_at != nullptr && now_at->active && now_at->active->id == deployment;
    if (!goes_on || now_at->active->state == until) break;
    for (const Work& piece : works()) {
      if (piece.stage == id && (is_of_a_deployment(piece) || piece.kind == WorkKind::scale)) {
        give(done(piece));
        break;
      }
    }
  }
  as(who);
}

Flow& Flow::succeed(const std::string& stage) {
  finish(stage, S::succeeded);
  return *this;
}

Flow& Flow::run_to(const std::string& stage, S state) {
  finish(stage, state);
  EXPECT_EQ(name(at(stage).active.value().state), name(state));
  return *this;
}

Flow& Flow::fail(const std::string& stage, const std::string& error) {
  const Actor who = actor_;
  as(machine());
  const StageId id = at(stage).id;
  for (const Work& piece : works()) {
    if (piece.stage == id && is_of_a_deployment(piece)) {
      give(failed(piece, error));
      break;
    }
  }
  return as(who);
}

Flow& Flow::discard(const std::string& stage) {
  EXPECT_EQ(name(at(stage).active.value().state), "cancelling");
  finish(stage, S::succeeded);
  return *this;
}

Flow& Flow::chores() {
  const Actor who = actor_;
  as(machine());
  for (const Work& piece : works()) {
    if (!is_of_a_deployment(piece)) give(done(piece));
  }
  return as(who);
}

Flow& Flow::rest() {
  const Actor who = actor_;
  as(machine());
  for (int i = 0;; ++i) {
    if (i > 3000) throw std::runtime_error("it does not come to rest: " + see() + "; due: " + due());
    const Due next = work(stack, now, limits);
    if (!next.due.empty()) {
      give(done(next.due[static_cast<std::size_t>(i) % next.due.size()]));
    } else if (next.next_wake) {
      pass(std::max(Duration(0), *next.next_wake - now));
    } else {
      break;
    }
  }
  return as(who);
}

Flow& Flow::pass(Duration time) {
  now += time;
  const Actor who = actor_;
  as(machine()).give(Tick{});
  return as(who);
}

std::string Flow::see() const {
  std::string out;
  for (const Stage& stage : stack.stages) {
    if (!out.empty()) out += " | ";
    out += stage.name;
    if (stage.current) out += fmt::format(" #{}", stage.current->change.number);
    if (stage.active) out += (stage.active->state == S::cancelling ? " cancels " : " runs ") + brief(*stage.active);
    if (stage.waiting) out += " waits " + brief(*stage.waiting);
    if (stage.approval) out += fmt::format(" asks #{}", stage.approval->change.number);
    if (stage.held) out += fmt::format(" holds #{}", stage.held->change.number);
    if (stage.paused) out += " paused";
  }
  return out;
}

std::string Flow::refused() const { return error_ ? error_->message : ""; }

ErrorKind Flow::refusal() const {
  EXPECT_TRUE(error_.has_value());
  return error_ ? error_->kind : ErrorKind::internal;
}

std::string Flow::happened() const {
  std::string out;
  for (const Event& event : events) out += (out.empty() ? "" : " ") + std::visit(NameOf{}, event.body);
  return out;
}

std::string Flow::ended(const std::string& stage) const {
  std::string out;
  for (const Ended& one : history.ended) {
    if (one.stage != at(stage).id) continue;
    out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", brief(one.deployment), name(one.state),
                       one.returned ? " (returned)" : "");
  }
  return out;
}

std::string Flow::due() const {
  std::string out;
  for (const Work& piece : works()) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", piece.stage_name,
                       boost::describe::enum_to_string(piece.kind, "?"));
    if (piece.kind == WorkKind::scale) out += fmt::format(" {}", piece.instances);
  }
  return out;
}

const Stage& Flow::at(const std::string& stage) const {
  if (const Stage* found = find_stage(stack, stage)) return *found;
  for (const Stage& leaving : stack.leaving) {
    if (leaving.name == stage) return leaving;
  }
  throw std::runtime_error("there is no stage " + stage);
}

Stack Flow::replayed() const {
  Stack out;
  for (const Event& event : all) out = apply(std::move(out), event);
  return out;
}

}  // namespace sluice::pipeline::testing
