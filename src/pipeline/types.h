#pragma once
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

// The present of one stack, as plain data. docs/rules.md is what these words mean; the enumerators are, to the letter,
// the names of the HTTP interface. Nothing here knows a socket, file, clock, thread, SQL or JSON: Boost.Describe only
// lists the members, so that other rooms can write them down.
namespace sluice::pipeline {

using StackId = Id<struct StackTag>;            // stk_ and 8 characters, random
using StageId = Id<struct StageTag>;            // stg_ and the stack's 8, then a counter: never used again (R2.3)
using DeploymentId = Id<struct DeploymentTag>;  // dep_ likewise, so that the stack can be told from it
using ChangeNumber = std::int64_t;              // 1, 2, 3 … within the stack; 0: none
using Attempt = std::int64_t;                   // per stage, only grows; 0: none yet
using Revision = std::int64_t;                  // settings revision, per stage, only grows; a new stage has 1

BOOST_DEFINE_ENUM_CLASS(Role, viewer, developer, admin)         // R8.7
BOOST_DEFINE_ENUM_CLASS(ActorKind, user, token, git, system)    // git: a push
BOOST_DEFINE_ENUM_CLASS(SourceKind, hosted, remote)             // R1.4
BOOST_DEFINE_ENUM_CLASS(Endpoint, api_gateway, load_balancer)   // R7.4
BOOST_DEFINE_ENUM_CLASS(DatabaseKind, none, created, existing)  // "new" outside
BOOST_DEFINE_ENUM_CLASS(Access, open, restricted)               // "public", "private" outside
BOOST_DEFINE_ENUM_CLASS(DeploymentKind, flow, initial, retry, redeploy, rollback, promote)
BOOST_DEFINE_ENUM_CLASS(DeploymentState, queued, building, publishing, provisioning, releasing, starting, verifying,
                        switching, cancelling, succeeded, failed, cancelled, superseded)
BOOST_DEFINE_ENUM_CLASS(ApprovalState, pending, approved, rejected, superseded, withdrawn)
BOOST_DEFINE_ENUM_CLASS(StageState, empty, live, deploying, failed, asleep, deleting)
BOOST_DEFINE_ENUM_CLASS(RestCause, idle, hours)
BOOST_DEFINE_ENUM_CLASS(CertificateFate, given, obtained, refused, removed)
BOOST_DEFINE_ENUM_CLASS(TaskKind, backup, restore, copy)

struct Actor {
  ActorKind kind = ActorKind::system;
  std::string name;  // of the user or token, or the committer of a push
  Role role = Role::admin;
  bool operator==(const Actor&) const = default;
};
BOOST_DESCRIBE_STRUCT(Actor, (), (kind, name, role))

// A change as others point at it.
struct ChangeRef {
  ChangeNumber number = 0;
  std::string commit;  // 40 hex digits
  bool operator==(const ChangeRef&) const = default;
};
BOOST_DESCRIBE_STRUCT(ChangeRef, (), (number, commit))

struct Author {
  std::string name;
  std::string email;
  bool operator==(const Author&) const = default;
};
BOOST_DESCRIBE_STRUCT(Author, (), (name, email))

struct Source {
  SourceKind kind = SourceKind::hosted;
  std::string url;  // of a remote; never with a password in it
  std::string branch = "main";
  bool operator==(const Source&) const = default;
};
BOOST_DESCRIBE_STRUCT(Source, (), (kind, url, branch))

// How much the endpoint api_gateway lets through; 0: no limit.
struct TrafficLimits {
  std::int64_t rate = 0;             // requests a second from one client's address
  std::int64_t burst = 0;            // how many of them at once; 0: as many as `rate`
  std::int64_t body_bytes = 0;       // of a request
  std::int64_t answer_seconds = 60;  // until the app begins its answer; 1 to 3600
  bool operator==(const TrafficLimits&) const = default;
};
BOOST_DESCRIBE_STRUCT(TrafficLimits, (), (rate, burst, body_bytes, answer_seconds))

// Which answers the endpoint api_gateway keeps, where caching is on.
struct CacheRules {
  std::int64_t seconds = 60;       // how long at most; 1 to 86400
  std::vector<std::string> paths;  // beginnings of paths; none: all
  bool operator==(const CacheRules&) const = default;
};
BOOST_DESCRIBE_STRUCT(CacheRules, (), (seconds, paths))

// How much each instance may use of the machine; 0: no limit.
struct Resources {
  std::int64_t memory = 0;  // bytes, what it keeps in /tmp and its home with it; 16 MB to 16 TB
  std::int64_t cpu = 0;     // thousandths of a core; 10 to 1024000
  bool operator==(const Resources&) const = default;
};
BOOST_DESCRIBE_STRUCT(Resources, (), (memory, cpu))

// What a person chose for a stage. Saving makes a settings revision (R7.2), but not of what no deployment carries:
// requires_approval, instances, sleep_after, hours, domains.
struct StageConfig {
  bool requires_approval = false;
  DatabaseKind database = DatabaseKind::none;
  Endpoint endpoint = Endpoint::api_gateway;
  bool caching = false;
  std::int64_t instances = 1;  // desired (R7.5); 0 to 100
  std::string region = "local";
  Access access = Access::open;
  std::optional<TrafficLimits> limits = std::nullopt;  // of api_gateway; absent: none but the 60 seconds
  std::optional<CacheRules> cache = std::nullopt;      // absent: the defaults
  std::optional<bool> sticky = std::nullopt;  // of load_balancer: a client comes back to the same instance; absent: no
  std::optional<std::string> database_at = std::nullopt;   // of an existing one: "user@host:port/name"
  std::optional<std::int64_t> sleep_after = std::nullopt;  // seconds without a request; 10 to 604800; absent: never
  std::optional<std::string> hours = std::nullopt;         // when it runs (base/hours.h); absent: always
  std::optional<std::vector<std::string>> domains = std::nullopt;  // its own names, beside the given one
  std::optional<Resources> resources = std::nullopt;               // absent: none but the app's own (sluice.toml)
  bool operator==(const StageConfig&) const = default;
};
BOOST_DESCRIBE_STRUCT(StageConfig, (),
                      (requires_approval, database, endpoint, caching, instances, region, access, limits, cache, sticky,
                       database_at, sleep_after, hours, domains, resources))

// Opens a stage whose access is restricted. What is kept of the key is its digest.
struct AccessKey {
  std::string name;    // unique within the stage
  std::string digest;  // SHA-256 of the key, 64 hexadecimal digits
  std::string by;      // who made it
  Time made_at{};
  bool operator==(const AccessKey&) const = default;
};
BOOST_DESCRIBE_STRUCT(AccessKey, (), (name, digest, by, made_at))

// Why a deployment in `cancelling` is on its way out, and the state it will end in.
struct Ending {
  DeploymentState end = DeploymentState::cancelled;  // cancelled or failed
  std::string reason;                                // one sentence
  Actor by;
  DeploymentState step = DeploymentState::queued;  // the step it was in
  bool operator==(const Ending&) const = default;
};
BOOST_DESCRIBE_STRUCT(Ending, (), (end, reason, by, step))

// Why the present step does not go on.
struct Wait {
  std::string reason;                        // one clause: "waiting: …"
  bool in_line = false;                      // for its turn on this server, and its time limit with it (R9.4)
  std::optional<Time> since = std::nullopt;  // absent where an earlier version wrote it
  bool operator==(const Wait&) const = default;
};
BOOST_DESCRIBE_STRUCT(Wait, (), (reason, in_line, since))

// One attempt to bring one change to one stage: waiting for the lock, or holding it.
struct Deployment {
  DeploymentId id;
  ChangeRef change;
  DeploymentKind kind = DeploymentKind::flow;
  DeploymentKind meaning = DeploymentKind::flow;  // of a retry: the kind it repeats (R3.8, R8.2); else == kind
  DeploymentState state = DeploymentState::queued;
  Attempt attempt = 0;             // taken with the lock
  Revision settings_revision = 0;  // taken with the lock (R7.3); of a `settings: then` rollback the revision of then
  bool settings_then = false;      // R8.3: on success that revision becomes a new one
  bool decided = false;            // by a person, so it keeps its place on pause and 4.6 (R4.6, R8.5)
  bool parked = false;             // it waited when the gate was paused: starts after resume (R8.5)
  bool rebuild = false;            // R3.2 --rebuild: build anew whatever is kept
  std::string artifact;            // "sha256-…" once built; before that, of a rollback: what must be run
  bool artifact_fixed = false;     // rollback: run `artifact`, never build another
  std::optional<StageConfig> config_then = std::nullopt;  // of a `settings: then` rollback: the stage's of then (R8.3)
  std::string artifact_hint;   // redeploy: what is current; used when the build variables are still the same
  bool built = false;          // this deployment built its artifact (false: reused, R3.2)
  std::int64_t instances = 0;  // how many have been started (set when `starting` is done; R7.5)
  Actor by;
  Time queued_at{};
  std::optional<Time> started_at;
  Time step_at{};                    // when the present step (state) began: its time limit counts from here (R9.4)
  std::optional<std::string> token;  // handle of a far operation, from NotYet; of the present step, in `cancelling`
                                     // first of the one broken off
  Time look_again{};                 // not before this is the step advanced again
  std::optional<Ending> ending;      // set in `cancelling`
  std::optional<Wait> wait = std::nullopt;  // absent: it goes on
  bool operator==(const Deployment&) const = default;
};
BOOST_DESCRIBE_STRUCT(Deployment, (),
                      (id, change, kind, meaning, state, attempt, settings_revision, settings_then, decided, parked,
                       rebuild, artifact, artifact_fixed, config_then, artifact_hint, built, instances, by, queued_at,
                       started_at, step_at, token, look_again, ending, wait))

// What a stage serves now.
struct Current {
  DeploymentId deployment;
  ChangeRef change;
  Attempt attempt = 0;
  std::string artifact;
  Revision settings_revision = 0;
  std::int64_t instances = 0;  // running by the platform's last word; differs from config.instances until scaled
  Time since{};
  bool operator==(const Current&) const = default;
};
BOOST_DESCRIBE_STRUCT(Current, (), (deployment, change, attempt, artifact, settings_revision, instances, since))

// The newest offer at a closed gate (R8.5, R3.6). Not accepted yet, unless it was returned to its gate.
struct Held {
  ChangeRef change;
  Time since{};
  bool accepted = false;  // was accepted before: not measured against the mark again (R8.5)
  bool operator==(const Held&) const = default;
};
BOOST_DESCRIBE_STRUCT(Held, (), (change, since, accepted))

// A pending approval; decided ones are history.
struct Approval {
  ChangeRef change;
  Time since{};
  bool operator==(const Approval&) const = default;
};
BOOST_DESCRIBE_STRUCT(Approval, (), (change, since))

// The newest deployment of the stage that ended failed or cancelled or succeeded (not one returned to its gate).
struct Last {
  DeploymentId deployment;
  ChangeRef change;
  DeploymentState state = DeploymentState::succeeded;
  std::string error;  // one sentence, when failed or cancelled
  bool operator==(const Last&) const = default;
};
BOOST_DESCRIBE_STRUCT(Last, (), (deployment, change, state, error))

// Something done again until it succeeds, with growing pauses; `problem` is why it has not yet.
struct Chore {
  Attempt attempt = 0;  // what the platform calls carry; for retiring: everything up to it but `current` goes
  Time since{};
  std::int64_t tries = 0;
  Time look_again{};
  std::optional<std::string> token;
  std::string problem;
  bool operator==(const Chore&) const = default;
};
BOOST_DESCRIBE_STRUCT(Chore, (), (attempt, since, tries, look_again, token, problem))

struct Scaling {
  std::int64_t to = 0;
  Chore chore;
  bool operator==(const Scaling&) const = default;
};
BOOST_DESCRIBE_STRUCT(Scaling, (), (to, chore))

// Nothing runs for the time being, whatever `instances` says (R7.5): nobody asked for anything for `sleep_after`, and
// the next request wakes it; or it is outside its hours.
struct Rest {
  RestCause why = RestCause::idle;
  Time since{};
  std::optional<Time> until;  // of hours: when they begin again
  bool operator==(const Rest&) const = default;
};
BOOST_DESCRIBE_STRUCT(Rest, (), (why, since, until))

// Done once to the stage's database, taken up again after a restart; it ends with a word of how it went. A restore, and
// a copy into this stage, hold the stage's lock.
struct Task {
  TaskKind kind = TaskKind::backup;
  std::string backup;      // of restore: the name of what comes back
  StageId from;            // of copy
  std::string from_name;   // likewise
  bool scheduled = false;  // the daily backup
  Chore chore;
  bool operator==(const Task&) const = default;
};
BOOST_DESCRIBE_STRUCT(Task, (), (kind, backup, from, from_name, scheduled, chore))

struct Stage {
  StageId id;
  std::string name;
  StageConfig config;
  bool paused = false;
  ChangeNumber mark = 0;
  Revision settings_revision = 1;
  Revision redeploy_tried = 0;  // the newest revision a redeploy was tried at (R7.2)
  Attempt attempt = 0;          // the highest handed out
  std::optional<Current> current;
  std::optional<Deployment> active;
  std::optional<Deployment> waiting;  // the one waiting place (R3.6)
  std::optional<Held> held;
  std::optional<Approval> approval;
  std::optional<Last> last;
  std::optional<Chore> retiring;   // housekeeping after a success, failure or cancel (R3.3); outside the lock
  std::optional<Scaling> scaling;  // R7.5, in place
  std::optional<Chore> deleting;   // R6.5: set once it has left the order
  bool forced = false;             // its deletion was forced: it ends even when the platform refuses (R6.5)
  Time made_at{};
  std::vector<AccessKey> keys;  // by name
  std::optional<Rest> rest;
  std::optional<Task> task;
  std::optional<Time> backup_due;  // the next daily backup; set while there is a database that Sluice made
  std::string backup_problem;      // of the last backup; empty: it was well
  bool operator==(const Stage&) const = default;
};
BOOST_DESCRIBE_STRUCT(Stage, (),
                      (id, name, config, paused, mark, settings_revision, redeploy_tried, attempt, current, active,
                       waiting, held, approval, last, retiring, scaling, deleting, forced, made_at, keys, rest, task,
                       backup_due, backup_problem))

struct Stack {
  StackId id;
  std::string name;
  Source source;
  std::vector<Stage> stages;        // in the order shown (R2.1)
  std::vector<Stage> leaving;       // out of the order, their removal not finished (R6.5)
  std::optional<ChangeRef> newest;  // the newest check-in; its commit is the tip last seen (R1.3)
  std::int64_t next_id = 1;         // for stage and deployment ids
  std::int64_t version = 0;         // number of events applied
  bool deleting = false;            // the stack itself; it is gone when `leaving` is empty
  bool gone = false;
  Time made_at{};
  bool operator==(const Stack&) const = default;
};
BOOST_DESCRIBE_STRUCT(Stack, (), (id, name, source, stages, leaving, newest, next_id, version, deleting, gone, made_at))

// The stage of this name in the order, or nullptr.
const Stage* find_stage(const Stack& stack, const std::string& name);
Stage* find_stage(Stack& stack, const std::string& name);
// By id, also among the leaving ones.
const Stage* find_stage(const Stack& stack, const StageId& id);
Stage* find_stage(Stack& stack, const StageId& id);
StageState state_of(const Stage& stage);
// How many instances run when nothing is under way: none while it rests, else what is desired (R7.5).
std::int64_t desired_instances(const Stage& stage);
// `then` with what no deployment carries, and what never changes, of `now` (R7.2, R7.6).
StageConfig with_uncarried_of(StageConfig then, const StageConfig& now);
bool is_end(DeploymentState state);
// The stack a stage or deployment id belongs to; empty when the id has not the shape.
StackId stack_of(const std::string& stage_or_deployment_id);

}  // namespace sluice::pipeline
