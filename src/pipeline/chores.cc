#include <fmt/format.h>
#include <algorithm>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

const Chore* present(const Stage& at, ChoreKind kind) {
  if (kind == ChoreKind::scale) return at.scaling ? &at.scaling->chore : nullptr;
  if (kind == ChoreKind::retire) return at.retiring ? &*at.retiring : nullptr;
  if (kind == ChoreKind::task) return at.task ? &at.task->chore : nullptr;
  return at.deleting && !at.active ? &*at.deleting : nullptr;
}

void delay(Deciding& d, const ChoreResult& c, const Chore& chore, const std::string& problem) {
  const Duration pause = problem.empty() ? std::clamp<Duration>(c.look_again_after, Duration(0), kLongestPause)
                                         : back_off(chore.since, d.now);
  d.emit(ChoreDelayed{c.stage, static_cast<ChoreKind>(c.chore), c.token, problem, d.now + pause});
}

}  // namespace

Result<> on(Deciding& d, const ChoreResult& c) {
  if (c.chore < static_cast<int>(ChoreKind::scale) || c.chore > static_cast<int>(ChoreKind::task)) return {};
  const auto kind = static_cast<ChoreKind>(c.chore);
  const Stage* at = find_stage(d.stack, c.stage);
  const Chore* chore = at == nullptr ? nullptr : present(*at, kind);
  if (chore == nullptr || chore->attempt != c.attempt) return {};
  if (kind == ChoreKind::remove && c.outcome != ChoreOutcome::not_yet &&
      (c.outcome == ChoreOutcome::done || at->forced)) {
    d.emit(StageDeleted{StageId{at->id}, std::string(at->name)});
    return {};
  }
  if (c.outcome == ChoreOutcome::not_yet) {
    delay(d, c, *chore, "");
  } else if (kind == ChoreKind::task) {
    const bool failed = c.outcome == ChoreOutcome::failed;
    end_task(d, c.stage, c.made, failed ? (c.problem.empty() ? "it failed and did not say why" : c.problem) : "");
  } else if (c.outcome == ChoreOutcome::failed) {
    delay(d, c, *chore, c.problem.empty() ? "it failed and did not say why" : c.problem);
  } else if (kind == ChoreKind::retire) {
    d.emit(RetireEnded{c.stage});
  } else if (c.instances == at->scaling->to) {
    d.emit(ScaleEnded{c.stage, c.instances});
  } else {
    delay(d, c, *chore, fmt::format("{} of {} instances run", c.instances, at->scaling->to));
  }
  return {};
}

}  // namespace sluice::pipeline
