#pragma once
#include <variant>

#include "pipeline/types.h"

// What has happened. An event carries all that `apply` and a reader of history need; it never carries the value of a
// variable. The actor and time are in the Event around it.
namespace sluice::pipeline {

struct StackCreated {
  StackId stack;
  std::string name;
  Source source;
};
BOOST_DESCRIBE_STRUCT(StackCreated, (), (stack, name, source))
struct SourceChanged {
  Source source;
};
BOOST_DESCRIBE_STRUCT(SourceChanged, (), (source))
struct StackDeletionBegan {};
BOOST_DESCRIBE_STRUCT(StackDeletionBegan, (), ())
struct StackDeleted {};
BOOST_DESCRIBE_STRUCT(StackDeleted, (), ())

struct CheckedIn {  // R1.3
  ChangeRef change;
  std::string branch, message;
  Author author;
  Time authored_at{};
};
BOOST_DESCRIBE_STRUCT(CheckedIn, (), (change, branch, message, author, authored_at))

struct StageAdded {
  StageId stage;
  std::string name;
  std::int64_t index = 0;  // 0-based place in `stages` after insertion
  StageConfig config;
  std::string copied_from;  // name of the stage whose variables were copied, or empty (R5.4)
};
BOOST_DESCRIBE_STRUCT(StageAdded, (), (stage, name, index, config, copied_from))
// Requires-approval and instances: no revision. `revision` is set when what a deployment carries was saved (R7.2).
struct StageChanged {
  StageId stage;
  StageConfig config;
  std::optional<Revision> revision;
};
BOOST_DESCRIBE_STRUCT(StageChanged, (), (stage, config, revision))
// Variables were saved: a new revision (R7.2). `names` are "build/NAME" and "runtime/NAME", never values.
struct SettingsSaved {
  StageId stage;
  Revision revision = 0;
  std::vector<std::string> names;
};
BOOST_DESCRIBE_STRUCT(SettingsSaved, (), (stage, revision, names))
// A `settings: then` rollback succeeded: the settings of `from` are now revision `revision` (R8.3).
struct SettingsAdopted {
  StageId stage;
  Revision from = 0;
  Revision revision = 0;
  std::optional<StageConfig> config = std::nullopt;  // the stage's from here on; absent: as it is
};
BOOST_DESCRIBE_STRUCT(SettingsAdopted, (), (stage, from, revision, config))
struct KeyAdded {
  StageId stage;
  std::string name;
  std::string digest;
};
BOOST_DESCRIBE_STRUCT(KeyAdded, (), (stage, name, digest))
struct KeyRevoked {
  StageId stage;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(KeyRevoked, (), (stage, name))
struct CachePurged {  // changes nothing here; the platform is told afterwards
  StageId stage;
};
BOOST_DESCRIBE_STRUCT(CachePurged, (), (stage))
struct CertificateNoted {  // likewise; it was told before
  StageId stage;
  std::string domain;
  CertificateFate fate = CertificateFate::given;
};
BOOST_DESCRIBE_STRUCT(CertificateNoted, (), (stage, domain, fate))
struct StageDeletionBegan {  // R6.5; `after` are the stages that stood after it, for a later promotion (R8.4)
  StageId stage;
  std::string name;
  std::vector<StageId> after;
};
BOOST_DESCRIBE_STRUCT(StageDeletionBegan, (), (stage, name, after))
struct StageDeletionForced {
  StageId stage;
};
BOOST_DESCRIBE_STRUCT(StageDeletionForced, (), (stage))
struct StageDeleted {
  StageId stage;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(StageDeleted, (), (stage, name))
struct StagePaused {
  StageId stage;
};
BOOST_DESCRIBE_STRUCT(StagePaused, (), (stage))
struct StageResumed {
  StageId stage;
};
BOOST_DESCRIBE_STRUCT(StageResumed, (), (stage))

// At a gate.
struct OfferHeld {
  StageId stage;
  ChangeRef change;
  bool accepted = false;
};  // R8.5, R3.6
BOOST_DESCRIBE_STRUCT(OfferHeld, (), (stage, change, accepted))
struct HeldSuperseded {
  StageId stage;
  ChangeRef change;
  ChangeNumber by = 0;
};  // a newer one took its place; by 0: dropped, its stage was deleted (R6.2)
BOOST_DESCRIBE_STRUCT(HeldSuperseded, (), (stage, change, by))
struct HeldReleased {
  StageId stage;
  ChangeRef change;
};  // let in: an ApprovalAsked or DeploymentQueued follows
BOOST_DESCRIBE_STRUCT(HeldReleased, (), (stage, change))
struct ApprovalAsked {
  StageId stage;
  ChangeRef change;
};  // raises the mark (R4.1)
BOOST_DESCRIBE_STRUCT(ApprovalAsked, (), (stage, change))
struct ApprovalDecided {  // `state`: approved or rejected by the actor (R4.8)
  StageId stage;
  ChangeRef change;
  ApprovalState state = ApprovalState::approved;
  std::string comment;
};
BOOST_DESCRIBE_STRUCT(ApprovalDecided, (), (stage, change, state, comment))
struct ApprovalSuperseded {
  StageId stage;
  ChangeRef change;
  ChangeNumber by = 0;
};  // R4.2
BOOST_DESCRIBE_STRUCT(ApprovalSuperseded, (), (stage, change, by))
struct ApprovalWithdrawn {
  StageId stage;
  ChangeRef change;
  std::string reason;
};  // R6.2
BOOST_DESCRIBE_STRUCT(ApprovalWithdrawn, (), (stage, change, reason))

// Deployments.
struct DeploymentQueued {
  StageId stage;
  Deployment deployment;
};  // takes the waiting place; raises the mark
BOOST_DESCRIBE_STRUCT(DeploymentQueued, (), (stage, deployment))
struct DeploymentStarted {  // the waiting one takes the lock, an attempt and the settings revision
  StageId stage;
  DeploymentId deployment;
  Attempt attempt = 0;
  Revision settings_revision = 0;
};
BOOST_DESCRIBE_STRUCT(DeploymentStarted, (), (stage, deployment, attempt, settings_revision))
// A step began: the deployment's state is `state` now. What the step before it found out comes along.
struct StepBegan {
  StageId stage;
  DeploymentId deployment;
  DeploymentState state = DeploymentState::building;
};
BOOST_DESCRIBE_STRUCT(StepBegan, (), (stage, deployment, state))
struct StepNoted {  // NotYet: the handle is journalled; or it waits for its turn, or has it (R9.4)
  StageId stage;
  DeploymentId deployment;
  std::optional<std::string> token;
  std::string note;  // why it does not go on; empty: it does
  Time look_again{};
  std::optional<bool> in_line = std::nullopt;  // true: it waits for its turn, and its time limit with it
};
BOOST_DESCRIBE_STRUCT(StepNoted, (), (stage, deployment, token, note, look_again, in_line))
struct ArtifactBuilt {
  StageId stage;
  DeploymentId deployment;
  std::string artifact;
  bool built = true;
};
BOOST_DESCRIBE_STRUCT(ArtifactBuilt, (), (stage, deployment, artifact, built))
struct InstancesStarted {
  StageId stage;
  DeploymentId deployment;
  std::int64_t instances = 0;
};
BOOST_DESCRIBE_STRUCT(InstancesStarted, (), (stage, deployment, instances))
struct CancelBegan {
  StageId stage;
  DeploymentId deployment;
  Ending ending;
};  // R8.1
BOOST_DESCRIBE_STRUCT(CancelBegan, (), (stage, deployment, ending))
struct DeploymentEnded {
  StageId stage;
  DeploymentId deployment;
  ChangeRef change;
  DeploymentState state = DeploymentState::succeeded;  // one of the ends
  std::string step;                                    // of a failure: the step it failed in, by its state's name
  std::string error;                                   // one sentence; absent for success
  ChangeNumber superseded_by = 0;  // of superseded: the change that took its place; 0 when returned to its gate
  bool returned = false;           // returned to its gate: never retried, does not speak for its change (R4.6, R8.5)
};
BOOST_DESCRIBE_STRUCT(DeploymentEnded, (), (stage, deployment, change, state, step, error, superseded_by, returned))

// In place and housekeeping.
struct ScaleBegan {
  StageId stage;
  std::int64_t to = 0;
  Attempt attempt = 0;
};
BOOST_DESCRIBE_STRUCT(ScaleBegan, (), (stage, to, attempt))
struct ScaleEnded {
  StageId stage;
  std::int64_t instances = 0;
};
BOOST_DESCRIBE_STRUCT(ScaleEnded, (), (stage, instances))
struct RetireBegan {
  StageId stage;
  Attempt attempt = 0;
};
BOOST_DESCRIBE_STRUCT(RetireBegan, (), (stage, attempt))
struct RetireEnded {
  StageId stage;
};
BOOST_DESCRIBE_STRUCT(RetireEnded, (), (stage))
struct StageRested {
  StageId stage;
  Rest rest;
};
BOOST_DESCRIBE_STRUCT(StageRested, (), (stage, rest))
struct StageRoused {
  StageId stage;
};
BOOST_DESCRIBE_STRUCT(StageRoused, (), (stage))
struct TaskBegan {
  StageId stage;
  Task task;
};
BOOST_DESCRIBE_STRUCT(TaskBegan, (), (stage, task))
struct TaskEnded {
  StageId stage;
  TaskKind kind = TaskKind::backup;
  std::string backup;        // of backup: the name of what was made; of restore: as it began
  std::string from;          // of copy: the stage's name
  std::string problem;       // one sentence; empty: it is done
  std::optional<Time> next;  // of a backup: when the next daily one is due
};
BOOST_DESCRIBE_STRUCT(TaskEnded, (), (stage, kind, backup, from, problem, next))
BOOST_DEFINE_ENUM_CLASS(ChoreKind, scale, retire, remove, task)
struct ChoreDelayed {  // did not succeed, or NotYet: again at look_again
  StageId stage;
  ChoreKind chore = ChoreKind::retire;
  std::optional<std::string> token;
  std::string problem;  // empty for NotYet
  Time look_again{};
};
BOOST_DESCRIBE_STRUCT(ChoreDelayed, (), (stage, chore, token, problem, look_again))

using EventBody =
    std::variant<StackCreated, SourceChanged, StackDeletionBegan, StackDeleted, CheckedIn, StageAdded, StageChanged,
                 SettingsSaved, SettingsAdopted, KeyAdded, KeyRevoked, CachePurged, CertificateNoted,
                 StageDeletionBegan, StageDeletionForced, StageDeleted, StagePaused, StageResumed, OfferHeld,
                 HeldSuperseded, HeldReleased, ApprovalAsked, ApprovalDecided, ApprovalSuperseded, ApprovalWithdrawn,
                 DeploymentQueued, DeploymentStarted, StepBegan, StepNoted, ArtifactBuilt, InstancesStarted,
                 CancelBegan, DeploymentEnded, ScaleBegan, ScaleEnded, RetireBegan, RetireEnded, StageRested,
                 StageRoused, TaskBegan, TaskEnded, ChoreDelayed>;

struct Event {
  Time at{};
  Actor actor;
  EventBody body;
};
BOOST_DESCRIBE_STRUCT(Event, (), (at, actor, body))

}  // namespace sluice::pipeline
