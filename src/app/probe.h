#pragma once
#include "metrics/probe.h"
#include "platform/local/local.h"

namespace sluice::app {

// The machine's clocks, and what the local platform runs. The platform outlives it.
class LocalProbe final : public metrics::Probe {
 public:
  explicit LocalProbe(const platform::LocalPlatform& platform);
  metrics::Moment now() override;
  std::vector<metrics::Instance> instances() override;
  std::vector<std::filesystem::path> access_logs() override;

 private:
  const platform::LocalPlatform& platform_;
  std::string boot_;
};

}  // namespace sluice::app
