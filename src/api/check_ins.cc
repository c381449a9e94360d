#include "api/check_ins.h"

#include <spdlog/spdlog.h>

#include "api/api.h"

namespace sluice::api {

Result<CheckIns::Look> CheckIns::look(const std::string& stack_name, const pipeline::Actor& actor) {
  std::lock_guard lock(locks_[std::hash<std::string>{}(stack_name) % locks_.size()]);
  Look out;
  out.stack = conductor_.snapshot(stack_name);
  if (!out.stack || out.stack->gone || out.stack->deleting)
    return fail(ErrorKind::not_found, "there is no stack called " + stack_name);
  // Without starting a process where nothing moved: this looks at every stack at every start.
  auto commit = repositories_.tip_commit(out.stack->id, out.stack->source.branch);
  auto tip = commit && out.stack->newest && *commit == out.stack->newest->commit
                 ? Result<std::optional<source::Tip>>(source::Tip{*commit, "", {}, {}})
                 : repositories_.tip(out.stack->id, out.stack->source.branch);
  if (!tip) return fail(tip.error().while_("reading the tip of " + out.stack->source.branch));
  out.tip = *tip;
  if (!out.tip || (out.stack->newest && out.stack->newest->commit == out.tip->commit)) return out;

  pipeline::CheckIn command;
  command.commit = out.tip->commit;
  command.branch = out.stack->source.branch;
  command.message = out.tip->message;
  command.author = out.tip->author;
  command.authored_at = out.tip->authored_at;
  auto outcome = conductor_.submit(stack_name, {actor, command});
  if (!outcome) return fail(outcome.error());
  out.stack = outcome->stack;
  for (const auto& event : outcome->events)
    if (const auto* in = std::get_if<pipeline::CheckedIn>(&event.body)) out.change = in->change.number;
  return out;
}

int CheckIns::look_at_all(std::stop_token stop) {
  const pipeline::Actor system{pipeline::ActorKind::system, "sluice", pipeline::Role::admin};
  int moved = 0;
  for (const auto& stack : conductor_.snapshots()) {
    if (stop.stop_requested()) break;
    if (stack->source.kind != pipeline::SourceKind::hosted || stack->gone || stack->deleting) continue;
    auto looked = look(stack->name, system);
    if (!looked) {
      spdlog::warn("api: the repository of {} could not be looked at: {}", stack->name, looked.error().message);
    } else if (looked->change > 0) {
      spdlog::info("api: found change #{} of {} in its repository", looked->change, stack->name);
      ++moved;
    }
  }
  return moved;
}

int reconcile_tips(conductor::Conductor& conductor, source::Repositories& repositories) {
  return CheckIns(conductor, repositories).look_at_all({});
}

}  // namespace sluice::api
