#include <cassert>

#include "pipeline/deciding.h"

namespace sluice::pipeline {
namespace {

template <class T, class... Ts>
bool is_one_of(const CommandBody& body) {
  return std::holds_alternative<T>(body) || (std::holds_alternative<Ts>(body) || ...);
}

bool is_machinery(const CommandBody& body) {
  return is_one_of<StepDone, StepFailed, StepNotYet, StepInLine, ChoreResult, LayToRest, Rouse, Tick>(body);
}

// What may still be asked of a stack on its way out: to hurry.
bool speaks_to_a_leaving_stack(const CommandBody& body) {
  return is_one_of<DeleteStack, DeleteStage, Cancel>(body) || is_machinery(body);
}

}  // namespace

void Deciding::emit(EventBody body) {
  events.push_back(Event{now, actor, std::move(body)});
  apply_to(stack, events.back());
}

Stage& Deciding::stage(const StageId& id) {
  Stage* found = find_stage(stack, id);
  assert(found != nullptr);
  return *found;
}

Result<std::vector<Event>> decide(const Stack& stack, const Command& command, Time now, const Limits& limits) {
  if (auto allowed = may(stack, command); !allowed) return fail(allowed.error());
  if (stack.gone) {
    if (is_machinery(command.body)) return std::vector<Event>{};
    return fail(ErrorKind::not_found, "the stack " + stack.name + " was deleted");
  }
  if (stack.deleting && !speaks_to_a_leaving_stack(command.body)) {
    return fail(ErrorKind::conflict, "the stack " + stack.name + " is being deleted");
  }
  Deciding d{stack, command.actor, now, limits, {}};
  const auto done = std::visit([&](const auto& body) { return on(d, body); }, command.body);
  if (!done) return fail(done.error());
  settle(d);
  return std::move(d.events);
}

Result<> on(Deciding&, const Tick&) { return {}; }

}  // namespace sluice::pipeline
