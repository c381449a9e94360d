#include "conductor/turn.h"

#include "conductor/results.h"

namespace sluice::conductor {

platform::Advance take_turn(const pipeline::Work& work, const std::stop_token& stop,
                            const std::function<bool(const pipeline::Work&)>& at_once,
                            const std::function<platform::Advance(const pipeline::Work&, bool own)>& step) {
  auto result = step(work, true);
  auto* done = std::get_if<platform::Done>(&result);
  if (!done) return result;
  for (auto next = step_after(work); next && !stop.stop_requested(); next = step_after(*next)) {
    if (!done->artifact.empty()) next->deployment.artifact = done->artifact;
    if (!at_once(*next) || !std::holds_alternative<platform::Done>(step(*next, false))) break;
    done->through = next->kind;
  }
  return result;
}

}  // namespace sluice::conductor
