#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "pipeline/pipeline.h"
#include "platform/platform.h"

namespace sluice::conductor {

// Chores go on beside deployments, and are no steps of one.
bool is_chore(pipeline::WorkKind kind);

// The commands that report how a piece of work went, by the machinery itself: one, and one more for each step that was
// done with it (Done::through).
std::vector<pipeline::Command> commands_of(const pipeline::Work& work, const platform::Advance& result);

// That a build waits for one of the server's `slots`; over: that it has one.
pipeline::StepInLine in_line(const pipeline::Work& build, std::size_t slots, bool over);
// Whether the state says that it waits for one.
bool is_in_line(const pipeline::Work& build);

// The step of the same deployment that comes after `step`; nothing after the last, and after what is no step.
std::optional<pipeline::Work> step_after(const pipeline::Work& step);

}  // namespace sluice::conductor
