#include "api/views.h"

#include "api/service.h"
#include "base/codec.h"
#include "base/utf8.h"

namespace sluice::api {
namespace {

using codec::enum_name;
using pipeline::DeploymentState;

std::string subject_in(const store::ChangeRow& row) {
  return std::string(utf8_beginning(first_line(row.message), 200));
}

json::object author_view(const pipeline::Author& author) { return {{"name", author.name}, {"email", author.email}}; }

json::object current_view(Service& service, const pipeline::Stack& stack, const pipeline::Current& current) {
  json::object out;
  out["deployment"] = current.deployment.value;
  out["change"] = current.change.number;
  out["commit"] = current.change.commit;
  if (auto subject = subject_of(service, stack.id, current.change.number); !subject.empty()) out["message"] = subject;
  out["artifact"] = current.artifact;
  out["settings_revision"] = current.settings_revision;
  out["since"] = to_rfc3339(current.since);
  return out;
}

json::object brief_view(const pipeline::Deployment& deployment, bool active) {
  json::object out;
  out["deployment"] = deployment.id.value;
  out["change"] = deployment.change.number;
  out["kind"] = enum_name(deployment.kind);
  if (active) out["state"] = enum_name(deployment.state);
  if (active) set_note(out, deployment);
  out["since"] = to_rfc3339(active ? deployment.started_at.value_or(deployment.queued_at) : deployment.queued_at);
  return out;
}

json::object pending_view(Service& service, const pipeline::Stack& stack, const pipeline::Stage& stage) {
  json::object out;
  const auto& change = stage.approval->change;
  out["change"] = change.number;
  if (auto subject = subject_of(service, stack.id, change.number); !subject.empty()) out["message"] = subject;
  out["state"] = "pending";
  out["since"] = to_rfc3339(stage.approval->since);
  auto from = stage.current ? stage.current->change.commit : "";
  if (auto commits = commits_between(service, stack.id, from, change.commit)) out["commits"] = *commits;
  return out;
}

}  // namespace

const char* outside(pipeline::DatabaseKind kind) {
  return kind == pipeline::DatabaseKind::created ? "new" : enum_name(kind);
}
const char* outside(pipeline::Access access) { return access == pipeline::Access::open ? "public" : "private"; }

std::string name_of(const pipeline::Actor& actor) { return actor.name.empty() ? enum_name(actor.kind) : actor.name; }

std::string first_line(const std::string& message) { return message.substr(0, message.find_first_of("\r\n")); }

std::string git_url(const Service& service, const std::string& stack_name) {
  return service.deps.public_url + "/git/" + stack_name + ".git";
}

std::string subject_of(Service& service, const pipeline::StackId& stack, pipeline::ChangeNumber change) {
  return service.remembered.get("subject " + stack.value + " " + std::to_string(change),
                                [&]() -> std::optional<std::string> {
                                  auto row = service.deps.store.change(stack, change);
                                  return row ? std::optional(subject_in(*row)) : std::nullopt;
                                });
}

std::optional<std::int64_t> commits_between(Service& service, const pipeline::StackId& stack, const std::string& from,
                                            const std::string& to) {
  auto text =
      service.remembered.get("commits " + stack.value + " " + from + " " + to, [&]() -> std::optional<std::string> {
        std::size_t total = 0;
        if (!service.deps.repositories.commits_between(stack, from, to, 1, &total)) return std::nullopt;
        return std::to_string(total);
      });
  return text.empty() ? std::nullopt : std::optional<std::int64_t>(std::stoll(text));
}

// Of one that is on its way to `failed` first why, which is kept only when what it made is gone.
void set_note(json::object& view, const pipeline::Deployment& active) {
  std::string note = active.wait ? active.wait->reason : "";
  if (active.ending && active.ending->end == pipeline::DeploymentState::failed)
    note = active.ending->reason + (note.empty() ? "" : "; what it began is not gone yet: " + note);
  if (!note.empty()) view["note"] = note;
}

json::object stage_view(Service& service, const pipeline::Stack& stack, const pipeline::Stage& stage) {
  json::object out;
  out["id"] = stage.id.value;
  out["stack"] = stack.name;
  out["name"] = stage.name;
  for (std::size_t i = 0; i < stack.stages.size(); ++i)
    if (stack.stages[i].id == stage.id) out["position"] = i + 1;
  out["state"] = enum_name(pipeline::state_of(stage));
  out["region"] = stage.config.region;
  out["url"] = service.deps.stage_url(stack.name, stage);
  out["requires_approval"] = stage.config.requires_approval;
  json::object database{{"kind", outside(stage.config.database)}};
  if (stage.config.database_at) database["at"] = *stage.config.database_at;
  out["database"] = std::move(database);
  out["endpoint"] = enum_name(stage.config.endpoint);
  out["caching"] = stage.config.caching;
  if (stage.config.endpoint == pipeline::Endpoint::api_gateway)
    out["limits"] = codec::write(stage.config.limits.value_or(pipeline::TrafficLimits{}));
  if (stage.config.caching) out["cache"] = codec::write(stage.config.cache.value_or(pipeline::CacheRules{}));
  if (stage.config.endpoint == pipeline::Endpoint::load_balancer) out["sticky"] = stage.config.sticky.value_or(false);
  if (stage.config.domains) out["domains"] = json::array(stage.config.domains->begin(), stage.config.domains->end());
  out["instances"] = stage.config.instances;
  if (stage.config.resources) out["resources"] = codec::write(*stage.config.resources);
  if (stage.config.sleep_after) out["sleep_after"] = *stage.config.sleep_after;
  if (stage.config.hours) out["hours"] = *stage.config.hours;
  if (stage.rest) {
    json::object rest{{"why", enum_name(stage.rest->why)}, {"since", to_rfc3339(stage.rest->since)}};
    if (stage.rest->until) rest["until"] = to_rfc3339(*stage.rest->until);
    out["rest"] = std::move(rest);
  }
  out["access"] = outside(stage.config.access);
  out["paused"] = stage.paused;
  out["mark"] = stage.mark;
  out["settings_revision"] = stage.settings_revision;
  if (stage.current) out["current"] = current_view(service, stack, *stage.current);
  if (stage.active) out["active"] = brief_view(*stage.active, true);
  if (stage.waiting) out["waiting"] = brief_view(*stage.waiting, false);
  if (stage.held) {
    out["held"] = json::object{{"change", stage.held->change.number}, {"since", to_rfc3339(stage.held->since)}};
  }
  if (stage.approval) out["approval"] = pending_view(service, stack, stage);
  if (stage.last) {
    json::object last;
    last["deployment"] = stage.last->deployment.value;
    last["change"] = stage.last->change.number;
    last["state"] = enum_name(stage.last->state);
    if (!stage.last->error.empty()) last["error"] = stage.last->error;
    out["last"] = std::move(last);
  }
  if (stage.deleting) {
    json::object deleting{{"since", to_rfc3339(stage.deleting->since)}, {"tries", stage.deleting->tries}};
    if (!stage.deleting->problem.empty()) deleting["problem"] = stage.deleting->problem;
    out["deleting"] = std::move(deleting);
  }
  return out;
}

namespace {

json::object newest_view(const pipeline::ChangeRef& newest, const std::optional<store::ChangeRow>& row) {
  json::object out{{"change", newest.number}, {"commit", newest.commit}};
  if (!row) return out;
  if (auto subject = subject_in(*row); !subject.empty()) out["message"] = subject;
  out["author"] = author_view(row->author);
  out["at"] = to_rfc3339(row->at);
  return out;
}

json::object stack_view(Service& service, const pipeline::Stack& stack, const std::optional<store::ChangeRow>& newest) {
  json::object out;
  out["id"] = stack.id.value;
  out["name"] = stack.name;
  out["state"] = stack.deleting || stack.gone ? "deleting" : "live";
  out["repository"] = json::object{{"kind", enum_name(stack.source.kind)}, {"branch", stack.source.branch}};
  out["git_url"] = git_url(service, stack.name);
  if (stack.newest) out["newest"] = newest_view(*stack.newest, newest);
  json::array stages;
  for (const auto& stage : stack.stages) stages.push_back(stage_view(service, stack, stage));
  for (const auto& stage : stack.leaving) stages.push_back(stage_view(service, stack, stage));
  out["stages"] = std::move(stages);
  out["created_at"] = to_rfc3339(stack.made_at);
  return out;
}

}  // namespace

json::object stack_view(Service& service, const pipeline::Stack& stack) {
  if (!stack.newest) return stack_view(service, stack, std::nullopt);
  auto newest = service.deps.store.change(stack.id, stack.newest->number);
  return stack_view(service, stack, newest ? std::optional(std::move(*newest)) : std::nullopt);
}

std::vector<json::object> stack_views(Service& service, const std::vector<conductor::Snapshot>& stacks) {
  std::vector<std::pair<pipeline::StackId, pipeline::ChangeNumber>> asked;
  for (const auto& stack : stacks) asked.emplace_back(stack->id, stack->newest ? stack->newest->number : 0);
  auto newest = service.deps.store.changes_of(asked);
  std::vector<json::object> out;
  for (std::size_t i = 0; i < stacks.size(); ++i)
    out.push_back(stack_view(service, *stacks[i], newest ? (*newest)[i] : std::nullopt));
  return out;
}

json::object change_view(Service& service, const pipeline::Stack& stack, const store::ChangeRow& row) {
  json::object out;
  out["number"] = row.change.number;
  out["commit"] = row.change.commit;
  out["branch"] = row.branch;
  out["message"] = row.message;
  out["author"] = author_view(row.author);
  out["at"] = to_rfc3339(row.at);
  json::array stages;
  if (auto places = service.deps.store.where_is(stack, row.change.number)) {
    for (const auto& place : *places) {
      json::object one{{"stage", place.stage_name}, {"state", place.state}};
      if (!place.deployment.empty()) one["deployment"] = place.deployment.value;
      if (place.deleted) one["deleted"] = true;
      stages.push_back(std::move(one));
    }
  }
  out["stages"] = std::move(stages);
  return out;
}

json::object deployment_view(const store::DeploymentRow& row) {
  json::object out;
  out["id"] = row.id.value;
  out["stack"] = row.stack_name;
  out["stage"] = row.stage_name;
  out["change"] = row.change.number;
  out["commit"] = row.change.commit;
  out["kind"] = enum_name(row.kind);
  if (row.kind == pipeline::DeploymentKind::retry) out["repeats"] = enum_name(row.meaning);
  if (row.attempt > 0) out["attempt"] = row.attempt;
  out["state"] = enum_name(row.state);
  if (!row.error.empty()) out["error"] = row.error;
  if (row.superseded_by > 0) out["superseded_by"] = row.superseded_by;
  if (row.returned) out["returned"] = true;
  if (!row.artifact.empty()) out["artifact"] = row.artifact;
  out["built"] = row.built;
  if (row.settings_revision > 0) out["settings_revision"] = row.settings_revision;
  out["by"] = name_of(row.by);
  out["queued_at"] = to_rfc3339(row.queued_at);
  if (row.started_at) out["started_at"] = to_rfc3339(*row.started_at);
  if (row.ended_at) out["ended_at"] = to_rfc3339(*row.ended_at);
  json::array steps;
  for (const auto& step : row.steps) {
    json::object one{{"name", step.name}, {"state", step.state}, {"started_at", to_rfc3339(step.started_at)}};
    if (step.ended_at) one["ended_at"] = to_rfc3339(*step.ended_at);
    if (!step.error.empty()) one["error"] = step.error;
    steps.push_back(std::move(one));
  }
  out["steps"] = std::move(steps);
  return out;
}

json::object approval_view(Service& service, const store::ApprovalRow& row) {
  json::object out;
  out["stack"] = row.stack_name;
  out["stage"] = row.stage_name;
  out["change"] = row.change.number;
  out["commit"] = row.change.commit;
  if (auto subject = subject_of(service, row.stack, row.change.number); !subject.empty()) out["message"] = subject;
  if (auto change = service.deps.store.change(row.stack, row.change.number))
    out["author"] = author_view(change->author);
  out["state"] = enum_name(row.state);
  out["since"] = to_rfc3339(row.since);
  if (row.decided_at) out["decided_at"] = to_rfc3339(*row.decided_at);
  if (row.state == pipeline::ApprovalState::approved || row.state == pipeline::ApprovalState::rejected)
    out["by"] = name_of(row.by);
  if (!row.comment.empty()) out["comment"] = row.comment;
  if (row.superseded_by > 0) out["superseded_by"] = row.superseded_by;
  return out;
}

}  // namespace sluice::api
