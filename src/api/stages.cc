#include <fmt/format.h>

#include "api/edits.h"
#include "api/service.h"
#include "api/views.h"
#include "base/codec.h"
#include "pipeline/questions.h"

namespace sluice::api {
namespace {

Error no_database_url() {
  return field_errors({{"database.url", "is missing: an existing database is named by its URL"}});
}

bool is_new_url(const Service& service, const pipeline::Stage& stage, const std::string& url) {
  const auto now = service.deps.secrets.read(stage.id, stage.settings_revision);
  return !now || now->database_url != url;
}

void tell_what_was_tried(json::object& view, const std::optional<platform::TriedDatabase>& tried) {
  if (!tried || tried->notice.empty()) return;
  const auto* said = view.if_contains("notice");
  view["notice"] = (said == nullptr ? "" : std::string(said->as_string()) + " ") + tried->notice;
}

void tell_what_deploys(json::object& view, const conductor::Outcome& outcome, const pipeline::StageId& stage) {
  if (auto queued = queued_by(outcome, stage)) {
    view["deploys"] = json::object{{"deployment", queued->id.value},
                                   {"change", queued->change.number},
                                   {"commit", queued->change.commit},
                                   {"kind", codec::enum_name(queued->kind)}};
  }
}

http::Response with_etag(int status, const json::object& view, const pipeline::Stage& stage) {
  auto out = answer(status, view);
  out.headers.set("ETag", etag_of(stage));
  return out;
}

// R6.3: a change that would have come to the stage after through the deleted one.
struct Stranded {
  pipeline::ChangeRef change;
  std::string before, after;  // names; before empty: the deleted one was first
};
std::optional<Stranded> stranded_by(const pipeline::Stack& stack, const std::string& deleted) {
  const auto change = pipeline::stranded_by_deleting(stack, deleted);
  if (!change) return std::nullopt;
  const auto* before = pipeline::stage_before(stack, deleted);
  return Stranded{*change, before == nullptr ? "" : before->name, pipeline::stage_after(stack, deleted)->name};
}

std::string hint_for(const pipeline::Stack& stack, const std::optional<Stranded>& stranded) {
  if (stack.stages.empty()) return "The stack has no stage now; a check-in goes nowhere until one is added.";
  if (!stranded) return "Nothing else changes; the next change that comes goes on without it.";
  if (stranded->before.empty())
    return fmt::format("Change #{} does not go on to {} by itself; the next check-in does.", stranded->change.number,
                       stranded->after);
  return fmt::format(
      "Change #{0} does not go on to {1} by itself; \"sluice promote {2} {1} --change {0}\" brings it there.",
      stranded->change.number, stranded->after, stack.name);
}

// The gateway leads a name to one stage only; those of the same stack are the rules' to compare.
Result<> are_free(Service& service, const StageEdit& edit, const pipeline::StageId& own) {
  if (!edit.domains) return {};
  for (const auto& stack : service.deps.conductor.snapshots()) {
    for (const auto* stages : {&stack->stages, &stack->leaving}) {
      for (const auto& stage : *stages) {
        if (stage.id == own || !stage.config.domains) continue;
        for (const auto& name : *stage.config.domains) {
          if (std::find(edit.domains->begin(), edit.domains->end(), name) == edit.domains->end()) continue;
          return fail(field_errors({{"domains", fmt::format("{} is an address of {} of {}; take it away there first",
                                                            name, stage.name, stack->name)}}));
        }
      }
    }
  }
  return {};
}

// What would not be held is not kept, so that nobody relies on it.
Result<> can_be_held(const Service& service, const StageEdit& edit) {
  if (!edit.resources || !service.deps.cannot_hold) return {};
  const std::pair<const char*, pipeline::Resources> parts[] = {
      {"resources.memory", {edit.resources->memory.value_or(0), 0}},
      {"resources.cpu", {0, edit.resources->cpu.value_or(0)}}};
  for (const auto& [field, asked] : parts) {
    if (const auto why = service.deps.cannot_hold(asked); !why.empty()) return fail(field_errors({{field, why}}));
  }
  return {};
}

}  // namespace

Answer list_stages(Service& service, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  std::vector<const pipeline::Stage*> all;
  for (const auto& stage : (*stack)->stages) all.push_back(&stage);
  for (const auto& stage : (*stack)->leaving) all.push_back(&stage);
  std::size_t from = 0;
  if (auto after = query_after(call.request); !after.empty()) {
    while (from < all.size() && all[from]->id.value != after) ++from;
    if (from == all.size()) return fail(field_errors({{"after", "is no cursor of this list; begin anew"}}));
    ++from;
  }
  json::array items;
  std::size_t i = from;
  for (; i < all.size() && items.size() < *limit; ++i) items.push_back(stage_view(service, **stack, *all[i]));
  return answer_page(std::move(items), i < all.size() ? all[i - 1]->id.value : "");
}

Answer add_stage(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  pipeline::AddStage command;
  command.name = fields.need_text("name");
  need_label(fields, "name", command.name);
  command.before = fields.text("before").value_or("");
  command.after = fields.text("after").value_or("");
  if (!command.before.empty() && !command.after.empty())
    fields.wrong("after", "say either before or after which stage, not both");
  auto edit = read_stage_edit(fields);
  auto region = fields.text("region").value_or("local");
  const std::shared_lock placing(service.placing);
  check_region(service, fields, region);
  command.copy_from = fields.text("copy_from").value_or("");
  if (auto end = fields.end(); !end) return fail(end.error());

  auto& config = command.config;
  config.region = region;
  config.requires_approval = edit.requires_approval.value_or(config.requires_approval);
  config.endpoint = edit.endpoint.value_or(config.endpoint);
  config.caching = edit.caching.value_or(config.caching);
  config.instances = edit.instances.value_or(config.instances);
  config.access = edit.access.value_or(config.access);
  config.database = edit.database.value_or(config.database);
  config.sticky = edit.sticky;
  config.sleep_after = edit.sleep_after;
  config.hours = edit.hours;
  config.domains = edit.domains;
  config.resources = edit.resources_over(config);
  if (auto held = can_be_held(service, edit); !held) return fail(held.error());
  if (auto free = are_free(service, edit, {}); !free) return fail(free.error());
  config.limits = edit.limits_over(config);
  config.cache = edit.cache_over(config);
  if (config.database == pipeline::DatabaseKind::existing && !edit.database_url) return fail(no_database_url());
  auto tried = try_database(service.deps.databases, edit);
  if (!tried) return fail(tried.error());
  if (*tried) config.database_at = (*tried)->at;
  const auto name = command.name;
  auto outcome = service.deps.conductor.submit(call.param("stack"), {call.actor(), std::move(command)},
                                               with_database_url(edit), call.remember);
  if (!outcome) return fail(outcome.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, name);
  if (stage == nullptr) return fail(ErrorKind::internal, name + " was added and is not there");
  if (edit.domains && service.deps.domains_changed) {
    if (auto told = service.deps.domains_changed(*stage); !told) return fail(told.error());
  }
  auto view = stage_view(service, *outcome->stack, *stage);
  tell_what_deploys(view, *outcome, stage->id);
  if (!view.contains("deploys"))
    view["notice"] = fmt::format("{} has nothing to deploy yet; the first change that comes {}.", name,
                                 stage->config.requires_approval ? "asks for approval" : "deploys");
  tell_what_was_tried(view, *tried);
  auto out = with_etag(201, view, *stage);
  out.headers.set("Location", fmt::format("/api/v1/stacks/{}/stages/{}", outcome->stack->name, name));
  return out;
}

Answer show_stage(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  return with_etag(200, stage_view(service, **stack, **stage), **stage);
}

Answer change_stage(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  auto edit = read_stage_edit(fields);
  for (const char* fixed : {"name", "region"})
    if (fields.any(fixed) != nullptr)
      fields.wrong(fixed, "is fixed when the stage is made; delete it and make it anew");
  if (auto end = fields.end(); !end) return fail(end.error());

  const auto& name = call.param("stage");
  auto tried = try_database(service.deps.databases, edit);
  if (!tried) return fail(tried.error());
  std::lock_guard lock(service.editing);
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  const auto* before = pipeline::find_stage(**stack, name);
  if (before == nullptr)
    return fail(ErrorKind::not_found, fmt::format("{} has no stage called {}", (*stack)->name, name));
  if (auto refused = precondition(call.request, etag_of(*before))) return *refused;
  const bool was_existing = before->config.database == pipeline::DatabaseKind::existing;
  if (edit.database == pipeline::DatabaseKind::existing && !edit.database_url && !was_existing)
    return fail(no_database_url());
  if (edit.empty()) return with_etag(200, stage_view(service, **stack, *before), *before);

  pipeline::SetStage command{name,
                             edit.requires_approval,
                             edit.database,
                             edit.endpoint,
                             edit.caching,
                             edit.instances,
                             edit.access,
                             edit.limits_over(before->config),
                             edit.cache_over(before->config),
                             edit.sticky};
  command.sleep_after = edit.sleep_after;
  command.hours = edit.hours;
  command.domains = edit.domains;
  command.resources = edit.resources_over(before->config);
  if (auto held = can_be_held(service, edit); !held) return fail(held.error());
  if (auto free = are_free(service, edit, before->id); !free) return fail(free.error());
  if (*tried) command.database_at = (*tried)->at;
  command.database_url = edit.database_url && is_new_url(service, *before, *edit.database_url);
  auto outcome =
      service.deps.conductor.submit((*stack)->name, {call.actor(), std::move(command)}, with_database_url(edit));
  if (!outcome) return fail(outcome.error());
  const auto* stage = pipeline::find_stage(*outcome->stack, before->id);
  if (stage == nullptr) return fail(ErrorKind::conflict, name + " was deleted in between");
  if (edit.domains && service.deps.domains_changed) {
    if (auto told = service.deps.domains_changed(*stage); !told) return fail(told.error());
  }
  auto view = stage_view(service, *outcome->stack, *stage);
  tell_what_deploys(view, *outcome, stage->id);
  std::string notice;
  if (before->config.requires_approval && !stage->config.requires_approval && stage->approval) {
    // R4.7
    notice = fmt::format("Change #{} still waits for a decision; later ones deploy at once.",
                         stage->approval->change.number);
  } else if (before->settings_revision != stage->settings_revision) {
    notice = settings_notice(*outcome, *stage);
  }
  if (before->config.database == pipeline::DatabaseKind::created && stage->config.database != before->config.database) {
    // R7.7
    notice += std::string(notice.empty() ? "" : " ") +
              "The database that Sluice made is backed up and removed when nothing uses it any more.";
  }
  if (!notice.empty()) view["notice"] = notice;
  tell_what_was_tried(view, *tried);
  return with_etag(200, view, *stage);
}

Answer delete_stage(Service& service, const Call& call) {
  auto force = query_flag(call.request, "force");
  if (!force) return fail(force.error());
  const auto& name = call.param("stage");
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, name);
  if (!stage) return fail(stage.error());
  if (query_text(call.request, "confirm").value_or("") != "delete")
    return fail(
        field_errors({{"confirm", fmt::format("type the word delete to delete {} of {}", name, (*stack)->name)}}));
  const auto stranded = stranded_by(**stack, name);
  auto outcome = service.deps.conductor.submit((*stack)->name, {call.actor(), pipeline::DeleteStage{name, *force}});
  if (!outcome) return fail(outcome.error());

  json::object out;
  const auto* leaving = pipeline::find_stage(*outcome->stack, (*stage)->id);
  out["stage"] =
      stage_view(service, leaving != nullptr ? *outcome->stack : **stack, leaving != nullptr ? *leaving : **stage);
  if (leaving == nullptr) out["stage"].as_object()["state"] = "deleting";
  if (stranded)
    out["stranded"] = json::object{{"change", stranded->change.number}, {"commit", stranded->change.commit}};
  out["hint"] = hint_for(*outcome->stack, stranded);
  return answer(202, out);
}

}  // namespace sluice::api
