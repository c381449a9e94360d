#include <fmt/format.h>

#include "base/hours.h"
#include "pipeline/deciding.h"

// Stages that stop their instances for a while (R7.5): when nobody asks for anything, or outside their hours.
namespace sluice::pipeline {
namespace {

constexpr std::int64_t kShortestIdle = 10;
constexpr std::int64_t kLongestIdle = 7 * 24 * 3600;

bool is_about_to_serve(const Stage& at) { return at.active && at.active->state >= DeploymentState::starting; }

}  // namespace

Result<> check_rest(const StageConfig& config) {
  if (config.sleep_after && (*config.sleep_after < kShortestIdle || *config.sleep_after > kLongestIdle)) {
    return fail_field("sleep_after",
                      fmt::format("{} seconds is not between 10 seconds and 7 days; 0 is never", *config.sleep_after));
  }
  if (config.hours) {
    if (auto hours = Hours::parse(*config.hours); !hours) return fail_field("hours", hours.error().message);
  }
  return {};
}

void show_rest(Deciding& d, const StageId& stage) {
  const Stage& at = d.stage(stage);
  if (!at.current || at.current->instances != 0 || at.scaling || is_about_to_serve(at)) return;
  if (desired_instances(at) == 0) d.emit(ScaleBegan{stage, 0, at.attempt});
}

Result<> on(Deciding& d, const LayToRest& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at == nullptr || at->deleting || at->config.instances == 0) return {};
  if (c.why == RestCause::idle) {
    if (!at->config.sleep_after || at->rest || at->active || !at->current || at->current->instances == 0) return {};
  } else {
    if (!at->config.hours) return {};
    if (at->rest && at->rest->why == RestCause::hours && at->rest->until == c.until) return {};
  }
  d.emit(StageRested{c.stage, Rest{c.why, d.now, c.until}});
  show_rest(d, c.stage);
  return {};
}

Result<> on(Deciding& d, const Rouse& c) {
  const Stage* at = find_stage(d.stack, c.stage);
  if (at != nullptr && at->rest && at->rest->why == c.why) d.emit(StageRoused{c.stage});
  return {};
}

}  // namespace sluice::pipeline
