#include "store/schema.h"

#include <array>

namespace sluice::store {
namespace {

// What was released is never edited: append.
constexpr std::array kMigrations{Migration{"first tables", R"sql(
CREATE TABLE stacks(
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL,
  gone INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX stacks_living_name ON stacks(name) WHERE gone = 0;
CREATE INDEX stacks_name ON stacks(name);

CREATE TABLE events(
  seq INTEGER PRIMARY KEY,
  stack INTEGER NOT NULL REFERENCES stacks(num),
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  actor_role TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX events_stack ON events(stack);

-- Where a replay begins when a migration has changed what a state looks like.
CREATE TABLE checkpoints(
  stack INTEGER PRIMARY KEY REFERENCES stacks(num),
  seq INTEGER NOT NULL,
  state TEXT NOT NULL);

CREATE TABLE stages(
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  stack INTEGER NOT NULL REFERENCES stacks(num),
  name TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  stood_after TEXT NOT NULL DEFAULT '[]');
CREATE INDEX stages_stack ON stages(stack);

CREATE TABLE changes(
  stack INTEGER NOT NULL REFERENCES stacks(num),
  number INTEGER NOT NULL,
  sha TEXT NOT NULL,
  branch TEXT NOT NULL,
  message TEXT NOT NULL,
  author_name TEXT NOT NULL,
  author_email TEXT NOT NULL,
  at INTEGER NOT NULL);
CREATE UNIQUE INDEX changes_number ON changes(stack, number);
CREATE INDEX changes_sha ON changes(stack, sha);

-- num is the order of queueing; ended_seq the event that ended it.
CREATE TABLE deployments(
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  stack INTEGER NOT NULL REFERENCES stacks(num),
  stage INTEGER NOT NULL REFERENCES stages(num),
  change INTEGER NOT NULL,
  sha TEXT NOT NULL,
  kind TEXT NOT NULL,
  meaning TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  artifact TEXT NOT NULL DEFAULT '',
  artifact_fixed INTEGER NOT NULL DEFAULT 0,
  built INTEGER NOT NULL DEFAULT 0,
  instances INTEGER NOT NULL DEFAULT 0,
  settings_then INTEGER NOT NULL DEFAULT 0,
  returned INTEGER NOT NULL DEFAULT 0,
  settings_revision INTEGER NOT NULL DEFAULT 0,
  superseded_by INTEGER NOT NULL DEFAULT 0,
  by_kind TEXT NOT NULL,
  by_name TEXT NOT NULL,
  by_role TEXT NOT NULL,
  queued_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  ended_seq INTEGER);
CREATE INDEX deployments_stack ON deployments(stack);
CREATE INDEX deployments_stage ON deployments(stage);
CREATE INDEX deployments_change ON deployments(stage, change);
CREATE INDEX deployments_succeeded ON deployments(stage, change) WHERE state = 'succeeded';
CREATE INDEX deployments_succeeded_since ON deployments(stage, ended_seq, change) WHERE state = 'succeeded';
CREATE INDEX deployments_broken ON deployments(stage) WHERE state IN ('failed', 'cancelled');

CREATE TABLE steps(
  deployment INTEGER NOT NULL REFERENCES deployments(num),
  place INTEGER NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  error TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(deployment, place)) WITHOUT ROWID;

CREATE TABLE approvals(
  id INTEGER PRIMARY KEY,
  stack INTEGER NOT NULL REFERENCES stacks(num),
  stage INTEGER NOT NULL REFERENCES stages(num),
  change INTEGER NOT NULL,
  sha TEXT NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  decided_at INTEGER,
  by_kind TEXT NOT NULL DEFAULT 'system',
  by_name TEXT NOT NULL DEFAULT '',
  by_role TEXT NOT NULL DEFAULT 'admin',
  comment TEXT NOT NULL DEFAULT '',
  superseded_by INTEGER NOT NULL DEFAULT 0);
CREATE INDEX approvals_state ON approvals(state);
CREATE INDEX approvals_change ON approvals(stage, change);

-- The newest word of a stage's gate about a change: pending, held, released, approved, rejected, superseded, withdrawn.
CREATE TABLE gates(
  stage INTEGER NOT NULL REFERENCES stages(num),
  change INTEGER NOT NULL,
  state TEXT NOT NULL,
  superseded_by INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(stage, change)) WITHOUT ROWID;
CREATE INDEX gates_held ON gates(stage) WHERE state = 'held';

CREATE TABLE settings(
  stage INTEGER NOT NULL REFERENCES stages(num),
  revision INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY(stage, revision)) WITHOUT ROWID;

CREATE TABLE artifacts_in_use(
  stack INTEGER NOT NULL REFERENCES stacks(num),
  artifact TEXT NOT NULL,
  PRIMARY KEY(stack, artifact)) WITHOUT ROWID;

CREATE TABLE idempotency(
  key TEXT PRIMARY KEY,
  answer TEXT NOT NULL,
  at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency(at);

CREATE TABLE documents(
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY(kind, id)) WITHOUT ROWID;
)sql"},
                                 Migration{"the history of settings", R"sql(
-- Of the words of Store::settings_history alone, so that it need not read all that ever happened.
CREATE INDEX events_settings ON events(stack) WHERE type IN ('StageAdded', 'SettingsSaved', 'SettingsAdopted');
)sql"}};

int schema_of(Connection& connection) {
  auto tables = connection.query("SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'");
  if (!tables.next() || tables.integer(0) == 0) return 0;
  auto newest = connection.query("SELECT coalesce(max(version), 0) FROM migrations");
  return newest.next() ? static_cast<int>(newest.integer(0)) : 0;
}

void copy_before(Connection& connection, const std::filesystem::path& file, int schema) {
  std::filesystem::path copy = file;
  copy += ".schema-" + std::to_string(schema);
  std::filesystem::remove(copy);  // of an earlier attempt that did not come to its end
  connection.run("VACUUM INTO ?", copy.string());
  std::filesystem::permissions(copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace

std::span<const Migration> known_migrations() { return kMigrations; }

Error newer_schema(int schema, std::size_t known) {
  return {ErrorKind::conflict,
          "this data directory was written by a newer sluice (schema " + std::to_string(schema) + ", this one knows " +
              std::to_string(known) + "): install that version or restore a backup",
          {}};
}

Result<> migrate(Connection& connection, const std::filesystem::path& file, std::span<const Migration> known) {
  const int newest = static_cast<int>(known.size());
  const int before = schema_of(connection);
  if (before > newest) return fail(newer_schema(before, known.size()));
  if (before == newest) return {};
  if (before > 0) copy_before(connection, file, before);
  for (int next = before; next < newest; ++next) {
    const Migration& migration = known[static_cast<std::size_t>(next)];
    Transaction transaction(connection, Transaction::Kind::write);
    // Another process may have been quicker.
    const int now = schema_of(connection);
    if (now > newest) return fail(newer_schema(now, known.size()));
    if (now > next) continue;
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations(version INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL)");
    connection.execute(migration.sql);
    connection.run("INSERT INTO migrations VALUES(?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))", next + 1,
                   migration.name);
    transaction.commit();
  }
  return {};
}

}  // namespace sluice::store
