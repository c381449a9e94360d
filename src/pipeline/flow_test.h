#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pipeline/pipeline.h"

// A stack to play with: it gives commands, looks up precedents in its own history, does the work that is due, and holds
// every step against the invariants that no rule may break.
namespace sluice::pipeline::testing {

struct Ended {
  StageId stage;
  Deployment deployment;
  DeploymentState state{};
  bool returned = false;
};

// What has ended, as the conductor looks it up (commands.h).
class History {
 public:
  void see(const Stack& before, const Event& event);
  [[nodiscard]] std::optional<Precedent> retry(const StageId& stage) const;
  [[nodiscard]] std::optional<Precedent> rollback(const Stage& stage, ChangeNumber to) const;  // 0: the default
  [[nodiscard]] std::optional<ApprovalPrecedent> approval(const std::string& stage, ChangeNumber change) const;
  void fill(const Stack& stack, Promote& command) const;
  [[nodiscard]] std::string end_of(const DeploymentId& id) const;

  std::vector<Ended> ended;

 private:
  [[nodiscard]] Precedent precedent(std::size_t index) const;
  std::map<std::pair<std::string, ChangeNumber>, ApprovalPrecedent> approvals_;
  std::map<ChangeNumber, std::string> commits_;
  std::map<StageId, std::vector<StageId>> stood_before_;  // deleted stages and who stood after them
};

// The invariants. `see` says what is broken, or nothing.
class Watch {
 public:
  std::string see(const Stack& before, const std::vector<Event>& events, const Stack& after, Time now,
                  const Limits& limits);

 private:
  void look(const Stack& at, const Event& event);
  void broken(const std::string& what);
  std::string broken_;
  std::set<std::pair<StageId, ChangeNumber>> offered_;  // by a success before, or a check-in
  std::set<std::pair<StageId, ChangeNumber>> decided_;
  std::set<DeploymentId> open_, closed_;
  std::set<std::pair<StageId, ChangeNumber>> asked_, held_;
};

Actor ann();      // admin
Actor dora();     // developer
Actor vic();      // viewer
Actor machine();  // system

struct Gate {
  bool approval = false;
  std::int64_t instances = 1;
};

class Flow {
 public:
  explicit Flow(Gate first = {});  // stack shop with the stage dev

  Flow& as(const Actor& actor);  // who gives the commands from here on
  Flow& add(const std::string& name, Gate gate = {}, const std::string& before = "", const std::string& after = "");
  Flow& check_in();  // a commit never seen before
  Flow& check_in(const std::string& commit);
  Flow& approve(const std::string& stage, ChangeNumber change);
  Flow& reject(const std::string& stage, ChangeNumber change);
  Flow& retry(const std::string& stage);
  Flow& redeploy(const std::string& stage);
  Flow& rollback(const std::string& stage, ChangeNumber to = 0, bool settings_then = false, bool pause = false);
  Flow& promote(const std::string& stage, ChangeNumber change);
  Flow& pause(const std::string& stage);
  Flow& resume(const std::string& stage);
  Flow& cancel(const std::string& stage);  // the active one
  Flow& cancel_waiting(const std::string& stage);
  Flow& require_approval(const std::string& stage, bool required);
  Flow& instances(const std::string& stage, std::int64_t desired);
  Flow& save(const std::string& stage);  // a variable
  Flow& remove(const std::string& stage, bool force = false);
  Flow& give(CommandBody body);  // any command, by whoever `as` said

  // Work at the platform and builder.
  Flow& succeed(const std::string& stage);                                      // the active deployment, to its end
  Flow& run_to(const std::string& stage, DeploymentState state);                // until it is in this state
  Flow& fail(const std::string& stage, const std::string& error = "it broke");  // its present step
  Flow& discard(const std::string& stage);                                      // what a cancelled one made is gone
  Flow& chores();             // scaling, retiring and removing that is due
  Flow& rest();               // everything that is due, for as long as anything is
  Flow& pass(Duration time);  // time goes by, then a Tick
  // Results of one piece of work, without giving them.
  static CommandBody done(const Work& work);
  static CommandBody failed(const Work& work, const std::string& error);

  // What there is to see.
  // "dev #3 | test #1 runs #3 waits #4 | prod #1 asks #2 holds #5 paused": what serves, what is active (with its kind
  // when it is not of flow), what waits, what is pending, what is held.
  [[nodiscard]] std::string see() const;
  [[nodiscard]] std::string refused() const;                        // the last command's refusal, or ""
  [[nodiscard]] ErrorKind refusal() const;                          // its kind; asserts that there was one
  [[nodiscard]] std::string happened() const;                       // names of the last command's events, "A B C"
  [[nodiscard]] std::string ended(const std::string& stage) const;  // "#1 succeeded, #2 failed", all there ever
  [[nodiscard]] std::string due() const;                            // "dev build, prod scale 2"
  [[nodiscard]] std::vector<Work> works() const;
  [[nodiscard]] const Stage& at(const std::string& stage) const;
  [[nodiscard]] Stack replayed() const;  // from the events alone

  Stack stack;
  std::vector<Event> events;  // of the last command
  std::vector<Event> all;
  History history;
  Limits limits;
  Time now;

 private:
  void take(Result<std::vector<Event>> result);
  void finish(const std::string& stage, DeploymentState until);
  Actor actor_;
  Watch watch_;
  std::optional<Error> error_;
  int commits_ = 0;
};

}  // namespace sluice::pipeline::testing
