#include <fmt/format.h>

#include <algorithm>

#include "pipeline/deciding.h"

// Backups, restores and copies of the databases that Sluice made.
namespace sluice::pipeline {
namespace {

const char* words_for(TaskKind kind) {
  if (kind == TaskKind::backup) return "a backup of its database";
  return kind == TaskKind::restore ? "a restore of its database" : "a copy into its database";
}

// The stage of this name, where something can be done to its database now.
Result<const Stage*> with_database(const Deciding& d, const std::string& name) {
  const Stage* at = find_stage(d.stack, name);
  if (at == nullptr) return fail(no_stage(d.stack, name));
  if (at->config.database == DatabaseKind::existing) {
    return fail(ErrorKind::conflict,
                fmt::format("the database of {} is not Sluice's: back it up and restore it where it is kept", name));
  }
  if (at->config.database == DatabaseKind::none)
    return fail(ErrorKind::conflict, fmt::format("{} has no database", name));
  if (!at->backup_due) {
    return fail(
        ErrorKind::conflict,
        fmt::format("the database of {} is not there yet: it comes with the first deployment that succeeds", name));
  }
  return at;
}

Result<> is_free(const Stage& at) {
  if (!at.task) return {};
  return fail(ErrorKind::conflict,
              fmt::format("{} is under way in {}; try again when it has ended", words_for(at.task->kind), at.name));
}

// What is about to be replaced must not be migrated meanwhile.
Result<> has_no_deployment(const Stage& at) {
  if (!at.active) return {};
  return fail(ErrorKind::conflict, fmt::format("{} runs in {}; try again when it has ended, or cancel it",
                                               pipeline::words_for(*at.active), at.name));
}

}  // namespace

bool is_backup_due(const Stage& stage, Time now, const Limits& limits) {
  return stage.backup_due &&
         (*stage.backup_due <= now || *stage.backup_due > now + std::max(kFirstBackup, limits.backup_every));
}

bool holds_lock(const std::optional<Task>& task) { return task && task->kind != TaskKind::backup; }

void begin_task(Deciding& d, const StageId& stage, Task task) {
  task.chore = Chore{d.stage(stage).attempt, d.now, 0, d.now, std::nullopt, ""};
  d.emit(TaskBegan{stage, std::move(task)});
}

void end_task(Deciding& d, const StageId& stage, const std::string& made, const std::string& problem) {
  const Task task = *d.stage(stage).task;
  TaskEnded ended{stage, task.kind, task.kind == TaskKind::backup ? made : task.backup, task.from_name, problem, {}};
  if (task.kind == TaskKind::backup)
    ended.next = d.now + (problem.empty() ? d.limits.backup_every : d.limits.backup_again);
  d.emit(std::move(ended));
}

Result<> on(Deciding& d, const BackUpDatabase& c) {
  const auto at = with_database(d, c.stage);
  if (!at) return fail(at.error());
  if (auto free = is_free(**at); !free) return free;
  begin_task(d, StageId{(*at)->id}, Task{TaskKind::backup, "", {}, "", false, {}});
  return {};
}

Result<> on(Deciding& d, const RestoreDatabase& c) {
  const auto at = with_database(d, c.stage);
  if (!at) return fail(at.error());
  if (auto free = is_free(**at); !free) return free;
  if (auto quiet = has_no_deployment(**at); !quiet) return quiet;
  begin_task(d, StageId{(*at)->id}, Task{TaskKind::restore, c.backup, {}, "", false, {}});
  return {};
}

Result<> on(Deciding& d, const CopyDatabase& c) {
  if (c.from == c.to) return fail_field("to", fmt::format("{} cannot be copied into itself; name another stage", c.to));
  const auto from = with_database(d, c.from);
  if (!from) return fail(from.error());
  const auto at = with_database(d, c.to);
  if (!at) return fail(at.error());
  if (auto free = is_free(**from); !free) return free;
  if (auto free = is_free(**at); !free) return free;
  if (auto quiet = has_no_deployment(**at); !quiet) return quiet;
  begin_task(d, StageId{(*at)->id}, Task{TaskKind::copy, "", (*from)->id, (*from)->name, false, {}});
  return {};
}

}  // namespace sluice::pipeline
