#pragma once
#include <filesystem>
#include <thread>

#include "build/builder.h"
#include "conductor/conductor.h"
#include "logs/logs.h"
#include "platform/platform.h"
#include "sandbox/sandbox.h"
#include "secrets/secrets.h"
#include "store/store.h"

namespace sluice::app {

// The real world behind the conductor: builds go to the builder, everything else to the platform of the stage's region.
// All references outlive it.
class RealWorld final : public conductor::World {
 public:
  RealWorld(store::Store& store, secrets::Secrets& secrets, logs::Logs& logs, build::Builder& builder,
            platform::Platform& platform);
  platform::Advance advance(const pipeline::Work& work, std::stop_token stop) override;

 private:
  // `own`: as in conductor::take_turn.
  platform::Advance step(const pipeline::Work& work, bool own, std::stop_token stop);
  platform::Advance build(const pipeline::Work& work, const secrets::Settings& settings, logs::Writer& log,
                          std::stop_token stop);
  // The settings the work runs with (R7.3): of the attempt, or of what serves where instances are only counted.
  Result<secrets::Settings> settings_of(const pipeline::Work& work);

  // What of the stage's database is secret; empty: it has none.
  std::string database_secret(const pipeline::Work& work, const secrets::Settings& settings);

  store::Store& store_;
  secrets::Secrets& secrets_;
  logs::Logs& logs_;
  build::Builder& builder_;
  platform::Platform& platform_;
};

// Cleans artifacts and logs by the stated policy (docs/operating.md) and the build caches of stacks that are gone, and
// brings what sandboxes see of /etc up to date, and removes cgroups that nothing is in, soon after the start and every
// hour. `clean_logs`: of the platform.
class Janitor {
 public:
  Janitor(store::Store& store, build::Builder& builder, const sandbox::Sandbox& sandbox, std::filesystem::path caches,
          std::filesystem::path logs, std::function<void()> clean_logs);

 private:
  std::jthread thread_;
};

}  // namespace sluice::app
