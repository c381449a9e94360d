#include "platform/local/endpoint.h"

#include "base/hours.h"

namespace sluice::platform::local {

supervise::Service gateway_service(const gateway::Gateway& gateway) {
  supervise::Service out;
  out.name = kGatewayService;
  out.argv = gateway::Gateway::command();
  out.cwd = gateway.folder();
  out.log_dir = gateway.folder() / "access";
  out.log_bytes = 10'000'000;
  return out;
}

gateway::Policy policy_of(const pipeline::StageConfig& config, const build::Plan& plan, const std::string& stack_name,
                          const std::string& stage_name) {
  gateway::Policy out;
  const bool is_balancer = config.endpoint == pipeline::Endpoint::load_balancer;
  out.endpoint = is_balancer ? gateway::Endpoint::load_balancer : gateway::Endpoint::api_gateway;
  out.restricted = config.access == pipeline::Access::restricted;
  if (out.restricted) out.realm = stage_name + " of " + stack_name;
  if (is_balancer) {
    out.health = plan.health_path;
    out.sticky = config.sticky.value_or(false);
    return out;
  }
  const auto limits = config.limits.value_or(pipeline::TrafficLimits{});
  out.rate = limits.rate;
  out.burst = limits.burst;
  out.body_limit = limits.body_bytes;
  out.time_limit = limits.answer_seconds;
  if (config.caching) {
    const auto rules = config.cache.value_or(pipeline::CacheRules{});
    out.caching = gateway::Caching{rules.seconds, rules.paths};
  }
  return out;
}

std::vector<gateway::Key> keys_of(const std::vector<pipeline::AccessKey>& keys) {
  std::vector<gateway::Key> out;
  for (const auto& key : keys) out.push_back({key.name, key.digest});
  return out;
}

std::vector<gateway::Server> servers_of(const Record& record) {
  std::vector<gateway::Server> out;
  for (const auto& instance : record.instances) out.push_back({instance.name, instance.port, instance.index});
  return out;
}

Result<> ensure_route(Site& site, const pipeline::StageId& stage, const std::string& host,
                      const pipeline::StageConfig& config) {
  if (auto there = site.gateway->ensure(stage.value, host); !there) return there;
  if (auto set = site.gateway->set_hosts(stage.value, config.domains.value_or(std::vector<std::string>{})); !set) {
    return set;
  }
  return site.gateway->set_keys(stage.value, site.keys_of(stage));
}

Result<> show_rest(Site& site, const pipeline::StageId& stage, const std::optional<pipeline::Rest>& rest,
                   const pipeline::StageConfig& config) {
  if (!rest) return site.gateway->show_asleep(stage.value);
  if (rest->why == pipeline::RestCause::idle) return site.gateway->show_sleeping(stage.value);
  const auto hours = Hours::parse(config.hours.value_or(""));
  const auto until = rest->until && hours ? " until " + hours->say(*rest->until) : std::string();
  return site.gateway->show_asleep(stage.value, "It is asleep" + until + ": its hours are over.");
}

Result<> lead_to(Site& site, const Record& record, const std::vector<gateway::Server>& servers, Duration patience) {
  const auto& stage = record.stage.value;
  const auto& tag = record.deployment.value;
  if (auto placed = site.gateway->place(stage, tag, servers, patience, record.policy); !placed) return placed;
  return site.gateway->show(stage, tag);
}

}  // namespace sluice::platform::local
