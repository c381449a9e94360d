#include <fmt/format.h>
#include <boost/describe/enum_to_string.hpp>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

using S = DeploymentState;

// A chore is never given up.
constexpr auto kFarAway = std::chrono::hours(24 * 365 * 100);

struct Looking {
  const Stack& stack;
  Time now;
  const Limits& limits;
  Due out;

  void wake(Time at) {
    if (!out.next_wake || at < *out.next_wake) out.next_wake = at;
  }
  // Whether it may be looked at again now; else when.
  bool is_ready(Time look_again) {
    // One further away than any is set was set before the clock was put back.
    if (look_again <= now || look_again > now + kLongestPause) return true;
    wake(look_again);
    return false;
  }
  Work piece(WorkKind kind, const Stage& stage) const {
    Work work;
    work.kind = kind;
    work.stack = stack.id;
    work.stack_name = stack.name;
    work.stage = stage.id;
    work.stage_name = stage.name;
    work.config = stage.config;
    work.current = stage.current;
    work.instances = stage.config.instances;
    work.forced = stage.forced;
    work.rest = stage.rest;
    return work;
  }
  void step(WorkKind kind, const Stage& stage, Time deadline) {
    Work work = piece(kind, stage);
    work.deployment = *stage.active;
    work.attempt = stage.active->attempt;
    work.token = stage.active->token;
    work.deadline = deadline;
    out.due.push_back(std::move(work));
  }
  void chore(WorkKind kind, const Stage& stage, const Chore& chore) {
    if (!is_ready(chore.look_again)) return;
    Work work = piece(kind, stage);
    work.attempt = chore.attempt;
    work.token = chore.token;
    work.deadline = chore.since + kFarAway;
    if (kind == WorkKind::scale) work.instances = stage.scaling->to;
    if (&chore == (stage.task ? &stage.task->chore : nullptr)) work.task = stage.task;
    out.due.push_back(std::move(work));
  }

  static WorkKind kind_of(S step) {
    switch (step) {
      case S::building:
        return WorkKind::build;
      case S::publishing:
        return WorkKind::publish;
      case S::provisioning:
        return WorkKind::provision;
      case S::releasing:
        return WorkKind::release;
      case S::starting:
        return WorkKind::start;
      case S::verifying:
        return WorkKind::verify;
      default:
        return WorkKind::switch_over;
    }
  }

  // A scale that failed does not stand in the way of the deployment that may well mend it. Where that does not succeed
  // it is due again: how many run now nobody knows.
  static bool makes_way(const Stage& stage) {
    if (!stage.active || stage.active->state < S::starting || stage.scaling->chore.problem.empty()) return false;
    return stage.active->state > S::starting || stage.scaling->chore.look_again > stage.active->step_at;
  }

  void deployment(const Stage& stage) {
    const Deployment& active = *stage.active;
    if (active.state == S::cancelling) {
      if (is_ready(active.look_again)) step(WorkKind::discard, stage, now + limits.discard);
      return;
    }
    const auto limit = limit_of(active.state, limits);
    if (!limit) return;
    const bool in_line = is_in_line(active);
    const Time deadline = (in_line ? now : active.step_at) + *limit;
    if (!in_line) wake(deadline);
    if (deadline <= now || !is_ready(active.look_again)) return;
    if (active.state == S::starting && stage.scaling && !makes_way(stage)) return;  // R7.5: one at a time
    step(kind_of(active.state), stage, deadline);
  }

  static WorkKind kind_of(TaskKind task) {
    if (task == TaskKind::backup) return WorkKind::back_up;
    return task == TaskKind::restore ? WorkKind::restore : WorkKind::copy_database;
  }

  void at(const Stage& stage) {
    if (stage.active) deployment(stage);
    if (stage.scaling && !makes_way(stage)) chore(WorkKind::scale, stage, stage.scaling->chore);
    if (stage.retiring) chore(WorkKind::retire, stage, *stage.retiring);
    if (stage.task) chore(kind_of(stage.task->kind), stage, stage.task->chore);
    if (stage.backup_due && !stage.task && !is_backup_due(stage, now, limits)) wake(*stage.backup_due);
    if (stage.deleting && !stage.active) chore(WorkKind::remove, stage, *stage.deleting);
  }
};

}  // namespace

std::string Work::key() const {
  const char* what = boost::describe::enum_to_string(kind, "?");
  if (kind == WorkKind::scale) return fmt::format("{}/{}/{}/{}", stage.value, what, attempt, instances);
  return fmt::format("{}/{}/{}/{}", stage.value, what, attempt, deployment.id.value);
}

Due work(const Stack& stack, Time now, const Limits& limits) {
  Looking looking{stack, now, limits, {}};
  if (stack.gone) return {};
  for (const Stage& stage : stack.stages) looking.at(stage);
  for (const Stage& stage : stack.leaving) looking.at(stage);
  return std::move(looking.out);
}

}  // namespace sluice::pipeline
