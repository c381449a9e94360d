#pragma once
#include <string>
#include <vector>

#include "pipeline/pipeline.h"

// The inside of `decide`: the state as it evolves while one command is decided, and the moves that commands share.
// Not for other rooms.
namespace sluice::pipeline {

// `apply` in place.
void apply_to(Stack& stack, const Event& event);

struct Deciding {
  Stack stack;
  Actor actor;
  Time now{};
  const Limits& limits;
  std::vector<Event> events;

  // The event has happened from here on. References into `stack.stages` do not outlive StageAdded and
  // StageDeletionBegan.
  void emit(EventBody body);
  Stage& stage(const StageId& id);
};

// --- the gate (gate.cc) ---
// A change that succeeded in the stage before, or was checked in, reaches this gate (R3.7, R4.1, R8.5).
void offer(Deciding& d, const StageId& stage, const ChangeRef& change);
// Past the gate or to its approval (R4.1); its number is accepted.
void let_in(Deciding& d, const StageId& stage, const ChangeRef& change);
// Takes the waiting place; whoever waits is superseded (R3.6). `deployment` says change, kind, meaning and decided.
void queue(Deciding& d, const StageId& stage, Deployment deployment);
// What flow queued without a decision leaves the waiting place: to the hold (R8.5) or to an approval (R4.6).
void return_to_gate(Deciding& d, const StageId& stage);
// R8.5: nothing that flow brings gets past it. R3.6: nor while a rollback or a promotion waits.
bool is_closed(const Stage& stage);
// The waiting rollback or promotion that nothing but a cancel or a rollback displaces (R3.6), or nullptr.
const Deployment* undisplaceable(const Stage& stage);

// --- stages (stages.cc) ---
Result<> check_config(const StageConfig& config);     // R7.4, R7.5
Result<> check_endpoint(const StageConfig& config);   // R7.4
Result<> check_available(const StageConfig& config);  // what this version does not have yet
Result<> check_source(const Source& source);
// An active deployment is on its way out (R8.1); one that already is stays as it is.
void begin_cancel(Deciding& d, const StageId& stage, DeploymentState end, const std::string& reason);
void end_waiting(Deciding& d, const StageId& stage, DeploymentState end, const std::string& reason,
                 ChangeNumber by = 0);

// --- rest and tasks (rest.cc, tasks.cc) ---
// What is shown where nothing runs may have another reason now.
void show_rest(Deciding& d, const StageId& stage);
void begin_task(Deciding& d, const StageId& stage, Task task);
void end_task(Deciding& d, const StageId& stage, const std::string& made, const std::string& problem);
// No deployment starts beside it.
bool holds_lock(const std::optional<Task>& task);
Result<> check_rest(const StageConfig& config);
Result<> check_domains(const Stack& stack, const StageId& stage, const StageConfig& config);

// --- all that follows from the state at once (settle.cc) ---
void settle(Deciding& d);

// --- one function a command ---
Result<> on(Deciding&, const CheckIn&);
Result<> on(Deciding&, const SetSource&);
Result<> on(Deciding&, const DeleteStack&);
Result<> on(Deciding&, const AddStage&);
Result<> on(Deciding&, const SetStage&);
Result<> on(Deciding&, const SaveSettings&);
Result<> on(Deciding&, const AddKey&);
Result<> on(Deciding&, const RevokeKey&);
Result<> on(Deciding&, const PurgeCache&);
Result<> on(Deciding&, const NoteCertificate&);
Result<> on(Deciding&, const BackUpDatabase&);
Result<> on(Deciding&, const RestoreDatabase&);
Result<> on(Deciding&, const CopyDatabase&);
Result<> on(Deciding&, const DeleteStage&);
Result<> on(Deciding&, const Approve&);
Result<> on(Deciding&, const Reject&);
Result<> on(Deciding&, const Retry&);
Result<> on(Deciding&, const Redeploy&);
Result<> on(Deciding&, const Rollback&);
Result<> on(Deciding&, const Promote&);
Result<> on(Deciding&, const Pause&);
Result<> on(Deciding&, const Resume&);
Result<> on(Deciding&, const Cancel&);
Result<> on(Deciding&, const StepDone&);
Result<> on(Deciding&, const StepFailed&);
Result<> on(Deciding&, const StepNotYet&);
Result<> on(Deciding&, const StepInLine&);
Result<> on(Deciding&, const ChoreResult&);
Result<> on(Deciding&, const LayToRest&);
Result<> on(Deciding&, const Rouse&);
Result<> on(Deciding&, const Tick&);

// --- time (steps.cc) ---
// How long a step may take (R9.4); nothing for `queued`, `cancelling` and the ends.
std::optional<Duration> limit_of(DeploymentState step, const Limits& limits);
inline constexpr Duration kFirstBackup = std::chrono::hours(24);  // after the first deployment
// Whether the daily backup is due: also one that is further away than any is set, before the clock was put back.
bool is_backup_due(const Stage& stage, Time now, const Limits& limits);
// It waits for its turn on this server: its limit has not begun.
bool is_in_line(const Deployment& deployment);
// Since when it has been waiting, where it waits now: a wait in which nobody looked for long (the server was down, the
// step ran meanwhile) is another one.
Time waiting_since(const Deployment& deployment, Time now);
// Why a step that passed its limit ends, for a person (R9.4): what it waits for, where it waits now.
std::string out_of_time(const Deployment& active, Duration limit, Time now);
// The longest that a result may ask to be left alone, and that any back-off is.
inline constexpr Duration kLongestPause = std::chrono::minutes(1);
// The pause before something is tried again: as long as it has been going on, 1 s to 60 s, so it doubles.
Duration back_off(Time since, Time now);

// --- words (words.cc) ---
const char* name_of(DeploymentState state);
const char* name_of(DeploymentKind kind);
std::string number(ChangeNumber change);              // "#7"
std::string words_for(const Deployment& deployment);  // "the rollback to #3"
Error no_stage(const Stack& stack, const std::string& name);

}  // namespace sluice::pipeline
