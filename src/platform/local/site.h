#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/gateway.h"
#include "platform/local/backups.h"
#include "platform/local/databases.h"
#include "platform/local/lately.h"
#include "platform/local/local.h"
#include "platform/local/records.h"
#include "supervise/supervisor.h"

// What the steps and chores of the local platform stand on.
namespace sluice::platform::local {

inline constexpr const char* kGatewayService = "gateway";
inline constexpr Duration kDrainLimit = std::chrono::seconds(30);  // for requests under way (interface: stopping)
inline constexpr Duration kStopGrace = std::chrono::seconds(30);   // between SIGTERM and SIGKILL
inline constexpr std::int64_t kTmpLimit = 1 << 30;                 // bytes an app may keep in /tmp, and in its home
inline constexpr std::int64_t kProcessLimit = 4096;

// Of every instance on this machine that a platform of this server has, running or not.
struct TakenPorts {
  std::mutex mutex;
  std::set<std::int64_t> ports;
  void add(std::int64_t port) {
    std::lock_guard lock(mutex);
    ports.insert(port);
  }
};

// Of something that is meant to run and could not be started.
struct Trouble {
  std::optional<pipeline::StageId> stage;  // of an app
  std::string why;
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  bool is_said = false;
};

struct Site {
  LocalPlatform::Options options;
  logs::Logs& logs;
  build::Builder& builder;
  const sandbox::Sandbox& sandbox;
  const Clock& clock;
  supervise::Supervisor supervisor;
  std::unique_ptr<gateway::Gateway> gateway;
  Records records;
  std::unique_ptr<Databases> databases;
  Backups backups;

  std::mutex mutex;
  std::map<pipeline::StageId, std::shared_ptr<std::mutex>> locks;
  std::map<pipeline::StageId, std::vector<gateway::Key>> keys;  // of every stage, also before it has a route
  Lately well;                                                  // deployments under way, all instances of them
  std::map<std::string, pipeline::StageId> stage_of;            // of deployments that have services
  std::map<std::string, Trouble> troubles;  // by the id of a deployment, or the service of gateway or databases

  [[nodiscard]] std::string url(const std::string& stack, const std::string& stage) const;
  void saw_well(const pipeline::DeploymentId& deployment);
  [[nodiscard]] bool well_lately(const pipeline::DeploymentId& deployment);
  [[nodiscard]] std::vector<gateway::Key> keys_of(const pipeline::StageId& stage);
  Result<std::int64_t> take_port();
  void give_back(const Record& record);

  // One at a time changes what a stage has; never held while waiting for an app.
  using Held = std::pair<std::shared_ptr<std::mutex>, std::unique_lock<std::mutex>>;
  Held hold(const pipeline::StageId& stage);
  // R9.3, with the stage held: an Error for what comes late, and for an attempt that was discarded (`step`: the work is
  // a deployment's, not a chore). An attempt not seen before raises the fence.
  Result<> admit(const pipeline::Work& work, bool step);
};

// Until the deadline. One that is over already is so by a clock that was set: then an hour, as the conductor, who
// knows, stops what takes too long (R9.4).
Duration time_left(const Site& site, const Context& context);
std::string host_of(const std::string& stack, const std::string& stage);
std::vector<std::string> server_names(const Record& record);
std::vector<std::string> service_names(const Record& record);

}  // namespace sluice::platform::local
