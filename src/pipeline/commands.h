#pragma once
#include <variant>

#include "pipeline/types.h"

// What may be asked. Commands name stages by name where a person speaks, by id where the machinery does. Where the past
// is needed the conductor looks it up and attaches a precedent before `decide` sees the command.
namespace sluice::pipeline {

// --- by people ---
struct CheckIn {  // R1.3: the branch's tip was found at `commit`
  std::string commit, branch, message;
  Author author;
  Time authored_at{};
};
struct SetSource {
  Source source;
};
struct DeleteStack {};
struct AddStage {
  std::string name;
  std::string before, after;  // at most one is set; neither: at the end (R2.1)
  StageConfig config;
  std::string copy_from;  // R5.4
};
struct SetStage {  // only what is set changes
  std::string stage;
  std::optional<bool> requires_approval;
  std::optional<DatabaseKind> database;
  std::optional<Endpoint> endpoint;
  std::optional<bool> caching;
  std::optional<std::int64_t> instances;
  std::optional<Access> access;
  std::optional<TrafficLimits> limits = std::nullopt;
  std::optional<CacheRules> cache = std::nullopt;
  std::optional<bool> sticky = std::nullopt;
  std::optional<std::string> database_at = std::nullopt;   // with `existing`
  bool database_url = false;                               // another URL comes beside the command: always a revision
  std::optional<std::int64_t> sleep_after = std::nullopt;  // 0: never
  std::optional<std::string> hours = std::nullopt;         // empty: always
  std::optional<std::vector<std::string>> domains = std::nullopt;
  std::optional<Resources> resources = std::nullopt;  // both 0: none
};
// The key itself is its maker's alone. Effective without a deployment.
struct AddKey {
  std::string stage;
  std::string name;
  std::string digest;  // as AccessKey's
};
struct RevokeKey {
  std::string stage;
  std::string name;
};
struct PurgeCache {
  std::string stage;
};
// What became of the certificate of one of the stage's own domains: by a person, or by an authority.
struct NoteCertificate {
  std::string stage;
  std::string domain;
  CertificateFate fate = CertificateFate::given;
};
// Of the database that Sluice made for a stage.
struct BackUpDatabase {
  std::string stage;
};
struct RestoreDatabase {
  std::string stage;
  std::string backup;  // its name; whether it is there was looked up before
};
// What `to` has in its database is replaced.
struct CopyDatabase {
  std::string from, to;
};
// Variables were edited; their values travel beside the command, not in it. Nothing changed: the conductor sends none.
struct SaveSettings {
  std::string stage;
  std::vector<std::string> names;
};
struct DeleteStage {
  std::string stage;
  bool force = false;
};  // force also speaks to one that is `deleting` (R6.5)

// How the approval of (stage, change) stands in history, when it is not the pending one (R4.4).
struct ApprovalPrecedent {
  ApprovalState state = ApprovalState::pending;
  std::string by;  // who decided
  ChangeNumber superseded_by = 0;
  bool stage_gone = false;
  std::string deployment_state;  // what became of the approved deployment, or empty
};
struct Approve {
  std::string stage;
  ChangeNumber change = 0;
  std::string comment;
  std::optional<ApprovalPrecedent> precedent;
};
struct Reject {
  std::string stage;
  ChangeNumber change = 0;
  std::string comment;
  std::optional<ApprovalPrecedent> precedent;
};

// The deployment a retry or rollback repeats. `kind`/`meaning`/… as it was.
struct Precedent {
  DeploymentId deployment;
  ChangeRef change;
  DeploymentKind kind = DeploymentKind::flow, meaning = DeploymentKind::flow;
  DeploymentState state = DeploymentState::succeeded;
  std::string artifact;
  bool artifact_fixed = false;
  bool artifact_kept = true;  // false: cleaned
  Revision settings_revision = 0;
  bool settings_then = false;
  std::optional<StageConfig> config = std::nullopt;  // of that revision; where it is not known any more: of now
  bool returned = false;                             // to its gate: never retried (R4.6)
  ChangeNumber newest_success_since = 0;  // highest change that succeeded in this stage after this deployment ended
};
struct Retry {
  std::string stage;
  std::optional<Precedent> precedent;  // none: nothing to retry
  DeploymentId deployment{};           // empty: the newest failed or cancelled
};
struct Redeploy {
  std::string stage;
  bool rebuild = false;
};
// By default (to == empty) the conductor's precedent is the newest success of the highest change below the one that
// serves or is switching in; `build` accepts building anew where the artifact was cleaned (R8.3).
struct Rollback {
  std::string stage;
  std::string to;  // as asked, for messages
  bool settings_then = false;
  bool pause = false;
  bool build = false;
  std::optional<Precedent> precedent;
};
struct Promote {  // R8.4
  std::string stage;
  ChangeNumber change = 0;
  std::string commit;                     // of that change; empty: there is no such change
  std::vector<StageId> succeeded_in;      // stages of this stack, in order or not, where it succeeded at any time
  bool succeeded_before_deleted = false;  // it succeeded in a stage, deleted since, that stood before this one
};
struct Pause {
  std::string stage;
};
struct Resume {
  std::string stage;
};
struct Cancel {
  DeploymentId deployment;
  std::string end_state;
};  // end_state: of one that is history, or empty

// --- by the machinery ---
struct StepDone {
  StageId stage;
  DeploymentId deployment;
  Attempt attempt = 0;
  DeploymentState step = DeploymentState::building;  // the state whose work is done; cancelling: what it made is gone
  std::string artifact;                              // of building
  bool built = false;                                // of building
  std::int64_t instances = 0;                        // of starting and switching: how many are healthy / serve
};
struct StepFailed {
  StageId stage;
  DeploymentId deployment;
  Attempt attempt = 0;
  DeploymentState step = DeploymentState::building;
  std::string error;
};
struct StepNotYet {
  StageId stage;
  DeploymentId deployment;
  Attempt attempt = 0;
  DeploymentState step = DeploymentState::building;
  std::optional<std::string> token;
  std::string note;
  Duration look_again_after{};
};
// The step waits for its turn on this server; over: it has its turn, and its time limit begins (R9.4).
struct StepInLine {
  StageId stage;
  DeploymentId deployment;
  Attempt attempt = 0;
  DeploymentState step = DeploymentState::building;
  std::string reason;
  bool over = false;
};
// For scaling, retiring, removing a stage and for tasks; failed: again later, with `problem`; a task ends with it.
BOOST_DEFINE_ENUM_CLASS(ChoreOutcome, done, failed, not_yet)
struct ChoreResult {
  StageId stage;
  int chore = 0;  // a ChoreKind (events.h) as int
  Attempt attempt = 0;
  ChoreOutcome outcome = ChoreOutcome::done;
  std::int64_t instances = 0;  // of scaling
  std::optional<std::string> token;
  std::string problem;
  Duration look_again_after{};
  std::string made = "";  // by a backup: its name
};
// Nobody has asked the stage for anything for its `sleep_after`, or its hours are over. Where that is not what the
// stage was set to do, nothing happens.
struct LayToRest {
  StageId stage;
  RestCause why = RestCause::idle;
  std::optional<Time> until = std::nullopt;
};
// Somebody asks for it, or its hours begin.
struct Rouse {
  StageId stage;
  RestCause why = RestCause::idle;
};
// Nothing new from outside: time limits are looked at and whatever may start is started.
struct Tick {};

using CommandBody =
    std::variant<CheckIn, SetSource, DeleteStack, AddStage, SetStage, SaveSettings, AddKey, RevokeKey, PurgeCache,
                 NoteCertificate, BackUpDatabase, RestoreDatabase, CopyDatabase, DeleteStage, Approve, Reject, Retry,
                 Redeploy, Rollback, Promote, Pause, Resume, Cancel, StepDone, StepFailed, StepNotYet, StepInLine,
                 ChoreResult, LayToRest, Rouse, Tick>;

struct Command {
  Actor actor;
  CommandBody body;
};

}  // namespace sluice::pipeline
