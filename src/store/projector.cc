#include "store/projector.h"

#include "base/codec.h"
#include "store/encode.h"

namespace sluice::store {
namespace {

using namespace pipeline;
using codec::enum_name;

class Projector {
 public:
  Projector(Connection& db, std::int64_t stack, std::int64_t seq, const Event& event)
      : db_(db), stack_(stack), seq_(seq), at_(event.at), actor_(event.actor) {}

  // Names, places and stages are in the stack's own row and in the state.
  void operator()(const StackCreated&) {}
  void operator()(const SourceChanged&) {}
  void operator()(const StackDeletionBegan&) {}
  void operator()(const StackDeleted&) {}
  void operator()(const StageChanged&) {}
  void operator()(const SettingsSaved&) {}
  void operator()(const KeyAdded&) {}
  void operator()(const KeyRevoked&) {}
  void operator()(const CachePurged&) {}
  void operator()(const CertificateNoted&) {}
  void operator()(const SettingsAdopted&) {}
  void operator()(const StageDeletionForced&) {}
  void operator()(const StagePaused&) {}
  void operator()(const StageResumed&) {}
  void operator()(const StepNoted&) {}
  void operator()(const ScaleBegan&) {}
  void operator()(const ScaleEnded&) {}
  void operator()(const RetireBegan&) {}
  void operator()(const RetireEnded&) {}
  void operator()(const StageRested&) {}
  void operator()(const StageRoused&) {}
  void operator()(const TaskBegan&) {}
  void operator()(const TaskEnded&) {}
  void operator()(const ChoreDelayed&) {}

  void operator()(const CheckedIn& e) {
    db_.run(
        "INSERT INTO changes(stack, number, sha, branch, message, author_name, author_email, at) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        stack_, e.change.number, e.change.commit, e.branch, e.message, e.author.name, e.author.email, at_);
  }

  void operator()(const StageAdded& e) {
    db_.run("INSERT INTO stages(id, stack, name) VALUES(?, ?, ?)", e.stage, stack_, e.name);
  }
  void operator()(const StageDeletionBegan& e) {
    db_.run("UPDATE stages SET deleted = 1, stood_after = ? WHERE id = ?", encode(e.after), e.stage);
    db_.run(
        "UPDATE gates SET state = 'withdrawn' "
        "WHERE stage = (SELECT num FROM stages WHERE id = ?) AND state = 'held'",
        e.stage);
  }
  void operator()(const StageDeleted& e) { db_.run("UPDATE stages SET deleted = 1 WHERE id = ?", e.stage); }

  void operator()(const OfferHeld& e) { gate(e.stage, e.change, "held"); }
  void operator()(const HeldSuperseded& e) { gate(e.stage, e.change, "superseded", e.by); }
  void operator()(const HeldReleased& e) { gate(e.stage, e.change, "released"); }

  void operator()(const ApprovalAsked& e) {
    gate(e.stage, e.change, "pending");
    db_.run(
        "INSERT INTO approvals(stack, stage, change, sha, state, since) "
        "VALUES(?, (SELECT num FROM stages WHERE id = ?), ?, ?, 'pending', ?)",
        stack_, e.stage, e.change.number, e.change.commit, at_);
  }
  void operator()(const ApprovalDecided& e) { end_approval(e.stage, e.change, enum_name(e.state), e.comment, 0); }
  void operator()(const ApprovalSuperseded& e) { end_approval(e.stage, e.change, "superseded", "", e.by); }
  void operator()(const ApprovalWithdrawn& e) { end_approval(e.stage, e.change, "withdrawn", e.reason, 0); }

  void operator()(const DeploymentQueued& e) {
    const Deployment& d = e.deployment;
    db_.run(
        "INSERT INTO deployments(id, stack, stage, change, sha, kind, meaning, state, attempt, artifact, "
        "artifact_fixed, built, settings_then, settings_revision, by_kind, by_name, by_role, queued_at) "
        "VALUES(?, ?, (SELECT num FROM stages WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        d.id, stack_, e.stage, d.change.number, d.change.commit, enum_name(d.kind), enum_name(d.meaning),
        enum_name(d.state), d.attempt, d.artifact, d.artifact_fixed, d.built, d.settings_then, d.settings_revision,
        enum_name(d.by.kind), d.by.name, enum_name(d.by.role), d.queued_at);
  }
  void operator()(const DeploymentStarted& e) {
    db_.run("UPDATE deployments SET attempt = ?, settings_revision = ?, started_at = ? WHERE id = ?", e.attempt,
            e.settings_revision, at_, e.deployment);
  }
  void operator()(const StepBegan& e) {
    // Begun again (with another number of instances) it is still the same step.
    if (running_step(e.deployment) == enum_name(e.state)) return;
    end_step(e.deployment, "succeeded", "");
    begin_step(e.deployment, e.state);
  }
  void operator()(const ArtifactBuilt& e) {
    db_.run("UPDATE deployments SET artifact = ?, built = ? WHERE id = ?", e.artifact, e.built, e.deployment);
  }
  void operator()(const InstancesStarted& e) {
    db_.run("UPDATE deployments SET instances = ? WHERE id = ?", e.instances, e.deployment);
  }
  void operator()(const CancelBegan& e) {
    const bool failed = e.ending.end == DeploymentState::failed;
    end_step(e.deployment, failed ? "failed" : "cancelled", failed ? e.ending.reason : "");
    begin_step(e.deployment, DeploymentState::cancelling);
  }
  void operator()(const DeploymentEnded& e) {
    end_last_step(e);
    db_.run(
        "UPDATE deployments SET state = ?, error = ?, superseded_by = ?, returned = ?, ended_at = ?, "
        "ended_seq = ? WHERE id = ?",
        enum_name(e.state), e.error, e.superseded_by, e.returned, at_, seq_, e.deployment);
    // Back at a gate where something newer stands already, it is not asked for again: then this stays its last word.
    if (e.returned) gate(e.stage, e.change, "superseded", e.superseded_by);
  }

 private:
  void gate(const StageId& stage, const ChangeRef& change, const char* state, ChangeNumber superseded_by = 0) {
    db_.run(
        "INSERT INTO gates(stage, change, state, superseded_by) "
        "VALUES((SELECT num FROM stages WHERE id = ?), ?, ?, ?) "
        "ON CONFLICT(stage, change) DO UPDATE SET state = excluded.state, superseded_by = excluded.superseded_by",
        stage, change.number, state, superseded_by);
  }

  void end_approval(const StageId& stage, const ChangeRef& change, const char* state, const std::string& comment,
                    ChangeNumber superseded_by) {
    gate(stage, change, state, superseded_by);
    db_.run(
        "UPDATE approvals SET state = ?, decided_at = ?, by_kind = ?, by_name = ?, by_role = ?, comment = ?, "
        "superseded_by = ? WHERE id = (SELECT max(id) FROM approvals "
        "WHERE stage = (SELECT num FROM stages WHERE id = ?) AND change = ?)",
        state, at_, enum_name(actor_.kind), actor_.name, enum_name(actor_.role), comment, superseded_by, stage,
        change.number);
  }

  std::string running_step(const DeploymentId& deployment) {
    auto row = db_.query(
        "SELECT name FROM steps WHERE deployment = (SELECT num FROM deployments WHERE id = ?) AND state = 'running'",
        deployment);
    return row.next() ? row.text(0) : std::string();
  }
  void begin_step(const DeploymentId& deployment, DeploymentState state) {
    db_.run("UPDATE deployments SET state = ? WHERE id = ?", enum_name(state), deployment);
    db_.run(
        "INSERT INTO steps(deployment, place, name, state, started_at) "
        "SELECT num, (SELECT count(*) FROM steps WHERE deployment = num), ?, 'running', ? "
        "FROM deployments WHERE id = ?",
        enum_name(state), at_, deployment);
  }
  void end_step(const DeploymentId& deployment, const char* state, const std::string& error) {
    db_.run(
        "UPDATE steps SET state = ?, ended_at = ?, error = ? "
        "WHERE deployment = (SELECT num FROM deployments WHERE id = ?) AND state = 'running'",
        state, at_, error, deployment);
  }
  // A failure with nothing to clear away ends in its own step; any other comes here through `cancelling`, which itself
  // did what it had to.
  void end_last_step(const DeploymentEnded& e) {
    if (e.state == DeploymentState::failed && !e.step.empty()) {
      db_.run(
          "UPDATE steps SET state = 'failed', ended_at = coalesce(ended_at, ?1), error = ?2 "
          "WHERE deployment = (SELECT num FROM deployments WHERE id = ?3) "
          "AND place = (SELECT max(place) FROM steps "
          "WHERE deployment = (SELECT num FROM deployments WHERE id = ?3) AND name = ?4)",
          at_, e.error, e.deployment, e.step);
    }
    const char* rest = "cancelled";
    if (e.state == DeploymentState::succeeded) rest = "succeeded";
    if (e.state == DeploymentState::failed) rest = "failed";
    db_.run(
        "UPDATE steps SET state = CASE name WHEN 'cancelling' THEN 'succeeded' ELSE ? END, ended_at = ? "
        "WHERE deployment = (SELECT num FROM deployments WHERE id = ?) AND state = 'running'",
        rest, at_, e.deployment);
  }

  Connection& db_;
  std::int64_t stack_, seq_;
  Time at_;
  const Actor& actor_;
};

bool changes_artifacts(const EventBody& body) {
  return std::holds_alternative<DeploymentQueued>(body) || std::holds_alternative<ArtifactBuilt>(body) ||
         std::holds_alternative<DeploymentEnded>(body) || std::holds_alternative<RetireEnded>(body) ||
         std::holds_alternative<StageDeleted>(body) || std::holds_alternative<StackDeleted>(body);
}

}  // namespace

void project(Connection& db, std::int64_t stack, std::int64_t seq, const Event& event) {
  std::visit(Projector(db, stack, seq, event), event.body);
}

void project_artifacts(Connection& db, std::int64_t stack, const Stack& after, const std::vector<Event>& events) {
  bool changed = false;
  for (const auto& event : events) changed = changed || changes_artifacts(event.body);
  if (!changed) return;

  // What a stage served before may still answer requests until its retiring, or its own removal, has ended.
  bool retiring = !after.leaving.empty();
  for (const auto& stage : after.stages) retiring = retiring || stage.retiring;
  if (!retiring) db.run("DELETE FROM artifacts_in_use WHERE stack = ?", stack);

  auto keep = [&](const std::string& artifact) {
    if (!artifact.empty()) db.run("INSERT OR IGNORE INTO artifacts_in_use VALUES(?, ?)", stack, artifact);
  };
  for (const auto* stages : {&after.stages, &after.leaving}) {
    for (const auto& stage : *stages) {
      if (stage.current) keep(stage.current->artifact);
      for (const auto* deployment : {&stage.active, &stage.waiting}) {
        if (!*deployment) continue;
        keep((*deployment)->artifact);
        keep((*deployment)->artifact_hint);
      }
    }
  }
}

}  // namespace sluice::store
