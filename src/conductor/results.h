#pragma once
#include <string>

#include "pipeline/pipeline.h"
#include "platform/platform.h"

namespace sluice::conductor {

// The command that reports how a piece of work went, by the machinery itself.
pipeline::Command command_of(const pipeline::Work& work, const platform::Advance& result);

}  // namespace sluice::conductor
