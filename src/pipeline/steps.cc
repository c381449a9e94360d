#include <fmt/format.h>
#include <algorithm>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

using S = DeploymentState;

// The active deployment a result speaks about, when deployment, attempt and step are the present ones; else it comes
// late or twice and changes nothing (R9.3).
template <class StepResult>
const Deployment* present(Deciding& d, const StepResult& result) {
  const Stage* at = find_stage(d.stack, result.stage);
  if (at == nullptr || !at->active) return nullptr;
  const Deployment& active = *at->active;
  const bool is_it = active.id == result.deployment && active.attempt == result.attempt && active.state == result.step;
  return is_it ? &active : nullptr;
}

// What the active deployment leaves behind is housekeeping from here on (R3.3); a leaving stage is removed as a whole.
void end_active(Deciding& d, const StageId& stage, S end, const std::string& step, const std::string& error) {
  const Deployment ended = *d.stage(stage).active;
  d.emit(DeploymentEnded{stage, ended.id, ended.change, end, step, error, 0, false});
  if (end == S::succeeded && ended.settings_then) {
    std::optional<StageConfig> config;
    if (ended.config_then) config = with_uncarried_of(*ended.config_then, d.stage(stage).config);
    d.emit(SettingsAdopted{stage, ended.settings_revision, d.stage(stage).settings_revision + 1, config});
  }
  if (!d.stage(stage).deleting) d.emit(RetireBegan{stage, ended.attempt});
}

void end_as_meant(Deciding& d, const StageId& stage) {
  const Ending ending = *d.stage(stage).active->ending;
  end_active(d, stage, ending.end, ending.end == S::failed ? name_of(ending.step) : "", ending.reason);
}

// R3.8: to the stage that is next in the order now.
void offer_onward(Deciding& d, const StageId& from, const Deployment& won) {
  const DeploymentKind meaning = won.meaning;
  if (meaning == DeploymentKind::redeploy || meaning == DeploymentKind::rollback) return;
  for (std::size_t i = 0; i + 1 < d.stack.stages.size(); ++i) {
    if (d.stack.stages[i].id == from) return offer(d, StageId{d.stack.stages[i + 1].id}, won.change);
  }
}

// The number of desired instances may have changed since they were started (R7.5).
S unless_desired_changed(const Stage& at, S next) {
  return at.active->instances == at.config.instances ? next : S::starting;
}

// Looks come every few seconds; where every worker was busy one is late, by no more than this.
constexpr Duration kUnlooked = std::chrono::minutes(5);

S next_step(const Stage& at, S done) {
  switch (done) {
    case S::building:
      return S::publishing;
    case S::publishing:
      return S::provisioning;
    case S::provisioning:
      return S::releasing;
    case S::releasing:
      return S::starting;
    case S::starting:
      return unless_desired_changed(at, S::verifying);
    default:
      return unless_desired_changed(at, S::switching);
  }
}

}  // namespace

std::optional<Duration> limit_of(S step, const Limits& limits) {
  switch (step) {
    case S::building:
      return limits.build;
    case S::publishing:
      return limits.publish;
    case S::provisioning:
      return limits.provision;
    case S::releasing:
      return limits.release;
    case S::starting:
      return limits.start;
    case S::verifying:
      return limits.verify;
    case S::switching:
      return limits.switching;
    default:
      return std::nullopt;
  }
}

bool is_in_line(const Deployment& deployment) { return deployment.wait && deployment.wait->in_line; }

Time waiting_since(const Deployment& deployment, Time now) {
  const auto& wait = deployment.wait;
  if (!wait || wait->in_line || !wait->since || now - deployment.look_again > kUnlooked) return now;
  return *wait->since;
}

std::string out_of_time(const Deployment& active, Duration limit, Time now) {
  const std::string step = name_of(active.state);
  if (!active.wait || now - active.look_again > kLongestPause)
    return fmt::format("{} did not finish within {}; its log says how far it came", step, human_duration(limit));
  constexpr std::string_view kWaiting = "waiting: ";
  std::string_view why = active.wait->reason;
  if (why.starts_with(kWaiting)) why.remove_prefix(kWaiting.size());
  return fmt::format("{} gave up after {}: {}; retry when that is mended", step, human_duration(limit), why);
}

Duration back_off(Time since, Time now) {
  if (now < since) return kLongestPause;  // the clock was put back
  return std::clamp<Duration>(now - since, std::chrono::seconds(1), kLongestPause);
}

void begin_cancel(Deciding& d, const StageId& stage, S end, const std::string& reason) {
  const Deployment& active = *d.stage(stage).active;
  if (active.state == S::cancelling) return;
  d.emit(CancelBegan{stage, active.id, Ending{end, reason, d.actor, active.state}});
}

Result<> on(Deciding& d, const StepDone& c) {
  const Deployment* active = present(d, c);
  if (active == nullptr) return {};
  const StageId stage = c.stage;
  if (c.step == S::cancelling) {
    end_as_meant(d, stage);
    return {};
  }
  if (c.step == S::building) {
    d.emit(ArtifactBuilt{stage, c.deployment, c.artifact.empty() ? active->artifact : c.artifact, c.built});
  }
  if (c.step == S::starting || (c.step == S::switching && c.instances != active->instances)) {
    d.emit(InstancesStarted{stage, c.deployment, c.instances});
  }
  if (c.step == S::switching) {
    const Deployment won = *d.stage(stage).active;
    end_active(d, stage, S::succeeded, "", "");
    offer_onward(d, stage, won);
    return {};
  }
  d.emit(StepBegan{stage, c.deployment, next_step(d.stage(stage), c.step)});
  return {};
}

Result<> on(Deciding& d, const StepFailed& c) {
  const Deployment* active = present(d, c);
  if (active == nullptr) return {};
  if (c.step != S::cancelling) {
    end_active(d, c.stage, S::failed, name_of(c.step),
               c.error.empty() ? fmt::format("{} failed", name_of(c.step)) : c.error);
  } else if (d.stage(c.stage).forced) {
    end_as_meant(d, c.stage);
  } else {
    d.emit(StepNoted{c.stage, c.deployment, active->token, c.error, d.now + back_off(active->step_at, d.now)});
  }
  return {};
}

Result<> on(Deciding& d, const StepNotYet& c) {
  const Deployment* active = present(d, c);
  if (active == nullptr) return {};
  const bool lasts = !c.note.empty() && d.now - waiting_since(*active, d.now) >= d.limits.wait;
  const Duration pause = std::clamp<Duration>(c.look_again_after, Duration(0), kLongestPause);
  d.emit(StepNoted{c.stage, c.deployment, c.token, c.note, d.now + pause});
  if (lasts && c.step != S::cancelling) {
    const Deployment& waits = *d.stage(c.stage).active;
    begin_cancel(d, c.stage, S::failed, out_of_time(waits, d.limits.wait, d.now));
  }
  return {};
}

Result<> on(Deciding& d, const StepInLine& c) {
  const Deployment* active = present(d, c);
  if (active == nullptr) return {};
  if (is_in_line(*active) != c.over) return {};
  d.emit(StepNoted{c.stage, c.deployment, active->token, c.over ? "" : c.reason, d.now,
                   c.over ? std::nullopt : std::optional(true)});
  return {};
}

}  // namespace sluice::pipeline
