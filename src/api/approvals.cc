#include <fmt/format.h>

#include "api/edits.h"
#include "api/service.h"
#include "api/views.h"
#include "base/codec.h"

// What a person decides, and what they see first (R4.3, R4.4, R4.8).
namespace sluice::api {
namespace {

constexpr std::size_t kCommitsShown = 200, kFilesShown = 300;

const char* word_of(source::Direction direction) {
  switch (direction) {
    case source::Direction::same:
      return "same";
    case source::Direction::forward:
      return "forward";
    case source::Direction::back:
      return "back";
    case source::Direction::sideways:
      return "sideways";
    case source::Direction::unknown:
      return "unknown";
  }
  return "unknown";
}

// "build/NAME" and "runtime/NAME" of variables, and the settings by their names, that differ between two revisions.
json::array settings_changed(Service& service, const pipeline::Stage& stage) {
  json::array out;
  if (!stage.current || stage.current->settings_revision == stage.settings_revision) return out;
  auto then = service.deps.secrets.read(stage.id, stage.current->settings_revision);
  auto now = service.deps.secrets.read(stage.id, stage.settings_revision);
  if (!then || !now) return out;
  auto differ = [&](const char* kind, const secrets::Variables& a, const secrets::Variables& b) {
    for (const auto& [name, variable] : b) {
      auto old = a.find(name);
      if (old == a.end() || old->second != variable) out.push_back(json::string(std::string(kind) + "/" + name));
    }
    for (const auto& [name, variable] : a)
      if (!b.contains(name)) out.push_back(json::string(std::string(kind) + "/" + name));
  };
  differ("build", then->build, now->build);
  differ("runtime", then->runtime, now->runtime);
  if (then->config.endpoint != now->config.endpoint) out.push_back("endpoint");
  if (then->config.caching != now->config.caching) out.push_back("caching");
  if (then->config.access != now->config.access) out.push_back("access");
  if (then->config.database != now->config.database) out.push_back("database");
  return out;
}

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

json::array commits_view(const std::vector<source::Commit>& commits) {
  json::array out;
  for (const auto& commit : commits) {
    out.push_back(json::object{{"commit", commit.commit},
                               {"message", commit.message},
                               {"author", json::object{{"name", commit.author.name}, {"email", commit.author.email}}},
                               {"at", to_rfc3339(commit.at)}});
  }
  return out;
}

json::object files_view(const source::Difference& difference) {
  json::array files;
  for (const auto& file : difference.files) {
    json::object one{{"path", file.path}};
    if (!file.was.empty()) one["was"] = file.was;
    if (file.binary) {
      one["binary"] = true;
    } else {
      one["added"] = file.added;
      one["removed"] = file.removed;
    }
    files.push_back(std::move(one));
  }
  return json::object{
      {"total", difference.total}, {"added", difference.added}, {"removed", difference.removed}, {"items", files}};
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
  const std::string from = stage.current ? stage.current->change.commit : "";
  auto& repositories = service.deps.repositories;
  if (stage.current) {
    json::object running{{"change", stage.current->change.number}, {"commit", from}};
    running["message"] = subject_of(service, (*stack)->id, stage.current->change.number);
    out["from"] = std::move(running);
    out["direction"] = word_of(repositories.direction((*stack)->id, from, change.commit));
  } else {
    out["direction"] = "forward";
  }
  std::size_t total = 0;
  auto commits = repositories.commits_between((*stack)->id, from, change.commit, kCommitsShown, &total);
  if (!commits) return fail(commits.error().while_("listing what will ship"));
  out["total"] = total;
  out["commits"] = commits_view(*commits);
  // Going back, what ships is that these go away.
  if (stage.current && out["direction"].as_string() != "forward" && out["direction"].as_string() != "same") {
    std::size_t dropped = 0;
    if (auto gone = repositories.commits_between((*stack)->id, change.commit, from, kCommitsShown, &dropped)) {
      out["dropped_total"] = dropped;
      out["dropped"] = commits_view(*gone);
    }
  }
  // What git cannot compare, such as a commit that is gone, keeps nobody from deciding.
  if (stage.current)
    if (auto files = repositories.files_between((*stack)->id, from, change.commit, kFilesShown))
      out["files"] = files_view(*files);
  out["settings"] = settings_changed(service, stage);
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
