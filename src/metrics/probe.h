#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "metrics/tally.h"

namespace sluice::metrics {

// The port through which this room sees the world: what platforms run, and where their gateways write access logs.
class Probe {
 public:
  virtual ~Probe() = default;
  [[nodiscard]] virtual Moment now() = 0;
  // Every instance whose main process runs, of every stage.
  [[nodiscard]] virtual std::vector<Instance> instances() = 0;
  // Folders that s6-log writes, one a gateway.
  [[nodiscard]] virtual std::vector<std::filesystem::path> access_logs() = 0;
};

}  // namespace sluice::metrics
