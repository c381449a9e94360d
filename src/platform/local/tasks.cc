#include "platform/local/steps.h"

// What is done once to the database of a stage: backed up, restored, filled from another stage's.
namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using pipeline::Work;

constexpr Duration kPatience = 30s;  // with a cluster that is starting or recovering

Backup about(const Site& site, const Work& work, BackupCause cause) {
  Backup out;
  out.cause = cause;
  out.at = site.clock.now();
  out.stage = work.stage;
  out.stack_name = work.stack_name;
  out.stage_name = work.stage_name;
  if (work.current) out.change = work.current->change.number;
  return out;
}

// What is about to be replaced can be had back.
Result<> keep_what_is_there(Site& site, const Work& work, Context& context, const postgres::Cluster& cluster) {
  auto kept = site.backups.make(cluster, about(site, work, BackupCause::replaced), {std::nullopt, context.stop});
  if (!kept) return fail(kept.error().while_("backing up what is there before it is replaced"));
  return site.backups.prune(work.stage);
}

// From another cluster: a dump on the way, which goes whatever comes of it.
Result<> copy_from_elsewhere(Site& site, const Work& work, Context& context, const pipeline::StageId& from) {
  auto cluster = site.databases->ready(kPatience, context.stop);
  if (!cluster) return fail(cluster.error());
  const auto file = site.databases->dir() / ("copy-" + work.stage.value + ".dump");
  auto written = site.options.dump_elsewhere(from, file, context.stop);
  Result<> done = written ? keep_what_is_there(site, work, context, **cluster) : fail(written.error());
  if (done) done = (*cluster)->restore(work.stage.value, file, {std::nullopt, context.stop}, *written);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  return done;
}

}  // namespace

Advance back_up(Site& site, const Work& work, Context& context) {
  auto cluster = site.databases->ready(kPatience, context.stop);
  if (!cluster) return cluster.error();
  const bool daily = work.task && work.task->scheduled;
  auto backup = site.backups.make(**cluster, about(site, work, daily ? BackupCause::daily : BackupCause::asked),
                                  {std::nullopt, context.stop});
  if (!backup) return backup.error();
  (void)(*cluster)->forget_sessions();
  if (auto pruned = site.backups.prune(work.stage); !pruned) return pruned.error();
  Done done;
  done.artifact = backup->name;
  return done;
}

Advance restore(Site& site, const Work& work, Context& context) {
  auto backup = site.backups.find(work.task ? work.task->backup : "");
  if (!backup) return backup.error();
  auto cluster = site.databases->ready(kPatience, context.stop);
  if (!cluster) return cluster.error();
  if (auto kept = keep_what_is_there(site, work, context, **cluster); !kept) return kept.error();
  auto restored =
      (*cluster)->restore(work.stage.value, site.backups.file(*backup), {std::nullopt, context.stop}, backup->sha256);
  if (!restored) return restored.error();
  return Done{};
}

Advance copy_database(Site& site, const Work& work, Context& context) {
  auto cluster = site.databases->ready(kPatience, context.stop);
  if (!cluster) return cluster.error();
  const auto from = work.task ? work.task->from : pipeline::StageId{};
  if (!site.databases->has(from) && site.options.dump_elsewhere) {
    if (auto copied = copy_from_elsewhere(site, work, context, from); !copied) return copied.error();
    return Done{};
  }
  if (auto kept = keep_what_is_there(site, work, context, **cluster); !kept) return kept.error();
  auto copied = (*cluster)->copy(from.value, work.stage.value, {std::nullopt, context.stop});
  if (!copied) return copied.error();
  return Done{};
}

Result<std::string> dump(Site& site, const pipeline::StageId& stage, const std::filesystem::path& file,
                         std::stop_token stop) {
  if (!site.databases->has(stage)) return fail(ErrorKind::not_found, "the stage has no database here");
  auto cluster = site.databases->ready(kPatience, stop);
  if (!cluster) return fail(cluster.error());
  auto dumped = (*cluster)->dump(stage.value, file, {std::nullopt, std::move(stop)});
  return dumped ? dumped->sha256 : Result<std::string>(fail(dumped.error()));
}

}  // namespace sluice::platform::local
