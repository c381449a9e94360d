#pragma once
#include <functional>
#include <stop_token>

#include "pipeline/pipeline.h"
#include "platform/platform.h"

namespace sluice::conductor {

// What one turn of a worker is: a step, and after it those that are done at once, reported with it (Done::through).
// `step` is told whether the piece is the turn's own. One that is not and does not come to its end is begun again in a
// turn of its own, and says there what is wrong.
platform::Advance take_turn(const pipeline::Work& work, const std::stop_token& stop,
                            const std::function<bool(const pipeline::Work&)>& at_once,
                            const std::function<platform::Advance(const pipeline::Work&, bool own)>& step);

}  // namespace sluice::conductor
