#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/pipeline.h"

// SQLite: the present of every stack, the events, and the tables that history is read from, written in one transaction.
// WAL, synchronous=FULL. SQL lives here only. One connection writes (the caller's one writer thread), readers have
// connections of their own; every public read is safe from any thread. An Error is `unavailable` when the disk is full,
// not writable or the file is locked by another process: then nothing was written and a later try may succeed. A read
// whose type has no room for an Error throws std::runtime_error instead, which ends the request.
namespace sluice::store {

// What one command decided: the events in order, the stack after them, and rows that must be written in the same
// breath.
struct SettingsRow {  // an encrypted settings revision (src/secrets makes it)
  pipeline::StageId stage;
  pipeline::Revision revision = 0;
  std::string sealed;
};
struct IdempotencyRow {
  std::string key;     // actor, method, path and key together
  std::string answer;  // "STATUS BODY" as it was given
  Time at{};
};
struct Batch {
  pipeline::Stack stack;              // after the events
  std::int64_t expected_version = 0;  // of the stack before them; 0: it is new
  std::vector<pipeline::Event> events;
  std::vector<SettingsRow> settings;
  std::vector<IdempotencyRow> idempotency;
};
struct StoredEvent {
  std::int64_t seq = 0;  // over all stacks, only grows; the event stream's id
  pipeline::StackId stack;
  std::string stack_name;
  std::string type;  // name of the alternative, e.g. "DeploymentEnded"
  pipeline::Event event;
};

// --- rows of history, for reading ---
struct ChangeRow {
  pipeline::ChangeRef change;
  std::string branch, message;
  pipeline::Author author;
  Time at{};  // when it arrived
};
struct StepRow {
  std::string name;   // of the state
  std::string state;  // running, succeeded, failed, cancelled
  Time started_at{};
  std::optional<Time> ended_at;
  std::string error;
};
struct DeploymentRow {
  pipeline::DeploymentId id;
  pipeline::StackId stack;
  std::string stack_name;
  pipeline::StageId stage;
  std::string stage_name;
  pipeline::ChangeRef change;
  pipeline::DeploymentKind kind{}, meaning{};
  pipeline::DeploymentState state{};
  pipeline::Attempt attempt = 0;
  std::string error;
  std::string artifact;
  bool artifact_fixed = false, built = false, settings_then = false, returned = false;
  std::int64_t instances = 0;  // how many were started; 0 before, and where 0 were desired (R7.5)
  pipeline::Revision settings_revision = 0;
  pipeline::ChangeNumber superseded_by = 0;
  pipeline::Actor by;
  Time queued_at{};
  std::optional<Time> started_at, ended_at;
  std::vector<StepRow> steps;
};
struct ApprovalRow {
  std::int64_t id = 0;
  pipeline::StackId stack;
  std::string stack_name;
  pipeline::StageId stage;
  std::string stage_name;
  pipeline::ChangeRef change;
  pipeline::ApprovalState state{};
  Time since{};
  std::optional<Time> decided_at;
  pipeline::Actor by;  // who decided
  std::string comment;
  pipeline::ChangeNumber superseded_by = 0;
};
struct ApprovalFilter {  // what is absent or 0 leaves nothing out; `stage` and `change` only with their stack
  std::optional<pipeline::ApprovalState> state = {};
  std::optional<pipeline::StackId> stack = {};
  std::optional<pipeline::StageId> stage = {};
  pipeline::ChangeNumber change = 0;
};
struct StageRow {  // living and deleted stages
  pipeline::StageId id;
  std::string name;
  bool deleted = false;
  std::vector<pipeline::StageId> after;  // of a deleted one: those that stood after it (R8.4)
};
// A change's state in one stage (interface: a change's `stages`).
struct ChangeInStage {
  pipeline::StageId stage;
  std::string stage_name;
  bool deleted = false;
  std::string state;  // a deployment's state, or pending, held, rejected, superseded, withdrawn, not_reached
  pipeline::DeploymentId deployment;  // empty when none
};

template <class T>
struct Page {
  std::vector<T> items;
  std::string next;  // cursor for `after`; empty at the end
};

class Store {
 public:
  // Opens or makes DIR/sluice.db, runs the migrations (after a copy), refuses a newer database in clear words.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir);
  // SQLite's own look at DIR/sluice.db, also while a server works in it, in well under a second: true when all of it is
  // sound; false when only the presents of the stacks were looked at, the rest being too large for that. An Error says
  // what is wrong.
  static Result<bool> look(const std::filesystem::path& dir);
  virtual ~Store() = default;

  // --- writing: from one thread ---
  // All batches in one transaction, one fsync, all or nothing. A version that is not as expected is conflict: nothing
  // is written. Returns the seq of the first event.
  virtual Result<std::int64_t> commit(const std::vector<Batch>& batches) = 0;

  // --- reading ---
  virtual Result<std::vector<pipeline::Stack>> load_stacks() = 0;  // not the gone ones
  virtual Result<std::vector<StoredEvent>> events_after(std::int64_t seq, std::size_t limit) = 0;
  virtual std::int64_t last_seq() = 0;
  // The audit trail: newest first; `stack` empty: all.
  virtual Result<Page<StoredEvent>> audit(const std::string& stack_name, const std::string& after,
                                          std::size_t limit) = 0;
  // By which the variables of a stage may have changed: StageAdded, SettingsSaved, SettingsAdopted; newest first.
  virtual Result<Page<StoredEvent>> settings_history(const pipeline::StackId&, const pipeline::StageId&,
                                                     const std::string& after, std::size_t limit) = 0;
  virtual Result<Page<ChangeRow>> changes(const pipeline::StackId&, const std::string& commit, const std::string& after,
                                          std::size_t limit) = 0;
  virtual Result<ChangeRow> change(const pipeline::StackId&, pipeline::ChangeNumber) = 0;
  // Changes of many stacks in one statement, in the order asked for; nothing in the place of one that is not there.
  virtual Result<std::vector<std::optional<ChangeRow>>> changes_of(
      const std::vector<std::pair<pipeline::StackId, pipeline::ChangeNumber>>&) = 0;
  // Where a change is: one entry for each living stage in order, then deleted stages it had reached.
  virtual Result<std::vector<ChangeInStage>> where_is(const pipeline::Stack&, pipeline::ChangeNumber) = 0;
  // `change` 0: of every change.
  virtual Result<Page<DeploymentRow>> deployments(const pipeline::StackId&, const std::optional<pipeline::StageId>&,
                                                  pipeline::ChangeNumber change, const std::string& after,
                                                  std::size_t limit) = 0;
  virtual Result<DeploymentRow> deployment(const pipeline::DeploymentId&) = 0;
  // What its stage ran before it: the last there that succeeded before this one ended (or until now). Empty when none.
  virtual Result<pipeline::DeploymentId> ran_before(const pipeline::DeploymentId&) = 0;
  virtual Result<Page<ApprovalRow>> approvals(const ApprovalFilter&, const std::string& after, std::size_t limit) = 0;
  // The newest approval that was asked about this change in this stage, whatever became of it; else not_found.
  virtual Result<ApprovalRow> approval(const pipeline::StageId&, pipeline::ChangeNumber) = 0;
  virtual Result<std::vector<StageRow>> stages(const pipeline::StackId&) = 0;
  virtual Result<std::string> settings(const pipeline::StageId&, pipeline::Revision) = 0;  // sealed
  virtual std::optional<std::string> idempotent_answer(const std::string& key) = 0;
  // Artifacts that some stage's current, active or waiting deployment names: never cleaned.
  virtual Result<std::vector<std::string>> artifacts_in_use() = 0;

  // --- precedents (pipeline/commands.h says what they are) ---
  virtual std::optional<pipeline::ApprovalPrecedent> approval_precedent(const pipeline::Stack&,
                                                                        const std::string& stage,
                                                                        pipeline::ChangeNumber) = 0;
  virtual std::optional<pipeline::Precedent> retry_precedent(const pipeline::StageId&) = 0;
  // Of one deployment of this stage, whatever became of it (R8.2: a retry may name one).
  virtual std::optional<pipeline::Precedent> deployment_precedent(const pipeline::StageId&,
                                                                  const pipeline::DeploymentId&) = 0;
  // `to`: a deployment id, or a change number in digits ("#7" too), or empty: the default of R8.3, below `serving`.
  virtual std::optional<pipeline::Precedent> rollback_precedent(const pipeline::StageId&, const std::string& to,
                                                                pipeline::ChangeNumber serving) = 0;
  virtual void promote_precedent(const pipeline::Stack&, pipeline::Promote& command) = 0;  // fills it

  // Remembers an answer that no batch carried; forgets those of more than 24 hours before it. From any thread.
  virtual Result<> put_answer(const IdempotencyRow& row) = 0;

  // --- a table for rooms that keep small things of their own (identity: users, tokens, sessions) ---
  // kind and id together are the key; `document` is JSON text. Written at once, in a transaction of its own; from any
  // thread, and from another process too.
  virtual Result<> put(const std::string& kind, const std::string& id, const std::string& document) = 0;
  virtual Result<> remove(const std::string& kind, const std::string& id) = 0;
  virtual std::optional<std::string> get(const std::string& kind, const std::string& id) = 0;
  virtual std::vector<std::pair<std::string, std::string>> list(const std::string& kind) = 0;

  virtual Result<> backup(const std::filesystem::path& to) = 0;
  virtual Result<> check() = 0;  // PRAGMA integrity_check, and events replayed against the stored states
};

}  // namespace sluice::store
