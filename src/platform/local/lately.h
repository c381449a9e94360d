#pragma once
#include <chrono>
#include <map>

#include "pipeline/types.h"

namespace sluice::platform::local {

// Which deployments were seen to be well so short a time ago that looking again would tell nothing new.
class Lately {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  void saw(const pipeline::DeploymentId& deployment, Moment now) { seen_[deployment] = now; }
  void forget(const pipeline::DeploymentId& deployment) { seen_.erase(deployment); }
  [[nodiscard]] bool has(const pipeline::DeploymentId& deployment, Moment now) const {
    const auto at = seen_.find(deployment);
    return at != seen_.end() && now - at->second < std::chrono::seconds(2);
  }

 private:
  std::map<pipeline::DeploymentId, Moment> seen_;
};

}  // namespace sluice::platform::local
