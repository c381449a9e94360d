#include <fmt/format.h>
#include <boost/describe/enum_to_string.hpp>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

// What became of the change that was named (R4.4); nothing when it is the same decision by the same person again.
Result<> not_pending(const Deciding& d, const std::string& stage, ChangeNumber change, ApprovalState wanted,
                     const std::optional<ApprovalPrecedent>& precedent) {
  const auto conflict = [](std::string words) { return fail(ErrorKind::conflict, std::move(words)); };
  const Stage* at = find_stage(d.stack, stage);
  if (precedent) {
    const ApprovalPrecedent& was = *precedent;
    if (was.state == wanted && was.by == d.actor.name && !was.stage_gone) return {};
    std::string fate =
        fmt::format("change {} was {} in {}", number(change), boost::describe::enum_to_string(was.state, "?"), stage);
    if (was.state == ApprovalState::superseded && was.superseded_by > 0) {
      fate = fmt::format("change {} was superseded by {} in {}", number(change), number(was.superseded_by), stage);
    }
    if (was.state == ApprovalState::approved || was.state == ApprovalState::rejected) {
      fate = fmt::format("change {} was {} by {} in {}", number(change),
                         boost::describe::enum_to_string(was.state, "?"), was.by, stage);
    }
    if (!was.deployment_state.empty()) fate += fmt::format("; its deployment: {}", was.deployment_state);
    if (was.stage_gone) fate += "; the stage was deleted";
    if (was.state != ApprovalState::pending || was.stage_gone) return conflict(fate);
  }
  if (at == nullptr) return fail(no_stage(d.stack, stage));
  if (at->held && at->held->change.number == change) {
    return conflict(
        fmt::format("change {} is held at {}; resume the stage, then it can be decided on", number(change), stage));
  }
  if (at->approval) {
    return conflict(fmt::format("change {} does not wait for approval in {}; {} does", number(change), stage,
                                number(at->approval->change.number)));
  }
  return conflict(fmt::format("change {} does not wait for approval in {}; nothing does", number(change), stage));
}

bool is_pending(const Deciding& d, const std::string& stage, ChangeNumber change) {
  const Stage* at = find_stage(d.stack, stage);
  return at != nullptr && at->approval && at->approval->change.number == change;
}

}  // namespace

Result<> on(Deciding& d, const Approve& c) {
  if (c.change <= 0) return fail_field("change", "say which change is approved by its number");
  if (!is_pending(d, c.stage, c.change)) return not_pending(d, c.stage, c.change, ApprovalState::approved, c.precedent);
  const Stage& at = *find_stage(d.stack, c.stage);
  if (at.paused) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is paused; resume it, then approve {}", c.stage, number(c.change)));
  }
  if (const Deployment* waits = undisplaceable(at)) {
    return fail(ErrorKind::conflict, fmt::format("{} waits in {}; approve {} when it has started, or cancel it",
                                                 words_for(*waits), c.stage, number(c.change)));
  }
  Deployment deployment;
  deployment.change = at.approval->change;
  deployment.decided = true;
  d.emit(ApprovalDecided{at.id, deployment.change, ApprovalState::approved, c.comment});
  queue(d, at.id, std::move(deployment));
  return {};
}

Result<> on(Deciding& d, const Reject& c) {
  if (c.change <= 0) return fail_field("change", "say which change is rejected by its number");
  if (!is_pending(d, c.stage, c.change)) return not_pending(d, c.stage, c.change, ApprovalState::rejected, c.precedent);
  const Stage& at = *find_stage(d.stack, c.stage);
  d.emit(ApprovalDecided{at.id, ChangeRef{at.approval->change}, ApprovalState::rejected, c.comment});
  return {};
}

}  // namespace sluice::pipeline
