#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/time.h"

// What is kept of logs, and for how long (docs/operating.md states it). The loggers themselves hold each instance to
// its size; this holds what they leave to a size and an age.
namespace sluice::logs {

struct Keeping {
  Duration lines = std::chrono::hours(24 * 30);  // of instances and requests
  std::uint64_t gone_bytes = 200'000'000;        // of a stage's instances that are gone, all together
  std::size_t gone_instances = 100;              // of a stage
  Duration steps = std::chrono::hours(24 * 90);  // of builds and releases, beyond the newest
  std::size_t deployments = 100;                 // of a stage: these newest stay however old they are
};

// Of a runtime folder (Logs::runtime_dir): files put away longer ago than `lines`, and whole folders of instances that
// `lives` does not name: those written to last stay.
void clean_runtime(const std::filesystem::path& runtime_dir, const std::function<bool(const std::string&)>& lives,
                   Time now, const Keeping& keeping = {});
// Of one logger's folder: files put away longer ago than `lines`.
void clean_logger(const std::filesystem::path& logger_dir, Time now, const Keeping& keeping = {});
// Of all deployments below the root of Logs: whole logs, by stage.
void clean_deployments(const std::filesystem::path& root, Time now, const Keeping& keeping = {});

}  // namespace sluice::logs
