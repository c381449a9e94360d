#include "platform/local/stage_database.h"

#include <algorithm>

#include "postgres/try_url.h"

namespace sluice::platform::local {
namespace {

using namespace std::chrono_literals;
using pipeline::DatabaseKind;
using pipeline::Work;

constexpr Duration kPatience = 3s;  // of one look; then the worker is given back
constexpr Duration kPause = 1s;

// A deployment waits for its database within the step's limit, and says so once.
Advance wait_for(const Error& why, const Work& work, Context& context) {
  if (why.kind != ErrorKind::unavailable) return why;
  const std::string note = "waiting: " + why.message;
  if (work.token != note) context.log.line(note);
  return NotYet{note, note, kPause};
}

Result<> provide_created(Site& site, const Work& work, Context& context) {
  if (!site.databases->made()) context.log.line("making the databases of this machine");
  auto cluster = site.databases->ready(kPatience, context.stop);
  if (!cluster) return fail(cluster.error());
  auto held = site.hold(work.stage);
  if (auto admitted = site.admit(work, true); !admitted) return admitted;
  auto record = site.records.load(work.stage, work.deployment.id);
  if (!record) return fail(record.error());
  // Noted first: from here on nobody drops it.
  if (record->database != true) {
    record->database = true;
    if (auto saved = site.records.save(*record); !saved) return saved;
  }
  const bool fresh = !site.databases->has(work.stage);
  if (auto marked = site.databases->mark(work.stage); !marked) return marked;
  if (auto there = (*cluster)->ensure(work.stage.value, context.database_secret); !there) return there;
  context.log.line(fresh ? "a new, empty database" : "the database is there");
  return {};
}

Result<> provide_existing(Context& context) {
  auto url = postgres::Url::parse(context.database_secret);
  if (!url) return fail(url.error().while_("the database of this stage"));
  auto tried = postgres::try_url(*url);
  if (!tried) return fail(tried.error());
  context.log.line("the existing database answers: PostgreSQL " + tried->version + " at " + url->host + ":" +
                   std::to_string(url->port));
  return {};
}

bool is_used(const Site& site, const pipeline::StageId& stage) {
  const auto records = site.records.all(stage);
  return std::any_of(records.begin(), records.end(), [](const Record& record) { return record.database == true; });
}

}  // namespace

std::optional<Advance> provide_database(Site& site, const Work& work, Context& context) {
  if (context.config.database == DatabaseKind::none) return std::nullopt;
  const auto there = context.config.database == DatabaseKind::created ? provide_created(site, work, context)
                                                                      : provide_existing(context);
  if (there) return std::nullopt;
  return wait_for(there.error(), work, context);
}

Result<std::map<std::string, std::string>> database_variables(Site& site, const pipeline::StageId& stage,
                                                              const Context& context) {
  if (context.config.database == DatabaseKind::none) return {};
  if (context.config.database == DatabaseKind::created) {
    auto cluster = site.databases->cluster();
    if (!cluster) return fail(cluster.error());
    return postgres::variables((*cluster)->url(stage.value, context.database_secret));
  }
  auto url = postgres::Url::parse(context.database_secret);
  if (!url) return fail(url.error());
  return postgres::variables(*url);
}

Result<> see_off_database(Site& site, const Work& work, Context& context) {
  if (!site.databases->has(work.stage) || is_used(site, work.stage)) return {};
  auto cluster = site.databases->ready(kPatience, context.stop);
  if (!cluster) return fail(cluster.error().while_("backing up the database before it is removed"));
  auto there = (*cluster)->exists(work.stage.value);
  if (!there) return fail(there.error());
  if (*there) {
    Backup about;
    about.cause = work.kind == pipeline::WorkKind::remove ? BackupCause::deleted : BackupCause::changed;
    about.at = site.clock.now();
    about.stage = work.stage;
    about.stack_name = work.stack_name;
    about.stage_name = work.stage_name;
    if (work.current) about.change = work.current->change.number;
    auto backup = site.backups.make(**cluster, about, {std::nullopt, context.stop});
    if (!backup) return fail(backup.error().while_("backing up the database before it is removed"));
    context.log.line("the database is backed up as " + backup->name);
  }
  auto held = site.hold(work.stage);
  // A deployment may have come to need it meanwhile.
  if (is_used(site, work.stage)) return {};
  if (auto dropped = (*cluster)->drop(work.stage.value); !dropped)
    return fail(dropped.error().while_("removing the database"));
  return site.databases->unmark(work.stage);
}

}  // namespace sluice::platform::local
