#pragma once
#include "metrics/probe.h"
#include "platform/local/regions.h"

namespace sluice::app {

// The machine's clocks, and what the regions run. They outlive it.
class LocalProbe final : public metrics::Probe {
 public:
  explicit LocalProbe(const platform::Regions& regions);
  metrics::Moment now() override;
  std::vector<metrics::Instance> instances() override;
  std::vector<std::filesystem::path> access_logs() override;

 private:
  const platform::Regions& regions_;
  std::string boot_;
};

}  // namespace sluice::app
