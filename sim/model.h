#pragma once
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "null_platform.h"
#include "pipeline/pipeline.h"

namespace sluice::sim {

// An invariant does not hold; `what` says which and where.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void require(bool holds, const std::string& what);

// A second, independent telling of the rules, from the events alone: each event is held against what the events before
// it permit. It never calls decide or apply.
class Model {
 public:
  void observe(const pipeline::StackId& stack, const pipeline::Event& event);
  // A committed state against the events it came from, and against the state before it (marks never fall).
  void compare(const pipeline::Stack& stack);
  // What a world without faults must have come to (R3.3, R7.2, R7.5, R9.1).
  void at_rest(const pipeline::Stack& stack, const NullPlatform& platform) const;
  // Of stages that are deleted nothing is left, unless their deletion was forced against the platform (R6.5).
  void gone(const pipeline::StackId& stack, const NullPlatform& platform) const;
  // At any time: what serves goes on serving (R3.4).
  void serving(const pipeline::Stack& stack, const NullPlatform& platform) const;
  [[nodiscard]] std::size_t successes() const { return successes_; }

 private:
  using ChangeNumber = pipeline::ChangeNumber;
  struct Known {  // a deployment
    pipeline::Deployment deployment;
    pipeline::DeploymentState state = pipeline::DeploymentState::queued;
    bool returned = false;
    std::string artifact;
  };
  struct At {  // a stage
    std::string name;
    pipeline::StageConfig config;
    std::set<std::string> keys;                                   // names
    std::map<pipeline::Revision, pipeline::StageConfig> configs;  // of each settings revision
    std::optional<pipeline::RestCause> rest;
    std::optional<pipeline::TaskKind> task;
    bool paused = false;
    bool leaving = false;
    bool gone = false;
    bool forced = false;
    ChangeNumber mark = 0;
    pipeline::Attempt attempt = 0;
    pipeline::Revision revision = 1;
    std::set<ChangeNumber> offered;   // by a check-in or a success before it
    std::set<ChangeNumber> returned;  // to the gate: accepted before
    std::set<ChangeNumber> approved;  // by a person's decision
    std::optional<ChangeNumber> pending, held;
    std::optional<pipeline::DeploymentId> active, waiting, current;
    std::map<pipeline::DeploymentId, Known> deployments;
  };
  struct Of {  // a stack
    std::vector<pipeline::StageId> order;
    ChangeNumber newest = 0;
    std::map<ChangeNumber, std::set<pipeline::StageId>> succeeded;
    bool gone = false;
    std::int64_t version = 0;
    std::int64_t next_id = 0;
  };
  struct Observing;

  std::map<pipeline::StackId, Of> stacks_;
  std::map<pipeline::StageId, At> stages_;
  std::size_t successes_ = 0;
};

}  // namespace sluice::sim
