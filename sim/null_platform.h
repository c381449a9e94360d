#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipeline/pipeline.h"
#include "platform/platform.h"

namespace sluice::sim {

// A platform that runs nothing and remembers everything: what would be running, what is routed, and the fence. It obeys
// platform.h's contract, outlives the server, and is what the invariants are checked against.
class NullPlatform {
 public:
  struct Set {  // the instances of one deployment
    pipeline::Attempt attempt = 0;
    std::int64_t instances = 0;
    std::string artifact;
  };
  struct At {  // one stage
    pipeline::Attempt highest = 0;
    std::set<pipeline::Attempt> closed;  // discarded or retired: nothing is started for them any more
    std::map<pipeline::DeploymentId, Set> sets;
    std::optional<pipeline::DeploymentId> routed;
    bool removed = false;
  };

  // `built` names the artifact that building (commit, build variables of a revision) makes (R3.2).
  using Built = std::function<std::string(const pipeline::Work&)>;
  explicit NullPlatform(Built built) : built_(std::move(built)) {}

  // The effect of a piece of work, all at once. An Error when the fence refuses it. `late`: it happens after whoever
  // asked for it has died, so it makes but never adjusts.
  Result<platform::Done> act(const pipeline::Work& work, bool late);
  [[nodiscard]] const std::map<pipeline::StageId, At>& stages() const { return stages_; }
  [[nodiscard]] const At* at(const pipeline::StageId& stage) const;
  [[nodiscard]] std::int64_t refused() const { return refused_; }

 private:
  Result<> fence(At& at, pipeline::Attempt attempt);
  Result<> open(At& at, pipeline::Attempt attempt);
  static void route_to_current(At& at, const pipeline::Work& work);

  Built built_;
  std::map<pipeline::StageId, At> stages_;
  std::int64_t refused_ = 0;
};

}  // namespace sluice::sim
