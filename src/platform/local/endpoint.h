#pragma once
#include <string>
#include <vector>

#include "build/builder.h"
#include "platform/local/site.h"

// What stands before a stage's instances: its address, the policy of a deployment, the keys of the stage.
namespace sluice::platform::local {

supervise::Service gateway_service(const gateway::Gateway& gateway);
// The policy that a deployment brings, from the settings of its attempt (R7.2).
gateway::Policy policy_of(const pipeline::StageConfig& config, const build::Plan& plan, const std::string& stack_name,
                          const std::string& stage_name);
std::vector<gateway::Key> keys_of(const std::vector<pipeline::AccessKey>& keys);
std::vector<gateway::Server> servers_of(const Record& record);
// With the stage held: the route of this stage leads from this host and from the stage's own domains, and has its keys.
Result<> ensure_route(Site& site, const pipeline::StageId& stage, const std::string& host,
                      const pipeline::StageConfig& config);
// With the stage held: the address leads to no instance, for this reason; absent: it is scaled to 0.
Result<> show_rest(Site& site, const pipeline::StageId& stage, const std::optional<pipeline::Rest>& rest,
                   const pipeline::StageConfig& config);
// With the stage held: these servers are the deployment's set, with its policy, and answer.
Result<> lead_to(Site& site, const Record& record, const std::vector<gateway::Server>& servers,
                 Duration patience = std::chrono::seconds(5));

}  // namespace sluice::platform::local
