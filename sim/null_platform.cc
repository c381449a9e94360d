#include "null_platform.h"

namespace sluice::sim {

using namespace pipeline;
using platform::Done;

const NullPlatform::At* NullPlatform::at(const StageId& stage) const {
  const auto found = stages_.find(stage);
  return found == stages_.end() ? nullptr : &found->second;
}

Result<> NullPlatform::fence(At& at, Attempt attempt) {
  if (at.removed || attempt < at.highest) {
    ++refused_;
    return fail(ErrorKind::conflict, "attempt " + std::to_string(attempt) + " is over");
  }
  at.highest = attempt;
  return {};
}

// What makes something for a deployment also needs that attempt not to have been cleared away.
Result<> NullPlatform::open(At& at, Attempt attempt) {
  if (at.closed.contains(attempt)) {
    ++refused_;
    return fail(ErrorKind::conflict, "attempt " + std::to_string(attempt) + " was cleared away");
  }
  return fence(at, attempt);
}

void NullPlatform::route_to_current(At& at, const Work& work) {
  at.routed.reset();
  if (work.current && at.sets.contains(work.current->deployment)) at.routed = work.current->deployment;
}

Result<Done> NullPlatform::act(const Work& work, bool late) {
  At& at = stages_[work.stage];
  Done done;
  switch (work.kind) {
    case WorkKind::build:
      done.artifact = work.deployment.artifact_fixed ? work.deployment.artifact : built_(work);
      done.built = !work.deployment.artifact_fixed;
      return done;
    case WorkKind::publish:
    case WorkKind::provision:
    case WorkKind::release:
    case WorkKind::verify:
      if (auto passed = open(at, work.attempt); !passed) return fail(passed.error());
      return done;
    case WorkKind::start: {
      if (auto passed = open(at, work.attempt); !passed) return fail(passed.error());
      const bool is_there = at.sets.contains(work.deployment.id);
      Set& set = at.sets[work.deployment.id];
      set.attempt = work.attempt;
      set.artifact = work.deployment.artifact;
      if (!is_there || !late) set.instances = work.instances;
      done.instances = set.instances;
      return done;
    }
    case WorkKind::switch_over: {
      if (auto passed = open(at, work.attempt); !passed) return fail(passed.error());
      const auto set = at.sets.find(work.deployment.id);
      if (set == at.sets.end()) return fail(ErrorKind::failed, "nothing runs that could be switched to");
      if (!late) set->second.instances = work.instances;
      at.routed = work.deployment.id;
      done.instances = set->second.instances;
      return done;
    }
    case WorkKind::discard:
      at.closed.insert(work.attempt);
      if (at.routed == work.deployment.id) route_to_current(at, work);
      at.sets.erase(work.deployment.id);
      return done;
    case WorkKind::scale: {
      if (auto passed = fence(at, work.attempt); !passed) return fail(passed.error());
      const auto set = work.current ? at.sets.find(work.current->deployment) : at.sets.end();
      if (set == at.sets.end()) return fail(ErrorKind::failed, "nothing runs that could be scaled");
      set->second.instances = work.instances;
      done.instances = work.instances;
      return done;
    }
    case WorkKind::retire: {
      const std::optional<DeploymentId> current = work.current ? std::optional(work.current->deployment) : std::nullopt;
      if (at.routed && at.routed != current && at.sets.at(*at.routed).attempt <= work.attempt)
        route_to_current(at, work);
      for (Attempt attempt = 1; attempt <= work.attempt; ++attempt)
        if (!work.current || attempt != work.current->attempt) at.closed.insert(attempt);
      std::erase_if(at.sets,
                    [&](const auto& set) { return set.first != current && set.second.attempt <= work.attempt; });
      return done;
    }
    case WorkKind::back_up:
      done.artifact = "backup";
      return done;
    case WorkKind::restore:
    case WorkKind::copy_database:
      if (auto passed = fence(at, work.attempt); !passed) return fail(passed.error());
      return done;
    case WorkKind::remove:
      at.removed = true;
      at.routed.reset();
      at.sets.clear();
      return done;
  }
  return fail(ErrorKind::internal, "unknown work");
}

}  // namespace sluice::sim
