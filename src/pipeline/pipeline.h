#pragma once
#include "base/result.h"
#include "pipeline/commands.h"
#include "pipeline/events.h"

// The rules of flow as a value. `decide` says what may happen, `apply` what has happened, `work` what should be going
// on right now: it is derived from the state alone, so whatever a server was doing when it died is due again after a
// restart, because the state still says so.
namespace sluice::pipeline {

// What is due at the platform or builder. Its identity is (stage, deployment or chore, kind, attempt); safe to start
// twice.
BOOST_DEFINE_ENUM_CLASS(WorkKind, build, publish, provision, release, start, verify, switch_over, discard, scale,
                        retire, remove, back_up, restore, copy_database)
struct Work {
  WorkKind kind = WorkKind::build;
  StackId stack;
  std::string stack_name;
  StageId stage;
  std::string stage_name;
  StageConfig config;              // of now
  Attempt attempt = 0;             // the fence (R9.3)
  Deployment deployment;           // all but the chores
  std::optional<Current> current;  // what serves now
  std::int64_t instances = 0;      // desired, for start, switch_over, scale
  std::optional<std::string> token;
  Time deadline{};      // R9.4; of chores: far away
  bool forced = false;  // remove
  std::optional<Rest> rest = std::nullopt;
  std::optional<Task> task = std::nullopt;  // back_up, restore, copy_database
  // Equal for the same piece of work whenever it is derived.
  [[nodiscard]] std::string key() const;
};
BOOST_DESCRIBE_STRUCT(Work, (),
                      (kind, stack, stack_name, stage, stage_name, config, attempt, deployment, current, instances,
                       token, deadline, forced, rest, task))

struct Due {
  std::vector<Work> due;          // ready now
  std::optional<Time> next_wake;  // the earliest moment at which `work` or a Tick would say more
};

// The rules' numbers that are not in rules.md. Milliseconds.
struct Limits {
  Duration build = std::chrono::minutes(20);
  Duration publish = std::chrono::minutes(10);
  Duration provision = std::chrono::minutes(10);
  Duration release = std::chrono::minutes(10);
  Duration start = std::chrono::minutes(10);
  Duration verify = std::chrono::minutes(10);
  Duration switching = std::chrono::minutes(2);
  Duration wait = std::chrono::minutes(10);    // for what is away, at a stretch, within any step
  Duration discard = std::chrono::minutes(5);  // passed: asked again, never given up
  Duration backup_every = std::chrono::hours(24);
  Duration backup_again = std::chrono::hours(1);  // after one that failed
  std::int64_t stages_per_stack = 64;
};

// A new stack with its first stage (R1.1, R1.2). `id` is new and random.
Result<std::vector<Event>> create(const StackId& id, const std::string& name, const Source& source,
                                  const std::string& first_stage, const StageConfig& config, const Actor& actor,
                                  Time now);
// The events of the command and of all that follows from it at once, in order; or why it is refused: invalid, forbidden
// (R8.7), not_found, conflict. A command that changes nothing (a late result, the same decision twice) gives no events.
Result<std::vector<Event>> decide(const Stack& stack, const Command& command, Time now, const Limits& limits = {});
Stack apply(Stack stack, const Event& event);
Due work(const Stack& stack, Time now, const Limits& limits = {});

// Whether `role` may give this command to this stack as it is (R8.7); decide asks it, and so may a page that hides
// buttons.
Result<> may(const Stack& stack, const Command& command);

}  // namespace sluice::pipeline
