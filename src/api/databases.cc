#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "api/answers.h"
#include "api/fields.h"
#include "api/service.h"
#include "api/views.h"
#include "base/codec.h"

// The databases that Sluice makes for stages, and their backups.
namespace sluice::api {
namespace {

using pipeline::DatabaseKind;

constexpr const char* kConfirm = "replace";

json::object backup_view(const platform::Backup& backup) {
  json::object out{{"name", backup.name},           {"cause", codec::enum_name(backup.cause)},
                   {"at", to_rfc3339(backup.at)},   {"bytes", backup.bytes},
                   {"stack", backup.stack_name},    {"stage", backup.stage_name},
                   {"stage_id", backup.stage.value}};
  if (backup.change > 0) out["change"] = backup.change;
  return out;
}

std::vector<platform::Backup> backups(const Service& service) {
  return service.deps.databases.backups ? service.deps.databases.backups() : std::vector<platform::Backup>{};
}

json::object task_view(const pipeline::Task& task) {
  json::object out{{"kind", codec::enum_name(task.kind)}, {"since", to_rfc3339(task.chore.since)}};
  if (!task.backup.empty()) out["backup"] = task.backup;
  if (!task.from_name.empty()) out["from"] = task.from_name;
  return out;
}

// How the newest task of the stage ended; nothing when that is far back.
std::optional<json::object> last_task(Service& service, const std::string& stack_name, const pipeline::StageId& stage) {
  constexpr std::size_t kLooked = 200;
  auto rows = service.deps.store.audit(stack_name, "", kLooked);
  if (!rows) return std::nullopt;
  for (const auto& row : rows->items) {
    const auto* ended = std::get_if<pipeline::TaskEnded>(&row.event.body);
    if (ended == nullptr || ended->stage != stage) continue;
    json::object out{{"kind", codec::enum_name(ended->kind)}, {"ended_at", to_rfc3339(row.event.at)}};
    if (!ended->backup.empty()) out["backup"] = ended->backup;
    if (!ended->from.empty()) out["from"] = ended->from;
    if (!ended->problem.empty()) out["problem"] = ended->problem;
    return out;
  }
  return std::nullopt;
}

json::object database_view(Service& service, const pipeline::Stack& stack, const pipeline::Stage& stage) {
  json::object out{{"kind", outside(stage.config.database)}};
  if (stage.config.database_at) out["at"] = *stage.config.database_at;
  if (stage.config.database == DatabaseKind::created && service.deps.databases.facts) {
    const auto facts = service.deps.databases.facts(stage);
    out["state"] = !facts.made ? "not_made" : facts.answers ? "ready" : "unavailable";
    if (!facts.problem.empty()) out["problem"] = facts.problem;
    if (facts.bytes) out["bytes"] = *facts.bytes;
  }
  if (stage.task) out["task"] = task_view(*stage.task);
  if (auto last = last_task(service, stack.name, stage.id)) out["last"] = std::move(*last);
  if (stage.backup_due) out["backup_due"] = to_rfc3339(*stage.backup_due);
  if (!stage.backup_problem.empty()) out["backup_problem"] = stage.backup_problem;
  return out;
}

Result<const pipeline::Stage*> in_order(const pipeline::Stack& stack, const std::string& name) {
  if (const auto* stage = pipeline::find_stage(stack, name)) return stage;
  return fail(ErrorKind::not_found, fmt::format("{} has no stage called {}", stack.name, name));
}

// From the one of that name on.
Answer page_of(std::vector<platform::Backup> all, const Call& call) {
  auto limit = query_limit(call.request);
  if (!limit) return fail(limit.error());
  const auto after = query_after(call.request);
  std::size_t from = 0;
  while (!after.empty() && from < all.size() && all[from].name != after) ++from;
  if (!after.empty() && from == all.size())
    return fail(field_errors({{"after", "is no cursor of this list; begin anew"}}));
  if (!after.empty()) ++from;
  json::array items;
  std::size_t i = from;
  for (; i < all.size() && items.size() < *limit; ++i) items.push_back(backup_view(all[i]));
  return answer_page(std::move(items), i < all.size() ? all[i - 1].name : "");
}

Answer begin(Service& service, const Call& call, pipeline::CommandBody body) {
  auto outcome = service.deps.conductor.submit(call.param("stack"), {call.actor(), std::move(body)}, {}, call.remember);
  if (!outcome) return fail(outcome.error());
  auto stage = in_order(*outcome->stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  return answer(202, database_view(service, *outcome->stack, **stage));
}

void need_confirm(Fields& fields) {
  if (fields.need_text("confirm") != kConfirm)
    fields.wrong("confirm", "type the word replace: what is in the database is replaced");
}

}  // namespace

Answer show_database(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  return answer(200, database_view(service, **stack, **stage));
}

Answer list_stage_backups(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = stage_of(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  auto all = backups(service);
  std::erase_if(all, [&](const platform::Backup& backup) { return backup.stage != (*stage)->id; });
  return page_of(std::move(all), call);
}

Answer list_backups(Service& service, const Call& call) {
  auto all = backups(service);
  if (const auto stack = query_text(call.request, "stack"))
    std::erase_if(all, [&](const platform::Backup& backup) { return backup.stack_name != *stack; });
  return page_of(std::move(all), call);
}

Answer back_up_database(Service& service, const Call& call) {
  return begin(service, call, pipeline::BackUpDatabase{call.param("stage")});
}

Answer restore_database(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  const auto name = fields.need_text("backup");
  need_confirm(fields);
  if (auto end = fields.end(); !end) return fail(end.error());
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = in_order(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  const auto all = backups(service);
  const auto backup =
      std::find_if(all.begin(), all.end(), [&](const platform::Backup& one) { return one.name == name; });
  if (backup == all.end())
    return fail(field_errors({{"backup", "there is no backup " + in_quotes(name) + "; `sluice db list` shows them"}}));
  // Who may see another stage's data is not known from the rules of this one.
  if (backup->stage != (*stage)->id && call.actor().role != pipeline::Role::admin) {
    return fail(ErrorKind::forbidden,
                fmt::format("{} is a backup of another stage, {}/{}: only an admin may restore it here", name,
                            backup->stack_name, backup->stage_name));
  }
  return begin(service, call, pipeline::RestoreDatabase{call.param("stage"), name});
}

Answer copy_database(Service& service, const Call& call) {
  auto body = body_object(call.request);
  if (!body) return fail(body.error());
  Fields fields(*body);
  const auto from = fields.need_text("from");
  need_confirm(fields);
  if (auto end = fields.end(); !end) return fail(end.error());
  return begin(service, call, pipeline::CopyDatabase{from, call.param("stage")});
}

Answer open_database_session(Service& service, const Call& call) {
  auto stack = service.stack(call.param("stack"));
  if (!stack) return fail(stack.error());
  auto stage = in_order(**stack, call.param("stage"));
  if (!stage) return fail(stage.error());
  const auto& name = (*stage)->name;
  if ((*stage)->config.requires_approval && call.actor().role != pipeline::Role::admin)
    return fail(ErrorKind::forbidden, name + " requires approval, so only an admin may open its database");
  if ((*stage)->config.database == DatabaseKind::existing)
    return fail(ErrorKind::conflict, "the database of " + name + " is not Sluice's: open it by its own URL");
  if ((*stage)->config.database == DatabaseKind::none || !service.deps.databases.login)
    return fail(ErrorKind::conflict, name + " has no database");
  auto login = service.deps.databases.login(**stage);
  if (!login) {
    return fail(login.error().kind == ErrorKind::not_found ? Error{ErrorKind::conflict, login.error().message, {}}
                                                           : login.error());
  }
  spdlog::info("{} opens the database of {}/{} as {}", name_of(call.actor()), (*stack)->name, name, login->user);
  return answer(201, json::object{{"host", login->host},
                                  {"port", login->port},
                                  {"user", login->user},
                                  {"password", login->password},
                                  {"database", login->database},
                                  {"expires_at", to_rfc3339(login->until)}});
}

Answer delete_backup(Service& service, const Call& call) {
  const auto& name = call.param("backup");
  if (query_text(call.request, "confirm").value_or("") != "delete")
    return fail(field_errors({{"confirm", "type the word delete to delete the backup " + in_quotes(name)}}));
  if (!service.deps.databases.remove_backup) return fail(ErrorKind::not_found, "there is no backup " + in_quotes(name));
  if (auto removed = service.deps.databases.remove_backup(name); !removed) return fail(removed.error());
  spdlog::info("{} deletes the backup {}", name_of(call.actor()), name);
  return no_content();
}

}  // namespace sluice::api
