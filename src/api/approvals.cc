#include <fmt/format.h>

#include "api/differences.h"
#include "api/edits.h"
#include "api/service.h"
#include "api/views.h"
#include "base/codec.h"

// What a person decides, and what they see first (R4.3, R4.4, R4.8).
namespace sluice::api {
namespace {

// How the change fares in the stage before: whether it ran there at all, with how many instances, and whether it still
// does.
json::object previous_view(Service& service, const pipeline::Stack& stack, const pipeline::Stage& previous,
                           pipeline::ChangeNumber change) {
  json::object out;
  out["stage"] = previous.name;
  out["state"] = "not_reached";
  if (auto places = service.deps.store.where_is(stack, change)) {
    for (const auto& place : *places) {
      if (place.stage != previous.id) continue;
      out["state"] = place.state;
      if (place.deployment.empty()) continue;
      if (auto row = service.deps.store.deployment(place.deployment);
          row && row->state == pipeline::DeploymentState::succeeded)
        out["instances"] = row->instances;
    }
  }
  const bool current = previous.current && previous.current->change.number == change;
  out["current"] = current;
  if (previous.current) out["serves"] = previous.current->change.number;
  // R4.3: a rollback there since; a newer change is only the flow going on.
  out["rolled_back"] =
      previous.current && previous.current->change.number < change && out["state"].as_string() == "succeeded";
  return out;
}

struct Decision {
  std::int64_t change = 0;
  std::string comment;
};
Result<Decision> read_decision(const http::Request& request) {
  auto body = body_object(request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  Decision out;
  out.change = fields.need_number("change", 1, INT64_MAX);
  out.comment = fields.text("comment", 4096).value_or("");
  if (auto end = fields.end(); !end) return fail(end.error());
  return out;
}

// The decided approval, as history has it now.
json::object decided_view(Service& service, const pipeline::Stack& stack, const pipeline::Stage& stage,
                          const Decision& decision, pipeline::ApprovalState state) {
  if (auto row = service.deps.store.approval(stage.id, decision.change)) return approval_view(service, *row);
  return json::object{
      {"stack", stack.name}, {"stage", stage.name}, {"change", decision.change}, {"state", codec::enum_name(state)}};
}

}  // namespace

Answer show_approval(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto found = stage_of(**stack, call.param("stage"));
  if (!found) return fail(found.error());
  const auto& stage = **found;
  if (!stage.approval)
    return fail(ErrorKind::not_found,
                fmt::format("nothing waits for approval at {} of {}", stage.name, (*stack)->name));

  const auto& change = stage.approval->change;
  json::object out;
  out["stack"] = (*stack)->name;
  out["stage"] = stage.name;
  out["change"] = change.number;
  out["commit"] = change.commit;
  out["message"] = subject_of(service, (*stack)->id, change.number);
  out["state"] = "pending";
  out["since"] = to_rfc3339(stage.approval->since);
  if (stage.current) {
    out["from"] = json::object{{"change", stage.current->change.number},
                               {"commit", stage.current->change.commit},
                               {"message", subject_of(service, (*stack)->id, stage.current->change.number)}};
  }
  if (auto put =
          put_differences(service, (*stack)->id, stage.current ? stage.current->change.commit : "", change.commit, out);
      !put)
    return fail(put.error().while_("listing what will ship"));
  out["settings"] = json::array{};
  if (stage.current)
    if (auto names = settings_changed(service, stage.id, stage.current->settings_revision, stage.settings_revision))
      out["settings"] = std::move(*names);
  const auto& stages = (*stack)->stages;
  for (std::size_t i = 1; i < stages.size(); ++i)
    if (stages[i].id == stage.id) out["previous"] = previous_view(service, **stack, stages[i - 1], change.number);
  return answer(200, out);
}

Answer approve(Service& service, const Call& call) {
  auto decision = read_decision(call.request);
  if (!decision) return fail(decision.error());
  const auto& name = call.param("stage");
  auto outcome = service.deps.conductor.submit(
      call.param("stack"), {call.actor(), pipeline::Approve{name, decision->change, decision->comment, {}}}, {},
      call.remember);
  if (!outcome) return fail(outcome.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, name);
  if (stage == nullptr) return fail(ErrorKind::conflict, name + " was deleted in between");
  if (auto queued = queued_by(*outcome, stage->id)) {
    auto row = service.deps.store.deployment(queued->id);
    if (!row) return fail(row.error());
    return answer(202, deployment_view(*row));
  }
  // The same decision twice is one decision: its deployment is the newest of that change here (R4.4).
  auto places = service.deps.store.where_is(*outcome->stack, decision->change);
  if (!places) return fail(places.error());
  for (const auto& place : *places) {
    if (place.stage != stage->id || place.deployment.empty()) continue;
    auto row = service.deps.store.deployment(place.deployment);
    if (!row) return fail(row.error());
    return answer(202, deployment_view(*row));
  }
  return answer(200, decided_view(service, *outcome->stack, *stage, *decision, pipeline::ApprovalState::approved));
}

Answer reject(Service& service, const Call& call) {
  auto decision = read_decision(call.request);
  if (!decision) return fail(decision.error());
  const auto& name = call.param("stage");
  auto outcome = service.deps.conductor.submit(
      call.param("stack"), {call.actor(), pipeline::Reject{name, decision->change, decision->comment, {}}}, {},
      call.remember);
  if (!outcome) return fail(outcome.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, name);
  if (stage == nullptr) return fail(ErrorKind::conflict, name + " was deleted in between");
  return answer(200, decided_view(service, *outcome->stack, *stage, *decision, pipeline::ApprovalState::rejected));
}

Answer list_approvals(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  std::optional<pipeline::ApprovalState> state;
  if (auto text = query_text(call.request, "state")) {
    state = codec::enum_from<pipeline::ApprovalState>(*text);
    if (!state)
      return fail_field("state",
                        "must be pending, approved, rejected, superseded or withdrawn, not " + in_quotes(*text));
  }
  store::ApprovalFilter filter;
  filter.state = state;
  auto change = query_change(call.request);
  if (!change) return fail(change.error());
  filter.change = *change;
  const auto stage = query_text(call.request, "stage");
  if (auto name = query_text(call.request, "stack")) {
    auto stack = service.stack(*name);
    if (!stack) return fail(stack.error());
    filter.stack = (*stack)->id;
    if (stage) {
      auto found = stage_of(**stack, *stage);
      if (!found) return fail(found.error());
      filter.stage = (*found)->id;
    }
  } else if (stage || filter.change > 0) {
    return fail_field("stack", "must be given with stage and change");
  }
  auto rows = service.deps.store.approvals(filter, query_after(call.request), *limit);
  if (!rows) return fail(rows.error());
  json::array items;
  for (const auto& row : rows->items) {
    auto one = approval_view(service, row);
    if (row.state == pipeline::ApprovalState::pending) {
      auto stack = service.stack(row.stack_name);
      const auto* here = stack && (*stack)->id == row.stack ? pipeline::find_stage(**stack, row.stage_name) : nullptr;
      auto commits = here ? commits_between(service, row.stack, here->current ? here->current->change.commit : "",
                                            row.change.commit)
                          : std::nullopt;
      if (commits) one["commits"] = *commits;
    }
    items.push_back(std::move(one));
  }
  return answer_page(std::move(items), rows->next);
}

}  // namespace sluice::api
