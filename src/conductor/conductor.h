#pragma once
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "platform/platform.h"
#include "secrets/secrets.h"
#include "store/store.h"

// Takes commands, commits what was decided, runs the work that is due, feeds results back. The only one who does.
namespace sluice::conductor {

// The outside world, behind which are the builder and the platforms; the simulator has a faulty one.
class World {
 public:
  virtual ~World() = default;
  // Runs on a worker thread and may block; `stop` is asked for when the deployment is cancelled, its time is over, or
  // the server ends (then the result is thrown away and the work is due again at the next start).
  virtual platform::Advance advance(const pipeline::Work& work, std::stop_token stop) = 0;
};

// New values of a stage's variables, beside the command that makes the revision. Absent kind: unchanged.
struct SettingsEdit {
  // From the settings as they are to what they shall be; an error refuses the command. Runs on the conductor's thread.
  std::function<Result<secrets::Settings>(const secrets::Settings&)> edit;
};

struct Outcome {
  std::shared_ptr<const pipeline::Stack> stack;  // after it
  std::vector<pipeline::Event> events;
  std::int64_t first_seq = 0;  // of the first of `events`; 0 when there are none
};
// The answer to keep under an Idempotency-Key, written in the same transaction; `first_seq` is not known to it yet. Not
// asked when there are no events: repeating what changed nothing changes nothing. Runs on the conductor's thread.
using Remember = std::function<std::optional<store::IdempotencyRow>(const Outcome&)>;

using Snapshot = std::shared_ptr<const pipeline::Stack>;

class Conductor {
 public:
  struct Options {
    pipeline::Limits limits;
    int builds = 2;   // local builds at once
    int workers = 8;  // other steps at once
  };
  // Loads all stacks and takes up what is due. `clock` and `random` outlive it.
  static Result<std::unique_ptr<Conductor>> start(store::Store&, secrets::Secrets&, World&, const Clock&, Random&,
                                                  Options);
  virtual ~Conductor() =
      default;  // stops: running steps are asked to stop and joined; what they did not finish is due again

  // Each returns after the commit (one fsync, shared with others). 503 (unavailable) when the commit failed or too many
  // commands wait: nothing happened. Precedents are looked up and attached here; a caller leaves them empty.
  // `before_commit` runs on the caller's thread once nothing but a race for the name can refuse the stack; what it made
  // under this id is nobody's when the answer is an error.
  virtual Result<Outcome> create_stack(const std::string& name, const pipeline::Source&, const std::string& first_stage,
                                       const pipeline::StageConfig&, const pipeline::Actor&,
                                       std::function<Result<>(const pipeline::StackId&)> before_commit = {},
                                       Remember = {}) = 0;
  // An edit goes with SaveSettings (its `names` are filled here), for the first settings of a new stage with AddStage,
  // and with SetStage for what a changed configuration needs beside it (the URL of a database). One that changes
  // nothing sends no command: the outcome has no events.
  virtual Result<Outcome> submit(const std::string& stack_name, pipeline::Command, std::optional<SettingsEdit> = {},
                                 Remember = {}) = 0;
  // By id of a deployment: finds the stack.
  virtual Result<Outcome> cancel(const pipeline::DeploymentId&, const pipeline::Actor&) = 0;

  // Readers: an immutable snapshot a stack, the newest committed one; never blocks on the conductor.
  [[nodiscard]] virtual Snapshot snapshot(const std::string& stack_name) const = 0;  // null: no such stack
  [[nodiscard]] virtual std::vector<Snapshot> snapshots() const = 0;                 // by name
  // Called after every commit with the seq of the newest event, on the writer's thread; must not block.
  virtual void on_commit(std::function<void(std::int64_t)> listener) = 0;
  // Waits until something newer than `seq` is committed, or the time is over; the newest seq.
  virtual std::int64_t wait_commit(std::int64_t seq, Duration at_most) = 0;
  // A stage's variables as they are now (secret values included: callers mask them).
  virtual Result<secrets::Settings> settings(const std::string& stack_name, const std::string& stage) = 0;
};

}  // namespace sluice::conductor
