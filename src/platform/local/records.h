#pragma once
#include <boost/describe/class.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "gateway/policy.h"
#include "pipeline/types.h"

// What the platform must remember of a stage, as files: DATA/stages/STAGE/fence and
// DATA/stages/STAGE/DEPLOYMENT/record.
namespace sluice::platform::local {

struct Instance {
  std::int64_t index = 0;
  std::int64_t port = 0;
  std::string name;     // of its server in the gateway
  std::string service;  // of the supervisor
  bool operator==(const Instance&) const = default;
};
BOOST_DESCRIBE_STRUCT(Instance, (), (index, port, name, service))

// What one deployment made here.
struct Record {
  pipeline::DeploymentId deployment;
  pipeline::Attempt attempt = 0;
  pipeline::ChangeNumber change = 0;
  std::string artifact;
  pipeline::StackId stack;
  pipeline::StageId stage;
  std::string host;  // under which the stage is reached
  std::vector<Instance> instances;
  std::optional<Time> draining;                                 // since when no new request goes to it
  std::optional<Time> stopping;                                 // since when it has been asked to end
  std::optional<gateway::Policy> policy = std::nullopt;         // with which it is shown; absent: the default
  std::optional<bool> database = std::nullopt;                  // it uses the one that Sluice made for its stage
  std::optional<pipeline::Resources> resources = std::nullopt;  // each instance is held to; absent: none
  bool operator==(const Record&) const = default;
};
BOOST_DESCRIBE_STRUCT(Record, (),
                      (deployment, attempt, change, artifact, stack, stage, host, instances, draining, stopping, policy,
                       database, resources))

// R9.3. Needs no fsync: what comes late comes from this machine, and dies with it.
struct Fence {
  pipeline::Attempt highest = 0;  // seen
  pipeline::Attempt ended = 0;    // the highest that was discarded: nothing starts for it any more
  bool removed = false;           // the stage is gone
};
BOOST_DESCRIBE_STRUCT(Fence, (), (highest, ended, removed))

class Records {
 public:
  explicit Records(std::filesystem::path root) : root_(std::move(root)) {}
  [[nodiscard]] std::filesystem::path dir(const pipeline::StageId& stage) const { return root_ / stage.value; }
  [[nodiscard]] std::filesystem::path dir(const pipeline::StageId& stage, const pipeline::DeploymentId& id) const {
    return root_ / stage.value / id.value;
  }
  // The environment directory of a deployment's instances.
  [[nodiscard]] std::filesystem::path env_dir(const Record& record) const {
    return dir(record.stage, record.deployment) / "env";
  }
  Result<Fence> fence(const pipeline::StageId& stage) const;
  Result<> save(const pipeline::StageId& stage, const Fence& fence) const;
  // not_found when there is none.
  Result<Record> load(const pipeline::StageId& stage, const pipeline::DeploymentId& id) const;
  Result<> save(const Record& record) const;
  // Puts the record, its environment and the fence on the disk: what a power cut must not take.
  Result<> sync(const Record& record) const;
  Result<> forget(const Record& record) const;
  // Those of one stage, by attempt. One that a power failure cut short is not among them: what serves was synced.
  [[nodiscard]] std::vector<Record> all(const pipeline::StageId& stage) const;
  // Removes what is there of deployments without a readable record.
  Result<> drop_damaged(const pipeline::StageId& stage) const;
  [[nodiscard]] std::vector<pipeline::StageId> stages() const;

 private:
  std::filesystem::path root_;
};

}  // namespace sluice::platform::local
