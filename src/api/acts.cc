#include <fmt/format.h>

#include "api/edits.h"
#include "api/service.h"
#include "api/views.h"

// What a person makes a stage do (R8). Each answers 202 with the deployment it caused, or with the stage.
namespace sluice::api {
namespace {

Result<> no_body(const http::Request& request) {
  auto body = body_object(request);
  if (!body) return fail(body.error());
  return Fields(*body).end();
}

Answer submit(Service& service, const Call& call, pipeline::CommandBody command) {
  auto outcome =
      service.deps.conductor.submit(call.param("stack"), {call.actor(), std::move(command)}, {}, call.remember);
  if (!outcome) return fail(outcome.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, call.param("stage"));
  if (stage == nullptr) return fail(ErrorKind::conflict, call.param("stage") + " was deleted in between");
  if (auto queued = queued_by(*outcome, stage->id)) {
    auto row = service.deps.store.deployment(queued->id);
    if (!row) return fail(row.error());
    return answer(202, deployment_view(*row));
  }
  return fail(ErrorKind::conflict, "nothing was started: look at what " + stage->name + " is doing");
}

Answer submit_for_stage(Service& service, const Call& call, pipeline::CommandBody command) {
  if (auto nothing = no_body(call.request); !nothing) return fail(nothing.error());
  auto outcome =
      service.deps.conductor.submit(call.param("stack"), {call.actor(), std::move(command)}, {}, call.remember);
  if (!outcome) return fail(outcome.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, call.param("stage"));
  if (stage == nullptr) return fail(ErrorKind::conflict, call.param("stage") + " was deleted in between");
  return answer(202, stage_view(service, *outcome->stack, *stage));
}

}  // namespace

Answer retry(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto named = fields.text("deployment", 64);
  if (named && !named->starts_with("dep_"))
    fields.wrong("deployment", in_quotes(*named) +
                                   " is not a deployment's id, which begins with dep_; leave it out for "
                                   "the newest that failed or was cancelled");
  if (auto end = fields.end(); !end) return fail(end.error());
  pipeline::Retry command;
  command.stage = call.param("stage");
  command.deployment.value = named.value_or("");
  auto answered = submit(service, call, std::move(command));
  if (answered || !named || answered.error().kind != ErrorKind::not_found) return answered;
  auto elsewhere = service.deps.store.deployment(pipeline::DeploymentId{*named});
  if (!elsewhere || (elsewhere->stack_name == call.param("stack") && elsewhere->stage_name == call.param("stage")))
    return answered;
  return fail(ErrorKind::not_found, fmt::format("{} was a deployment to {} of {}; retry it there", *named,
                                                elsewhere->stage_name, elsewhere->stack_name));
}

Answer redeploy(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto rebuild = fields.flag("rebuild").value_or(false);
  if (auto end = fields.end(); !end) return fail(end.error());
  return submit(service, call, pipeline::Redeploy{call.param("stage"), rebuild});
}

Answer rollback(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  pipeline::Rollback command;
  command.stage = call.param("stage");
  // A deployment by its id, or a change by its number, written either way.
  if (const auto* to = fields.any("to"); to != nullptr && to->is_number()) {
    command.to = std::to_string(fields.number("to", 1, INT64_MAX).value_or(0));
  } else {
    command.to = fields.text("to", 64).value_or("");
  }
  command.settings_then = fields.word("settings", {"now", "then"}).value_or("now") == "then";
  command.pause = fields.flag("pause").value_or(false);
  command.build = fields.flag("build").value_or(false);
  if (auto end = fields.end(); !end) return fail(end.error());
  return submit(service, call, std::move(command));
}

Answer promote(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  pipeline::Promote command;
  command.stage = call.param("stage");
  command.change = fields.need_number("change", 1, INT64_MAX);
  if (auto end = fields.end(); !end) return fail(end.error());
  return submit(service, call, std::move(command));
}

Answer pause(Service& service, const Call& call) {
  return submit_for_stage(service, call, pipeline::Pause{call.param("stage")});
}
Answer resume(Service& service, const Call& call) {
  return submit_for_stage(service, call, pipeline::Resume{call.param("stage")});
}

Answer cancel(Service& service, const Call& call) {
  if (auto nothing = no_body(call.request); !nothing) return fail(nothing.error());
  const pipeline::DeploymentId id{call.param("deployment")};
  auto known = service.deps.store.deployment(id);
  if (!known) return fail(known.error());
  auto outcome = service.deps.conductor.cancel(id, call.actor());
  if (!outcome) return fail(outcome.error());
  auto row = service.deps.store.deployment(id);
  if (!row) return fail(row.error());
  return answer(202, deployment_view(*row));
}

}  // namespace sluice::api
